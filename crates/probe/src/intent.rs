//! What should be closed, and for whom: the doors, the repositories, the identities, and how a refusal should look.
//!
//! An intent comes from references on a command line or from a file ([`Intent::read`]). It holds no verdict and asks
//! nothing.

mod alias;
mod canary;
mod cargo;
mod error;
mod federation;
mod file;
mod gate;
mod identity;
mod keys;
mod other;
mod policy;
mod target;
mod triage;
mod write;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use outbound::{ClientCertificate, Origin, Reach};
use protocol::{Digest, Reference, Repository, Tag};

use crate::request::Request;
use crate::triage::Triage;

pub use alias::{Alias, AliasKind};
pub use canary::{Canary, Monitor};
pub use cargo::Cargo;
pub use error::IntentError;
pub use federation::Federation;
pub use gate::{Gate, GateImage, Outage, OutageKind};
pub use identity::{Hook, HookError, Identity, Login, LoginError, OWNERS_MAY, Role, Source};
pub use keys::{KeyError, Keys, SigningKey};
pub use other::{OtherToken, OtherTokenError, TokenKind};
pub use policy::Policy;
pub use target::{Target, TargetError};
pub use write::Write;

/// How soon whoever is taken back must be refused, unless the intent says.
const REVOKED_WITHIN: Duration = Duration::from_secs(5);

/// How long a redirect to storage may be good for, unless the intent says.
const MAX_REDIRECT_TTL: Duration = Duration::from_secs(300);

/// The most other ports of one door that a run asks.
pub(crate) const MAX_PORTS: usize = 16;

/// How far a run goes; each mode includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// What anybody may ask: anonymous reads, the anonymous token exchange, and the controls.
    #[default]
    Passive,
    /// Other identities, other exchanges, forged tokens, odd spellings.
    Active,
    /// Writes, in the canary repository alone.
    Write,
    /// Guessing and smuggling: each such check is asked for by its id.
    Intrusive,
}

impl Mode {
    /// Every mode, mildest first.
    pub const ALL: [Self; 4] = [Self::Passive, Self::Active, Self::Write, Self::Intrusive];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passive => "passive",
            Self::Active => "active",
            Self::Write => "write",
            Self::Intrusive => "intrusive",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// No such mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a mode: passive, active, write, intrusive")]
pub struct ModeError;

impl FromStr for Mode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Self, ModeError> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(ModeError)
    }
}

/// A place where the registry can be asked: host, mirror, CDN, ingress. Whoever wrote it down allowed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// A short name for reports.
    pub name: String,
    /// Where it is.
    pub origin: Origin,
    /// Where the probe stands when it asks here, in the user's word.
    pub vantage: String,
    /// Where a token may be asked for, besides the door's own origin.
    pub realms: Vec<Origin>,
    /// Where a redirect may be followed, without credentials.
    pub storage: Vec<Origin>,
    /// What is shown where the door demands a certificate: one that opens the connection and nothing else.
    pub certificate: Option<Arc<ClientCertificate>>,
    /// Which other ports of the host are asked; none for those that registries often have.
    pub ports: Option<Vec<u16>>,
    /// Mirrors and peers that hand the same content on.
    pub peers: Vec<Origin>,
}

impl Door {
    /// A door with nothing declared beside it, named as what it is: scheme, host and port. What belongs to a public service is declared with
    /// it: its realm and its storage are as well known as its name.
    #[must_use]
    pub fn new(origin: Origin) -> Self {
        let (realms, storage) = target::declared_with(&origin);
        let (name, vantage) = (origin.to_string(), "here".to_owned());
        Self { name, origin, vantage, realms, storage, certificate: None, ports: None, peers: Vec::new() }
    }

    /// Whether a token may be asked for there.
    #[must_use]
    pub fn has_realm(&self, origin: &Origin) -> bool {
        *origin == self.origin || self.realms.contains(origin)
    }

    /// Whether it hands on what this door has.
    #[must_use]
    pub fn has_peer(&self, origin: &Origin) -> bool {
        self.peers.contains(origin)
    }

    /// Where an origin that belongs to this door may lead. What ships with the probe was typed by nobody here.
    pub(crate) fn reach(&self, origin: &Origin) -> Reach {
        let (realms, storage) = target::declared_with(&self.origin);
        match realms.contains(origin) || storage.contains(origin) {
            true => Reach::Public,
            false => Reach::Typed,
        }
    }

    /// Whether a redirect may be followed there.
    #[must_use]
    pub fn has_storage(&self, origin: &Origin) -> bool {
        *origin == self.origin || self.storage.contains(origin)
    }
}

/// Who may read a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Only who may.
    Private,
    /// Anybody.
    Public,
}

/// A repository that the user knows, with the manifest that is asked for in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name: R where it is private, P where it is public.
    pub name: Repository,
    /// The tag, if one is known.
    pub tag: Option<Tag>,
    /// The digest of the manifest, if it is known beforehand.
    pub digest: Option<Digest>,
    /// Whether it is meant to be closed.
    pub visibility: Visibility,
}

