//! The store: what it knows is in one database, what it holds is in files that are named by their digests.
//!
//! A file is complete and on the disk before the transaction that makes it visible commits. So whatever ends the
//! process, at whatever step, leaves what was acknowledged and shows nothing that is half there.

mod arrival;
mod blobs;
mod content;
mod disk;
mod hashing;
mod manifests;
mod outline;
mod referrers;
mod repositories;
mod schema;
mod tags;
mod uploads;

pub use outline::{Outline, outline};

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use policy::{Condition, UploadOwner};
use protocol::{Digest, Now, Oci, Operation, Reference};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use self::arrival::{Arrival, Claims};
use self::content::Content;
use self::disk::Disk;
use crate::body::Upload;
use crate::error::StoreError;
use crate::served::Served;
use crate::settings::Settings;

/// Manifests, blobs and uploads, in one folder. Only one process may have it open.
#[derive(Debug)]
pub struct Store {
    database: Mutex<Connection>,
    content: Content,
    claims: Claims,
    settings: Settings,
}

/// One request that was admitted.
#[derive(Debug)]
pub(crate) struct Work<'a, B> {
    /// What is served: the request without what was refused.
    pub(crate) request: &'a Oci,
    /// What must still hold when it takes effect.
    pub(crate) conditions: &'a [Condition],
    /// Who asks: the owner of the uploads that the request opens.
    pub(crate) owner: &'a UploadOwner,
    /// When.
    pub(crate) now: Now,
    /// What the client sends, and whether the request still stands.
    pub(crate) body: B,
}

impl Store {
    /// Opens the store in the folder, and makes it where there was none. Uploads that expired are gone then, and so
    /// is what an earlier process left behind of them.
    ///
    /// # Errors
    /// [`StoreError::Open`] says what is damaged. Nothing is ever repaired.
    pub fn open(folder: &Path, settings: Settings, now: Now) -> Result<Self, StoreError> {
        Self::open_on(Disk::default(), folder, settings, now)
    }

    fn open_on(disk: Disk, folder: &Path, settings: Settings, now: Now) -> Result<Self, StoreError> {
        let content = Content::new(folder, settings.keep_free, disk);
        let opened = schema::open(&content).and_then(|database| {
            let store = Self { database: Mutex::new(database), content, claims: Claims::default(), settings };
            store.tidy_uploads(now).map_err(Box::new)?;
            Ok(store)
        });
        opened.map_err(|fault| StoreError::Open { path: PathBuf::from(folder), fault: Box::new(fault) })
    }

    /// Does what was asked. Reads and writes files and the database on the calling thread; what takes long is done on
    /// the pool for blocking work.
    pub(crate) async fn serve<B: Upload>(&self, mut work: Work<'_, B>) -> Result<Served, StoreError> {
        let Oci { repository, operation } = work.request;
        match operation {
            Operation::ReadManifest { reference, reading, known } => {
                self.read_manifest(repository, reference, *reading, known.as_ref())
            }
            Operation::WriteManifest { reference, tags, media_type } => {
                self.write_manifest(&mut work, reference, tags, *media_type).await
            }
            Operation::DeleteManifest { reference: Reference::Tag(tag) } => self.delete_tag(&work, tag),
            Operation::DeleteManifest { reference: Reference::Digest(digest) } => self.delete_manifest(&work, digest),
            Operation::ReadBlob { digest, reading, range, known } => {
                self.read_blob(repository, digest, *reading, *range, known.as_ref())
            }
            Operation::DeleteBlob { digest } => self.delete_blob(&work, digest),
            Operation::OpenUpload { mount, digest, algorithm } => {
                self.open_upload(&mut work, mount.as_ref(), digest.as_ref(), *algorithm).await
            }
            Operation::AppendUpload { upload, range } => self.append_upload(&mut work, upload, *range).await,
            Operation::FinishUpload { upload, digest, range } => {
                self.finish_upload(&mut work, upload, digest, *range).await
            }
            Operation::ReadUpload { upload } => self.read_upload(repository, upload),
            Operation::CancelUpload { upload } => self.cancel_upload(&work, upload),
            Operation::ListTags { page } => self.list_tags(work.request, page),
            Operation::ListReferrers { subject, artifact_type, page } => {
                self.list_referrers(work.request, subject, artifact_type.as_deref(), page).await
            }
        }
    }

    /// One transaction: the conditions are asked before the change, the permission after it. Content that arrived is
    /// moved to its place last, so that a change that is refused moves nothing.
    fn change<B: Upload, T>(
        &self,
        work: &Work<'_, B>,
        arrived: Option<(&Arrival<'_>, &Digest)>,
        rows: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut database = self.database();
        let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !hold(&transaction, work)? {
            return Err(StoreError::Condition);
        }
        let known = match arrived {
            Some((arrival, digest)) => blobs::is_known(&transaction, digest, arrival.length(), work.now)?,
            None => true,
        };
        let done = rows(&transaction)?;
        if !work.body.standing() {
            return Err(StoreError::Revoked);
        }
        if let Some((arrival, digest)) = arrived {
            self.content.keep(arrival.path(), digest, known)?;
        }
        self.content.disk.commit(transaction)?;
        Ok(done)
    }

    fn database(&self) -> MutexGuard<'_, Connection> {
        // A transaction that a panic left open was rolled back when it was dropped.
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether all that was decided on still is so.
fn hold<B>(transaction: &Transaction<'_>, work: &Work<'_, B>) -> Result<bool, StoreError> {
    let Oci { repository, operation } = work.request;
    for condition in work.conditions {
        let holds = match (condition, operation) {
            (Condition::TagAbsent(tag), _) => !tags::exists(transaction, repository, tag)?,
            (Condition::TagPresent(tag), _) => tags::exists(transaction, repository, tag)?,
            (
                Condition::NoProtectedTag(patterns),
                Operation::DeleteManifest { reference: Reference::Digest(digest) },
            ) => {
                let tags = tags::of(transaction, repository, digest)?;
                !tags.iter().any(|tag| patterns.iter().any(|pattern| pattern.covers(tag)))
            }
            // It speaks of a manifest that this request does not delete: nothing shows that it holds.
            (Condition::NoProtectedTag(_), _) => false,
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
