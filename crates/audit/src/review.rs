//! Looking back: one record by its request id, the last change that the journal tells of, and whether all of it is what
//! was written.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use crate::checkpoint::{Checkpoint, CheckpointPublicKey};
use crate::circumstances::{Decision, Outcome};
use crate::error::ReadError;
use crate::leaf::{Leaf, LeafKind};
use crate::leaves::Leaves;
use crate::query::Joined;
use crate::record::Record;
use crate::segment::Segment;
use crate::verify::{Report, verify};

/// The decision on a request, with what became of it. The newest segments are read first.
///
/// # Errors
/// [`ReadError`] where the journal cannot be read.
pub fn find(folder: &Path, request_id: &str) -> Result<Option<Joined>, ReadError> {
    let decision = |sequence, leaf| match leaf {
        Leaf::Decision(record) if record.request_id == request_id => Some(Joined::new(sequence, *record)),
        Leaf::Decision(_) | Leaf::Outcome(_) | Leaf::Admin(_) | Leaf::Flood(_) | Leaf::Gap(_) | Leaf::Probe(_) => None,
    };
    let Some(mut joined) = last(folder, decision)? else { return Ok(None) };
    if joined.record.decision == Some(Decision::Allow) {
        joined.outcome = outcome_of(folder, joined.sequence)?;
    }
    Ok(Some(joined))
}

/// The sequence of the state that the last administrative leaf names. The newest segments are read first.
///
/// # Errors
/// [`ReadError`] where the journal cannot be read.
pub fn last_state_sequence(folder: &Path) -> Result<Option<u64>, ReadError> {
    last(folder, |_, leaf| match leaf {
        Leaf::Admin(change) => Some(change.state_sequence),
        Leaf::Decision(_) | Leaf::Outcome(_) | Leaf::Flood(_) | Leaf::Gap(_) | Leaf::Probe(_) => None,
    })
}

/// What the last leaf gives of those that give something.
fn last<T>(folder: &Path, give: impl Fn(u64, Leaf) -> Option<T>) -> Result<Option<T>, ReadError> {
    let mut end = u64::MAX;
    for segment in Segment::list(folder)?.into_iter().rev() {
        let mut found = None;
        for leaf in Leaves::new(folder, segment.first) {
            let (sequence, line) = leaf?;
            if sequence >= end {
                break;
            }
            found = Leaf::parse(&line).ok().and_then(|leaf| give(sequence, leaf)).or(found);
        }
        if found.is_some() {
            return Ok(found);
        }
        end = segment.first;
    }
    Ok(None)
}

fn outcome_of(folder: &Path, decision: u64) -> Result<Option<Outcome>, ReadError> {
    for leaf in Leaves::new(folder, decision.saturating_add(1)) {
        let (_, line) = leaf?;
        let Ok(Leaf::Outcome(outcomes)) = Leaf::parse(&line) else { continue };
        if let Some(entry) = outcomes.of.iter().find(|entry| entry.sequence() == decision) {
            return Ok(Some(entry.outcome()));
        }
    }
    Ok(None)
}

/// What a verified journal holds.
#[derive(Clone, Copy, Debug)]
pub struct JournalReport {
    /// Of the log below.
    pub log: Report,
    /// What its leaves tell of.
    pub counts: LeafCounts,
}

/// How often each kind of leaf stands in a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeafCounts {
    /// Decisions, those on token requests aside.
    pub decisions: u64,
    /// Decisions on token requests.
    pub tokens: u64,
    /// Outcomes, of which a leaf holds many.
    pub outcomes: u64,
    /// Administrative changes.
    pub changes: u64,
    /// Floods.
    pub floods: u64,
    /// Gaps.
    pub gaps: u64,
    /// Runs of probes.
    pub probes: u64,
}

impl fmt::Display for JournalReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LeafCounts { decisions, tokens, outcomes, changes, floods, gaps, probes } = self.counts;
        let Report { log, checkpoint, segments, .. } = self.log;
        write!(
            formatter,
            "intact: {} leaves in {segments} segments, {} of them under the signed head; {decisions} decisions, \
             {tokens} tokens, {outcomes} outcomes, {changes} changes, {floods} floods, {gaps} gaps, {probes} probes",
            log.size, checkpoint.size
        )
    }
}

/// Why a line of an intact log is not a line of a journal.
#[derive(Debug, thiserror::Error)]
enum LeafFault {
    #[error("the line is no leaf of a journal")]
    Unreadable(#[from] serde_json::Error),
    #[error("the line is not in its canonical form")]
    NotCanonical,
    #[error("an outcome names leaf {0}, which is no earlier allow that has none")]
    Orphan(u64),
}

/// Checks the log, and that each line is a leaf in its canonical form whose outcomes name an earlier allow, once.
/// `known` is a checkpoint kept elsewhere, which the log must continue.
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
    Ok(JournalReport { log, counts: review.counts })
}

#[derive(Default)]
struct Review {
    /// Allows that have no outcome so far.
    open: HashSet<u64>,
    counts: LeafCounts,
}

impl Review {
    fn check(&mut self, sequence: u64, line: &[u8]) -> Result<(), LeafFault> {
        let leaf = Leaf::parse(line)?;
        if leaf.line()? != line {
            return Err(LeafFault::NotCanonical);
        }
        match leaf {
            Leaf::Decision(record) => self.decision(sequence, &record),
            Leaf::Outcome(outcomes) => outcomes.of.iter().try_for_each(|entry| self.outcome(entry.sequence()))?,
            Leaf::Admin(_) => count(&mut self.counts.changes),
            Leaf::Flood(_) => count(&mut self.counts.floods),
            Leaf::Gap(_) => count(&mut self.counts.gaps),
            Leaf::Probe(_) => count(&mut self.counts.probes),
        }
        Ok(())
    }

    fn decision(&mut self, sequence: u64, record: &Record) {
        let token = record.kind == LeafKind::Token;
        count(if token { &mut self.counts.tokens } else { &mut self.counts.decisions });
        if record.decision == Some(Decision::Allow) {
            self.open.insert(sequence);
        }
    }

    fn outcome(&mut self, decision: u64) -> Result<(), LeafFault> {
        count(&mut self.counts.outcomes);
        if self.open.remove(&decision) { Ok(()) } else { Err(LeafFault::Orphan(decision)) }
    }
}

fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

#[cfg(test)]
mod tests;