impl Known {
    /// What is asked for first: the tag, or else the digest; `latest` where neither is known.
    #[must_use]
    pub fn reference(&self) -> String {
        let tag = self.tag.as_ref().map(Tag::to_string);
        tag.or_else(|| self.digest.as_ref().map(Digest::to_string)).unwrap_or_else(|| "latest".to_owned())
    }

    /// A GET for a manifest of it, of any type.
    #[must_use]
    pub fn manifest(&self, reference: &str) -> Request {
        Request::get(self.manifest_target(reference)).accepting_manifests()
    }

    /// The target of a manifest of it.
    #[must_use]
    pub fn manifest_target(&self, reference: &str) -> String {
        format!("/v2/{}/manifests/{reference}", self.name)
    }

    /// The target of a blob of it.
    #[must_use]
    pub fn blob_target(&self, digest: &Digest) -> String {
        format!("/v2/{}/blobs/{digest}", self.name)
    }

    pub(crate) fn private(name: Repository, reference: Option<&Reference>) -> Self {
        Self {
            name,
            tag: reference.and_then(Reference::tag).cloned(),
            digest: reference.and_then(Reference::digest).cloned(),
            visibility: Visibility::Private,
        }
    }
}

impl fmt::Display for Known {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.tag.is_none() && self.digest.is_some() { '@' } else { ':' };
        write!(formatter, "{}{separator}{}", self.name, self.reference())
    }
}

/// What a run judges by.
#[derive(Clone, Debug)]
pub struct Intent {
    /// How a refusal of a stranger should look.
    pub deny_anonymous: Vec<u16>,
    /// How a refusal of somebody who is known should look.
    pub deny_known: Vec<u16>,
    /// Where to ask, in order; at least one.
    pub doors: Vec<Door>,
    /// What is there, in order; at least one is private.
    pub repositories: Vec<Known>,
    /// Who exists.
    pub identities: Vec<Identity>,
    /// How soon whoever is taken back must be refused.
    pub revoked_within: Duration,
    /// How long a redirect to storage may be good for.
    pub max_redirect_ttl: Duration,
    /// A Cargo registry beside it, if there is one.
    pub cargo: Option<Cargo>,
    /// Findings that the user knows about.
    pub triage: Vec<Triage>,
    /// Other names under which private content may be reached.
    pub aliases: Vec<Alias>,
    /// Conditions beside the right to pull and push.
    pub gate: Gate,
    /// What checks need that write.
    pub write: Write,
    /// How the user changes what *low* may do, if they let the run do that.
    pub policy: Option<Policy>,
    /// Keys of the user's that may sign tokens.
    pub keys: Keys,
    /// Tokens that are good for something, and not for the registry.
    pub other_tokens: Vec<OtherToken>,
    /// Somebody whose tokens are exchanged, if there is anybody.
    pub federation: Option<Federation>,
    /// Where the run listens for calls, if it may.
    pub canary: Option<Canary>,
}

impl Intent {
    /// The intent of a command line: private references at one door.
    #[must_use]
    pub fn of_target(target: Target) -> Self {
        Self {
            deny_anonymous: vec![401],
            deny_known: vec![401, 403, 404],
            doors: vec![Door::new(target.origin)],
            repositories: target.private,
            identities: Vec::new(),
            revoked_within: REVOKED_WITHIN,
            max_redirect_ttl: MAX_REDIRECT_TTL,
            cargo: None,
            triage: Vec::new(),
            aliases: Vec::new(),
            gate: Gate::default(),
            write: Write::default(),
            policy: None,
            keys: Keys::default(),
            other_tokens: Vec::new(),
            federation: None,
            canary: None,
        }
    }

    /// The repositories that are meant to be closed.
    pub fn private(&self) -> impl Iterator<Item = &Known> {
        self.repositories.iter().filter(|known| known.visibility == Visibility::Private)
    }

    /// S: for a private repository the next one, in a circle. The only one is its own second: who may not read the second
    /// may not read the first either.
    #[must_use]
    pub fn second<'a>(&'a self, first: &'a Known) -> &'a Known {
        let after = self.private().skip_while(|known| *known != first).nth(1);
        after.or_else(|| self.private().next()).unwrap_or(first)
    }

    /// P: what anybody may pull.
    #[must_use]
    pub fn public(&self) -> Option<&Known> {
        self.repositories.iter().find(|known| known.visibility == Visibility::Public)
    }

    /// The Cargo registry behind a door.
    #[must_use]
    pub fn cargo_at(&self, door: &Door) -> Option<&Cargo> {
        self.cargo.as_ref().filter(|cargo| cargo.doors.contains(&door.name))
    }

    /// The other tokens that may be shown at a door.
    pub fn other_tokens_at<'a>(&'a self, door: &'a Door) -> impl Iterator<Item = &'a OtherToken> {
        self.other_tokens.iter().filter(|other| other.show_to.contains(&door.name))
    }

    /// The identity of a role that may be shown at a door.
    #[must_use]
    pub fn identity(&self, role: Role, door: &Door) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.role == role && identity.show_to.contains(&door.name))
    }

    /// The login of a role that may be shown at a door.
    #[must_use]
    pub fn login(&self, role: Role, door: &Door) -> Option<&Login> {
        self.identity(role, door).map(|identity| &identity.login)
    }
}
