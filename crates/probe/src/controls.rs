//! What a refusal rests on: somebody who may could pull at the beginning and at the end, and a name that nobody has was
//! answered meanwhile.

use protocol::{Descriptor, Digest, Manifest};

use crate::doubt::Doubt;
use crate::intent::{Known, Role};
use crate::observation::{Observation, ObservationId, Seen};
use crate::request::Request;
use crate::response::Response;
use crate::session::{Caller, Session};
use crate::token;

/// What is behind the private reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// D: the manifest or index that the reference names.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// C: the configuration of the image, or of the first image of an index.
    pub config: Option<Descriptor>,
    /// The layers of the same image, topmost last.
    pub layers: Vec<Descriptor>,
}

impl Content {
    /// B: the topmost layer.
    #[must_use]
    pub fn layer(&self) -> Option<&Descriptor> {
        self.layers.last()
    }
}

/// How a name that nobody has is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoy {
    /// Refused: a success for another name means something.
    Refused,
    /// With success: only a hash means something.
    Answered,
    /// Nobody knows.
    Open(Doubt),
}

impl Decoy {
    /// Whether a success means something.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        *self == Self::Refused
    }
}

/// Somebody who may has pulled the private image, and every byte had its hash.
#[derive(Clone, Debug)]
pub struct Held {
    content: Content,
    evidence: Vec<ObservationId>,
}

impl Held {
    /// What was pulled.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The requests.
    #[must_use]
    pub fn evidence(&self) -> &[ObservationId] {
        &self.evidence
    }
}

/// Everything that a PASS rests on. Only [`Controls::hold`] makes it.
#[derive(Clone, Debug)]
pub struct Controls {
    begin: Held,
    end: Held,
}

impl Controls {
    /// The controls of one door and repository, if all of them hold.
    pub(crate) fn hold(begin: Result<Held, Doubt>, end: Result<Held, Doubt>, decoy: &Decoy) -> Result<Self, Doubt> {
        let begin = begin?;
        let end = end.map_err(|doubt| Doubt::Interfered { why: doubt.to_string() })?;
        if begin.content != end.content {
            return Err(Doubt::Interfered { why: "the reference names something else by now".to_owned() });
        }
        match decoy {
            Decoy::Open(doubt) => Err(Doubt::NoDecoy { why: doubt.to_string() }),
            Decoy::Refused | Decoy::Answered => Ok(Self { begin, end }),
        }
    }

    /// The requests of both, first and last.
    pub fn evidence(&self) -> impl Iterator<Item = ObservationId> {
        self.begin.evidence.iter().chain(&self.end.evidence).copied()
    }
}

/// CTL-01: pulls the private image as somebody who may.
pub(crate) fn positive(session: &mut Session<'_>) -> Result<Held, Doubt> {
    let control = caller(session)?;
    let content = pull(session, session.private(), &control).map_err(failed)?;
    read_again(session, &control, &content).map_err(failed)?;
    let evidence = session.touched().to_vec();
    Ok(Held { content, evidence })
}

fn failed(doubt: Doubt) -> Doubt {
    match matches!(doubt, Doubt::ControlFailed { .. } | Doubt::NoControl) {
        true => doubt,
        false => Doubt::ControlFailed { why: doubt.to_string() },
    }
}

/// The control, with whatever the door asks for.
fn caller(session: &mut Session<'_>) -> Result<Caller, Doubt> {
    let login = session.login(Role::Control).cloned().ok_or(Doubt::NoControl)?;
    let scope = format!("repository:{}:pull", session.private().name);
    token::log_in(session, &login, &scope).map_err(failed)
}

/// Reads the manifest of a reference and, of an index, that of its first image.
pub(crate) fn pull(session: &mut Session<'_>, known: &Known, caller: &Caller) -> Result<Content, Doubt> {
    let seen = session.ask(&known.manifest(&known.reference()).credential(caller.credential()))?;
    learn(session, known, &seen, caller)
}

