//! Refusals that found no room in the journal: kept until it writes again, and told by a gap where there are too many.

use std::mem;

use jiff::Timestamp;

use crate::leaf::{Gap, Leaf, LeafKind, micros};

/// Lines that are kept; each takes at most 16 KiB, and mostly less than one.
const LINES: usize = 1_000;

/// What waits to be written, in the order in which it came.
#[derive(Debug, Default)]
pub(crate) struct Late {
    lines: Vec<Vec<u8>>,
    /// Lines, and their bytes, that came when there was no room for them here either.
    lost: (u64, u64),
}

impl Late {
    pub(crate) fn keep(&mut self, line: Vec<u8>) {
        let (lines, bytes) = &mut self.lost;
        if self.lines.len() < LINES {
            self.lines.push(line);
        } else {
            *lines = lines.saturating_add(1);
            *bytes = bytes.saturating_add(line.len() as u64);
        }
    }

    /// The lines that are kept.
    pub(crate) fn take(&mut self) -> Vec<Vec<u8>> {
        mem::take(&mut self.lines)
    }

    /// What could not be written this time either; it came before everything that came meanwhile.
    pub(crate) fn give_back(&mut self, rest: Vec<Vec<u8>>) {
        for line in mem::replace(&mut self.lines, rest) {
            self.keep(line);
        }
    }

    /// The leaf that tells of what was lost; none where nothing was.
    pub(crate) fn gap(&self, now: Timestamp) -> Option<Leaf> {
        let (lines, bytes) = self.lost;
        let reason = || format!("{lines} refusals could not be written");
        (lines > 0).then(|| Leaf::Gap(Gap { bytes, kind: LeafKind::Gap, reason: reason(), time: micros(now) }))
    }

    /// The gap has been written.
    pub(crate) fn told(&mut self) {
        self.lost = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_while_others_are_written_is_bounded_too() {
        let mut late = Late::default();
        for _ in 0..3 {
            (0..LINES + 1).for_each(|_| late.keep(vec![0; 10]));
            let taken = late.take();
            (0..LINES).for_each(|_| late.keep(vec![1; 10]));
            late.give_back(taken);
            assert_eq!(late.lines.len(), LINES);
            assert!(late.lines.iter().all(|line| line[0] == 0), "the oldest stay");
        }
        let lost = 3 * (LINES + 1) as u64 + 2 * LINES as u64;
        assert_eq!(late.lost, (lost, 10 * lost));
    }
}
