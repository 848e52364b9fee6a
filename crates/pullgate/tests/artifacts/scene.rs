//! A repository with content in it, and one that is to be filled.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use testkit::Home;
use testkit::image::{Layout, digest_of};

use crate::support::{Registry, Robot};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const SCHEMA_2: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const SBOM: &str = "application/vnd.example.sbom";
/// What is attached.
pub(crate) const NOTE: &str = "a note";
const LOOSE: &str = "a blob that no manifest names";

/// What is pushed: an image and an index, the same in every scene.
pub(crate) struct Content {
    pub(crate) image: Layout,
    pub(crate) index: Layout,
    /// Fills the scenes, and looks past every client at what became of them.
    owner: Robot,
    folder: Home,
}

impl Content {
    pub(crate) fn make(registry: &Registry) -> Self {
        let folder = Home::new();
        let image = Layout::image(&folder.path("image"), "artifacts", 4096);
        let index = Layout::index(&folder.path("index"), "artifacts");
        fs::write(folder.path("note.txt"), NOTE).expect("a file is written");
        Self { image, index, folder, owner: registry.robot("owner", &["--pull", "team/**", "--push", "team/**"]) }
    }

    /// The image in one file, under a name, as podman and buildah take it.
    pub(crate) fn archive(&self, name: &str) -> String {
        let file = self.folder.fresh().join("archive.tar");
        self.image.archive(&file, name);
        file.display().to_string()
    }

    /// A file to attach, with `NOTE` in it.
    pub(crate) fn note(&self) -> PathBuf {
        self.folder.path("note.txt")
    }

    /// The image's configuration.
    pub(crate) fn config(&self) -> Value {
        let [image] = self.image.images() else { panic!("a layout of one image") };
        json(&fs::read(self.image.blob(&image.config)).expect("a blob of the layout"))
    }

    fn layouts(&self) -> [(&Layout, &'static str); 2] {
        [(&self.image, "1"), (&self.index, "many")]
    }
}

/// One operation's repositories.
pub(crate) struct Scene<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) content: &'a Content,
    /// Has `1`, `many`, a blob that nothing names, and a manifest that refers to an image of `many` and is tagged as its
    /// signature would be.
    pub(crate) source: String,
    /// Has nothing yet. Its last part is the same, as `skopeo sync` has it.
    pub(crate) target: String,
}

/// A manifest that is there, with all that it names.
pub(crate) struct Stored {
    pub(crate) digest: String,
    pub(crate) media_type: String,
    pub(crate) manifest: Value,
    /// Null where it names none.
    pub(crate) config: Value,
}

