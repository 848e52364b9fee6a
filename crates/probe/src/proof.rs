//! What shows that something is not closed. Each constructor looks at the observation itself: there is no proof by hand.

use protocol::{Digest, Manifest, Tag};
use serde_json::Value;

use crate::canary::Call;
use crate::challenge::Challenge;
use crate::check::Severity;
use crate::controls::Decoy;
use crate::doubt::Doubt;
use crate::hello::{self, Offer, Said, Wanted};
use crate::observation::{Came, Observation, ObservationId};
use crate::reception::Garbled;
use crate::response::Response;
use crate::wire::WireError;

/// What kind of thing was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obtained {
    /// Bytes of the private content.
    Content,
    /// A token that opens it.
    Token,
    /// A list that names it.
    Listing,
    /// Its digest, or its size.
    Metadata,
    /// Nothing of it: the target behaves as it must not.
    Behaviour,
}

impl Obtained {
    /// Whether whoever holds this has the content, or needs one more request to have it.
    #[must_use]
    pub fn exposes(self) -> bool {
        match self {
            Self::Content | Self::Token => true,
            Self::Listing | Self::Metadata | Self::Behaviour => false,
        }
    }
}

/// Observations, and what they show.
#[derive(Clone, Debug)]
pub struct Proof {
    obtained: Obtained,
    says: String,
    evidence: Vec<ObservationId>,
    severity: Option<Severity>,
    aside: bool,
    open: Option<Doubt>,
}

impl Proof {
    /// Bytes that hash to what was asked for, or to what the control saw.
    #[must_use]
    pub fn bytes(seen: &Observation, digest: &Digest) -> Option<Self> {
        let response = success(seen)?;
        let says = || format!("{} bytes came, and they hash to {digest}", response.length());
        response.hashes_to(digest).then(|| Self::of(seen, Obtained::Content, says()))
    }

    /// A part of a blob whose whole length is the one that its manifest gives, while a name that nobody has got nothing.
    #[must_use]
    pub fn part_of(seen: &Observation, size: u64, decoy: &Decoy) -> Option<Self> {
        let response = success(seen)?;
        let total: u64 = match response.status {
            206 => response.headers.get("content-range")?.rsplit_once('/')?.1.parse().ok()?,
            _ => response.headers.get("content-length")?.parse().ok()?,
        };
        let came = response.body.bytes.len();
        let fits: bool = total == size && came > 0 && size > 0 && decoy.is_refused();
        fits.then(|| Self::of(seen, Obtained::Content, format!("{came} bytes came, of a blob of exactly {size}")))
    }

    /// A well-formed manifest under a tag, while a name that nobody has got none.
    #[must_use]
    pub fn manifest(seen: &Observation, decoy: &Decoy) -> Option<Self> {
        let response = success(seen)?;
        let declared = response.headers.get("content-type").and_then(|text| text.parse().ok());
        let bytes = response.whole()?;
        let read = Manifest::parse(bytes, declared).is_ok() || is_schema_1(bytes);
        (read && decoy.is_refused()).then(|| Self::of(seen, Obtained::Content, "a manifest came".to_owned()))
    }

    /// The private manifest: by its hash where that is known, else as a well-formed one.
    #[must_use]
    pub fn manifest_of(seen: &Observation, digest: Option<&Digest>, decoy: &Decoy) -> Option<Self> {
        digest.and_then(|digest| Self::bytes(seen, digest)).or_else(|| Self::manifest(seen, decoy))
    }

    /// A list of tags with the one that is known, or with any while a name that nobody has got nothing.
    #[must_use]
    pub fn tags(seen: &Observation, tag: Option<&Tag>, decoy: &Decoy) -> Option<Self> {
        let list: Value = serde_json::from_slice(success(seen)?.whole()?).ok()?;
        let tags: Vec<&str> = list.get("tags")?.as_array()?.iter().filter_map(Value::as_str).collect();
        let known = tag.is_some_and(|tag| tags.contains(&tag.as_str()));
        let listed = known || (decoy.is_refused() && !tags.is_empty());
        listed.then(|| Self::of(seen, Obtained::Listing, format!("{} tags came", tags.len())))
    }

    /// A well-formed index, which may be empty, while a name that nobody has got nothing.
    #[must_use]
    pub fn index(seen: &Observation, decoy: &Decoy) -> Option<Self> {
        let list: Value = serde_json::from_slice(success(seen)?.whole()?).ok()?;
        let length = list.get("manifests")?.as_array()?.len();
        let says = format!("an index of {length} referrers came");
        decoy.is_refused().then(|| Self::of(seen, Obtained::Listing, says))
    }

