//! A registry with a token service, as safe as registries should be, with a switch for each flaw.
//!
//! It has three doors, one of them over TLS, and four repositories. Who shows a login at `/token` gets a token for what it may do and nothing
//! else; anybody else gets one that pulls what is public. A token is known by its text, and says what it grants.

mod beside;
mod calls;
mod changes;
mod conditions;
mod crates;
mod federation;
mod flaw;
mod forged;
mod issued;
mod judgement;
mod known;
mod leaks;
mod misplaced;
mod products;
mod readings;
mod repository;
mod routes;
mod sayings;
mod secure;
mod shelf;
mod strangers;
mod streams;
pub(crate) mod token;
mod unwrapped;
mod uploads;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use serde_json::json;

use calls::Calls;
pub use changes::Change;
use changes::Changes;
pub use conditions::{LARGEST_BLOB, gate_image};
pub use federation::{
    FEDERATED_AUDIENCE, FEDERATED_ISSUER, FEDERATED_KID, FEDERATED_STRANGER, FEDERATED_SUBJECT, REDIRECTED_ISSUER,
};
pub use flaw::{Effect, Flaw};
pub use issued::{OTHER_ISSUER, OTHER_KID, TEST_KID};
pub use misplaced::{API_TOKEN, CONSOLE, COOKIE, ID_TOKEN, SESSION};
pub use repository::Image;
pub use shelf::FOREIGN_UPLOAD;
use shelf::Shelf;
use token::Tokens;

use crate::image::digest_of;
use crate::raw::{Answer, Greeting, Request, Server};
use crate::secure::{NAME, Pair, authority};

/// R: the private repository.
pub const REPOSITORY: &str = "team/app";
/// S: another private repository.
pub const SECOND: &str = "team/other";
/// P: what everybody may pull.
pub const PUBLIC: &str = "public/base";
/// M: what [`LOW`] owns.
pub const OWN: &str = "probe/low";
/// Another repository that [`LOW`] owns, in which nothing is.
pub const BESIDE: &str = "probe/beside";
/// What [`LOW`] may push to and delete from, where deletes are switched off.
pub const KEPT: &str = "probe/kept";
/// A group that contains [`SECOND`].
pub const GROUP: &str = "group/other";
/// A proxy without a credential for the upstream of [`SECOND`].
pub const BARE: &str = "bare/other";
/// The name under which [`SECOND`] is pulled through.
pub const THROUGH: &str = "through/other";
/// Where images must be signed: [`USER`] may pull them, if they are.
pub const GATE: &str = "gate/images";
/// The tag in each of them.
pub const TAG: &str = "1.0";
/// The private crate of the registry of crates at `/cargo/`, which [`USER`] may read.
pub const CRATE: &str = "secret_crate";
/// Its only version.
pub const VERSION: &str = "1.0.0";
/// Who may pull [`REPOSITORY`] and [`SECOND`].
pub const USER: &str = "ci";
/// Its password.
pub const PASSWORD: &str = "s3cret-of-ci";
/// Who owns [`OWN`] and may do nothing else.
pub const LOW: &str = "low";
/// Its password.
pub const LOW_PASSWORD: &str = "s3cret-of-low";
/// Who may add to [`OWN`], and change nothing there.
pub const CREATOR: &str = "creator";
/// Its password.
pub const CREATOR_PASSWORD: &str = "s3cret-of-creator";
/// Whom a rule about something else than the name refuses.
pub const REFUSED: &str = "refused";
/// Its password.
pub const REFUSED_PASSWORD: &str = "s3cret-of-refused";
/// Who may pull [`OWN`], until [`Double::revoke`].
pub const LEAVER: &str = "leaver";
/// Its password.
pub const LEAVER_PASSWORD: &str = "s3cret-of-leaver";

/// After so many requests a blocking registry refuses everybody.
const PATIENCE: usize = 10;

/// The running registry.
#[derive(Debug)]
pub struct Double {
    front: Server,
    mirror: Server,
    secure: Server,
    beside: Server,
    state: Arc<State>,
}

impl Double {
    /// A registry with these flaws, and no others.
    pub fn start(flaws: &[Flaw]) -> Self {
        Self::with_notes_of(0, flaws)
    }

