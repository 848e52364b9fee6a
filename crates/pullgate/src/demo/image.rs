//! A small image, made on the spot: one layer with one file, a configuration and a manifest.

use std::io;

use aws_lc_rs::digest::{SHA256, digest};
use protocol::{Algorithm, Digest};
use serde_json::json;

use crate::output::Failure;

/// Bytes and their name.
#[derive(Debug)]
pub(super) struct Blob {
    pub(super) digest: Digest,
    pub(super) bytes: Vec<u8>,
}

/// A whole image.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) config: Blob,
    pub(super) layer: Blob,
    pub(super) manifest: Vec<u8>,
}

impl Image {
    /// An image whose layer holds one file of so many bytes.
    pub(super) fn new(file_bytes: usize) -> Result<Self, Failure> {
        let layer = blob(layer(file_bytes).map_err(Failure::no)?)?;
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": { "type": "layers", "diff_ids": [layer.digest.as_str()] },
        });
        let config = blob(config.to_string().into_bytes())?;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", &layer)],
        });
        Ok(Self { config, layer, manifest: manifest.to_string().into_bytes() })
    }
}

fn layer(file_bytes: usize) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_size(file_bytes as u64);
    header.set_mode(0o644);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, "hello", vec![0_u8; file_bytes].as_slice())?;
    archive.into_inner()
}

fn blob(bytes: Vec<u8>) -> Result<Blob, Failure> {
    let name = Digest::from_hash(Algorithm::Sha256, digest(&SHA256, &bytes).as_ref());
    Ok(Blob { digest: name.ok_or_else(|| Failure::no("a hash has another length"))?, bytes })
}

fn descriptor(media_type: &str, blob: &Blob) -> serde_json::Value {
    json!({ "mediaType": media_type, "digest": blob.digest.as_str(), "size": blob.bytes.len() })
}
