//! Hashing that goes along with an upload, and catches up where it could not.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use aws_lc_rs::digest::{Context, SHA256, SHA512};
use protocol::{Algorithm, Digest};

/// How much is read at once while catching up, in bytes.
const SLICE: usize = 256 * 1024;

/// The hash of the first bytes of a file.
#[derive(Clone)]
pub(super) struct Hashing {
    algorithm: Algorithm,
    context: Context,
    length: u64,
}

impl Hashing {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let function = match algorithm {
            Algorithm::Sha256 => &SHA256,
            Algorithm::Sha512 => &SHA512,
        };
        Self { algorithm, context: Context::new(function), length: 0 }
    }

    /// The digest of bytes in memory.
    pub(super) fn of(algorithm: Algorithm, bytes: &[u8]) -> Digest {
        let mut hashing = Self::new(algorithm);
        hashing.add(bytes);
        hashing.finish()
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// How many bytes went in.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Takes bytes that stand at this place of the file, where they are the next; else it catches up later.
    pub(super) fn add_at(&mut self, offset: u64, bytes: &[u8]) {
        if offset == self.length {
            self.add(bytes);
        }
    }

    /// Reads what is missing, up to this length of the file.
    pub(super) fn catch_up(&mut self, file: &File, length: u64) -> io::Result<()> {
        let mut buffer = vec![0; SLICE];
        while self.length < length {
            let left = usize::try_from(length.saturating_sub(self.length)).unwrap_or(SLICE);
            let (slice, _) = buffer.split_at_mut(left.min(SLICE));
            file.read_exact_at(slice, self.length)?;
            self.add(slice);
        }
        Ok(())
    }

    #[expect(clippy::expect_used, reason = "the hash comes from the function that the algorithm names")]
    pub(super) fn finish(self) -> Digest {
        Digest::from_hash(self.algorithm, self.context.finish().as_ref()).expect("a hash of its own length")
    }

    fn add(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
        self.length = self.length.saturating_add(bytes.len() as u64);
    }
}

impl fmt::Debug for Hashing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Hashing").field("algorithm", &self.algorithm).field("length", &self.length).finish()
    }
}
