//! The log that is written to: appends under one lock, synced, signed and compressed behind it.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::checkpoint::{Checkpoint, CheckpointKey};
use crate::error::{LineFault, LogError};
use crate::keeper::Keepers;
use crate::recover::{Recovered, recover};
use crate::segment::{Segment, check_line};
use crate::tree::{Frontier, Hash};

/// Where a log stands and how it is cut.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// Made with mode 0700 where it is missing. One `Log` at a time may have it; the caller holds a lock.
    pub folder: PathBuf,
    /// A segment that has reached this many bytes is closed at the next sync.
    pub segment_bytes: u64,
}

impl LogSettings {
    pub const SEGMENT_BYTES: u64 = 64 << 20;
}

/// The writer of one log. A leaf is *written* when `append` has returned and *synced* when `synced` says so.
pub struct Log {
    shared: Arc<Shared>,
    keepers: Keepers,
}

impl Log {
    /// Opens the log, or begins a new one, and starts its threads.
    ///
    /// # Errors
    /// [`LogError::Read`] with the place where the log does not continue its last checkpoint or cannot be read;
    /// otherwise what the operating system refused.
    pub fn open(settings: LogSettings, key: CheckpointKey) -> Result<(Self, Recovered), LogError> {
        let recovery = recover(&settings.folder, &key)?;
        let (progress, _) = watch::channel(Progress { size: recovery.synced.size(), failed: None });
        let (checkpoint, _) = watch::channel(recovery.recovered.checkpoint);
        let state = State {
            segment: recovery.segment,
            file: recovery.file,
            length: recovery.length,
            torn: false,
            wanted: 0,
            written: recovery.written,
            synced: recovery.synced,
            failed: None,
            closing: false,
            settled: false,
        };
        let (dirty, settled) = (Condvar::new(), Condvar::new());
        let shared = Arc::new(Shared { settings, state: Mutex::new(state), dirty, settled, progress, checkpoint });
        let mut log = Self { shared, keepers: Keepers::default() };
        log.keepers.start(&log.shared, key)?;
        Ok((log, recovery.recovered))
    }

    /// Writes one line, given without its newline, and returns its sequence.
    ///
    /// # Errors
    /// [`LogError::Line`] for a line that cannot be a leaf. [`LogError::Write`]: nothing of the line is in the log, and
    /// the next append tries again. [`LogError::Sync`]: the log takes nothing more.
    pub fn append(&self, line: &[u8]) -> Result<u64, LogError> {
        Ok(self.append_many(&[line])?.start)
    }

    /// Writes several lines in one call, all or none, and returns their sequences.
    ///
    /// # Errors
    /// As for [`Log::append`].
    pub fn append_many<L: AsRef<[u8]>>(&self, lines: &[L]) -> Result<Range<u64>, LogError> {
        let batch = Batch::new(lines)?;
        let mut state = self.shared.lock();
        let clean = state.is_synced();
        let sequences = state.append(&batch)?;
        drop(state);
        if clean {
            self.shared.dirty.notify_one();
        }
        Ok(sequences)
    }

    /// Whether the next append would be tried.
    ///
    /// # Errors
    /// [`LogError::Sync`]: the log takes nothing more.
    pub fn takes(&self) -> Result<(), LogError> {
        self.shared.lock().takes()
    }

    /// Asks for a sync now, and resolves when an `fdatasync` that began after the leaf was written has returned. It
    /// needs no particular runtime.
    ///
    /// # Errors
    /// [`LogError::Sync`] if it failed; [`LogError::Closed`] if the log was dropped before.
    pub fn synced(&self, sequence: u64) -> impl Future<Output = Result<(), LogError>> + Send + use<> {
        let mut progress = self.shared.progress.subscribe();
        self.shared.want(sequence);
        async move {
            let settled = progress.wait_for(|now| now.size > sequence || now.failed.is_some()).await;
            let now = settled.map_err(|_| LogError::Closed)?;
            match &now.failed {
                Some(error) if now.size <= sequence => Err(LogError::Sync(Arc::clone(error))),
                _ => Ok(()),
            }
        }
    }

    /// The last signed checkpoint, and each one to come: at most one a second, over synced leaves only.
    #[must_use]
    pub fn checkpoints(&self) -> watch::Receiver<Checkpoint> {
        self.shared.checkpoint.subscribe()
    }

