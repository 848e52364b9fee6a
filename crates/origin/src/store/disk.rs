//! Every change to a file, every commit and every look at the free space goes through here, so that a test can end the process before any of them.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

use rusqlite::Transaction;
use rustix::fs::statvfs;

use crate::error::StoreError;

/// What is about to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A file or folder comes to be.
    Create,
    /// Bytes go into a file.
    Write,
    /// A file is forced to the disk.
    Sync,
    /// A file moves to its place.
    Rename,
    /// The entries of a folder are forced to the disk.
    SyncFolder,
    /// A file goes.
    Remove,
    /// A transaction becomes visible.
    Commit,
    /// The free space is asked for.
    Measure,
}

/// The disk under the store.
#[derive(Clone, Default)]
pub(super) struct Disk {
    #[cfg(test)]
    pub(super) before: Option<std::sync::Arc<dyn Fn(Step) -> io::Result<()> + Send + Sync>>,
}

impl Disk {
    /// Makes a folder that only we may enter; one that is there already stays as it is.
    pub(super) fn create_folder(&self, path: &Path) -> Result<(), StoreError> {
        self.before(Step::Create)
            .and_then(|()| DirBuilder::new().recursive(true).mode(0o700).create(path))
            .map_err(StoreError::at(path))
    }

    /// Makes a new file that only we may read.
    pub(super) fn create(&self, path: &Path) -> Result<File, StoreError> {
        self.before(Step::Create)
            .and_then(|()| OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path))
            .map_err(StoreError::at(path))
    }

    pub(super) fn write(&self, file: &File, path: &Path, bytes: &[u8], offset: u64) -> Result<(), StoreError> {
        self.before(Step::Write).and_then(|()| file.write_all_at(bytes, offset)).map_err(StoreError::at(path))
    }

    pub(super) fn sync(&self, file: &File, path: &Path) -> Result<(), StoreError> {
        self.before(Step::Sync).and_then(|()| file.sync_all()).map_err(StoreError::at(path))
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        self.before(Step::Rename).and_then(|()| fs::rename(from, to)).map_err(StoreError::at(from))
    }

    pub(super) fn sync_folder(&self, path: &Path) -> Result<(), StoreError> {
        self.before(Step::SyncFolder).and_then(|()| File::open(path)?.sync_all()).map_err(StoreError::at(path))
    }

    /// Removes a file; one that is gone already is gone.
    pub(super) fn remove(&self, path: &Path) -> Result<(), StoreError> {
        match self.before(Step::Remove).and_then(|()| fs::remove_file(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::at(path)(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    pub(super) fn commit(&self, transaction: Transaction<'_>) -> Result<(), StoreError> {
        self.before(Step::Commit).map_err(StoreError::at("store.db"))?;
        Ok(transaction.commit()?)
    }

    /// How many bytes we may still write below this folder.
    pub(super) fn free(&self, path: &Path) -> Result<u64, StoreError> {
        let space = self.before(Step::Measure).and_then(|()| Ok(statvfs(path)?)).map_err(StoreError::at(path))?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }

    #[cfg(test)]
    fn before(&self, step: Step) -> io::Result<()> {
        self.before.as_ref().map_or(Ok(()), |before| before(step))
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "in tests it may fail")]
    fn before(&self, _: Step) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Disk")
    }
}
