//! The handle on the state: snapshots for readers, one change at a time for whoever administers.

use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use protocol::Now;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use crate::change::{Applied, Change};
use crate::draft::Draft;
use crate::error::{Fault, StateError};
use crate::load;
use crate::mac::MacKey;
use crate::rows::{self, Checkpoint};
use crate::schema;
use crate::secret_key::{Purpose, SecretKey};
use crate::snapshot::{Sequence, Snapshot};

const FILE: &str = "state.db";

/// A revocation is kept this long after its token expired, for verifiers whose clocks are behind.
const KEPT_AFTER_EXPIRY: SignedDuration = SignedDuration::from_hours(1);

/// What must survive a restart. A clone is another handle on the same state.
///
/// That no other process has the same folder open is the business of whoever opens it.
#[derive(Clone)]
pub struct State(Arc<Inner>);

struct Inner {
    path: PathBuf,
    snapshot: ArcSwap<Snapshot>,
    changes: watch::Sender<Sequence>,
    writer: Mutex<Connection>,
    checkpoint: Mutex<Checkpoint>,
    rows: MacKey,
    robot_keys: MacKey,
}

impl State {
    /// Whether the folder holds a state, or what is left of one: then its `secret.key` must be there already.
    #[must_use]
    pub fn exists(folder: &Path) -> bool {
        schema::exists(&folder.join(FILE))
    }

    /// Opens the state in the folder, and makes it with a new key ring where there was none.
    ///
    /// # Errors
    /// [`StateError::Open`] with the row or place that is not as it was written. Nothing is ever repaired.
    pub fn open(folder: &Path, key: &SecretKey, now: Now) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        let rows = MacKey::new(key, Purpose::Rows);
        match open(&path, key, &rows, now.wall) {
            Ok((connection, snapshot, checkpoint)) => Ok(Self(Arc::new(Inner {
                path,
                changes: watch::Sender::new(snapshot.sequence),
                snapshot: ArcSwap::from_pointee(snapshot),
                writer: Mutex::new(connection),
                checkpoint: Mutex::new(checkpoint),
                rows,
                robot_keys: MacKey::new(key, Purpose::RobotKeys),
            }))),
            Err(fault) => Err(StateError::Open { path, fault }),
        }
    }

    /// The world as it is now. Waits for nobody.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot.load_full()
    }

    /// The last change that was committed.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.0.snapshot.load().sequence
    }

    /// Wakes at every change, after its snapshot is there.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Sequence> {
        self.0.changes.subscribe()
    }

    /// The keyed hash under which a robot key is kept: HMAC-SHA-256 of its whole text.
    #[must_use]
    pub fn hash_robot_key(&self, key: &str) -> [u8; 32] {
        self.0.robot_keys.of(key.as_bytes())
    }

    /// Makes a change inside a transaction that is left open: its record is written now, before [`Pending::commit`].
    ///
    /// Blocks while another change is pending: a thread that holds one must not begin another, and tasks that share a
    /// thread take their turns before they come here.
    ///
    /// # Errors
    /// [`StateError::Change`] where it cannot be made; [`StateError::Write`] where the database refuses.
    pub fn begin(&self, change: Change, now: Now) -> Result<Pending<'_>, StateError> {
        let transaction = self.transaction()?;
        let before = self.snapshot();
        let (draft, applied) = Draft::of(&before, change, now.wall)?;
        self.write(&transaction, &before, &draft).map_err(|fault| self.unwritten(fault))?;
        Ok(Pending { state: self, transaction, after: draft.after, applied })
    }

    /// Size and root of the journal's last checkpoint that was kept; none before the first.
    #[must_use]
    pub fn checkpoint(&self) -> Option<(u64, [u8; 32])> {
        Some(*self.known_checkpoint()).filter(|(size, _)| *size > 0)
    }

    /// The checkpoint that is kept in a folder, read beside a server that may be running on it.
    ///
    /// # Errors
    /// [`StateError::Open`] where it cannot be read or was altered.
    pub fn stored_checkpoint(folder: &Path, key: &SecretKey) -> Result<Option<(u64, [u8; 32])>, StateError> {
        let path = folder.join(FILE);
        let rows = MacKey::new(key, Purpose::Rows);
        let read = || {
            let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            load::checkpoint(&connection, &rows)
        };
        match read() {
            Ok(checkpoint) => Ok(Some(checkpoint).filter(|(size, _)| *size > 0)),
            Err(fault) => Err(StateError::Open { path, fault }),
        }
    }

    /// Keeps size and root of a checkpoint of the journal, against a journal that is cut short. Moves no sequence.
    ///
    /// Waits for no pending change, which may itself wait for the journal: its commit takes the checkpoint along.
    ///
    /// # Errors
    /// [`StateError::Checkpoint`] where it is smaller than the one before, or another of the same size;
    /// [`StateError::Write`] where the database refuses.
    pub fn store_checkpoint(&self, size: u64, root: [u8; 32]) -> Result<(), StateError> {
        let given = (size, root);
        let mut known = self.known_checkpoint();
        if given != *known && given.0 <= known.0 {
            return Err(StateError::Checkpoint { stored: known.0, given: size });
        }
        *known = given;
        drop(known);
        match self.0.writer.try_lock() {
            Ok(writer) => self.write_checkpoint(&writer),
            Err(TryLockError::Poisoned(poisoned)) => self.write_checkpoint(&poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Ok(()),
        }
    }

    fn known_checkpoint(&self) -> MutexGuard<'_, Checkpoint> {
        self.0.checkpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_checkpoint(&self, connection: &Connection) -> Result<(), StateError> {
        let known = *self.known_checkpoint();
        rows::write_checkpoint(connection, &self.0.rows, known).map_err(|fault| self.unwritten(fault))
    }

    fn write(&self, connection: &Connection, before: &Snapshot, draft: &Draft) -> Result<(), Fault> {
        let after = &draft.after;
        for entry in draft.touched.iter().filter_map(|id| after.robot(id)) {
            rows::write_robot(connection, &self.0.rows, entry)?;
        }
        rows::write_tokens(connection, &before.revoked_tokens, &after.revoked_tokens)?;
        rows::write_seal(connection, &self.0.rows, after.sequence, after.all_before)
    }

    /// A panic in another change has rolled it back, so its poison says nothing about the connection.
    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.0.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn transaction(&self) -> Result<Transaction<'_>, StateError> {
        let transaction = Transaction(self.writer());
        transaction.execute_batch("BEGIN IMMEDIATE").map_err(|error| self.unwritten(error.into()))?;
        Ok(transaction)
    }

    fn unwritten(&self, fault: Fault) -> StateError {
        StateError::Write { path: self.0.path.clone(), fault }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { path, .. } = &*self.0;
        formatter.debug_struct("State").field("path", path).field("sequence", &self.sequence()).finish_non_exhaustive()
    }
}

