//! What stands beside the API and beside its doors: older and foreign paths, virtual hosts, caches, another port, storage.

use std::sync::Arc;

use serde_json::json;

use super::repository::{self, manifest_of};
use super::{Flaw, REPOSITORY, Registry, State, TAG};
use crate::image::digest_of;
use crate::raw::{Answer, Greeting, Request, Server};
use crate::secure::{Demand, Shown, authority};

/// The name of what is no door of the registry.
pub(super) const SERVICE: &str = "beside";

/// Starts it: plain, and over TLS.
pub(super) fn start(state: &Arc<State>) -> Server {
    let config = authority().config(Shown::Good, Demand::Optional);
    let only_tls = state.flaws.contains(&Flaw::OtherPortIsOpenOverTls);
    let greet = move |first: &[u8]| match first {
        [22, ..] => Greeting::Secure(Arc::clone(&config)),
        _ if only_tls => Greeting::Says(Vec::new()),
        _ => Greeting::Plain,
    };
    Server::start_greeting(greet, |address| {
        let registry = Registry { base: format!("http://{address}"), service: SERVICE, state: Arc::clone(state) };
        move |request: &Request| registry.answer(request)
    })
}

impl Registry {
    /// What answers beside the API; none where nothing does.
    pub(super) fn beside(&self, request: &Request) -> Option<Answer> {
        if self.service == SERVICE {
            return Some(
                self.at_port(request).or_else(|| self.at_peer(request)).unwrap_or_else(|| self.in_storage(request)),
            );
        }
        self.first_version(request)
            .or_else(|| self.of_product(request))
            .or_else(|| self.under_prefix(request))
            .or_else(|| self.of_virtual_host(request))
            .or_else(|| self.kept(request))
            .or_else(|| self.sent_to_https(request))
    }

    fn first_version(&self, request: &Request) -> Option<Answer> {
        let (flaw, body) = match request.target.strip_prefix("/v1/")? {
            "_ping" => (Flaw::FirstVersionAnswers, json!(true)),
            "search?q=" => (Flaw::FirstVersionSearches, json!({ "results": [{ "name": REPOSITORY }] })),
            "repositories/team/app/images" => (Flaw::FirstVersionListsImages, json!([{ "id": "a1" }])),
            "repositories/team/app/tags" => (Flaw::FirstVersionListsTags, json!({ "1.0": "a1" })),
            _ => return None,
        };
        self.has(flaw).then(|| Answer::http(request, 200, &[], body.to_string().as_bytes()))
    }

    fn under_prefix(&self, request: &Request) -> Option<Answer> {
        let below = |prefix: &str| request.target.strip_prefix(prefix);
        let artifactory = below("/artifactory/api/docker/team/v2/app").filter(|_| self.has(Flaw::OpenUnderArtifactory));
        let nexus = below("/repository/docker-hosted/v2/team/app").filter(|_| self.has(Flaw::OpenUnderNexus));
        let proxy = below("/registry/v2/team/app").filter(|_| self.has(Flaw::OpenUnderRegistry));
        let rest = artifactory.or(nexus).or(proxy)?;
        (rest == format!("/manifests/{TAG}")).then(|| manifest_of(request, &self.state.repositories[REPOSITORY]))
    }

    fn of_virtual_host(&self, request: &Request) -> Option<Answer> {
        let host = request.header("host").unwrap_or_default();
        let inside = (host == "core" && self.has(Flaw::OpenToMachines))
            || (host.ends_with(".svc") && self.has(Flaw::OpenToCluster));
        let is_manifest = request.target == format!("/v2/{REPOSITORY}/manifests/{TAG}");
        (inside && is_manifest).then(|| manifest_of(request, &self.state.repositories[REPOSITORY]))
    }

    /// A blob that somebody who may has fetched before.
    fn kept(&self, request: &Request) -> Option<Answer> {
        if !self.has(Flaw::CachesBlobs) {
            return None;
        }
        let image = &self.state.repositories[REPOSITORY];
        let digest = request.target.strip_prefix(&format!("/v2/{REPOSITORY}/blobs/"))?;
        let blob = [&image.layer, &image.config].into_iter().find(|blob| digest_of(blob) == digest)?;
        if self.may(request, REPOSITORY, "pull") {
            self.keep(request);
        }
        self.was_fetched(request).then(|| repository::bytes(request, blob).with("X-Cache", "HIT"))
    }

