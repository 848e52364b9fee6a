//! A registry of one private image, as safe as registries should be, with a switch for each flaw.
//!
//! Who shows [`USER`] and [`PASSWORD`] at `/token` gets a token that pulls. Anybody else gets one that grants nothing.

mod flaw;
mod leaks;
mod strangers;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub use flaw::{Effect, Flaw};

use crate::image::digest_of;
use crate::raw::{Answer, Request, Server};

/// The private repository.
pub const REPOSITORY: &str = "team/app";
/// Its tag.
pub const TAG: &str = "1.0";
/// Who may pull.
pub const USER: &str = "ci";
/// Its password.
pub const PASSWORD: &str = "s3cret-of-ci";

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// After so many requests a blocking registry refuses everybody.
const PATIENCE: usize = 10;

/// The running registry.
#[derive(Debug)]
pub struct Double {
    server: Server,
    image: Image,
}

/// What is behind the private reference.
#[derive(Clone, Debug)]
pub struct Image {
    /// The manifest.
    pub manifest: Vec<u8>,
    /// The configuration.
    pub config: Vec<u8>,
    /// The only layer.
    pub layer: Vec<u8>,
}

impl Double {
    /// A registry with these flaws, and no others.
    pub fn start(flaws: &[Flaw]) -> Self {
        let image = Image::new();
        let (flaws, behind) = (flaws.to_vec(), image.clone());
        let server = Server::start_with(|address| {
            let registry =
                Registry { address, flaws, image: behind, tokens: Mutex::default(), asked: AtomicUsize::new(0) };
            move |request: &Request| registry.answer(request)
        });
        Self { server, image }
    }

    /// `http://host:port`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The private image.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }
}

impl Image {
    fn new() -> Self {
        let layer: Vec<u8> = (0_u32..4096).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let config = json!({ "architecture": "amd64", "os": "linux", "config": { "Env": ["KEY=private"] } });
        let config = config.to_string().into_bytes();
        let descriptor = |kind: &str, bytes: &[u8]| json!({ "mediaType": format!("application/vnd.oci.image.{kind}"), "digest": digest_of(bytes), "size": bytes.len() });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor("config.v1+json", &config),
            "layers": [descriptor("layer.v1.tar", &layer)],
        });
        Self { manifest: manifest.to_string().into_bytes(), config, layer }
    }
}

struct Registry {
    address: SocketAddr,
    flaws: Vec<Flaw>,
    image: Image,
    /// Tokens that were handed out, and whether they pull.
    tokens: Mutex<HashMap<String, bool>>,
    asked: AtomicUsize,
}

impl Registry {
    fn has(&self, flaw: Flaw) -> bool {
        self.flaws.contains(&flaw)
    }

    fn answer(&self, request: &Request) -> Answer {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if self.has(Flaw::BlocksHalfWay) && asked >= PATIENCE {
            return Answer::http(request, 403, &[("Content-Type", "text/html")], b"<html>blocked</html>");
        }
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        match path {
            "/v2/" | "/v2" => self.base(request),
            "/token" => self.token(request, query),
            "/api/v2.0/systeminfo" if self.has(Flaw::DropsSystemInfo) => Answer::Bytes(Vec::new()),
            _ => {
                let flawed = self.page(request, path).or_else(|| self.to_strangers(request, path, query));
                flawed.unwrap_or_else(|| self.content(request, path))
            }
        }
    }

    fn base(&self, request: &Request) -> Answer {
        if self.has(Flaw::BaseElsewhere) {
            return Answer::http(request, 307, &[("Location", "https://elsewhere.example/v2/")], b"");
        }
        match self.has(Flaw::OpenBase) || self.may_pull(request) {
            true => Answer::http(request, 200, &[("Docker-Distribution-Api-Version", "registry/2.0")], b"{}"),
            false => self.refuse(request, None),
        }
    }