    /// A list in which the name of something private stands.
    #[must_use]
    pub fn listing(seen: &Observation, names: &[String]) -> Option<Self> {
        let list: Value = serde_json::from_slice(success(seen)?.whole()?).ok()?;
        let listed = strings(&list);
        let named = |name: &&String| listed.contains(name);
        let name = names.iter().find(named)?;
        Some(Self::of(seen, Obtained::Listing, format!("a list came that names {name}")))
    }

    /// A line of a sparse index that is about this crate, in whatever spelling.
    #[must_use]
    pub fn crate_line(seen: &Observation, name: &str) -> Option<Self> {
        let mut lines = success(seen)?.body.bytes.split(|byte| *byte == b'\n');
        let folded = |name: &str| name.to_ascii_lowercase().replace('-', "_");
        let is_about = |line: &[u8]| {
            let line = serde_json::from_slice::<Value>(line).ok()?;
            line.get("vers").and(line.get("name")?.as_str().map(|named| folded(named) == folded(name)))
        };
        let says = || format!("the index of {name} came");
        lines.any(|line| is_about(line) == Some(true)).then(|| Self::of(seen, Obtained::Listing, says()))
    }

    /// The same bytes that somebody who may got, as far as either was read.
    #[must_use]
    pub fn same_bytes(seen: &Observation, held: &Observation) -> Option<Self> {
        let (bytes, theirs) = (&success(seen)?.body.bytes, &success(held)?.body.bytes);
        let says = || format!("{} bytes came, the same that somebody got who may", bytes.len());
        let same = !bytes.is_empty() && bytes == theirs;
        same.then(|| Self::of(seen, Obtained::Content, says()).after([held.id]))
    }

    /// The digest of the private object in a header, whatever the status.
    #[must_use]
    pub fn digest_header(seen: &Observation, digest: &Digest) -> Option<Self> {
        let headers = &seen.response().ok()?.headers;
        let name = ["docker-content-digest", "etag"]
            .into_iter()
            .find(|name| headers.all(name).any(|value| value.contains(digest.as_str())))?;
        let status = seen.status()?;
        Some(Self::of(seen, Obtained::Metadata, format!("{status} with the digest of the private object in `{name}`")))
    }

    /// Some digest in a header, where the right one is not known and a name that nobody has got nothing.
    #[must_use]
    pub fn some_digest_header(seen: &Observation, decoy: &Decoy) -> Option<Self> {
        let value = seen.response().ok()?.headers.get("docker-content-digest")?;
        let digest: Digest = value.parse().ok()?;
        decoy.is_refused().then(|| Self::digest_header(seen, &digest)).flatten()
    }

    /// Success for HEAD with the size of the private object.
    #[must_use]
    pub fn size_header(seen: &Observation, size: u64) -> Option<Self> {
        let length: u64 = success(seen)?.headers.get("content-length")?.parse().ok()?;
        (length == size && size > 0).then(|| {
            Self::of(seen, Obtained::Metadata, format!("success, with the size of the private object: {size} bytes"))
        })
    }

    /// A token whose claims open what the caller must not have.
    #[must_use]
    pub fn token(seen: &Observation, opens: &str) -> Option<Self> {
        success(seen).map(|_| Self::of(seen, Obtained::Token, format!("a token came that grants {opens}")))
    }

    /// A header that sends clients somewhere, with this text in it: the realm of a challenge, `Location` or `Link`.
    #[must_use]
    pub fn pointer(seen: &Observation, text: &str) -> Option<Self> {
        let headers = &seen.response().ok()?.headers;
        let realms = Challenge::all(headers).into_iter();
        let realm = realms.filter_map(|challenge| challenge.parameter("realm").map(str::to_owned));
        let realm = realm.map(|realm| ("realm", realm));
        let others = ["location", "link"].into_iter();
        let other = others.filter_map(|name| headers.get(name).map(|value| (name, value.to_owned())));
        let (name, value) = realm.chain(other).find(|(_, value)| value.contains(text))?;
        Some(Self::of(seen, Obtained::Behaviour, format!("`{name}` says `{value}`")))
    }

    /// Success with something in it that is not the private content, and not for strangers either.
    #[must_use]
    pub fn data(seen: &Observation, says: impl Into<String>) -> Option<Self> {
        let came = success(seen).is_some_and(|response| !response.body.bytes.is_empty());
        came.then(|| Self::of(seen, Obtained::Behaviour, says.into()))
    }

    /// A certificate that is not to be trusted.
    #[must_use]
    pub(crate) fn certificate(seen: &Observation, says: String) -> Option<Self> {
        let shown = matches!(seen.came(), Ok(Came::Chain(chain)) if !chain.is_empty());
        shown.then(|| Self::of(seen, Obtained::Behaviour, says))
    }

