//! The door over TLS: who is let in there, what stands beside it, and layers behind signed redirects.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::{Flaw, REPOSITORY, Registry, State, TAG, repository};
use crate::image::digest_of;
use crate::raw::{Answer, Greeting, Request, Server, is_offered};
use crate::secure::{Demand, NAME, Shown, authority};

/// The name of the service behind this door.
const SERVICE: &str = "secure";
/// How long a redirect is good for, in seconds.
const LIFETIME: u64 = 1;
/// What signs every redirect.
const SIGNATURE: &str = "Signature=signed-by-the-double";

/// Starts the door.
pub(super) fn start(state: &Arc<State>) -> Server {
    let has = |flaw: Flaw| state.flaws.contains(&flaw);
    let shown = match () {
        () if has(Flaw::CertificateEnds) => Shown::EndsSoon,
        () if has(Flaw::CertificateOfAnother) => Shown::OtherName,
        () if has(Flaw::CertificateOfNobody) => Shown::SelfSigned,
        () => Shown::Good,
    };
    let demand = match () {
        () if has(Flaw::CertificateIsOptional) => Demand::Optional,
        () if has(Flaw::AnyCertificate) => Demand::Any,
        () => Demand::Certificate,
    };
    let config = authority().config(shown, demand);
    let (lax_in_http_2, optional) = (has(Flaw::Http2WantsNoCertificate), authority().config(shown, Demand::Optional));
    let speaks = [(has(Flaw::SpeaksTls10), 1), (has(Flaw::SpeaksTls11), 2)];
    let plain = has(Flaw::OpenInTheClear) || has(Flaw::LogsInInTheClear) || has(Flaw::RealmInTheClear);
    let greet = move |first: &[u8]| match first {
        [22, 3, _, _, _, 1, _, _, _, 3, minor, ..] if speaks.contains(&(true, *minor)) => {
            Greeting::Says(vec![22, 3, *minor, 0, 74, 2, 0, 0, 70, 3, *minor])
        }
        [22, ..] if lax_in_http_2 && is_offered(first) => Greeting::Secure(Arc::clone(&optional)),
        [22, ..] => Greeting::Secure(Arc::clone(&config)),
        _ if plain => Greeting::Plain,
        _ => Greeting::Says(Vec::new()),
    };
    Server::start_greeting(greet, |address| {
        let base = format!("https://{NAME}:{}", address.port());
        let registry = Registry { base, service: SERVICE, state: Arc::clone(state) };
        move |request: &Request| registry.answer(request)
    })
}

impl Registry {
    /// What is particular to this door and to the flaws of doors.
    pub(super) fn at_secure(&self, request: &Request) -> Option<Answer> {
        let image = &self.state.repositories[REPOSITORY];
        let is_manifest = request.target == format!("/v2/{REPOSITORY}/manifests/{TAG}");
        let open = || is_manifest.then(|| repository::manifest_of(request, image));
        match self.service {
            "mirror" if self.has(Flaw::MirrorIsOpen) || self.has(Flaw::NamesOpenDoor) => open(),
            "mirror" if self.has(Flaw::MirrorIsClosed) => (request.target != "/token").then(|| {
                let challenge = ("WWW-Authenticate", "Basic realm=\"closed\"");
                Answer::http(request, 401, &[challenge], b"{}")
            }),
            SERVICE if !request.secure && self.has(Flaw::OpenInTheClear) => open(),
            SERVICE if self.has(Flaw::OpenByAddress) => {
                let host = request.header("host")?;
                let by_address = host.parse::<SocketAddr>().is_ok() || host.parse::<IpAddr>().is_ok();
                by_address.then(open)?
            }
            SERVICE => self.redirected(request),
            _ => None,
        }
    }

    /// A layer of whoever may pull is behind a signed redirect.
    fn redirected(&self, request: &Request) -> Option<Answer> {
        let (repository, digest) = request.target.strip_prefix("/v2/")?.split_once("/blobs/")?;
        let image = self.state.repositories.get(repository)?;
        let is_layer = digest == digest_of(&image.layer) && self.may(request, repository, "pull");
        let lifetime = self.has(Flaw::LongRedirect).then_some(3600);
        let location = self.signed(digest, lifetime).filter(|_| is_layer)?;
        Some(Answer::http(request, 307, &[("Location", &location)], b""))
    }

    /// A signed way to what is stored, for so many seconds; none where the door hands everything out itself.
    pub(super) fn signed(&self, digest: &str, lifetime: Option<u64>) -> Option<String> {
        let end = self.now() + lifetime.unwrap_or(LIFETIME);
        (self.service == SERVICE).then(|| format!("/storage/{digest}?Expires={end}&{SIGNATURE}"))
    }

    fn is_endless(&self) -> bool {
        self.has(Flaw::EndlessRedirect) || self.has(Flaw::EndlessCrateRedirect)
    }

    /// Whether storage hands out what a redirect of this door leads to.
    pub(super) fn is_signed(&self, query: &str) -> bool {
        let end = query.split('&').find_map(|part| part.strip_prefix("Expires=")?.parse::<u64>().ok());
        let signed = self.has(Flaw::UnsignedRedirect) || query.split('&').any(|part| part == SIGNATURE);
        let ended = end.is_some_and(|end| end < self.now()) && !self.is_endless();
        self.service != SERVICE || (signed && !ended)
    }
}