    fn content(&self, request: &Request, path: &str) -> Answer {
        let image = &self.image;
        let prefix = format!("/v2/{REPOSITORY}/");
        let Some(rest) = path.strip_prefix(&prefix) else {
            let page = self.has(Flaw::AnswersEverything);
            return match (page, path.strip_prefix("/storage/")) {
                (_, Some(digest)) if digest == digest_of(&image.layer) => self.bytes(request, &image.layer),
                (true, _) => Answer::http(request, 200, &[("Content-Type", "text/html")], b"<html>welcome</html>"),
                (false, _) => self.refuse(request, None),
            };
        };
        let (manifest, config, layer) = (digest_of(&image.manifest), digest_of(&image.config), digest_of(&image.layer));
        let head = request.method == "HEAD";
        let open = |flaw: Flaw| self.has(flaw) || self.may_pull(request) || (head && self.has(Flaw::HeadIsOpen));
        match rest.split_once('/') {
            Some(("manifests", TAG)) if open(Flaw::OpenTag) => self.manifest(request),
            Some(("manifests", digest)) if digest == manifest && open(Flaw::OpenDigest) => self.manifest(request),
            Some(("manifests", _)) if head && self.has(Flaw::HeadTellsDigest) => self.refuse(request, Some(&manifest)),
            Some(("blobs", digest)) if digest == layer && self.has(Flaw::RedirectedLayer) => {
                Answer::http(request, 307, &[("Location", &format!("/storage/{layer}"))], b"")
            }
            Some(("blobs", digest)) if digest == layer && open(Flaw::OpenLayer) => self.bytes(request, &image.layer),
            Some(("blobs", digest)) if digest == config && open(Flaw::OpenConfig) => self.bytes(request, &image.config),
            _ => self.refuse(request, None),
        }
    }

    fn manifest(&self, request: &Request) -> Answer {
        let digest = digest_of(&self.image.manifest);
        let headers = [("Content-Type", MANIFEST), ("Docker-Content-Digest", digest.as_str())];
        Answer::http(request, 200, &headers, &self.image.manifest)
    }

    fn bytes(&self, request: &Request, bytes: &[u8]) -> Answer {
        let range = request.header("range").and_then(|range| range.strip_prefix("bytes=0-")?.parse::<usize>().ok());
        match range.filter(|last| last + 1 < bytes.len()) {
            Some(last) => {
                let part = format!("bytes 0-{last}/{}", bytes.len());
                Answer::http(request, 206, &[("Content-Range", &part)], &bytes[..=last])
            }
            None => Answer::http(request, 200, &[], bytes),
        }
    }

    /// A stranger is told where to get a token, and somebody who is known that this is not for them.
    fn refuse(&self, request: &Request, digest: Option<&str>) -> Answer {
        let service = if self.has(Flaw::NoService) { "" } else { ",service=\"double\"" };
        let scope = format!("repository:{REPOSITORY}:pull");
        let realm = self.realm_from(request).unwrap_or_else(|| self.address.to_string());
        let challenge = format!("Bearer realm=\"http://{realm}/token\"{service},scope=\"{scope}\"");
        let digest = digest.map(|digest| ("Docker-Content-Digest", digest));
        if let Some(told) = self.tells(request) {
            return told;
        }
        let body = json!({ "errors": [{ "code": "UNAUTHORIZED", "message": "authentication required" }] }).to_string();
        match request.header("authorization") {
            None => {
                let headers: Vec<_> = std::iter::once(("WWW-Authenticate", challenge.as_str())).chain(digest).collect();
                Answer::http(request, 401, &headers, body.as_bytes())
            }
            Some(_) => Answer::http(request, 403, &digest.into_iter().collect::<Vec<_>>(), body.as_bytes()),
        }
    }

    fn may_pull(&self, request: &Request) -> bool {
        let token = request.header("authorization").and_then(|shown| shown.strip_prefix("Bearer "));
        let tokens = self.tokens.lock().expect("no handler has panicked");
        token.and_then(|token| tokens.get(token).copied()).unwrap_or(false) || self.admits(request)
    }

    fn token(&self, request: &Request, query: &str) -> Answer {
        let login = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
        let known = match request.header("authorization") {
            Some(shown) if shown != login => return Answer::http(request, 401, &[], b"{}"),
            Some(_) => !self.has(Flaw::ControlRefused),
            None => self.has(Flaw::TokenForAnybody) || self.has(Flaw::OpaqueTokenForAnybody),
        };
        let asked = query.split('&').any(|part| part == format!("scope=repository:{REPOSITORY}:pull"));
        let pulls = known && asked;
        let mut tokens = self.tokens.lock().expect("no handler has panicked");
        let token = self.name(tokens.len(), pulls);
        tokens.insert(token.clone(), pulls);
        Answer::http(
            request,
            200,
            &[("Content-Type", "application/json")],
            json!({ "token": token }).to_string().as_bytes(),
        )
    }

    /// The text of a token: of the form of a JWT, unless it is opaque. It is known by name, so nothing signs it.
    fn name(&self, number: usize, pulls: bool) -> String {
        if self.has(Flaw::OpaqueTokenForAnybody) {
            return format!("opaque-{number:08}");
        }
        let actions: Vec<Value> = if pulls { vec![json!("pull")] } else { Vec::new() };
        let access = json!([{ "type": "repository", "name": REPOSITORY, "actions": actions }]);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{number:08}", part(&json!({ "alg": "none" })), part(&json!({ "access": access })))
    }
}