    /// Number of leaves written.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.shared.lock().written.size()
    }

    /// Syncs, signs, and stops the threads. Dropping the log does the same and tells no errors.
    ///
    /// # Errors
    /// [`LogError::Sync`] or [`LogError::Checkpoint`]: what is written stays, and the next start replays it.
    pub fn close(mut self) -> Result<Checkpoint, LogError> {
        self.stop()
    }

    fn stop(&mut self) -> Result<Checkpoint, LogError> {
        self.shared.close();
        let joined = self.keepers.join();
        if let Some(error) = &self.shared.lock().failed {
            return Err(LogError::Sync(Arc::clone(error)));
        }
        joined.map(|()| *self.shared.checkpoint.borrow())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::error!(%error, "the journal was not closed cleanly");
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

/// What the writer and the threads behind it have in common.
pub(crate) struct Shared {
    pub(crate) settings: LogSettings,
    state: Mutex<State>,
    /// Told when there is something to sync, or to sync sooner.
    pub(crate) dirty: Condvar,
    /// Told when there is something to sign.
    pub(crate) settled: Condvar,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) checkpoint: watch::Sender<Checkpoint>,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn want(&self, sequence: u64) {
        let mut state = self.lock();
        state.wanted = state.wanted.max(sequence.saturating_add(1));
        self.dirty.notify_one();
    }

    fn close(&self) {
        self.lock().closing = true;
        self.dirty.notify_one();
    }
}

/// How far the log is synced, for those who wait.
pub(crate) struct Progress {
    pub(crate) size: u64,
    pub(crate) failed: Option<Arc<io::Error>>,
}

pub(crate) struct State {
    pub(crate) segment: Segment,
    pub(crate) file: Arc<File>,
    /// Bytes of whole lines in `file`.
    pub(crate) length: u64,
    /// Bytes may stand behind `length`: a failed write that could not be taken back yet.
    pub(crate) torn: bool,
    /// Leaves that somebody waits for to be synced.
    pub(crate) wanted: u64,
    pub(crate) written: Frontier,
    pub(crate) synced: Frontier,
    pub(crate) failed: Option<Arc<io::Error>>,
    pub(crate) closing: bool,
    /// Nothing more will be synced.
    pub(crate) settled: bool,
}

impl State {
    pub(crate) fn is_synced(&self) -> bool {
        self.synced.size() == self.written.size()
    }

    fn takes(&self) -> Result<(), LogError> {
        self.failed.as_ref().map_or(Ok(()), |error| Err(LogError::Sync(Arc::clone(error))))
    }

    fn append(&mut self, batch: &Batch) -> Result<Range<u64>, LogError> {
        self.takes()?;
        self.mend().map_err(LogError::Write)?;
        if let Err(error) = write_whole(&self.file, &batch.bytes) {
            self.torn = true;
            // Where this fails too, the next append begins with it.
            let _ = self.mend();
            return Err(LogError::Write(error));
        }
        let first = self.written.size();
        self.length += batch.bytes.len() as u64;
        batch.leaves.iter().for_each(|leaf| self.written.append(*leaf));
        Ok(first..self.written.size())
    }

    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.length)?;
            self.torn = false;
        }
        Ok(())
    }
}

/// Lines checked, hashed and joined before the lock is taken.
struct Batch {
    bytes: Vec<u8>,
    leaves: Vec<Hash>,
}

impl Batch {
    fn new<L: AsRef<[u8]>>(lines: &[L]) -> Result<Self, LineFault> {
        let length = lines.iter().map(|line| line.as_ref().len() + 1).sum();
        let mut batch = Self { bytes: Vec::with_capacity(length), leaves: Vec::with_capacity(lines.len()) };
        for line in lines.iter().map(AsRef::as_ref) {
            check_line(line)?;
            batch.bytes.extend_from_slice(line);
            batch.bytes.push(b'\n');
            batch.leaves.push(Hash::leaf(line));
        }
        Ok(batch)
    }
}

/// One `write(2)`, all or an error: a second call for the rest would not be one leaf at once.
fn write_whole(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    loop {
        match file.write(bytes) {
            Ok(written) if written == bytes.len() => return Ok(()),
            Ok(_) => return Err(io::ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