type Opened = (Connection, Snapshot, Checkpoint);

fn open(path: &Path, key: &SecretKey, macs: &MacKey, now: Timestamp) -> Result<Opened, Fault> {
    if !path.try_exists()? {
        schema::create(path, |connection| rows::write_first(connection, key, macs, now))?;
    }
    let mut connection = schema::open(path)?;
    let mut snapshot = load::snapshot(&connection, key, macs)?;
    let checkpoint = load::checkpoint(&connection, macs)?;
    purge(&mut connection, &mut snapshot, macs, now)?;
    Ok((connection, snapshot, checkpoint))
}

/// Forgets the revocations of tokens that nobody would accept any more.
fn purge(connection: &mut Connection, snapshot: &mut Snapshot, macs: &MacKey, now: Timestamp) -> Result<(), Fault> {
    let ended = now.saturating_sub(KEPT_AFTER_EXPIRY).unwrap_or(Timestamp::MIN);
    let mut kept = (*snapshot.revoked_tokens).clone();
    kept.retain(|_, expires| *expires > ended);
    if kept.len() < snapshot.revoked_tokens.len() {
        let transaction = connection.transaction()?;
        rows::write_tokens(&transaction, &snapshot.revoked_tokens, &kept)?;
        rows::write_seal(&transaction, macs, snapshot.sequence, snapshot.all_before)?;
        transaction.commit()?;
        snapshot.revoked_tokens = Arc::new(kept);
    }
    Ok(())
}

/// A change that is made and not yet true. Dropped, it never was.
#[must_use = "a change that is not committed is rolled back"]
pub struct Pending<'a> {
    state: &'a State,
    transaction: Transaction<'a>,
    after: Snapshot,
    applied: Applied,
}

impl Pending<'_> {
    /// The sequence that it is about to make.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.applied.sequence
    }

    /// What it is about, as [`Applied::object`] names it.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.applied.object
    }

    /// Makes it true: on disk, then for every reader, then for those who wait for changes.
    ///
    /// # Errors
    /// [`StateError::Write`] where the database refuses; then no reader sees the change.
    pub fn commit(self) -> Result<Applied, StateError> {
        let Self { state, transaction, after, applied } = self;
        state.write_checkpoint(&transaction)?;
        transaction.execute_batch("COMMIT").map_err(|error| state.unwritten(error.into()))?;
        state.0.snapshot.store(Arc::new(after));
        state.0.changes.send_replace(applied.sequence);
        Ok(applied)
    }
}

impl fmt::Debug for Pending<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pending").field("applied", &self.applied).finish_non_exhaustive()
    }
}

/// The one connection that writes, inside a transaction; rolled back when dropped before it was committed.
struct Transaction<'a>(MutexGuard<'a, Connection>);

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // Where even this fails, the next `BEGIN` does too, and no change is made until the next start.
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

#[cfg(test)]
mod tests;