/// What a manifest that came says about the image.
pub(crate) fn learn(session: &mut Session<'_>, known: &Known, seen: &Seen, caller: &Caller) -> Result<Content, Doubt> {
    let response = succeeded(seen)?;
    let digest = response.sha256().ok_or(Doubt::NotWhole { status: response.status })?;
    if let Some(said) = known.digest.as_ref().filter(|said| !response.hashes_to(said)) {
        return Err(unparsable(&format!("it is {digest}, and the intent says {said}")));
    }
    let digest = known.digest.clone().unwrap_or(digest);
    let size = response.length() as u64;
    let Some(bytes) = response.whole() else {
        // Longer than what is kept: its hash is known, and nothing of what stands in it.
        return Ok(Content { digest, size, config: None, layers: Vec::new() });
    };
    let manifest = parsed(response, bytes)?;
    let image = match manifest.manifests.first() {
        None => manifest,
        Some(first) => {
            let request = known.manifest(first.digest.as_str()).credential(caller.credential());
            let child = session.ask(&request)?;
            let response = succeeded(&child)?;
            parsed(response, response.whole().ok_or(Doubt::NotWhole { status: response.status })?)?
        }
    };
    Ok(Content { digest, size, config: image.config, layers: image.layers })
}

fn parsed(response: &Response, bytes: &[u8]) -> Result<Manifest, Doubt> {
    let declared = response.headers.get("content-type").and_then(|text| text.parse().ok());
    Manifest::parse(bytes, declared).map_err(|error| unparsable(&error.to_string()))
}

/// The manifest by its digest, the layer by HEAD, the configuration as a whole.
fn read_again(session: &mut Session<'_>, control: &Caller, content: &Content) -> Result<(), Doubt> {
    let by_digest = session.manifest(content.digest.as_str()).credential(control.credential());
    let seen = session.ask(&by_digest)?;
    has_hash(&seen, &content.digest)?;
    if let Some(layer) = content.layer() {
        let head = Request::head(session.blob_target(&layer.digest)).credential(control.credential());
        let seen = session.ask(&head)?;
        granted(&seen)?;
    }
    let small = content.config.as_ref().filter(|config| config.size <= crate::MAX_BODY as u64);
    if let Some(config) = small {
        let get = Request::get(session.blob_target(&config.digest)).credential(control.credential()).unkept();
        let seen = session.ask(&get)?;
        if granted(&seen)?.is_success() {
            has_hash(&seen, &config.digest)?;
        }
    }
    Ok(())
}

/// Success, or a redirect to storage, which nobody gets who may not read.
fn granted(seen: &Observation) -> Result<&Response, Doubt> {
    let response = seen.response()?;
    match response.is_success() || response.redirect().is_some() {
        true => Ok(response),
        false => succeeded(seen),
    }
}

fn succeeded(seen: &Observation) -> Result<&Response, Doubt> {
    let response = seen.response()?;
    match response.status {
        200..=299 => Ok(response),
        429 => Err(Doubt::RateLimited),
        500..=599 => Err(Doubt::ServerFailed { status: response.status }),
        status => Err(Doubt::ControlFailed { why: format!("{} was answered with {status}", seen.line()) }),
    }
}

fn has_hash(seen: &Observation, digest: &Digest) -> Result<(), Doubt> {
    let response = succeeded(seen)?;
    response.sha256().ok_or(Doubt::NotWhole { status: response.status })?;
    response.hashes_to(digest).then_some(()).ok_or_else(|| unparsable("the bytes do not hash to the digest"))
}

fn unparsable(why: &str) -> Doubt {
    Doubt::ControlFailed { why: why.to_owned() }
}

/// CTL-02: asks for a name of the same shape that nobody has.
pub(crate) fn decoy(session: &mut Session<'_>) -> Decoy {
    let asked =
        session.decoy_name().map(|name| Request::get(format!("/v2/{name}/manifests/latest")).accepting_manifests());
    let seen = match asked.and_then(|request| session.ask(&request)) {
        Ok(seen) => seen,
        Err(doubt) => return Decoy::Open(doubt),
    };
    match seen.response() {
        Err(doubt) => Decoy::Open(doubt),
        Ok(response) if response.is_success() => Decoy::Answered,
        Ok(response) if response.status == 429 => Decoy::Open(Doubt::RateLimited),
        Ok(response) if response.status >= 500 => Decoy::Open(Doubt::ServerFailed { status: response.status }),
        Ok(response) if (400..500).contains(&response.status) => Decoy::Refused,
        Ok(response) => Decoy::Open(Doubt::OtherRefusal { status: response.status }),
    }
}
