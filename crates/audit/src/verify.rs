//! Is the log what was written? Every line, the tree, the sidecars and the signed checkpoint, from the files alone.

use std::error::Error;
use std::path::Path;

use crate::checkpoint::{Checkpoint, CheckpointPublicKey};
use crate::error::{Broken, Fault, Place, ReadError};
use crate::leaves::Leaves;
use crate::recover::{CHECKPOINT, read_checkpoint};
use crate::segment::{Segment, check_line};
use crate::tree::{Frontier, Hash};

/// What was found intact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// All whole leaves with their root; those beyond the checkpoint are not signed yet.
    pub log: Checkpoint,
    /// The signed checkpoint.
    pub checkpoint: Checkpoint,
    pub segments: u64,
    /// Part of a line stands behind the last leaf: a write that is going on or that a crash has interrupted.
    pub torn: bool,
}

/// Checks a whole log, also one that is being written. `known` is a checkpoint kept elsewhere, which the log must
/// continue; `check` says whether a line is a record, in its canonical form.
///
/// # Errors
/// [`ReadError::Broken`] with the first bad place; [`ReadError::Unreadable`] when nothing can be said.
pub fn verify<E>(
    folder: &Path,
    key: &CheckpointPublicKey,
    known: Option<Checkpoint>,
    check: impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<Report, ReadError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    Segment::list(folder)?;
    let missing = || Place::File(CHECKPOINT.to_owned()).broken(Fault::NoCheckpoint);
    // Read before the leaves: what it counts then stands in the files, whatever is appended meanwhile.
    let checkpoint = read_checkpoint(folder, key)?.ok_or_else(missing)?;
    let heads = [Some(checkpoint), known].into_iter().flatten().collect();
    let mut walk =
        Walk { folder, signed: checkpoint.size, heads, frontier: Frontier::default(), at: None, segments: 0 };
    let torn = walk.run(check)?;
    Ok(Report { log: Checkpoint::of(&walk.frontier), checkpoint, segments: walk.segments, torn })
}

struct Walk<'a> {
    folder: &'a Path,
    /// Leaves that the signed checkpoint counts.
    signed: u64,
    heads: Vec<Checkpoint>,
    frontier: Frontier,
    at: Option<Segment>,
    segments: u64,
}

impl Walk<'_> {
    fn run<E>(&mut self, mut check: impl FnMut(u64, &[u8]) -> Result<(), E>) -> Result<bool, ReadError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut leaves = Leaves::new(self.folder, 0);
        while let Some(leaf) = leaves.next() {
            let (sequence, line) = leaf?;
            self.enter(leaves.segment())?;
            let checked = check_line(&line).map_err(Fault::Line);
            let checked = checked.and_then(|()| check(sequence, &line).map_err(|error| Fault::Record(error.into())));
            checked.map_err(|fault| self.leaf(sequence).broken(fault))?;
            self.frontier.append(Hash::leaf(&line));
            self.compare()?;
        }
        self.enter(leaves.segment())?;
        let size = self.frontier.size();
        self.heads.iter().try_for_each(|head| head.check_end(size, self.at))?;
        Ok(leaves.torn())
    }

    fn enter(&mut self, segment: Option<Segment>) -> Result<(), ReadError> {
        let Some(segment) = segment.filter(|segment| self.at != Some(*segment)) else { return Ok(()) };
        (self.at, self.segments) = (Some(segment), self.segments + 1);
        match segment.check_start(self.folder, &self.frontier) {
            // Power loss may have taken a sidecar that no checkpoint covers; the next start writes it anew.
            Err(ReadError::Broken(_)) if segment.first > self.signed => Ok(()),
            checked => checked,
        }
    }

    fn compare(&self) -> Result<(), Broken> {
        let Some(at) = self.at else { return Ok(()) };
        self.heads.iter().try_for_each(|head| head.check(&self.frontier, at))
    }

    fn leaf(&self, sequence: u64) -> Place {
        self.at.unwrap_or(Segment { first: 0 }).leaf(sequence)
    }
}

#[cfg(test)]
mod tests;