    /// The same with manifests that are longer by so many bytes.
    pub fn with_notes_of(length: usize, flaws: &[Flaw]) -> Self {
        let state = Arc::new(State {
            flaws: flaws.to_vec(),
            repositories: [REPOSITORY, SECOND, PUBLIC, OWN, KEPT].map(|name| (name, Image::new(name, length))).into(),
            tokens: Tokens::default(),
            revoked: AtomicBool::new(false),
            replayed: Arc::default(),
            streams: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            patience: AtomicUsize::new(if flaws.contains(&Flaw::BlocksHalfWay) { PATIENCE } else { usize::MAX }),
            ahead: AtomicU64::new(0),
            mirror: OnceLock::new(),
            shelf: Mutex::default(),
            outage: Mutex::default(),
            mounted: Mutex::default(),
            cached: Mutex::default(),
            fetched: Mutex::default(),
            changes: Mutex::default(),
            calls: Mutex::default(),
        });
        let door = |service: &'static str| {
            let speaks_http_2 = flaws.contains(&Flaw::PriorKnowledgeIsOpen);
            let greet = move |first: &[u8]| match first {
                [b'P', b'R', b'I', b' ', ..] if speaks_http_2 => Greeting::NewerPlain,
                _ => Greeting::Plain,
            };
            Server::start_greeting(greet, |address| {
                let base = format!("http://{address}");
                let registry = Registry { base, service, state: Arc::clone(&state) };
                move |request: &Request| registry.answer(request)
            })
        };
        let mirror = door("mirror");
        state.mirror.set(mirror.address().to_string()).expect("nobody has said so before");
        Self { front: door("double"), mirror, secure: secure::start(&state), beside: beside::start(&state), state }
    }

    /// `http://host:port`.
    pub fn url(&self) -> String {
        self.front.url()
    }

    /// The other door: the same content behind a service of its own.
    pub fn mirror(&self) -> String {
        self.mirror.url()
    }

    /// The door over TLS, which demands [`Double::certificate`]: the same content, and layers behind redirects.
    pub fn secure(&self) -> String {
        format!("https://{NAME}:{}", self.secure.address().port())
    }

    /// What stands beside the doors: another port of their host, storage, and a peer.
    pub fn beside(&self) -> String {
        self.beside.url()
    }

    /// The port of [`Double::beside`].
    pub fn other_port(&self) -> u16 {
        self.beside.address().port()
    }

    /// What opens a connection to [`Double::secure`].
    pub fn certificate(&self) -> Pair {
        authority().client()
    }

    /// The private image.
    pub fn image(&self) -> &Image {
        &self.state.repositories[REPOSITORY]
    }

    /// Everything that no report may show: configurations, layers and crates, whole and as far as they are asked for.
    pub fn hidden(&self) -> Vec<Vec<u8>> {
        let images = self.state.repositories.values();
        let parts = images.flat_map(|image| [image.config.clone(), image.layer.clone()]).chain([crates::file()]);
        parts.flat_map(|part| [part[..part.len().min(1024)].to_vec(), part]).collect()
    }

    /// Every request at the first door so far.
    pub fn requests(&self) -> Vec<Request> {
        self.front.requests()
    }

    /// Refuses everybody after so many requests.
    pub fn block_after(&self, requests: usize) {
        self.state.patience.store(requests, Ordering::Relaxed);
    }

    /// What writers have left: uploads that are open, what was pushed or mounted, and what is gone.
    pub fn left_behind(&self) -> usize {
        let shelf = self.state.shelf.lock().expect("no handler has panicked").left_behind();
        shelf + self.state.mounted.lock().expect("no handler has panicked").len()
    }

    /// Takes [`LEAVER`] back.
    pub fn revoke(&self) {
        self.revoker()();
    }

    /// Lets time pass for it, for later.
    pub fn hurrier(&self) -> impl Fn(Duration) + Send + Sync + use<> {
        let state = Arc::clone(&self.state);
        move |time| {
            state.ahead.fetch_add(time.as_secs(), Ordering::Relaxed);
            state.call_in_time();
        }
    }

    /// Breaks something, for later: `upstream`, `policy-store` or `clock`. Without a name it is mended.
    pub fn breaker(&self, broken: Option<&'static str>) -> impl Fn() + Send + Sync + use<> {
        let state = Arc::clone(&self.state);
        move || *state.outage.lock().expect("no handler has panicked") = broken
    }

    /// [`Double::revoke`] for later.
    pub fn revoker(&self) -> impl Fn() + Send + Sync + use<> {
        let state = Arc::clone(&self.state);
        move || state.revoked.store(true, Ordering::Relaxed)
    }
}

/// What the doors share.
#[derive(Debug)]
struct State {
    flaws: Vec<Flaw>,
    repositories: BTreeMap<&'static str, Image>,
    tokens: Tokens,
    revoked: AtomicBool,
    /// Whether a session over TLS came again that is good for once.
    replayed: Arc<AtomicBool>,
    /// How many large blobs are being handed out to [`LEAVER`].
    streams: AtomicUsize,
    asked: AtomicUsize,
    /// After so many requests everybody is refused.
    patience: AtomicUsize,
    /// How many seconds its clock is ahead of the world's.
    ahead: AtomicU64,
    /// Where the other door is.
    mirror: OnceLock<String>,
    /// What is broken.
    outage: Mutex<Option<&'static str>>,
    /// What was written and not deleted.
    shelf: Mutex<Shelf>,
    /// What was mounted and not deleted.
    mounted: Mutex<Vec<String>>,
    /// What a careless cache in front has kept.
    cached: Mutex<Vec<String>>,
    /// What was handed out and kept for whoever comes next.
    fetched: Mutex<Vec<String>>,
    /// What is no more as it was in the beginning.
    changes: Mutex<Changes>,
    /// Whom it calls, and when.
    calls: Mutex<Calls>,
}