impl<'a> Scene<'a> {
    pub(crate) fn set(registry: &'a Registry, content: &'a Content, name: &str) -> Self {
        let scene = Self { registry, content, source: format!("team/{name}"), target: format!("team/to/{name}") };
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

    /// `host/target:tag`
    pub(crate) fn to(&self, tag: &str) -> String {
        format!("{}/{}:{tag}", self.host(), self.target)
    }

    /// `host/source@digest` of the image.
    pub(crate) fn by_digest(&self) -> String {
        format!("{}/{}@{}", self.host(), self.source, self.content.image.digest())
    }

    /// `host/source@digest` of the first image of the index, to which something refers.
    pub(crate) fn noted_source(&self) -> String {
        format!("{}/{}@{}", self.host(), self.source, self.noted())
    }

    /// The digest of what refers to it.
    pub(crate) fn referrer(&self) -> String {
        digest_of(self.referrer_text().as_bytes())
    }

    /// Where cosign would put its signature.
    pub(crate) fn noted_signature(&self) -> String {
        signature(self.noted())
    }

    /// The digest of the blob that nothing names.
    pub(crate) fn loose() -> String {
        digest_of(LOOSE.as_bytes())
    }

    /// The target has this under a tag, byte for byte down to the layers.
    pub(crate) fn target_has(&self, layout: &Layout, tag: &str) -> bool {
        self.holds(&self.target, layout, tag)
    }

    /// Whether the source still has it: `manifests/1`, `blobs/sha256:...`.
    pub(crate) fn source_has(&self, what: &str) -> bool {
        self.has(&self.source, what)
    }

    /// The source is as it was filled, and the target is empty.
    pub(crate) fn is_untouched(&self) -> bool {
        self.source_is_as_filled() && self.target_is_empty()
    }

    /// What a repository has under a reference, where all that it names is there and has the digest and size it says.
    pub(crate) fn stored(&self, repository: &str, reference: &str) -> Option<Stored> {
        let (status, media_type, body) = self.get(repository, &format!("manifests/{reference}"));
        if status != 200 {
            return None;
        }
        let manifest = json(&body);
        let listed = |member: &str| manifest[member].as_array().cloned().unwrap_or_default();
        let blobs = [listed("layers"), manifest.get("config").cloned().into_iter().collect()].concat();
        let whole = blobs.iter().all(|blob| self.blob(repository, blob).is_some())
            && listed("manifests").iter().all(|child| self.stored(repository, text(&child["digest"])).is_some());
        let config = self.blob(repository, &manifest["config"]).map_or(Value::Null, |bytes| json(&bytes));
        whole.then(|| Stored { digest: digest_of(&body), media_type, manifest, config })
    }

    /// The only thing that refers to the image in the source, if it holds this text and is listed by its own type.
    pub(crate) fn attached(&self, note: &str) -> Option<Stored> {
        let referrers = self.referrers(self.content.image.digest());
        let [entry] = referrers.as_slice() else { return None };
        let stored = self.stored(&self.source, text(&entry["digest"]))?;
        let Stored { digest, manifest, .. } = &stored;
        let own = manifest.get("artifactType").unwrap_or(&manifest["config"]["mediaType"]);
        let right = entry["digest"] == *digest
            && entry["artifactType"] == *own
            && manifest["subject"]["digest"] == self.content.image.digest()
            && manifest["layers"][0]["digest"] == digest_of(note.as_bytes());
        right.then_some(stored)
    }

    fn source_is_as_filled(&self) -> bool {
        let noted = self.referrers(self.noted());
        self.tags(&self.source) == json!(["1", "many", self.noted_signature()])
            && self.content.layouts().iter().all(|(layout, tag)| self.holds(&self.source, layout, tag))
            && noted.iter().map(|entry| &entry["digest"]).eq([&json!(self.referrer())])
            && self.referrers(self.content.image.digest()).is_empty()
            && self.source_has(&format!("blobs/{}", Self::loose()))
    }

    /// No tag, and nothing by the digest of anything that could have come.
    fn target_is_empty(&self) -> bool {
        let mut parts = self.content.layouts().into_iter().flat_map(|(layout, _)| parts(layout));
        let came = parts.any(|(kind, digest, _)| self.has(&self.target, &format!("{kind}/{digest}")));
        self.tags(&self.target).is_null() && !came
    }

    /// The first image of the index.
    fn noted(&self) -> &str {
        &self.content.index.images()[0].manifest
    }

    fn referrer_text(&self) -> String {
        let size = fs::metadata(self.content.index.blob(self.noted())).expect("a manifest of the layout").len();
        let subject = json!({ "mediaType": IMAGE, "digest": self.noted(), "size": size });
        json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [], "artifactType": SBOM, "subject": subject })
            .to_string()
    }

    fn referrers(&self, digest: &str) -> Vec<Value> {
        let (status, _, body) = self.get(&self.source, &format!("referrers/{digest}"));
        assert_eq!(status, 200);
        json(&body)["manifests"].as_array().expect("an index lists").clone()
    }

    /// Null where there is no repository.
    fn tags(&self, repository: &str) -> Value {
        let (_, _, body) = self.get(repository, "tags/list");
        json(&body)["tags"].clone()
    }

    fn holds(&self, repository: &str, layout: &Layout, tag: &str) -> bool {
        let is = |what: &str, expected: &[u8]| {
            let (status, _, body) = self.get(repository, what);
            status == 200 && body == expected
        };
        let top = fs::read(layout.blob(layout.digest())).expect("a manifest of the layout");
        let whole = || parts(layout).iter().all(|(kind, digest, bytes)| is(&format!("{kind}/{digest}"), bytes));
        is(&format!("manifests/{tag}"), &top) && whole()
    }

    fn has(&self, repository: &str, what: &str) -> bool {
        match self.get(repository, what).0 {
            200 => true,
            404 => false,
            status => panic!("{repository}/{what}: {status}"),
        }
    }

    fn blob(&self, repository: &str, descriptor: &Value) -> Option<Vec<u8>> {
        let digest = descriptor["digest"].as_str()?;
        let (status, _, body) = self.get(repository, &format!("blobs/{digest}"));
        (status == 200 && digest_of(&body) == digest && descriptor["size"] == body.len()).then_some(body)
    }

    fn get(&self, repository: &str, what: &str) -> (u16, String, Vec<u8>) {
        let accept = [IMAGE, INDEX, SCHEMA_2].join(", ");
        let target = format!("/v2/{repository}/{what}");
        let answer = self.registry.ask_with(Some(&self.content.owner), "GET", &target, &[("Accept", &accept)], b"");
        let media_type = answer.head.header("content-type").unwrap_or_default().to_owned();
        (answer.head.status, media_type, answer.body)
    }

    fn fill(&self) {
        for (layout, tag) in self.content.layouts() {
            for (kind, digest, bytes) in parts(layout) {
                match kind {
                    "blobs" => drop(self.registry.push_blob(&self.content.owner, &self.source, &bytes)),
                    _ => self.put(&digest, &bytes),
                }
            }
            self.put(tag, &fs::read(layout.blob(layout.digest())).expect("a manifest of the layout"));
        }
        self.registry.push_blob(&self.content.owner, &self.source, LOOSE.as_bytes());
        self.put(&self.noted_signature(), self.referrer_text().as_bytes());
    }

    fn put(&self, reference: &str, manifest: &[u8]) {
        let manifest = str::from_utf8(manifest).expect("JSON is UTF-8");
        let answer = self.registry.push_manifest(&self.content.owner, &self.source, reference, manifest);
        assert_eq!(answer.head.status, 201, "{}", answer.text());
    }
}

/// The tag that cosign gives to the signature of a manifest.
pub(crate) fn signature(digest: &str) -> String {
    format!("{}.sig", digest.replace(':', "-"))
}

/// Kind, digest and bytes of all that a layout consists of, parts before what names them.
fn parts(layout: &Layout) -> Vec<(&'static str, String, Vec<u8>)> {
    let images = layout.images().iter();
    let of =
        images.flat_map(|image| [("blobs", &image.config), ("blobs", &image.layer), ("manifests", &image.manifest)]);
    let mut names: Vec<(&str, &str)> = of.map(|(kind, digest)| (kind, digest.as_str())).collect();
    names.push(("manifests", layout.digest()));
    names.dedup();
    let bytes = |digest: &str| fs::read(layout.blob(digest)).expect("a part of the layout");
    names.into_iter().map(|(kind, digest)| (kind, digest.to_owned(), bytes(digest))).collect()
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
