//! Opening a log: what the last run has left is replayed, and must continue the last signed checkpoint.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::checkpoint::{Checkpoint, CheckpointKey, CheckpointPublicKey};
use crate::error::{Broken, Fault, LogError, Place, ReadError};
use crate::leaves::Leaves;
use crate::segment::{self, Segment, check_line};
use crate::tree::{Frontier, Hash};

/// Name of the signed checkpoint in the folder of a log.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// What opening a log has found.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// Number of leaves; the next append gets this sequence.
    pub size: u64,
    /// The last signed checkpoint. The log continues it; compare it with the one that was last kept elsewhere.
    pub checkpoint: Checkpoint,
    /// What was cut from the end, to be told by a `gap` leaf.
    pub torn: Option<Torn>,
}

/// Bytes at the end of a log that were no whole leaf and are gone: a write that a crash has interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The sequence that the next leaf has instead.
    pub sequence: u64,
    pub bytes: u64,
}

/// A recovered log, ready to be appended to.
pub(crate) struct Recovery {
    pub(crate) recovered: Recovered,
    pub(crate) segment: Segment,
    pub(crate) file: Arc<File>,
    /// Bytes of whole lines in `file`.
    pub(crate) length: u64,
    pub(crate) written: Frontier,
    /// The tree at the last checkpoint: all that is known to be synced.
    pub(crate) synced: Frontier,
}

pub(crate) fn recover(folder: &Path, key: &CheckpointKey) -> Result<Recovery, LogError> {
    segment::prepare_folder(folder)?;
    let checkpoint = continued(folder, key)?;
    let segments = Segment::list(folder)?;
    let replay = Replay::run(folder, checkpoint, &segments)?;
    let (segment, file, torn) = replay.reopen().map_err(|error| LogError::prepare(folder, error))?;
    let recovered = Recovered { size: replay.written.size(), checkpoint, torn };
    let length = if segment == replay.segment { replay.length } else { 0 };
    Ok(Recovery { recovered, segment, file, length, written: replay.written, synced: replay.synced })
}

/// The checkpoint to continue. A new log gets one before its first segment: from then on a missing one is a broken log.
fn continued(folder: &Path, key: &CheckpointKey) -> Result<Checkpoint, LogError> {
    let empty = Frontier::default();
    let new = Segment::list(folder)?.is_empty();
    let checkpoint = match read_checkpoint(folder, key.public())? {
        Some(checkpoint) => checkpoint,
        None if new => {
            write_checkpoint(folder, key, Checkpoint::of(&empty)).map_err(LogError::Checkpoint)?;
            Checkpoint::of(&empty)
        }
        None => return Err(Place::File(CHECKPOINT.to_owned()).broken(Fault::NoCheckpoint).into()),
    };
    if new && checkpoint.size == 0 {
        let created = Segment::create(folder, &empty).and_then(|fresh| fresh.sync(folder));
        created.map_err(|error| LogError::prepare(folder, error))?;
    }
    Ok(checkpoint)
}

/// The verified checkpoint of a folder, if there is one.
pub(crate) fn read_checkpoint(folder: &Path, key: &CheckpointPublicKey) -> Result<Option<Checkpoint>, ReadError> {
    let path = folder.join(CHECKPOINT);
    let note = match fs::read(&path) {
        Ok(note) => note,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ReadError::unreadable(&path, error)),
    };
    let checkpoint = key.verify(&String::from_utf8_lossy(&note));
    let broken = |error| Place::File(CHECKPOINT.to_owned()).broken(Fault::Checkpoint(error)).into();
    checkpoint.map(Some).map_err(broken)
}

pub(crate) fn write_checkpoint(folder: &Path, key: &CheckpointKey, checkpoint: Checkpoint) -> io::Result<()> {
    segment::write_atomically(folder, CHECKPOINT, key.sign(checkpoint).as_bytes())
}

impl Checkpoint {
    /// Compares once the tree has grown to the size of this head; `segment` is where it stands then.
    pub(crate) fn check(&self, frontier: &Frontier, segment: Segment) -> Result<(), Broken> {
        if frontier.size() != self.size || frontier.root() == self.root {
            return Ok(());
        }
        let last = self.size.saturating_sub(1).max(segment.first);
        Err(segment.leaf(last).broken(Fault::Root { size: self.size }))
    }

