//! Following the journal: decisions as they are made.

use std::collections::BTreeMap;
use std::mem;
use std::path::Path;

use crate::circumstances::Decision;
use crate::error::ReadError;
use crate::leaf::Leaf;
use crate::leaves::Leaves;
use crate::query::{Filter, Joined};
use crate::record::Record;
use crate::segment::Segment;

/// Allows that wait for their outcomes at most; beyond it the oldest comes without.
const WAITING: usize = 10_000;

/// Decisions as they are made: refusals at once, allows when it is known what became of them.
///
/// It reads what is there and never waits: the caller decides when to ask again.
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
        let last = Segment::list(folder)?.last().map_or(0, |segment| segment.first);
        let mut leaves = Leaves::new(folder, last);
        leaves.by_ref().try_for_each(|leaf| leaf.map(drop))?;
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
                    known.extend(self.decision(sequence, *record))
                }
                Ok(Leaf::Outcome(outcomes)) => known.extend(outcomes.of.iter().filter_map(|entry| {
                    let joined = self.waiting.remove(&entry.sequence())?;
                    Some(Joined { outcome: Some(entry.outcome()), ..joined })
                })),
                Ok(Leaf::Decision(_) | Leaf::Admin(_) | Leaf::Flood(_) | Leaf::Gap(_) | Leaf::Probe(_)) | Err(_) => {}
            }
        }
        Ok(self.wanted(known))
    }

    /// The allows that still wait, without an outcome: it reads `unknown`. To be called where none will come any more.
    pub fn flush(&mut self) -> Vec<Joined> {
        let waiting = mem::take(&mut self.waiting);
        self.wanted(waiting.into_values().collect())
    }

    fn decision(&mut self, sequence: u64, record: Record) -> Option<Joined> {
        let joined = Joined::new(sequence, record);
        if joined.record.decision != Some(Decision::Allow) {
            return Some(joined);
        }
        self.waiting.insert(sequence, joined);
        let oldest = if self.waiting.len() > WAITING { self.waiting.pop_first() } else { None };
        oldest.map(|(_, joined)| joined)
    }

    fn wanted(&self, mut known: Vec<Joined>) -> Vec<Joined> {
        known.retain(|joined| self.filter.wants_joined(joined));
        known
    }
}

#[cfg(test)]
mod tests;
