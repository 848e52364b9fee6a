//! The few things that are pushed. That they are few is what makes steps meet.

use std::sync::LazyLock;

use testkit::image::digest_of;

/// In the order in which they are listed.
pub(crate) const TAGS: [&str; 3] = ["latest", "sha256-cafe.sig", "v1"];
pub(crate) const BLOBS: [&str; 3] = ["", "a layer", "{}"];
pub(crate) const ARTIFACT_TYPES: [&str; 3] =
    ["application/vnd.example.one", "application/vnd.example.two", "application/vnd.example.none"];

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// A manifest, and what a registry must know about it; others by their places.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) text: String,
    pub(crate) digest: String,
    /// The configuration, then the layers; none in an index.
    pub(crate) blobs: &'static [usize],
    /// The manifests that it lists.
    pub(crate) children: &'static [usize],
    pub(crate) subject: Option<usize>,
    pub(crate) artifact_type: Option<&'static str>,
}

/// An image; an image that refers to it; an artifact without layers that refers to the second; an index of both images;
/// and an index of that index, which refers to the first image.
pub(crate) static MANIFESTS: LazyLock<Vec<Manifest>> = LazyLock::new(|| {
    let [one, two, _] = ARTIFACT_TYPES;
    let plans = [
        Manifest { blobs: &[2, 1], ..Manifest::default() },
        Manifest { blobs: &[2, 0, 1], subject: Some(0), artifact_type: Some(one), ..Manifest::default() },
        Manifest { blobs: &[0], subject: Some(1), artifact_type: Some(two), ..Manifest::default() },
        Manifest { children: &[0, 1], ..Manifest::default() },
        Manifest { children: &[3], subject: Some(0), artifact_type: Some(two), ..Manifest::default() },
    ];
    plans.into_iter().fold(Vec::new(), |mut made, plan| {
        made.push(plan.written(&made));
        made
    })
});

impl Manifest {
    pub(crate) fn media_type(&self) -> &'static str {
        if self.blobs.is_empty() { INDEX } else { IMAGE }
    }

    /// What stands in the list of referrers: digest, type, and the annotation that all that refer to another have.
    pub(crate) fn listed(&self) -> String {
        let artifact_type = self.artifact_type.unwrap_or(CONFIG);
        format!("{} {} {artifact_type} {}", self.digest, self.media_type(), self.mark())
    }

    fn written(self, made: &[Self]) -> Self {
        let blob =
            |place: &usize, media_type| descriptor(media_type, &digest_of(BLOBS[*place].as_bytes()), BLOBS[*place]);
        let listed: Vec<String> = self.children.iter().map(|child| made[*child].descriptor()).collect();
        let mut members = vec!["\"schemaVersion\":2".to_owned(), format!("\"mediaType\":\"{}\"", self.media_type())];
        members.push(match self.blobs.split_first() {
            None => format!("\"manifests\":[{}]", listed.join(",")),
            Some((config, layers)) => {
                let layers: Vec<String> = layers.iter().map(|layer| blob(layer, LAYER)).collect();
                format!("\"config\":{},\"layers\":[{}]", blob(config, CONFIG), layers.join(","))
            }
        });
        members.extend(self.subject.map(|subject| format!("\"subject\":{}", made[subject].descriptor())));
        members.extend(self.artifact_type.map(|artifact_type| format!("\"artifactType\":\"{artifact_type}\"")));
        members.push(format!("\"annotations\":{{\"mark\":\"{}\"}}", self.mark()));
        let text = format!("{{{}}}", members.join(","));
        Self { digest: digest_of(text.as_bytes()), text, ..self }
    }

    fn mark(&self) -> String {
        format!("{:?}", self.blobs.iter().chain(self.children).collect::<Vec<_>>())
    }

    fn descriptor(&self) -> String {
        descriptor(self.media_type(), &self.digest, &self.text)
    }
}

fn descriptor(media_type: &str, digest: &str, content: &str) -> String {
    format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{}}}"#, content.len())
}