/// One door.
struct Registry {
    /// Scheme, host and port.
    base: String,
    service: &'static str,
    state: Arc<State>,
}

impl Registry {
    fn has(&self, flaw: Flaw) -> bool {
        self.state.flaws.contains(&flaw)
    }

    /// What was written.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.state.shelf.lock().expect("no handler has panicked")
    }

    fn answer(&self, request: &Request) -> Answer {
        let answer = self.respond(request);
        match self.policy() {
            Some(policy) => answer.with("Strict-Transport-Security", policy),
            None => answer,
        }
    }

    fn respond(&self, request: &Request) -> Answer {
        let asked = self.state.asked.fetch_add(1, Ordering::Relaxed);
        if asked >= self.state.patience.load(Ordering::Relaxed) {
            return Answer::http(request, 403, &[("Content-Type", "text/html")], b"<html>blocked</html>");
        }
        self.hear(request);
        let flawed = self.broken(request).or_else(|| self.at_secure(request));
        let flawed = flawed.or_else(|| self.misread(request)).or_else(|| self.beside(request));
        if let Some(answer) = flawed {
            return answer;
        }
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        match path {
            "/v2/" | "/v2" => self.base(request),
            "/token" => self.token(request, query),
            CONSOLE => self.console(request),
            "/.well-known/jwks.json" => self.keys(request),
            "/api/v2.0/systeminfo" if self.has(Flaw::DropsSystemInfo) => Answer::Bytes(Vec::new()),
            _ => {
                let flawed = self
                    .page(request, path)
                    .or_else(|| self.says(request, path, query))
                    .or_else(|| self.crates(request, path))
                    .or_else(|| self.oddly_shown(request))
                    .or_else(|| self.to_strangers(request, path, query))
                    .or_else(|| self.listed(request, path))
                    .or_else(|| self.bound(request, path, query))
                    .or_else(|| self.conditioned(request, path));
                flawed.unwrap_or_else(|| match path.strip_prefix("/storage/") {
                    Some(digest) => self.stored(request, digest, query),
                    None => self.content(request, path),
                })
            }
        }
    }

    fn base(&self, request: &Request) -> Answer {
        if self.has(Flaw::BaseElsewhere) {
            return Answer::http(request, 307, &[("Location", "https://elsewhere.example/v2/")], b"");
        }
        match self.has(Flaw::OpenBase) || self.grant(request).is_some() {
            true => Answer::http(request, 200, &[("Docker-Distribution-Api-Version", "registry/2.0")], b"{}"),
            false => self.refuse(request, None, None),
        }
    }

    /// A stranger is told where to get a token, and somebody who is known that this is not for them.
    fn refuse(&self, request: &Request, repository: Option<&str>, digest: Option<&str>) -> Answer {
        if let Some(told) = self.tells(request) {
            return told;
        }
        let service = if self.has(Flaw::NoService) { "" } else { &format!(",service=\"{}\"", self.service) };
        let scope = repository.map(|name| format!(",scope=\"repository:{name}:pull\"")).unwrap_or_default();
        let base = self.realm_from(request).unwrap_or_else(|| self.base.clone());
        let challenge = format!("Bearer realm=\"{base}/token\"{service}{scope}");
        let digest = digest.map(|digest| ("Docker-Content-Digest", digest));
        let link = format!("<http://{}/v2/>; rel=\"alternate\"", self.state.mirror.get().map_or("", String::as_str));
        let link = self.has(Flaw::NamesOpenDoor).then_some(("Link", link.as_str()));
        let digest: Vec<(&str, &str)> = digest.into_iter().chain(link).collect();
        let body = json!({ "errors": [{ "code": "UNAUTHORIZED", "message": "authentication required" }] }).to_string();
        match self.grant(request) {
            None => {
                let headers: Vec<_> = std::iter::once(("WWW-Authenticate", challenge.as_str())).chain(digest).collect();
                Answer::http(request, 401, &headers, body.as_bytes())
            }
            Some(_) => Answer::http(request, 403, &digest, body.as_bytes()),
        }
    }

    /// What is behind a redirect, for whoever knows its digest and, over TLS, has its signature.
    fn stored(&self, request: &Request, digest: &str, query: &str) -> Answer {
        if !self.is_signed(request, digest, query) {
            return Answer::http(request, 403, &[], b"<Error>AccessDenied</Error>");
        }
        let blobs = self.state.repositories.values().flat_map(|image| [image.layer.clone(), image.config.clone()]);
        let stored = blobs.chain([crates::file()]).find(|stored| digest_of(stored) == digest);
        stored.map_or_else(|| self.refuse(request, None, None), |stored| repository::bytes(request, &stored))
    }
}
