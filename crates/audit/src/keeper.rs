//! The three threads behind a log: one syncs and rotates, one signs checkpoints, one compresses closed segments.

use std::fs::File;
use std::io;
use std::mem;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::checkpoint::{Checkpoint, CheckpointKey};
use crate::error::LogError;
use crate::log::{Shared, State};
use crate::recover::write_checkpoint;
use crate::segment::Segment;
use crate::tree::Frontier;

/// A leaf that nobody waits for is synced after this time at the latest.
const GATHER: Duration = Duration::from_millis(100);
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(1);

/// The running threads; none after they were joined.
#[derive(Default)]
pub(crate) struct Keepers(Vec<JoinHandle<Result<(), LogError>>>);

impl Keepers {
    pub(crate) fn start(&mut self, shared: &Arc<Shared>, key: CheckpointKey) -> Result<(), LogError> {
        let (closed, to_compress) = channel();
        for segment in left_plain(shared)? {
            let _ = closed.send(segment);
        }
        let [syncer, signer, compressor] = [Arc::clone(shared), Arc::clone(shared), Arc::clone(shared)];
        self.spawn("journal-sync", move || {
            syncer.keep_synced(&closed);
            Ok(())
        })?;
        self.spawn("journal-sign", move || signer.keep_signed(&key))?;
        self.spawn("journal-gzip", move || {
            compressor.keep_compressed(&to_compress);
            Ok(())
        })
    }

    fn spawn<F>(&mut self, name: &str, work: F) -> Result<(), LogError>
    where
        F: FnOnce() -> Result<(), LogError> + Send + 'static,
    {
        let thread = Builder::new().name(name.to_owned()).spawn(work).map_err(|_| LogError::Thread)?;
        self.0.push(thread);
        Ok(())
    }

    /// Waits for all of them, and returns the first error.
    pub(crate) fn join(&mut self) -> Result<(), LogError> {
        let ended = mem::take(&mut self.0).into_iter().map(|thread| thread.join().unwrap_or(Err(LogError::Thread)));
        ended.fold(Ok(()), Result::and)
    }
}

/// Closed segments that the last run did not come to compress.
fn left_plain(shared: &Shared) -> Result<Vec<Segment>, LogError> {
    let folder = &shared.settings.folder;
    let last = shared.lock().segment;
    let mut left = Vec::new();
    for segment in Segment::list(folder)?.into_iter().filter(|segment| *segment != last) {
        if segment.is_plain(folder).map_err(|error| LogError::prepare(folder, error))? {
            left.push(segment);
        }
    }
    Ok(left)
}

/// What one `fdatasync` is about to cover.
struct Due {
    file: Arc<File>,
    frontier: Frontier,
}

impl Shared {
    fn keep_synced(&self, closed: &Sender<Segment>) {
        while let Some(due) = self.next_sync() {
            match self.sync(due, closed) {
                Ok(frontier) => self.announce(frontier),
                Err(error) => {
                    self.fail(error);
                    break;
                }
            }
        }
        self.lock().settled = true;
        self.settled.notify_one();
    }

    /// Sleeps until there is something to sync, then gathers more for a moment unless somebody waits.
    fn next_sync(&self) -> Option<Due> {
        let idle = |state: &mut State| state.is_synced() && !state.closing;
        let patient = |state: &mut State| state.wanted <= state.synced.size() && !state.closing;
        let state = self.dirty.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        if state.is_synced() {
            return None;
        }
        let gathered = self.dirty.wait_timeout_while(state, GATHER, patient);
        let (state, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        Some(Due { file: Arc::clone(&state.file), frontier: state.written.clone() })
    }

    fn sync(&self, due: Due, closed: &Sender<Segment>) -> io::Result<Frontier> {
        due.file.sync_data()?;
        Ok(self.rotate(closed)?.unwrap_or(due.frontier))
    }

    /// Closes a segment that is full. Appends wait while what came since the sync before is synced, so that every
    /// segment but the last is always whole on disk.
    fn rotate(&self, closed: &Sender<Segment>) -> io::Result<Option<Frontier>> {
        let folder = &self.settings.folder;
        let mut state = self.lock();
        if state.torn || state.length < self.settings.segment_bytes {
            return Ok(None);
        }
        state.file.sync_data()?;
        let fresh = match Segment::create(folder, &state.written) {
            Ok(fresh) => fresh,
            Err(error) => {
                tracing::warn!(%error, "cannot begin a new segment of the journal; the full one goes on");
                return Ok(None);
            }
        };
        let full = mem::replace(&mut state.segment, fresh.segment);
        (state.file, state.length) = (Arc::clone(&fresh.file), 0);
        let frontier = state.written.clone();
        drop(state);
        fresh.sync(folder)?;
        let _ = closed.send(full);
        Ok(Some(frontier))
    }

    fn announce(&self, frontier: Frontier) {
        self.progress.send_modify(|progress| progress.size = frontier.size());
        self.lock().synced = frontier;
        self.settled.notify_one();
    }

    /// After a failed sync nobody knows which pages the disk has: nothing more is taken, and nothing is tried again.
    fn fail(&self, error: io::Error) {
        tracing::error!(%error, "cannot sync the journal; it takes nothing more until it is opened again");
        let error = Arc::new(error);
        self.lock().failed = Some(Arc::clone(&error));
        self.progress.send_modify(|progress| progress.failed = Some(error));
    }

    fn keep_signed(&self, key: &CheckpointKey) -> Result<(), LogError> {
        let mut signed = self.checkpoint.borrow().size;
        while let Some((head, last)) = self.next_head(signed) {
            let written = write_checkpoint(&self.settings.folder, key, head);
            match written {
                Ok(()) => {
                    signed = head.size;
                    self.checkpoint.send_replace(head);
                }
                Err(error) if last => return Err(LogError::Checkpoint(error)),
                Err(error) => tracing::warn!(%error, "cannot write the checkpoint of the journal"),
            }
            let running = |state: &mut State| !state.settled;
            drop(self.settled.wait_timeout_while(self.lock(), BETWEEN_CHECKPOINTS, running));
        }
        Ok(())
    }

    /// Sleeps until more is synced than was signed. Also says whether this is the last head to sign.
    fn next_head(&self, signed: u64) -> Option<(Checkpoint, bool)> {
        let idle = |state: &mut State| state.synced.size() == signed && !state.settled;
        let state = self.settled.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        (state.synced.size() > signed).then(|| (Checkpoint::of(&state.synced), state.settled))
    }

    fn keep_compressed(&self, closed: &Receiver<Segment>) {
        // Of this thread alone. Where it is refused the thread is merely less polite.
        let _ = rustix::process::nice(19);
        for segment in closed {
            if self.lock().closing {
                return;
            }
            if let Err(error) = segment.compress(&self.settings.folder) {
                tracing::warn!(%error, segment = segment.name(), "cannot compress a segment of the journal");
            }
        }
    }
}
