//! What a check is: a value with an id, what it asks, how bad a FAIL is, what it needs, and the function that asks.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::doubt::Doubt;
use crate::intent::{AliasKind, GateImage, Mode, Role};
use crate::session::Session;
use crate::verdict::Answer;

/// How bad it is when a check fails, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Information,
    /// Nothing by itself.
    Low,
    /// A step on the way.
    Medium,
    /// A hole, or what hides one.
    High,
    /// Private content, or the key to it, in the hands of a stranger.
    Critical,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Self; 5] = [Self::Information, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// No severity that a run can fail on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a severity: critical, high, medium, low")]
pub struct SeverityError;

impl FromStr for Severity {
    type Err = SeverityError;

    /// Reads what `--fail-on` takes: nothing fails on what is only worth knowing.
    fn from_str(text: &str) -> Result<Self, SeverityError> {
        let known = Self::ALL.into_iter().filter(|severity| *severity > Self::Information);
        known.into_iter().find(|severity| severity.as_str() == text).ok_or(SeverityError)
    }
}

/// What a check is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Controls and fingerprint.
    Ctl,
    /// Anonymous reads and writes.
    Anon,
    /// Token exchange.
    Tok,
    /// Somebody, but not entitled.
    Authz,
    /// What a refusal tells.
    Leak,
    /// Tokens that nobody handed out.
    Forge,
    /// Paths, methods and headers that are read in two ways.
    Route,
    /// Every other door.
    Ingr,
    /// Handshakes and certificates.
    Tls,
    /// Content belongs to a repository.
    Bind,
    /// Conditions beside the right to pull and push.
    Gate,
    /// Crates of a Cargo registry.
    Cargo,
    /// Alarms.
    Mon,
}

impl Group {
    /// The first part of the ids.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ctl => "CTL",
            Self::Anon => "ANON",
            Self::Tok => "TOK",
            Self::Authz => "AUTHZ",
            Self::Leak => "LEAK",
            Self::Forge => "FORGE",
            Self::Route => "ROUTE",
            Self::Ingr => "INGR",
            Self::Tls => "TLS",
            Self::Bind => "BIND",
            Self::Gate => "GATE",
            Self::Cargo => "CARGO",
            Self::Mon => "MON",
        }
    }

    /// Whether the others rest on it: a control is no finding, and its failure leaves questions open.
    #[must_use]
    pub fn is_control(self) -> bool {
        self == Self::Ctl
    }
}

/// What must be known, or be there, before a check can ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The digest of the private manifest.
    Digest,
    /// The configuration of the private image.
    Config,
    /// A layer of the private image.
    Layer,
    /// An identity of this role that may be shown at the door.
    Identity(Role),
    /// A public repository.
    Public,
    /// A repository that the identity `low` owns, and that identity.
    Owned,
    /// An identity that is taken back in the middle of the run.
    Hook,
    /// The same, who may read what `low` owns.
    Reader,
    /// A certificate of ours that the door demands.
    Certificate,
    /// Storage that is declared for the door.
    Storage,
    /// Mirrors and peers that are declared for the door.
    Peers,
    /// Another name of this kind for private content.
    Alias(AliasKind),
    /// An image that is signed, and one of these.
    Gate(&'static [GateImage]),
    /// That M refuses images with secrets in them.
    RefusesSecrets,
    /// Something that is broken for a while.
    Outage,
    /// That a token for pushing alone must not read.
    PushApart,
    /// An upload of somebody else.
    ForeignUpload,
    /// A tag where deletes are switched off.
    Kept,
    /// Another repository that `low` owns.
    Beside,
    /// Commands that change the policy, and put it back.
    Policy,
    /// A command that makes a repository anew.
    Remade,
    /// A key of the issuer for tests.
    TestKey,
    /// A token of another kind: one of the user's, one that the test key signs, or one that the control may get.
    OtherKind,
    /// A key of another environment's issuer.
    OtherEnvironment,
    /// A certificate for another purpose, with its key.
    Leaf,
    /// An issuer whose tokens are exchanged.
    Federation,
    /// A private crate in a Cargo registry behind the door.
    Crate,
    /// A URL at which the target reaches the probe.
    Canary,
    /// An alarm that calls there.
    Monitor,
}

/// One question of the catalogue.
#[derive(Debug)]
pub struct Check {
    /// Its name, such as `ANON-02`.
    pub id: &'static str,
    /// What it is part of.
    pub group: Group,
    /// From which mode on it is asked.
    pub mode: Mode,
    /// How bad a FAIL is, unless its proof says otherwise.
    pub severity: Severity,
    /// What it asks, in a few words.
    pub title: &'static str,
    /// The request, with R, T, D, C, B and X for names.
    pub request: &'static str,
    /// What passes, what fails.
    pub judgement: &'static str,
    /// Why anybody asks this.
    pub why: &'static str,
    /// What to do about a FAIL.
    pub remedy: &'static str,
    /// Public defects and standards behind it.
    pub references: &'static [&'static str],
    /// What it needs.
    pub needs: &'static [Need],
    /// The most requests that it sends, redirects included.
    pub requests: usize,
    /// Asks, and says what came of it. A doubt leaves the question open.
    pub run: fn(&mut Session<'_>) -> Result<Answer, Doubt>,
}