    /// Compares at the end of the log, which must be as long as this head says.
    pub(crate) fn check_end(&self, size: u64, segment: Option<Segment>) -> Result<(), Broken> {
        if size >= self.size {
            return Ok(());
        }
        let file = segment.map_or_else(|| CHECKPOINT.to_owned(), Segment::name);
        Err(Place::File(file).broken(Fault::Short { size, expected: self.size }))
    }
}

/// The tree, computed anew from the last segment that begins at or before the checkpoint.
struct Replay<'a> {
    folder: &'a Path,
    checkpoint: Checkpoint,
    segment: Segment,
    written: Frontier,
    synced: Frontier,
    length: u64,
}

impl<'a> Replay<'a> {
    fn run(folder: &'a Path, checkpoint: Checkpoint, segments: &[Segment]) -> Result<Self, LogError> {
        let Some(start) = segments.iter().rfind(|segment| segment.first <= checkpoint.size) else {
            return Err(missing_start(checkpoint, segments.first()).into());
        };
        let written = start.start(folder)?;
        let synced = Frontier::default();
        let mut replay = Self { folder, checkpoint, segment: *start, written, synced, length: 0 };
        replay.compare()?;
        replay.leaves(segments.last())?;
        replay.checkpoint.check_end(replay.written.size(), Some(replay.segment))?;
        Ok(replay)
    }

    fn leaves(&mut self, last: Option<&Segment>) -> Result<(), LogError> {
        let mut leaves = Leaves::new(self.folder, self.segment.first);
        while let Some(leaf) = leaves.next() {
            let (sequence, line) = leaf?;
            self.enter(leaves.segment())?;
            if let Err(fault) = check_line(&line) {
                if sequence < self.checkpoint.size || Some(&self.segment) != last {
                    return Err(self.segment.leaf(sequence).broken(Fault::Line(fault)).into());
                }
                // Never synced: power loss may keep later pages of a file and lose earlier ones.
                return Ok(());
            }
            self.written.append(Hash::leaf(&line));
            self.length = leaves.offset();
            self.compare()?;
        }
        self.enter(leaves.segment())
    }

    /// A sidecar behind the checkpoint may have been lost with the power; the leaves before it were not.
    fn enter(&mut self, segment: Option<Segment>) -> Result<(), LogError> {
        let Some(segment) = segment.filter(|segment| *segment != self.segment) else { return Ok(()) };
        (self.segment, self.length) = (segment, 0);
        match segment.check_start(self.folder, &self.written) {
            Err(ReadError::Broken(_)) => {
                let repaired = segment.repair_start(self.folder, &self.written);
                repaired.map_err(|error| LogError::prepare(self.folder, error))
            }
            checked => Ok(checked?),
        }
    }

    fn compare(&mut self) -> Result<(), Broken> {
        self.checkpoint.check(&self.written, self.segment)?;
        if self.written.size() == self.checkpoint.size {
            self.synced = self.written.clone();
        }
        Ok(())
    }

    /// Opens the last segment to append to it, and cuts what is behind its last whole line.
    fn reopen(&self) -> io::Result<(Segment, Arc<File>, Option<Torn>)> {
        if !self.segment.is_plain(self.folder)? {
            let fresh = Segment::create(self.folder, &self.written)?;
            fresh.sync(self.folder)?;
            return Ok((fresh.segment, fresh.file, None));
        }
        let file = self.segment.open(self.folder, &mut OpenOptions::new())?;
        let bytes = file.metadata()?.len().saturating_sub(self.length);
        if bytes > 0 {
            file.set_len(self.length)?;
        }
        let torn = (bytes > 0).then_some(Torn { sequence: self.written.size(), bytes });
        Ok((self.segment, Arc::new(file), torn))
    }
}

fn missing_start(checkpoint: Checkpoint, first: Option<&Segment>) -> Broken {
    match first {
        Some(first) => Place::File(first.name()).broken(Fault::Gap { expected: 0 }),
        None => Place::File(CHECKPOINT.to_owned()).broken(Fault::Short { size: 0, expected: checkpoint.size }),
    }
}
