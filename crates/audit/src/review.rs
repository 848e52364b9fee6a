//! Looking back: one record by its request id, the last change that the journal tells of, decisions as they are made,
//! and whether all of it is what was written.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;

use crate::checkpoint::{Checkpoint, CheckpointPublicKey};
use crate::circumstances::Decision;
use crate::error::ReadError;
use crate::leaves::Leaves;
use crate::query::{Filter, Joined, query};
use crate::record::Leaf;
use crate::verify::{Report, verify};

/// The decision on a request, with what became of it.
///
/// # Errors
/// [`ReadError`] where the journal cannot be read.
pub fn find(folder: &Path, request_id: &str) -> Result<Option<Joined>, ReadError> {
    let filter = Filter { request_id: Some(request_id.to_owned()), ..Filter::default() };
    Ok(query(folder, &filter)?.pop())
}

/// The sequence of the state that the last administrative leaf names.
///
/// # Errors
/// [`ReadError`] where the journal cannot be read.
pub fn last_state_sequence(folder: &Path) -> Result<Option<u64>, ReadError> {
    let mut last = None;
    for leaf in Leaves::new(folder, 0) {
        let (_, line) = leaf?;
        if let Ok(Leaf::Admin(change)) = Leaf::parse(&line) {
            last = Some(change.state_sequence);
        }
    }
    Ok(last)
}

/// What a verified journal holds.
#[derive(Clone, Debug)]
pub struct JournalReport {
    /// Of the log below.
    pub log: Report,
    /// Decisions.
    pub decisions: u64,
    /// Outcomes.
    pub outcomes: u64,
    /// Administrative changes.
    pub changes: u64,
}

impl fmt::Display for JournalReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "intact: {} leaves in {} segments, {} of them under the signed head; {} decisions, {} outcomes, {} changes",
            self.log.log.size, self.log.segments, self.log.checkpoint.size, self.decisions, self.outcomes, self.changes
        )
    }
}

/// Checks the log, and that each line is a record in its canonical form whose outcomes name an earlier allow, once.
///
/// # Errors
/// [`ReadError::Broken`] with the first bad place; [`ReadError::Unreadable`] where nothing can be said.
pub fn verify_journal(
    folder: &Path,
    key: &CheckpointPublicKey,
    known: Option<Checkpoint>,
) -> Result<JournalReport, ReadError> {
    let mut review = Review::default();
    let log = verify(folder, key, known, |sequence, line| review.check(sequence, line))?;
    Ok(JournalReport { log, decisions: review.decisions, outcomes: review.outcomes, changes: review.changes })
}

#[derive(Default)]
struct Review {
    waiting: HashSet<u64>,
    decisions: u64,
    outcomes: u64,
    changes: u64,
}

impl Review {
    fn check(&mut self, sequence: u64, line: &[u8]) -> Result<(), String> {
        let leaf = Leaf::parse(line).map_err(|error| format!("this is no record: {error}"))?;
        if leaf.line().map_err(|error| error.to_string())? != line {
            return Err("this record is not in its canonical form".to_owned());
        }
        match leaf {
            Leaf::Decision(record) => {
                self.decisions = self.decisions.saturating_add(1);
                if record.decision == Some(Decision::Allow) {
                    self.waiting.insert(sequence);
                }
            }
            Leaf::Outcome(outcomes) => {
                for entry in outcomes.of {
                    self.outcomes = self.outcomes.saturating_add(1);
                    if !self.waiting.remove(&entry.sequence()) {
                        return Err(format!("leaf {} is no allow that waits for an outcome", entry.sequence()));
                    }
                }
            }
            Leaf::Admin(_) => self.changes = self.changes.saturating_add(1),
            Leaf::Flood(_) | Leaf::Gap(_) => {}
        }
        Ok(())
    }
}

/// Decisions as they are made: refusals at once, allows when it is known what became of them.
#[derive(Debug)]
pub struct Tail {
    leaves: Leaves,
    filter: Filter,
    waiting: BTreeMap<u64, Joined>,
}

impl Tail {
    /// Begins behind what is there now.
    ///
    /// # Errors
    /// [`ReadError`] where the journal cannot be read.
    pub fn new(folder: &Path, filter: Filter) -> Result<Self, ReadError> {
        let mut leaves = Leaves::new(folder, 0);
        for leaf in leaves.by_ref() {
            leaf?;
        }
        Ok(Self { leaves, filter, waiting: BTreeMap::new() })
    }

    /// What has become known since it was last asked.
    ///
    /// # Errors
    /// [`ReadError`] where the journal cannot be read.
    pub fn next_batch(&mut self) -> Result<Vec<Joined>, ReadError> {
        let mut known = Vec::new();
        while let Some(leaf) = self.leaves.next() {
            let (sequence, line) = leaf?;
            match Leaf::parse(&line) {
                Ok(Leaf::Decision(record)) if self.filter.wants(&record) => {
                    let joined = Joined { sequence, record: *record, outcome: None };
                    if joined.record.decision == Some(Decision::Allow) {
                        self.waiting.insert(sequence, joined);
                    } else {
                        known.push(joined);
                    }
                }
                Ok(Leaf::Outcome(outcomes)) => known.extend(outcomes.of.iter().filter_map(|entry| {
                    let mut joined = self.waiting.remove(&entry.sequence())?;
                    joined.outcome = Some(entry.outcome());
                    Some(joined)
                })),
                _ => {}
            }
        }
        Ok(known)
    }
}
