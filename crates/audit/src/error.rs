//! What can go wrong with a journal: it cannot be read, it is broken at a place, or it cannot be written.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, io};

use crate::checkpoint::CheckpointError;

/// Why a log could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The question stays open: the operating system gave an error.
    #[error("cannot read `{path}`")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Broken(#[from] Broken),
}

impl ReadError {
    pub(crate) fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), source }
    }
}

/// Why a log does not open or take a leaf.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("cannot prepare `{path}`")]
    Prepare { path: PathBuf, source: io::Error },
    /// A thread of the log did not start, or ended in a panic.
    #[error("a thread of the journal is missing")]
    Thread,
    #[error("this line cannot be a leaf")]
    Line(#[from] LineFault),
    /// Nothing of this append stands in the log; the next one tries again.
    #[error("cannot write to the journal")]
    Write(#[source] io::Error),
    /// What was written may be lost. The log takes nothing more until it has been opened again.
    #[error("cannot sync the journal")]
    Sync(#[source] Arc<io::Error>),
    #[error("cannot write the checkpoint of the journal")]
    Checkpoint(#[source] io::Error),
    #[error("the journal is closed")]
    Closed,
}

impl LogError {
    pub(crate) fn prepare(path: &Path, source: io::Error) -> Self {
        Self::Prepare { path: path.to_owned(), source }
    }
}

impl From<Broken> for LogError {
    fn from(broken: Broken) -> Self {
        Self::Read(broken.into())
    }
}

/// Why a line cannot be a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    #[error("the line is empty")]
    Empty,
    #[error("the line is longer than 65535 bytes")]
    TooLong,
    #[error("the line holds a control character")]
    Control,
}

/// A log that is not what was written: where, and why.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct Broken {
    pub place: Place,
    #[source]
    pub fault: Fault,
}

/// Where a log is broken; files are named relative to its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    File(String),
    /// `line` counts from 1 within the segment.
    Leaf {
        segment: String,
        line: u64,
        sequence: u64,
    },
}

impl Place {
    pub(crate) fn broken(self, fault: Fault) -> Broken {
        Broken { place: self, fault }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name) => write!(f, "`{name}`"),
            Self::Leaf { segment, line, sequence } => write!(f, "`{segment}` line {line} (sequence {sequence})"),
        }
    }
}

/// Why a log is broken.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("there are segments and no checkpoint")]
    NoCheckpoint,
    #[error(transparent)]
    Checkpoint(CheckpointError),
    /// Leaves that a checkpoint counts are gone.
    #[error("the log ends after {size} leaves; a checkpoint counts {expected}")]
    Short { size: u64, expected: u64 },
    /// One of the leaves before `size` was changed.
    #[error("the first {size} leaves do not hash to the root of the checkpoint")]
    Root { size: u64 },
    #[error("a segment that begins at sequence {expected} is missing")]
    Gap { expected: u64 },
    /// The sidecar of a segment does not hold the edge of the tree at the segment's start.
    #[error("the edge of the tree differs from the leaves before this segment")]
    Edge,
    #[error("the line has no end, though the segment is closed")]
    Cut,
    #[error(transparent)]
    Line(LineFault),
    #[error("the compressed segment is damaged")]
    Compression(#[source] io::Error),
    /// Refused by the check that the caller gave.
    #[error("not a record: {0}")]
    Record(#[source] Box<dyn Error + Send + Sync>),
}
