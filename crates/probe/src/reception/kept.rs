//! What is kept of a body: its first part; what lies beyond is hashed, as long as it is worth that.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

use super::{MAX_BODY, split};
use crate::response::{Body, Ended};

/// A body as it arrives.
pub(super) struct Kept {
    bytes: Vec<u8>,
    /// So much is read of it.
    most: usize,
    /// The hash of everything so far and its length, once that is more than is kept.
    all: Option<Box<(Context, usize)>>,
    /// How it ended, once it has.
    pub(super) ended: Option<Ended>,
}

impl Kept {
    pub(super) fn new(most: usize, ended: Option<Ended>) -> Self {
        Self { bytes: Vec::new(), most, all: None, ended }
    }

    /// Takes the next bytes; what lies beyond the limit cuts the body.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let (mine, beyond) = split(bytes, MAX_BODY.saturating_sub(self.bytes.len()) as u64);
        self.bytes.extend_from_slice(mine);
        if beyond.is_empty() {
            return;
        }
        let all = self.all.get_or_insert_with(|| {
            let mut hash = Context::new(&SHA256);
            hash.update(&self.bytes);
            Box::new((hash, self.bytes.len()))
        });
        let (hash, length) = all.as_mut();
        *length += beyond.len();
        hash.update(beyond);
        if *length > self.most {
            self.ended = Some(Ended::Cut);
        }
    }

    /// Whether more came than is kept.
    pub(super) fn is_large(&self) -> bool {
        self.all.is_some()
    }

    /// All that came.
    pub(super) fn body(self, ended: Ended) -> Body {
        let hashed = self.all.filter(|_| ended == Ended::Whole).and_then(|all| {
            let (hash, length) = *all;
            let sha256 = hash.finish().as_ref().try_into().ok()?;
            Some(Ended::Hashed { length, sha256 })
        });
        Body { bytes: self.bytes, ended: hashed.unwrap_or(ended) }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Kept({} bytes, {:?})", self.bytes.len(), self.ended)
    }
}
