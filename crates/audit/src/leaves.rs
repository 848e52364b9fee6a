//! Reading a log from any sequence on, also while it is written, rotated and compressed.

use std::path::{Path, PathBuf};

use crate::error::{Fault, Place, ReadError};
use crate::segment::{Lines, Segment, Step};

/// The leaves of a log in order, each with its sequence, without its newline.
///
/// `None` means that nothing more is written yet: asked again later, the iterator goes on. It may then show a leaf
/// before the tree counts it, and in one rare case a leaf that never counts: part of an append of several lines
/// that a full disk made the writer take back.
#[derive(Debug)]
pub struct Leaves {
    folder: PathBuf,
    from: u64,
    next: u64,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    segment: Segment,
    lines: Lines,
    /// Bytes of the whole lines read so far.
    offset: u64,
    torn: bool,
}

impl Leaves {
    /// Reads the log in `folder`, beginning with the leaf `from`.
    #[must_use]
    pub fn new(folder: &Path, from: u64) -> Self {
        Self { folder: folder.to_owned(), from, next: 0, current: None }
    }

    /// The segment of the last leaf, or the empty one behind it.
    pub(crate) fn segment(&self) -> Option<Segment> {
        self.current.as_ref().map(|current| current.segment)
    }

    /// Where the last leaf ends in its segment.
    pub(crate) fn offset(&self) -> u64 {
        self.current.as_ref().map_or(0, |current| current.offset)
    }

    /// Whether a part of a line stands behind the last leaf.
    pub(crate) fn torn(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.torn)
    }

    fn step(&mut self) -> Result<Option<(u64, Vec<u8>)>, ReadError> {
        let mut line = Vec::new();
        loop {
            let Some(current) = &mut self.current else {
                let Some(first) = self.first_segment()? else { return Ok(None) };
                self.enter(first)?;
                continue;
            };
            let step = current.lines.read(&mut line)?;
            if step == Step::Whole {
                return Ok(Some(self.count(line)));
            }
            let later = later(&self.folder, current.segment)?;
            if later.is_none() && current.lines.grows() {
                current.torn = step == Step::Torn;
                return Ok(None);
            }
            // The segment is closed by now: what it holds is final, and may be more than a moment ago.
            match (current.lines.read(&mut line)?, later) {
                (Step::Whole, _) => return Ok(Some(self.count(line))),
                (Step::Torn, _) => return Err(current.segment.leaf(self.next).broken(Fault::Cut).into()),
                (Step::End, None) => return Ok(None),
                (Step::End, Some(later)) if later.first == self.next => self.enter(later)?,
                (Step::End, Some(later)) => return Err(gap(later, self.next)),
            }
        }
    }

    fn count(&mut self, line: Vec<u8>) -> (u64, Vec<u8>) {
        if let Some(current) = &mut self.current {
            current.offset += line.len() as u64 + 1;
        }
        self.next += 1;
        (self.next - 1, line)
    }

    fn enter(&mut self, segment: Segment) -> Result<(), ReadError> {
        let lines = segment.lines(&self.folder)?;
        self.next = segment.first;
        self.current = Some(Current { segment, lines, offset: 0, torn: false });
        Ok(())
    }

    /// The segment that holds, or will hold, the leaf to begin with.
    fn first_segment(&self) -> Result<Option<Segment>, ReadError> {
        let segments = Segment::list(&self.folder)?;
        let holder = segments.iter().rfind(|segment| segment.first <= self.from);
        match (holder, segments.first()) {
            (None, Some(later)) => Err(gap(*later, self.from)),
            (holder, _) => Ok(holder.copied()),
        }
    }
}

impl Iterator for Leaves {
    type Item = Result<(u64, Vec<u8>), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.step().transpose()? {
                Ok((sequence, _)) if sequence < self.from => {}
                leaf => return Some(leaf),
            }
        }
    }
}

fn later(folder: &Path, segment: Segment) -> Result<Option<Segment>, ReadError> {
    Ok(Segment::list(folder)?.into_iter().find(|other| other.first > segment.first))
}

fn gap(found: Segment, expected: u64) -> ReadError {
    Place::File(found.name()).broken(Fault::Gap { expected }).into()
}
