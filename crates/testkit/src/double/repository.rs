//! What is in a repository, and what is handed out of it.

use serde_json::json;

use super::{BARE, Flaw, GROUP, Registry, SECOND, TAG, THROUGH};
use crate::image::digest_of;
use crate::raw::{Answer, Request};

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// What tells caches that an answer is for whoever asked.
const OWN_ANSWER: (&str, &str) = ("Vary", "Authorization");

/// One image.
#[derive(Clone, Debug)]
pub struct Image {
    /// The manifest.
    pub manifest: Vec<u8>,
    /// The configuration.
    pub config: Vec<u8>,
    /// The only layer.
    pub layer: Vec<u8>,
}

impl Image {
    /// An image like no other, with so many bytes of notes in its manifest.
    pub(super) fn new(repository: &str, notes: usize) -> Self {
        let noise = (0_u32..4096).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8);
        let layer: Vec<u8> = repository.bytes().chain(noise).collect();
        let variables = ["KEY=private".to_owned(), format!("NAME={repository}")];
        let config = json!({ "architecture": "amd64", "os": "linux", "config": { "Env": variables } });
        let config = config.to_string().into_bytes();
        let descriptor = |kind: &str, bytes: &[u8]| json!({ "mediaType": format!("application/vnd.oci.image.{kind}"), "digest": digest_of(bytes), "size": bytes.len() });
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor("config.v1+json", &config),
            "layers": [descriptor("layer.v1.tar", &layer)],
        });
        if notes > 0 {
            manifest["annotations"] = json!({ "notes": "n".repeat(notes) });
        }
        Self { manifest: manifest.to_string().into_bytes(), config, layer }
    }
}

impl Registry {
    /// Whatever is asked of a repository.
    pub(super) fn content(&self, request: &Request, path: &str) -> Answer {
        let second = &self.state.repositories[SECOND];
        let bare = self.has(Flaw::ProxiesShareTokens).then_some(&BARE);
        let others = [&GROUP, &THROUGH].into_iter().chain(bare).map(|name| (name, second));
        let known = self.state.repositories.iter().chain(others).find_map(|(name, image)| {
            let rest = path.strip_prefix("/v2/")?.strip_prefix(name)?.strip_prefix('/')?;
            Some((*name, image, rest))
        });
        match known {
            Some((name, image, rest)) => {
                let flawed = self.to_known(request, name, rest);
                flawed.unwrap_or_else(|| self.of_repository(request, name, image, rest))
            }
            None if self.has(Flaw::AnswersEverything) => {
                Answer::http(request, 200, &[("Content-Type", "text/html")], b"<html>welcome</html>")
            }
            None => self.refuse(request, asked_for(path), None),
        }
    }

    fn of_repository(&self, request: &Request, name: &str, image: &Image, rest: &str) -> Answer {
        let (manifest, config, layer) = (digest_of(&image.manifest), digest_of(&image.config), digest_of(&image.layer));
        let head = request.method == "HEAD";
        let pulls = self.may(request, name, "pull") || self.lets_in(request, name);
        let open = |flaw: Flaw| self.has(flaw) || pulls || (head && self.has(Flaw::HeadIsOpen));
        match rest.split_once('/') {
            Some(("manifests", TAG)) if open(Flaw::OpenTag) => manifest_of(request, image),
            Some(("manifests", digest)) if digest == manifest && open(Flaw::OpenDigest) => manifest_of(request, image),
            Some(("manifests", _)) if head && self.has(Flaw::HeadTellsDigest) => {
                self.refuse(request, Some(name), Some(&manifest))
            }
            Some(("blobs", digest)) if digest == layer && self.has(Flaw::RedirectedLayer) => {
                Answer::http(request, 307, &[("Location", &format!("/storage/{layer}"))], b"")
            }
            Some(("blobs", digest)) if digest == layer && open(Flaw::OpenLayer) => bytes(request, &image.layer),
            Some(("blobs", digest)) if digest == config && open(Flaw::OpenConfig) => bytes(request, &image.config),
            Some(("referrers", digest)) if pulls => self.referrers(request, name, digest),
            Some(("tags", "list")) if pulls => {
                let list = json!({ "name": name, "tags": [TAG] }).to_string();
                Answer::http(request, 200, &[("Content-Type", "application/json")], list.as_bytes())
            }
            _ if pulls => Answer::http(request, 404, &[], br#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#),
            _ => self.refuse(request, Some(name), None),
        }
    }
}

/// The repository that a path is about, whether it exists or not.
fn asked_for(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/v2/")?;
    let end =
        ["/manifests/", "/blobs/", "/tags/", "/referrers/"].into_iter().filter_map(|part| rest.rfind(part)).max()?;
    rest.get(..end)
}

pub(super) fn manifest_of(request: &Request, image: &Image) -> Answer {
    let digest = digest_of(&image.manifest);
    let headers = [("Content-Type", MANIFEST), ("Docker-Content-Digest", digest.as_str()), OWN_ANSWER];
    Answer::http(request, 200, &headers, &image.manifest)
}

/// Bytes, or the range of them that was asked for.
pub(super) fn bytes(request: &Request, bytes: &[u8]) -> Answer {
    let range = request.header("range").and_then(|range| range.strip_prefix("bytes=0-")?.parse::<usize>().ok());
    match range.filter(|last| last + 1 < bytes.len()) {
        Some(last) => {
            let part = format!("bytes 0-{last}/{}", bytes.len());
            Answer::http(request, 206, &[("Content-Range", &part), OWN_ANSWER], &bytes[..=last])
        }
        None => Answer::http(request, 200, &[OWN_ANSWER], bytes),
    }
}
