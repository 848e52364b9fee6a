//! A repository with content in it, and one that is to be filled.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use testkit::Home;
use testkit::image::{Image, Layout, digest_of};

use crate::support::{Registry, Robot};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const SBOM: &str = "application/vnd.example.sbom";
const LOOSE: &[u8] = b"a blob that no manifest names";

/// What is pushed: an image and an index, the same in every scene.
pub(crate) struct Content {
    pub(crate) image: Layout,
    pub(crate) index: Layout,
    /// The image, as podman and buildah take it, by the name that it gets.
    folder: Home,
}

impl Content {
    pub(crate) fn make() -> Self {
        let folder = Home::new();
        let image = Layout::image(&folder.path("image"), "artifacts", 4096);
        let index = Layout::index(&folder.path("index"), "artifacts");
        Self { image, index, folder }
    }

    /// The image in one file, under a name.
    pub(crate) fn archive(&self, name: &str) -> String {
        let file = self.folder.fresh().join("archive.tar");
        self.image.archive(&file, name);
        file.display().to_string()
    }

    /// A file to attach.
    pub(crate) fn note(&self) -> PathBuf {
        let file = self.folder.path("note.txt");
        fs::write(&file, "a note").expect("a file is written");
        file
    }
}

/// One operation's repositories.
pub(crate) struct Scene<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) content: &'a Content,
    /// Has `1`, `many`, a blob that nothing names, and a manifest that refers to an image.
    pub(crate) source: String,
    /// Nothing is below it yet.
    pub(crate) target: String,
    owner: Robot,
}

impl<'a> Scene<'a> {
    pub(crate) fn set(registry: &'a Registry, content: &'a Content, name: &str) -> Self {
        let owner = registry.robot(&format!("owner-{name}"), &["--pull", "team/**", "--push", "team/**"]);
        let (source, target) = (format!("team/{name}"), format!("team/to-{name}"));
        let scene = Self { registry, content, source, target, owner };
        scene.fill();
        scene
    }

    pub(crate) fn host(&self) -> String {
        self.registry.name()
    }

    /// `host/source:tag`
    pub(crate) fn from(&self, tag: &str) -> String {
        format!("{}/{}:{tag}", self.host(), self.source)
    }

    /// `host/target/app:tag`
    pub(crate) fn to(&self, tag: &str) -> String {
        format!("{}/{}/app:{tag}", self.host(), self.target)
    }

    /// `host/source@digest` of the image.
    pub(crate) fn by_digest(&self) -> String {
        format!("{}/{}@{}", self.host(), self.source, self.content.image.digest())
    }

    /// The first image of the index, to which something refers.
    fn noted(&self) -> &str {
        &self.content.index.images()[0].manifest
    }

    /// `host/source@digest` of it.
    pub(crate) fn noted_source(&self) -> String {
        format!("{}/{}@{}", self.host(), self.source, self.noted())
    }

    /// What refers to it.
    pub(crate) fn referrer(&self) -> String {
        digest_of(self.referrer_text().as_bytes())
    }

    fn referrer_text(&self) -> String {
        let size = fs::metadata(self.content.index.blob(self.noted())).expect("a manifest of the layout").len();
        serde_json::json!({
            "schemaVersion": 2, "mediaType": INDEX, "manifests": [], "artifactType": SBOM,
            "subject": { "mediaType": IMAGE, "digest": self.noted(), "size": size },
        })
        .to_string()
    }

    /// The digest of the blob that nothing names.
    pub(crate) fn loose() -> String {
        digest_of(LOOSE)
    }

    /// The target holds the image, byte for byte.
    pub(crate) fn has_image(&self, tag: &str) -> bool {
        self.holds(&self.target_repository(), tag, &self.content.image)
    }

    /// The target holds the index with its images, byte for byte.
    pub(crate) fn has_index(&self, repository: &str, tag: &str) -> bool {
        let images = || self.content.index.images().iter().all(|image| self.holds_image(repository, image));
        self.holds(repository, tag, &self.content.index) && images()
    }

    pub(crate) fn target_repository(&self) -> String {
        format!("{}/app", self.target)
    }

    /// Whether the source still has it: `manifests/1`, `blobs/sha256:...`.
    pub(crate) fn source_has(&self, what: &str) -> bool {
        match self.get(&self.source, what).0 {
            200 => true,
            404 => false,
            status => panic!("{}/{what}: {status}", self.source),
        }
    }

    /// Media type of what the target has under a tag.
    pub(crate) fn target_type(&self, tag: &str) -> Option<String> {
        let (status, media_type, _) = self.get(&self.target_repository(), &format!("manifests/{tag}"));
        (status == 200).then_some(media_type)
    }

    /// What refers to the image in the source: digests with their types.
    pub(crate) fn referrers(&self) -> Vec<(String, String)> {
        let (status, _, body) = self.get(&self.source, &format!("referrers/{}", self.content.image.digest()));
        assert_eq!(status, 200);
        let body: Value = serde_json::from_slice(&body).expect("an index is JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entries = body["manifests"].as_array().expect("an index lists").iter();
        entries.map(|entry| (text(&entry["digest"]), text(&entry["artifactType"]))).collect()
    }

    fn holds(&self, repository: &str, tag: &str, layout: &Layout) -> bool {
        let expected = fs::read(layout.blob(layout.digest())).expect("a manifest of the layout");
        let (status, _, body) = self.get(repository, &format!("manifests/{tag}"));
        status == 200 && body == expected
    }

    fn holds_image(&self, repository: &str, image: &Image) -> bool {
        let parts = [&image.config, &image.layer].map(|digest| (digest, "blobs"));
        parts.into_iter().chain([(&image.manifest, "manifests")]).all(|(digest, kind)| {
            let expected = fs::read(self.content.index.blob(digest)).expect("a part of the layout");
            let (status, _, body) = self.get(repository, &format!("{kind}/{digest}"));
            status == 200 && body == expected
        })
    }

    fn get(&self, repository: &str, what: &str) -> (u16, String, Vec<u8>) {
        let accept = [IMAGE, INDEX, DOCKER].join(", ");
        let target = format!("/v2/{repository}/{what}");
        let answer = self.registry.ask_with(Some(&self.owner), "GET", &target, &[("Accept", &accept)], b"");
        let media_type = answer.head.header("content-type").unwrap_or_default().to_owned();
        (answer.head.status, media_type, answer.body)
    }

    fn fill(&self) {
        let put = |layout: &Layout, digest: &str, reference: &str| {
            let manifest = fs::read_to_string(layout.blob(digest)).expect("a manifest of the layout");
            let answer = self.registry.push_manifest(&self.owner, &self.source, reference, &manifest);
            assert_eq!(answer.head.status, 201, "{}", answer.text());
        };
        let Content { image, index, .. } = self.content;
        for (layout, part) in
            [image, index].into_iter().flat_map(|layout| layout.images().iter().map(move |i| (layout, i)))
        {
            for digest in [&part.config, &part.layer] {
                let blob = fs::read(layout.blob(digest)).expect("a blob of the layout");
                self.registry.push_blob(&self.owner, &self.source, &blob);
            }
            put(layout, &part.manifest, &part.manifest);
        }
        put(image, image.digest(), "1");
        put(index, index.digest(), "many");
        self.registry.push_blob(&self.owner, &self.source, LOOSE);
        let noted = self.registry.push_manifest(&self.owner, &self.source, &self.referrer(), &self.referrer_text());
        assert_eq!(noted.head.status, 201, "{}", noted.text());
    }
}