    /// A handshake that goes on with what nobody should accept.
    #[must_use]
    pub(crate) fn handshake(seen: &Observation, offer: &Offer) -> Option<Self> {
        let Ok(Came::Bytes(bytes)) = seen.came() else { return None };
        let accepted = hello::read(bytes, offer) == Said::Accepted;
        accepted.then(|| Self::of(seen, Obtained::Behaviour, format!("accepted, with nothing offered {}", offer.what)))
    }

    /// A handshake in which no certificate is demanded.
    #[must_use]
    pub(crate) fn undemanding(seen: &Observation) -> Option<Self> {
        let Ok(Came::Bytes(bytes)) = seen.came() else { return None };
        let nothing = hello::wanted(bytes) == Wanted::Nothing;
        nothing.then(|| Self::of(seen, Obtained::Behaviour, "no certificate is demanded".to_owned()))
    }

    /// An answer that is wrong in itself: a fact about the door, and not about the content behind it.
    #[must_use]
    pub fn behaviour(seen: &Observation, says: impl Into<String>) -> Option<Self> {
        seen.response().ok().map(|_| Self::of(seen, Obtained::Behaviour, says.into()))
    }

    /// Somebody called a URL that nobody but the target was handed, in this request.
    #[must_use]
    pub(crate) fn call(seen: &Observation, call: &Call) -> Self {
        let says = format!("a call came to the canary listener: `{}` from {}", call.line, call.from);
        Self::of(seen, Obtained::Behaviour, says)
    }

    /// No answer in time, where a plain question is answered.
    #[must_use]
    pub(crate) fn silence(seen: &Observation, answered: &Observation) -> Option<Self> {
        let late = matches!(seen.failure(), Some(WireError::Garbled(Garbled::Late)));
        let says = format!("no answer within {:.1} s, and to the plain question at once", seen.elapsed.as_secs_f32());
        (late && answered.response().is_ok()).then(|| Self::of(seen, Obtained::Behaviour, says).after([answered.id]))
    }

    /// With the observations that led here: the first of them are asked first when somebody repeats it.
    #[must_use]
    pub fn after(mut self, earlier: impl IntoIterator<Item = ObservationId>) -> Self {
        let mut evidence: Vec<ObservationId> = earlier.into_iter().collect();
        evidence.append(&mut self.evidence);
        evidence.dedup();
        self.evidence = evidence;
        self
    }

    /// As bad as this, where the check as a whole is worse or better.
    #[must_use]
    pub fn graded(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }

    /// Not that a stranger gets R: somebody with a credential does, or it is another repository.
    #[must_use]
    pub fn aside(self) -> Self {
        Self { aside: true, ..self }
    }

    /// The same in words from which something was taken out.
    #[must_use]
    pub(crate) fn cleaned(self, clean: impl FnOnce(&str) -> String) -> Self {
        Self { says: clean(&self.says), ..self }
    }

    /// Of one way to ask among others: its name stands in front.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { says: format!("{name}: {}", self.says), ..self }
    }

    /// With other ways to ask that did the same.
    #[must_use]
    pub fn as_also(self, names: &[String]) -> Self {
        match names {
            [] => self,
            names => Self { says: format!("{}; the same with {}", self.says, names.join(", ")), ..self },
        }
    }

    /// Beside a question that stays open.
    #[must_use]
    pub fn beside(self, open: Doubt) -> Self {
        Self { open: Some(open), ..self }
    }

    /// What stays open beside it.
    #[must_use]
    pub fn open(&self) -> Option<&Doubt> {
        self.open.as_ref()
    }

    /// Whether it shows that a stranger has R, or needs one more request to have it.
    #[must_use]
    pub fn exposes(&self) -> bool {
        self.obtained.exposes() && !self.aside
    }

    /// What was obtained.
    #[must_use]
    pub fn obtained(&self) -> Obtained {
        self.obtained
    }

    /// What it shows, in words; may hold hostile text.
    #[must_use]
    pub fn says(&self) -> &str {
        &self.says
    }

    /// The observations, in the order in which they are to be repeated.
    #[must_use]
    pub fn evidence(&self) -> &[ObservationId] {
        &self.evidence
    }

    pub(crate) fn severity(&self) -> Option<Severity> {
        self.severity
    }

    fn of(seen: &Observation, obtained: Obtained, says: String) -> Self {
        Self { obtained, says, evidence: vec![seen.id], severity: None, aside: false, open: None }
    }
}

/// Every string of a JSON value that is no key.
pub(crate) fn strings(value: &Value) -> Vec<&String> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// A manifest as registries handed them out before 2016.
fn is_schema_1(bytes: &[u8]) -> bool {
    let read = serde_json::from_slice::<Value>(bytes);
    read.is_ok_and(|manifest| {
        manifest.get("schemaVersion").and_then(Value::as_u64) == Some(1) && manifest.get("fsLayers").is_some()
    })
}

fn success(seen: &Observation) -> Option<&Response> {
    seen.response().ok().filter(|response| response.is_success())
}
