//! What a probe of our own doors found, as it stands in the journal.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::ReadError;
use crate::leaf::{Leaf, LeafKind};
use crate::leaves::Leaves;

/// One run of a `[[probe]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeRun {
    /// What it says about the private references, at most [`ProbeRun::MAX_ANSWERS`] of them.
    pub answers: Vec<ProbeAnswer>,
    /// The doors that were asked.
    pub doors: Vec<String>,
    /// The checks that failed and are not accepted, each once.
    pub failed: Vec<String>,
    /// The kind of leaf.
    pub kind: LeafKind,
    /// The checks that stayed open, each once.
    pub open: Vec<String>,
    /// `pass`, `fail`, `inconclusive`, `interfered` or `unreachable`; `failed` where no run came about.
    pub outcome: String,
    /// How many checks passed.
    pub passed: u64,
    /// The number of its entry in the configuration.
    pub probe: u64,
    /// The id of the run, as it stood in `X-Probe-Run`; absent where none came about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// When it was over: UTC, microseconds.
    pub time: String,
}

/// The answer about one private reference at one door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeAnswer {
    /// `exposed`, `private` or `could_not_tell`.
    pub answer: String,
    /// The door.
    pub door: String,
    /// The reference.
    pub reference: String,
}

/// A run with the index of its leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The index.
    pub sequence: u64,
    /// The run.
    pub run: ProbeRun,
}

impl ProbeRun {
    /// So many answers fit into a leaf, whatever the names are.
    pub const MAX_ANSWERS: usize = 8;
}

impl Probed {
    /// One object, as `audit query --kind probe` prints it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let run = &self.run;
        json!({
            "sequence": self.sequence,
            "time": run.time,
            "kind": run.kind,
            "probe": run.probe,
            "run": run.run,
            "outcome": run.outcome,
            "doors": run.doors,
            "answers": run.answers,
            "failed": run.failed,
            "open": run.open,
            "passed": run.passed,
        })
    }
}

/// The runs of probes between two moments, in order.
///
/// # Errors
/// [`ReadError`] where the journal cannot be read.
pub fn probes(folder: &Path, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Vec<Probed>, ReadError> {
    let mut found = Vec::new();
    for leaf in Leaves::new(folder, 0) {
        let (sequence, line) = leaf?;
        // `audit verify` tells of lines that are no leaves.
        if let Ok(Leaf::Probe(run)) = Leaf::parse(&line)
            && is_between(&run.time, since, until)
        {
            found.push(Probed { sequence, run });
        }
    }
    Ok(found)
}

fn is_between(time: &str, since: Option<Timestamp>, until: Option<Timestamp>) -> bool {
    let Ok(time) = time.parse::<Timestamp>() else { return true };
    since.is_none_or(|since| time >= since) && until.is_none_or(|until| time <= until)
}