    /// Remembers what was asked for, whoever asks next.
    pub(super) fn keep(&self, request: &Request) {
        if request.method == "GET" {
            self.state.fetched.lock().expect("no handler has panicked").push(request.target.clone());
        }
    }

    pub(super) fn was_fetched(&self, request: &Request) -> bool {
        self.state.fetched.lock().expect("no handler has panicked").contains(&request.target)
    }

    fn sent_to_https(&self, request: &Request) -> Option<Answer> {
        let token = request.header("authorization").and_then(|shown| shown.strip_prefix("Bearer "));
        let location = match () {
            () if request.secure || self.service != super::secure::SERVICE => return None,
            () if self.has(Flaw::RedirectCarriesQuery) => format!("{}{}", self.base, request.target),
            () if self.has(Flaw::RedirectCarriesToken) => format!("{}/v2/?access={}", self.base, token?),
            () => return None,
        };
        Some(Answer::http(request, 308, &[("Location", &location)], b""))
    }

    /// Whether, and how, browsers are told to use TLS.
    pub(super) fn policy(&self) -> Option<&'static str> {
        match () {
            () if self.service != super::secure::SERVICE || self.has(Flaw::NoTransportPolicy) => None,
            () if self.has(Flaw::TransportPolicyEnds) => Some("max-age=0"),
            () => Some("max-age=31536000"),
        }
    }

    /// A port of the host that nobody declared a door.
    fn at_port(&self, request: &Request) -> Option<Answer> {
        let challenge = ("WWW-Authenticate", "Basic realm=\"beside\"");
        match () {
            () if request.target != "/v2/" => None,
            () if self.has(Flaw::OtherPortIsOpen) || self.has(Flaw::OtherPortIsOpenOverTls) => {
                Some(Answer::http(request, 200, &[], b"{}"))
            }
            () if self.has(Flaw::OtherPortIsPlain) => Some(Answer::http(request, 401, &[challenge], b"{}")),
            () => None,
        }
    }

    /// Who has pulled an image, and hands it on.
    fn at_peer(&self, request: &Request) -> Option<Answer> {
        let image = &self.state.repositories[REPOSITORY];
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let rest = path.strip_prefix(&format!("/v2/{REPOSITORY}/"))?;
        let is_manifest = rest == format!("manifests/{TAG}");
        match () {
            () if is_manifest && self.has(Flaw::PeerIsOpen) => Some(manifest_of(request, image)),
            () if is_manifest && query.starts_with("ns=") && self.has(Flaw::PeerIsOpenToNodes) => {
                Some(manifest_of(request, image))
            }
            () if request.header("x-dragonfly-registry").is_some() && self.has(Flaw::PeerIsOpenByHeader) => {
                Some(manifest_of(request, image))
            }
            () if rest == format!("blobs/{}", digest_of(&image.layer)) && self.has(Flaw::PeerHandsLayersOn) => {
                Some(repository::bytes(request, &image.layer))
            }
            () => Some(Answer::http(request, 404, &[], b"")),
        }
    }

    /// A bucket that nobody may read.
    fn in_storage(&self, request: &Request) -> Answer {
        let (path, _) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let image = &self.state.repositories[REPOSITORY];
        let digest = digest_of(&image.layer);
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        let (flaw, list) = match request.target.as_str() {
            "/" => (Flaw::BucketIsListed, "<ListBucketResult><Contents/></ListBucketResult>"),
            "/?list-type=2" => (Flaw::BucketIsListedByType, "<ListBucketResult><Contents/></ListBucketResult>"),
            _ => (Flaw::ContainerIsListed, "<EnumerationResults><Blobs/></EnumerationResults>"),
        };
        match () {
            () if path == "/" && self.has(flaw) => Answer::http(request, 200, &[], list.as_bytes()),
            () if path.ends_with(&format!("/{hex}/data")) && self.has(Flaw::BucketIsOpen) => {
                repository::bytes(request, &image.layer)
            }
            () => Answer::http(request, 403, &[], b"<Error><Code>AccessDenied</Code></Error>"),
        }
    }
}
