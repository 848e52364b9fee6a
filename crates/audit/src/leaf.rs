//! The lines of the journal: one JSON object each, members sorted, nothing in it that is not listed here.
//!
//! The contract is `schema/record.schema.json` beside this crate's manifest; a test holds the two together.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::circumstances::{Decision, Ended, Outcome};
use crate::probed::ProbeRun;
use crate::record::Record;

/// One leaf. Its member `kind` tells the others apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Leaf {
    /// A decision; of the kind `token` where it was asked for a token.
    Decision(Box<Record>),
    /// What became of earlier decisions.
    Outcome(Outcomes),
    /// A change by an administrator.
    Admin(Administration),
    /// Refusals of strangers, summed up.
    Flood(Flood),
    /// Lines are missing, and it is known why.
    Gap(Gap),
    /// What a probe of our own doors found.
    Probe(ProbeRun),
}

/// The member `kind` of a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeafKind {
    /// A decision.
    #[default]
    Decision,
    /// The decision on a token request.
    Token,
    /// Outcomes of decisions.
    Outcome,
    /// An administrative change.
    Admin,
    /// Refusals, summed up.
    Flood,
    /// A gap.
    Gap,
    /// A run of a probe.
    Probe,
}

/// What became of decisions: `[sequence, status, bytes, microseconds, ended]`, and for a read by tag the digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcomes {
    /// The kind of leaf.
    pub kind: LeafKind,
    /// One entry for each decision.
    pub of: Vec<OutcomeEntry>,
}

/// One outcome, named by the sequence of its decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OutcomeEntry {
    /// With the digest that a read by tag was served.
    WithDigest(u64, u16, u64, u64, Ended, String),
    /// Without.
    Plain(u64, u16, u64, u64, Ended),
}

/// A change by an administrator; written and synced before it takes effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Administration {
    /// The user id of who asked.
    pub actor: u32,
    /// The verb and its arguments, secrets aside.
    pub command: String,
    /// The kind of leaf.
    pub kind: LeafKind,
    /// What it is about: a robot, key, grant or token.
    pub object: String,
    /// The sequence of the state that it makes.
    pub state_sequence: u64,
    /// When: UTC, microseconds.
    pub time: String,
    /// `socket`, `lock` or `signal`.
    pub via: String,
    /// The user id that it worked with: differs where root went on as the owner of the data folder.
    pub working_as: u32,
}

/// Refusals of strangers, summed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flood {
    /// How many.
    pub count: u64,
    /// Which kind of no.
    pub decision: Decision,
    /// The first of them.
    pub first: String,
    /// The kind of leaf.
    pub kind: LeafKind,
    /// The last of them.
    pub last: String,
    /// Up to 100 distinct repositories that were asked for.
    pub names: Vec<String>,
    /// Why they were refused.
    pub reason: String,
    /// From where: an IPv4 address or an IPv6 network; absent where more sources came than are told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When it was summed up.
    pub time: String,
}

/// Lines are missing, and it is known why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// How many bytes were dropped.
    pub bytes: u64,
    /// The kind of leaf.
    pub kind: LeafKind,
    /// Why.
    pub reason: String,
    /// When it was noticed.
    pub time: String,
}

impl Leaf {
    /// Bytes of a line of ours at most, whatever was asked.
    pub const MAX_BYTES: usize = 16 << 10;

    /// The line, without its newline.
    ///
    /// # Errors
    /// Never for a leaf of ours; the type of the library allows it.
    pub fn line(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads a line that this version has written.
    ///
    /// # Errors
    /// Where a member is missing, unknown or of another type.
    pub fn parse(line: &[u8]) -> Result<Self, serde_json::Error> {
        let head: Head = serde_json::from_slice(line)?;
        match head.kind {
            LeafKind::Decision | LeafKind::Token => serde_json::from_slice(line).map(Self::Decision),
            LeafKind::Outcome => serde_json::from_slice(line).map(Self::Outcome),
            LeafKind::Admin => serde_json::from_slice(line).map(Self::Admin),
            LeafKind::Flood => serde_json::from_slice(line).map(Self::Flood),
            LeafKind::Gap => serde_json::from_slice(line).map(Self::Gap),
            LeafKind::Probe => serde_json::from_slice(line).map(Self::Probe),
        }
    }
}

/// What every leaf has, read first.
#[derive(Deserialize)]
struct Head {
    kind: LeafKind,
}

impl OutcomeEntry {
    pub(crate) fn new(sequence: u64, outcome: Outcome) -> Self {
        let Outcome { status, bytes, duration_us, ended, digest } = outcome;
        match digest {
            None => Self::Plain(sequence, status, bytes, duration_us, ended),
            Some(digest) => Self::WithDigest(sequence, status, bytes, duration_us, ended, digest),
        }
    }

    /// The decision that it is the outcome of.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        match self {
            Self::Plain(sequence, ..) | Self::WithDigest(sequence, ..) => *sequence,
        }
    }

    /// The outcome itself.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let (status, bytes, duration_us, ended, digest) = match self {
            Self::Plain(_, status, bytes, duration_us, ended) => (*status, *bytes, *duration_us, *ended, None),
            Self::WithDigest(_, status, bytes, duration_us, ended, digest) => {
                (*status, *bytes, *duration_us, *ended, Some(digest.clone()))
            }
        };
        Outcome { status, bytes, duration_us, ended, digest }
    }
}

/// UTC with microseconds, always of the same width, so that times sort as text.
pub(crate) fn micros(time: Timestamp) -> String {
    format!("{time:.6}")
}

#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;
