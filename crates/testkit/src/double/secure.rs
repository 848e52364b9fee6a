//! The door over TLS: who is let in there, what stands beside it, and layers behind signed redirects.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Flaw, REPOSITORY, Registry, State, TAG, repository};
use crate::image::digest_of;
use crate::raw::{Answer, Greeting, Request, Server};
use crate::secure::{
    Demand, NAME, OTHER_NAME, Shown, authority, resuming_again, resuming_as, taking_early_data, taking_http2,
};

/// The name of the service behind this door.
pub(super) const SERVICE: &str = "secure";
/// How long a redirect is good for, in seconds.
const LIFETIME: u64 = 1;
/// How whoever takes HTTP/2 says so (RFC 7301 section 3.1). Less than all of it stands in the random part of some hello or other.
const HTTP_2_FIRST: &str = "\x02h2\x08http/1.1";
/// What signs every redirect.
const SIGNING: &str = "a key that only the double has";

/// Starts the door.
pub(super) fn start(state: &Arc<State>) -> Server {
    let has = |flaw: Flaw| state.flaws.contains(&flaw);
    let shown = match () {
        () if has(Flaw::CertificateEnds) => Shown::EndsSoon,
        () if has(Flaw::CertificateOfAnother) => Shown::OtherName,
        () if has(Flaw::CertificateOfNobody) => Shown::SelfSigned,
        () if has(Flaw::CertificateIsShared) => Shown::Shared,
        () if has(Flaw::CertificateIsWild) => Shown::Wildcard,
        () if has(Flaw::ShortRsaKey) => Shown::ShortRsa,
        () if has(Flaw::ShortCurveKey) => Shown::ShortCurve,
        () => Shown::Good,
    };
    let demand = match () {
        () if has(Flaw::CertificateIsOptional) => Demand::Optional,
        () if has(Flaw::AnyCertificate) => Demand::Any,
        () => Demand::Certificate,
    };
    let config = authority().config(shown, demand);
    let config = if has(Flaw::ResumesUnderAnyName) { resuming_as(&config, OTHER_NAME) } else { config };
    let keeps = has(Flaw::ReplayedEarlyDataIsOpen);
    let config = if keeps { resuming_again(&config, &state.replayed) } else { config };
    let newer = taking_http2(&config);
    let config = taking_early_data(&config);
    let newer = if has(Flaw::Http2WantsNoCertificate) {
        taking_http2(&authority().config(shown, Demand::Optional))
    } else {
        newer
    };
    let lenient = authority().config(shown, Demand::Nothing);
    let lax = LAX.map(|(flaw, is_meant)| (has(flaw), is_meant));
    let speaks = [(has(Flaw::SpeaksTls10), 1), (has(Flaw::SpeaksTls11), 2)];
    let weak = [
        (Flaw::SpeaksRc4, 0x0005),
        (Flaw::Speaks3Des, 0x000a),
        (Flaw::SpeaksNull, 0x0002),
        (Flaw::SpeaksExport, 0x0003),
    ];
    let weak = weak.map(|(flaw, suite)| (has(flaw), suite));
    let plain = has(Flaw::RedirectCarriesQuery)
        || has(Flaw::RedirectCarriesToken)
        || has(Flaw::OpenInTheClear)
        || has(Flaw::LogsInInTheClear)
        || has(Flaw::RealmInTheClear);
    let greet = move |first: &[u8]| match first {
        [22, 3, _, _, _, 1, _, _, _, 3, minor, ..] if speaks.contains(&(true, *minor)) => {
            Greeting::Says(vec![22, 3, *minor, 0, 74, 2, 0, 0, 70, 3, *minor])
        }
        [22, ..] if weak.iter().any(|(speaks, suite)| *speaks && offers(first, *suite)) => {
            Greeting::Says(vec![22, 3, 3, 0, 74, 2, 0, 0, 70, 3, 3])
        }
        [22, ..] if lax.iter().any(|(lax, is_meant)| *lax && is_meant(first)) => Greeting::Secure(Arc::clone(&lenient)),
        [22, ..] if names(first, HTTP_2_FIRST) => Greeting::Newer(Arc::clone(&newer)),
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

/// Whether the first bytes of a connection are such ones.
type Hello = fn(&[u8]) -> bool;

/// For which ClientHellos no certificate is demanded.
const LAX: [(Flaw, Hello); 7] = [
    (Flaw::NamelessNeedNoCertificate, |hello| {
        !in_pieces(hello) && [NAME, "LOCALHOST", ".invalid"].iter().all(|name| !names(hello, name))
    }),
    (Flaw::OthersNeedNoCertificate, |hello| names(hello, ".invalid")),
    (Flaw::OpenUnderOtherName, |hello| names(hello, ".invalid")),
    (Flaw::UpperCaseNeedsNoCertificate, |hello| names(hello, "LOCALHOST")),
    (Flaw::PiecesNeedNoCertificate, in_pieces),
    (Flaw::AddressNeedsNoCertificate, |hello| names(hello, "127.0.0.1")),
    (Flaw::LastDotNeedsNoCertificate, |hello| names(hello, "localhost.")),
];

fn names(hello: &[u8], name: &str) -> bool {
    hello.windows(name.len()).any(|window| window == name.as_bytes())
}

/// Whether the first record is shorter than any ClientHello.
fn in_pieces(hello: &[u8]) -> bool {
    matches!(hello, [22, 3, _, 0, length, ..] if *length < 64)
}

/// Where in a ClientHello without a session the length of its suites stands: behind the headers of record and handshake, the
/// version, the random and the length of the session.
const SUITES: usize = 44;

/// Whether a ClientHello, which resumes no session and offers nothing of TLS 1.3, offers this suite.
fn offers(hello: &[u8], suite: u16) -> bool {
    let number = |pair: &[u8]| u16::from_be_bytes([pair[0], pair[1]]);
    let length = hello.get(SUITES..SUITES + 2).filter(|_| hello[SUITES - 1] == 0).map_or(0, number);
    let suites = hello.get(SUITES + 2..SUITES + 2 + usize::from(length)).unwrap_or_default();
    suites.chunks_exact(2).any(|pair| number(pair) == suite)
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
            SERVICE if self.has(Flaw::OpenUnderOtherName) && request.name.as_ref().is_some_and(|name| name != NAME) => {
                open()
            }
            SERVICE if self.has(Flaw::OpenByAddress) => {
                let host = request.header("host")?;
                let by_address = host.parse::<SocketAddr>().is_ok() || host.parse::<IpAddr>().is_ok();
                by_address.then(open)?
            }
            SERVICE if request.early && is_manifest && self.has(Flaw::EarlyDataIsOpen) => open(),
            SERVICE if request.early && is_manifest && self.state.replayed.load(Ordering::Relaxed) => open(),
            SERVICE if request.newer && is_manifest && self.has(Flaw::OpenOverHttp2) => open(),
            SERVICE if request.newer && self.has(Flaw::RefusesHttp2) => Some(Answer::http(request, 403, &[], b"{}")),
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
        let host = if self.has(Flaw::NamesInternalStorage) { "http://minio.storage.svc:9000" } else { "" };
        let location = format!("{host}{}", self.signed(digest, lifetime)?);
        let kept = self.has(Flaw::CachesRedirects) && digest == digest_of(&image.layer) && self.was_fetched(request);
        if is_layer && self.has(Flaw::CachesRedirects) {
            self.keep(request);
        }
        (is_layer || kept).then(|| Answer::http(request, 307, &[("Location", &location)], b""))
    }

    /// A signed way to what is stored, for so many seconds; none where the door hands everything out itself.
    pub(super) fn signed(&self, digest: &str, lifetime: Option<u64>) -> Option<String> {
        let end = (self.now() + lifetime.unwrap_or(LIFETIME)).to_string();
        let signature = self.signature(digest, &end);
        (self.service == SERVICE).then(|| format!("/storage/{digest}?Expires={end}&Signature={signature}"))
    }

    /// What signs it: the blob and the end, unless a flaw forgets one of them.
    fn signature(&self, digest: &str, end: &str) -> String {
        let digest = if self.has(Flaw::AnyDigestIsSigned) { "" } else { digest };
        let end = if self.has(Flaw::EndIsNotSigned) { "" } else { end };
        digest_of(format!("{SIGNING} {digest} {end}").as_bytes())
    }

    fn is_endless(&self) -> bool {
        self.has(Flaw::EndlessRedirect) || self.has(Flaw::EndlessCrateRedirect)
    }

    /// Whether storage hands out what a redirect of this door leads to.
    pub(super) fn is_signed(&self, request: &Request, digest: &str, query: &str) -> bool {
        let value = |name: &str| query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        let end = value("Expires").unwrap_or_default();
        let signed = self.has(Flaw::UnsignedRedirect) || value("Signature") == Some(&self.signature(digest, end));
        let ended = end.parse::<u64>().is_ok_and(|end| end < self.now()) && !self.is_endless();
        let fits = request.method == "GET" || self.has(Flaw::AnyMethodIsSigned);
        self.service != SERVICE || (signed && !ended && fits)
    }
}
