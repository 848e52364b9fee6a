//! Content that the tests push: descriptors, manifests, digests.

use aws_lc_rs::digest::{SHA512, digest};
use serde_json::{Value, json};
use testkit::http::Response;
use testkit::image::digest_of;

use super::Place;

pub(crate) const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
pub(crate) const EMPTY_JSON: &str = "application/vnd.oci.empty.v1+json";

/// A digest of content that nobody has pushed.
pub(crate) fn absent() -> String {
    digest_of(b"nobody has pushed this")
}

pub(crate) fn sha512(bytes: &[u8]) -> String {
    let hex: String = digest(&SHA512, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha512:{hex}")
}

pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest_of(bytes), "size": bytes.len() })
}

/// An image manifest of a configuration and layers.
pub(crate) fn image(config: &Value, layers: &[Value]) -> Value {
    json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers })
}

pub(crate) fn index(manifests: &[Value]) -> Value {
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests })
}

/// The manifest with one more member.
pub(crate) fn with(mut manifest: Value, member: &str, value: Value) -> Value {
    manifest[member] = value;
    manifest
}

impl Place {
    pub(crate) fn push(&self, repository: &str, bytes: &[u8]) -> String {
        self.registry.push_blob(&self.all, repository, bytes)
    }

    /// Pushes a blob and gives its descriptor.
    pub(crate) fn blob(&self, repository: &str, media_type: &str, bytes: &[u8]) -> Value {
        self.push(repository, bytes);
        descriptor(media_type, bytes)
    }

    pub(crate) fn put(&self, repository: &str, reference: &str, manifest: &str) -> Response {
        self.registry.push_manifest(&self.all, repository, reference, manifest)
    }

    /// Stores a manifest by its digest, which must succeed, and gives its descriptor.
    pub(crate) fn store(&self, repository: &str, manifest: &Value) -> Value {
        let text = manifest.to_string();
        let digest = digest_of(text.as_bytes());
        let stored = self.put(repository, &digest, &text);
        assert_eq!(stored.head.status, 201, "{}", stored.text());
        descriptor(manifest["mediaType"].as_str().expect("a media type"), text.as_bytes())
    }

    /// Pushes an image of one layer, both named after it, under a tag; gives the manifest's text.
    pub(crate) fn image(&self, repository: &str, tag: &str) -> String {
        let config = self.blob(repository, CONFIG, format!("{{\"of\":\"{repository}\"}}").as_bytes());
        let layer = self.blob(repository, LAYER, format!("layer of {repository}").as_bytes());
        let text = image(&config, &[layer]).to_string();
        let stored = self.put(repository, tag, &text);
        assert_eq!(stored.head.status, 201, "{}", stored.text());
        text
    }
}
