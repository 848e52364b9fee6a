//! The run that was last accepted, and how another one differs from it.

mod shape;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use shape::{Lifetime, Shape};

use crate::report::{CheckResult, Report, State};
use crate::verdict::Verdict;

/// The shape of the file; it grows when a member changes its meaning or goes away.
const SCHEMA: u32 = 1;

/// What a run found, kept to compare others with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    schema: u32,
    run: String,
    began: String,
    mode: String,
    entries: Vec<Entry>,
}

/// One check that was asked at one door about one reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    check: String,
    door: String,
    vantage: String,
    reference: String,
    verdict: Word,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Word {
    Pass,
    Fail,
    Inconclusive,
}

/// Not a baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// No JSON of this shape.
    #[error("not a baseline: {0}")]
    Json(#[from] serde_json::Error),
    /// Of another time.
    #[error("a baseline of schema {schema}, and this is schema {SCHEMA}: write it anew with --save-baseline")]
    Schema {
        /// Its number.
        schema: u64,
    },
}

/// How a check differs from the baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "shape")]
pub enum Change {
    /// It fails, and did not before.
    New,
    /// It failed before, and passes.
    Fixed,
    /// As before.
    Unchanged,
    /// The same verdict on answers of another shape; each line says what went or came.
    Reshaped(Vec<String>),
    /// It was answered before, and is not any more.
    Lost,
    /// It passes, and stayed open before.
    Answered,
}

impl Change {
    /// The word that reports print.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Fixed => "FIXED",
            Self::Unchanged => "UNCHANGED",
            Self::Reshaped(_) => "CHANGED SHAPE",
            Self::Lost => "NOT ANSWERED ANY MORE",
            Self::Answered => "ANSWERED NOW",
        }
    }

    /// Whether the verdict is another one: an answer of another shape is an observation.
    #[must_use]
    pub fn is_drift(&self) -> bool {
        match self {
            Self::New | Self::Fixed | Self::Lost | Self::Answered => true,
            Self::Unchanged | Self::Reshaped(_) => false,
        }
    }
}

/// A check that the baseline answers, and that the run did not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gone {
    /// The id of the check.
    pub check: String,
    /// The name of the door.
    pub door: String,
    /// The reference.
    pub reference: String,
}

/// What a run was compared with, beside what each check says itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The run of the baseline.
    pub run: String,
    /// When that run began.
    pub began: String,
    /// What was answered there, and is not known here.
    pub gone: Vec<Gone>,
}

impl Baseline {
    /// A baseline in which nothing was asked: every finding is new.
    #[must_use]
    pub fn nothing() -> Self {
        Self { schema: SCHEMA, run: String::new(), began: String::new(), mode: String::new(), entries: Vec::new() }
    }

    /// What a run found.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let entry = |result: &CheckResult| {
            Some(Entry {
                check: result.check.id.to_owned(),
                door: result.door.clone(),
                vantage: result.vantage.clone(),
                reference: result.reference.clone(),
                verdict: word(result)?,
                shape: shape(report, result),
            })
        };
        Self {
            schema: SCHEMA,
            run: report.run.clone(),
            began: report.began.to_string(),
            mode: report.mode.to_string(),
            entries: report.results.iter().filter_map(entry).collect(),
        }
    }

    /// Reads what [`Baseline::write`] wrote.
    ///
    /// # Errors
    /// [`BaselineError`].
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        match value.get("schema").and_then(serde_json::Value::as_u64) {
            Some(schema) if schema != u64::from(SCHEMA) => Err(BaselineError::Schema { schema }),
            _ => Ok(serde_json::from_value(value)?),
        }
    }

    /// The file, for people to read the differences of.
    ///
    /// # Errors
    /// None that is known: every member has a form in JSON.
    pub fn write(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    fn entry(&self, result: &CheckResult) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is_about(result))
    }
}

impl Entry {
    fn is_about(&self, result: &CheckResult) -> bool {
        (&*self.check, &self.door, &self.vantage, &self.reference)
            == (result.check.id, &result.door, &result.vantage, &result.reference)
    }

    fn is_conclusive(&self) -> bool {
        self.verdict != Word::Inconclusive
    }
}

impl Report {
    /// Says of every check how it differs from a baseline. What was asked from another vantage is not compared: a run from
    /// elsewhere is no drift.
    pub fn compare(&mut self, baseline: &Baseline) {
        let changes: Vec<_> = self.results.iter().map(|result| change(baseline.entry(result), self, result)).collect();
        for (result, change) in self.results.iter_mut().zip(changes) {
            result.change = change;
        }
        let vantages: BTreeSet<&str> = self.results.iter().map(|result| result.vantage.as_str()).collect();
        let known = |entry: &Entry| self.results.iter().any(|result| entry.is_about(result));
        let gone = baseline
            .entries
            .iter()
            .filter(|entry| entry.is_conclusive() && vantages.contains(entry.vantage.as_str()) && !known(entry));
        let gone = gone.map(|entry| Gone {
            check: entry.check.clone(),
            door: entry.door.clone(),
            reference: entry.reference.clone(),
        });
        let gone = gone.collect();
        self.drift = Some(Drift { run: baseline.run.clone(), began: baseline.began.clone(), gone });
    }
}

/// How a check differs; none where neither has anything to say.
fn change(before: Option<&Entry>, report: &Report, result: &CheckResult) -> Option<Change> {
    let was = before.map(|entry| entry.verdict);
    Some(match (was, word(result)) {
        (None | Some(Word::Pass | Word::Inconclusive), Some(Word::Fail)) => Change::New,
        (Some(Word::Fail), Some(Word::Pass)) => Change::Fixed,
        (Some(Word::Inconclusive), Some(Word::Pass)) => Change::Answered,
        (Some(Word::Pass | Word::Fail), Some(Word::Inconclusive) | None) => Change::Lost,
        (None, Some(Word::Pass | Word::Inconclusive) | None) | (Some(Word::Inconclusive), None) => return None,
        (Some(_), Some(_)) => {
            let lines = before.map(|entry| entry.shape.differences(&shape(report, result))).unwrap_or_default();
            if lines.is_empty() { Change::Unchanged } else { Change::Reshaped(lines) }
        }
    })
}

fn word(result: &CheckResult) -> Option<Word> {
    match &result.state {
        State::NotSelected(_) => None,
        State::Judged(Verdict::Pass(_)) => Some(Word::Pass),
        State::Judged(Verdict::Fail { .. }) => Some(Word::Fail),
        State::Judged(Verdict::Inconclusive(_)) => Some(Word::Inconclusive),
    }
}

fn shape(report: &Report, result: &CheckResult) -> Shape {
    Shape::of(result.seen.iter().filter_map(|id| report.observation(*id)), report.began)
}

#[cfg(test)]
mod tests;
