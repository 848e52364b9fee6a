//! The folders of the store: content under the name of its digest, uploads under their ids, and the space for both.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use protocol::{Digest, UploadId};

use super::disk::Disk;
use crate::error::StoreError;

/// Where files stand.
#[derive(Debug)]
pub(super) struct Content {
    folder: PathBuf,
    keep_free: u64,
    pub(super) disk: Disk,
}

impl Content {
    pub(super) fn new(folder: &Path, keep_free: u64, disk: Disk) -> Self {
        Self { folder: folder.to_owned(), keep_free, disk }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.join("store.db")
    }

    pub(super) fn blobs(&self) -> PathBuf {
        self.folder.join("blobs")
    }

    pub(super) fn uploads(&self) -> PathBuf {
        self.folder.join("uploads")
    }

    pub(super) fn upload(&self, id: &UploadId) -> PathBuf {
        self.uploads().join(id.as_str())
    }

    /// `blobs/<algorithm>/<aa>/<hex>`
    pub(super) fn blob(&self, digest: &Digest) -> PathBuf {
        let first = digest.hex().get(..2).unwrap_or_default();
        self.blobs().join(digest.algorithm().as_str()).join(first).join(digest.hex())
    }

    /// Opens content for reading, where it is as long as it was.
    pub(super) fn open_blob(&self, digest: &Digest, size: u64) -> Result<File, StoreError> {
        let path = self.blob(digest);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::Damaged { path }),
            opened => opened.map_err(StoreError::at(&path))?,
        };
        let found = file.metadata().map_err(StoreError::at(&path))?.len();
        if found == size { Ok(file) } else { Err(StoreError::Damaged { path }) }
    }

    /// Opens the file of an upload; `None` where it is gone.
    pub(super) fn open_upload(&self, path: &Path) -> Result<Option<File>, StoreError> {
        match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some).map_err(StoreError::at(path)),
        }
    }

    /// Moves a synced file to the place of its digest, and waits until it stands there. Where the database knows the
    /// content and it is there, nothing moves.
    pub(super) fn keep(&self, file: &Path, digest: &Digest, known: bool) -> Result<(), StoreError> {
        let place = self.blob(digest);
        if known && place.is_file() {
            return Ok(());
        }
        let algorithm = self.blobs().join(digest.algorithm().as_str());
        let folder = place.parent().unwrap_or(&algorithm);
        if !folder.is_dir() {
            self.disk.create_folder(folder)?;
            self.disk.sync_folder(&algorithm)?;
            self.disk.sync_folder(&self.blobs())?;
        }
        self.disk.rename(file, &place)?;
        self.disk.sync_folder(folder)
    }

    /// The names in the folder of uploads.
    pub(super) fn upload_names(&self) -> Result<Vec<PathBuf>, StoreError> {
        let folder = self.uploads();
        let names = fs::read_dir(&folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
        names.map_err(StoreError::at(folder))
    }

    /// Refuses where too little space is free: what pushes leave is for the journal.
    pub(super) fn check_space(&self) -> Result<(), StoreError> {
        if self.disk.free(&self.folder)? < self.keep_free { Err(StoreError::NoSpace) } else { Ok(()) }
    }
}
