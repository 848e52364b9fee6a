//! What a run says: the answer about each private reference, every check, and what it all rests on.

mod escape;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
mod parts;
#[cfg(test)]
pub(crate) mod sample;
pub mod sarif;
mod standing;
#[cfg(test)]
mod tests;
pub mod text;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use outbound::Origin;
use protocol::Repository;
use serde::Serialize;

use crate::baseline::{Change, Drift};
use crate::check::{Check, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::{Observation, ObservationId, Seen};
use crate::product::Product;
use crate::run::{Budget, Discovered, Note, PRODUCT, REVOCATION};
use crate::triage::{TriageState, Triaged};
use crate::verdict::Verdict;

pub use standing::{Answered, Standing};

/// A whole run.
#[derive(Debug)]
pub struct Report {
    /// Its id, as it stood in `X-Probe-Run`.
    pub run: String,
    /// When it began.
    pub began: Timestamp,
    /// How far it went.
    pub mode: Mode,
    /// The answer about each private reference at each door.
    pub standings: Vec<Standing>,
    /// Every check of the catalogue for each of them.
    pub results: Vec<CheckResult>,
    /// Every request and what came of it.
    pub evidence: Vec<Seen>,
    /// What the user bears and what passes everywhere: the entry would hide a finding of tomorrow.
    pub idle: Vec<String>,
    /// What the run was compared with, if it was.
    pub drift: Option<Drift>,
    /// What was found on the way and not contacted.
    pub discovered: Vec<Discovered>,
    /// What the doors said about themselves.
    pub notes: Vec<Note>,
    /// The most that it would have sent and read.
    pub budget: Budget,
    /// What it sent and read.
    pub spent: Budget,
    /// How long it took.
    pub elapsed: Duration,
}

/// One check at one door about one reference.
#[derive(Debug)]
pub struct CheckResult {
    /// Which.
    pub check: &'static Check,
    /// The name of the door.
    pub door: String,
    /// Where it is.
    pub origin: Origin,
    /// Where the probe stood.
    pub vantage: String,
    /// The private repository.
    pub repository: Repository,
    /// The private reference in it.
    pub reference: String,
    /// What came of it.
    pub state: State,
    /// What the user knows about it, where it fails.
    pub triage: Option<Triaged>,
    /// How it differs from the baseline, if there is one.
    pub change: Option<Change>,
    /// The observations.
    pub seen: Vec<ObservationId>,
    /// Those of both controls, where they hold.
    pub controls: Vec<ObservationId>,
}

/// What came of a check.
#[derive(Clone, Debug)]
pub enum State {
    /// It was asked.
    Judged(Verdict),
    /// It was not, and why.
    NotSelected(String),
}

impl CheckResult {
    /// The verdict, if it was asked.
    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        match &self.state {
            State::Judged(verdict) => Some(verdict),
            State::NotSelected(_) => None,
        }
    }

    /// Whether it fails, and the user accepts that today.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.triage.as_ref().is_some_and(|triage| triage.state == TriageState::Accepted)
    }

    /// The word for it against what is known: the user's own where it still holds, else how it differs.
    #[must_use]
    pub fn word(&self) -> Option<&'static str> {
        match self.triage.as_ref().map(|triage| triage.state) {
            Some(TriageState::Accepted) => Some("ACCEPTED"),
            Some(TriageState::InProgress) => Some("IN PROGRESS"),
            Some(TriageState::RanOut) | None => self.change.as_ref().map(Change::as_str),
        }
    }

    pub(crate) fn fails_at(&self) -> Option<Severity> {
        match self.verdict()? {
            Verdict::Fail { severity, .. } => Some(*severity),
            Verdict::Pass(_) | Verdict::Inconclusive(_) => None,
        }
    }

    /// What keeps it open: an answer that decides nothing, or a finding that was not looked at to its end.
    #[must_use]
    pub fn doubt(&self) -> Option<&Doubt> {
        match self.verdict()? {
            Verdict::Inconclusive(doubt) => Some(doubt),
            Verdict::Fail { proof, .. } => proof.open(),
            Verdict::Pass(_) => None,
        }
    }

    fn is_exposure(&self) -> bool {
        matches!(self.verdict(), Some(Verdict::Fail { proof, .. }) if proof.exposes())
    }
}

/// From where on a run counts as failed or as open.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// Findings from this severity on.
    pub fail_on: Severity,
    /// So many open questions are borne.
    pub max_inconclusive: usize,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { fail_on: Severity::High, max_inconclusive: 0 }
    }
}

/// The answer of a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing from the threshold on.
    Pass,
    /// A finding from the threshold on.
    Fail,
    /// More open questions than are borne.
    Inconclusive,
    /// The same, because the run was blocked half-way.
    Interfered,
    /// The same, because no door was reached from here.
    Unreachable,
}

impl Outcome {
    /// The exit code that scripts rely on.
    #[must_use]
    pub fn exit(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Inconclusive | Self::Interfered | Self::Unreachable => 2,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Interfered => "interfered",
            Self::Unreachable => "unreachable",
        })
    }
}

impl Report {
    /// The answer of the run: a finding wins over an open question.
    #[must_use]
    pub fn outcome(&self, thresholds: &Thresholds) -> Outcome {
        let fails = |result: &CheckResult| {
            result.fails_at().is_some_and(|severity| severity >= thresholds.fail_on) && !result.is_accepted()
        };
        if self.results.iter().any(fails) {
            return Outcome::Fail;
        }
        match () {
            () if self.open() <= thresholds.max_inconclusive && !self.has_lost() => Outcome::Pass,
            () if self.standings.iter().all(|standing| standing.unreachable) => Outcome::Unreachable,
            () if self.standings.iter().any(|standing| standing.interfered) => Outcome::Interfered,
            () => Outcome::Inconclusive,
        }
    }

    /// How many questions stayed open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.results.iter().filter(|result| result.doubt().is_some()).count()
    }

    /// Whether the baseline has an answer that the run has not: however many open questions are borne, this is none of
    /// them.
    #[must_use]
    pub fn has_lost(&self) -> bool {
        let lost = self.results.iter().any(|result| result.change == Some(Change::Lost));
        lost || self.drift.as_ref().is_some_and(|drift| !drift.gone.is_empty())
    }

    /// The product that answers at a door, if it was recognised.
    #[must_use]
    pub fn product(&self, door: &str) -> Option<Product> {
        let note = self.notes.iter().find(|note| note.name == PRODUCT && note.door == door)?;
        Product::named(&note.value)
    }

    /// How long after the hook the identity that was taken back was first refused at a door, as TOK-26 has seen it.
    #[must_use]
    pub fn revoked_after(&self, door: &str) -> Option<Duration> {
        let note = self.notes.iter().find(|note| note.name == REVOCATION && note.door == door)?;
        let milliseconds = note.value.strip_prefix("refused ")?.strip_suffix(" ms after the hook")?;
        milliseconds.parse().ok().map(Duration::from_millis)
    }

    /// An observation by its id.
    #[must_use]
    pub fn observation(&self, id: ObservationId) -> Option<&Observation> {
        self.evidence.iter().find(|seen| seen.id == id).map(AsRef::as_ref)
    }

    /// The doors that were asked, as one line for each.
    fn targets(&self) -> Vec<String> {
        let mut targets: Vec<String> = Vec::new();
        for result in &self.results {
            let target = format!("{}/{}", result.origin, result.reference);
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        targets
    }
}
