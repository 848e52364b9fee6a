//! Uploads: a row that says whose they are, and a file that says how far they are.

use std::ffi::OsStr;
use std::path::Path;

use http::header::{HeaderName, LOCATION, RANGE};
use policy::{Epoch, PrincipalId, UploadOwner};
use protocol::{Algorithm, ContentRange, Digest, ErrorCode, Mount, Now, Problem, Repository, UploadId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::arrival::Arrival;
use super::{Store, Work, blobs, schema};
use crate::body::Upload;
use crate::error::StoreError;
use crate::served::Served;

/// `Docker-Upload-UUID`: the upload id once more, for clients that look for it here.
const UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");

struct UploadRow {
    owner: UploadOwner,
    algorithm: Algorithm,
}

impl Store {
    /// Whose upload it is; `None` where the repository has no such upload.
    pub(crate) fn upload_owner(
        &self,
        repository: &Repository,
        id: &UploadId,
    ) -> Result<Option<UploadOwner>, StoreError> {
        Ok(find(&self.database(), repository, id)?.map(|row| row.owner))
    }

    pub(super) async fn open_upload<B: Upload>(
        &self,
        work: &mut Work<'_, B>,
        mount: Option<&Mount>,
        digest: Option<&Digest>,
        algorithm: Algorithm,
    ) -> Result<Served, StoreError> {
        if let Some(Mount { digest, from: Some(from) }) = mount
            && self.mount(work, digest, from)?
        {
            return Ok(Served::created(&work.request.repository, "blobs", digest));
        }
        self.content.check_space()?;
        match digest {
            Some(digest) => self.upload_whole(work, digest).await,
            None => self.begin_upload(work, algorithm),
        }
    }

    pub(super) async fn append_upload<B: Upload>(
        &self,
        work: &mut Work<'_, B>,
        id: &UploadId,
        range: Option<ContentRange>,
    ) -> Result<Served, StoreError> {
        let repository = &work.request.repository;
        let mut arrival = self.resume(work, id)?;
        if is_out_of_order(&arrival, range) {
            return Ok(out_of_order(repository, id, arrival.length()));
        }
        arrival.receive(&mut work.body, range).await?;
        Ok(progress(202, repository, id, arrival.length()))
    }

    pub(super) async fn finish_upload<B: Upload>(
        &self,
        work: &mut Work<'_, B>,
        id: &UploadId,
        digest: &Digest,
        range: Option<ContentRange>,
    ) -> Result<Served, StoreError> {
        let mut arrival = self.resume(work, id)?;
        if is_out_of_order(&arrival, range) {
            return Ok(out_of_order(&work.request.repository, id, arrival.length()));
        }
        arrival.receive(&mut work.body, range).await?;
        if let Err(error) = settle(&arrival, digest).await {
            // The file goes first: after a failed sync nobody may believe it again.
            arrival.end();
            self.forget(id)?;
            return Err(error);
        }
        self.publish_blob(work, &arrival, digest, Some(id))?;
        arrival.end();
        Ok(Served::created(&work.request.repository, "blobs", digest))
    }

    pub(super) fn read_upload(&self, repository: &Repository, id: &UploadId) -> Result<Served, StoreError> {
        find(&self.database(), repository, id)?.ok_or(StoreError::UploadUnknown)?;
        let path = self.content.upload(id);
        let file = self.content.open_upload(&path)?.ok_or(StoreError::UploadUnknown)?;
        let length = file.metadata().map_err(StoreError::at(&path))?.len();
        Ok(progress(204, repository, id, length))
    }

    pub(super) fn cancel_upload<B: Upload>(&self, work: &Work<'_, B>, id: &UploadId) -> Result<Served, StoreError> {
        let arrival = self.resume(work, id)?;
        self.change(work, None, |transaction| Ok(remove(transaction, id)?))?;
        arrival.end();
        Ok(Served::empty(204))
    }

    /// Removes uploads that expired, rows whose files are gone, and files whose rows are gone.
    pub(super) fn tidy_uploads(&self, now: Now) -> Result<(), StoreError> {
        self.expire_uploads(now)?;
        let database = self.database();
        let mut rows = Vec::new();
        for id in all(&database)? {
            if self.content.upload(&id).is_file() {
                rows.push(id);
            } else {
                remove(&database, &id)?;
            }
        }
        let has_row = |name: &OsStr| rows.iter().any(|id| OsStr::new(id.as_str()) == name);
        let names = self.content.upload_names()?;
        let left = names.iter().filter(|path| !path.file_name().is_some_and(has_row));
        left.map(Path::new).try_for_each(|path| self.content.disk.remove(path))
    }

    /// A blob that comes in one request: there is no upload that could be resumed.
    async fn upload_whole<B: Upload>(&self, work: &mut Work<'_, B>, digest: &Digest) -> Result<Served, StoreError> {
        let mut arrival = Arrival::draft(&self.content, &self.claims, digest.algorithm())?;
        arrival.receive(&mut work.body, None).await?;
        settle(&arrival, digest).await?;
        self.publish_blob(work, &arrival, digest, None)?;
        Ok(Served::created(&work.request.repository, "blobs", digest))
    }

    fn begin_upload<B: Upload>(&self, work: &Work<'_, B>, algorithm: Algorithm) -> Result<Served, StoreError> {
        self.expire_uploads(work.now)?;
        let arrival = Arrival::draft(&self.content, &self.claims, algorithm)?;
        self.change(work, None, |transaction| {
            let limit = self.settings.uploads_per_principal;
            if count(transaction, work.owner)? >= limit {
                return Err(StoreError::TooManyUploads { limit });
            }
            Ok(insert(transaction, arrival.id(), work, algorithm)?)
        })?;
        let served = progress(202, &work.request.repository, arrival.id(), 0);
        arrival.last();
        Ok(served)
    }

    /// Claims the upload, and opens its file behind the claim: before, somebody else could be publishing it.
    fn resume<B: Upload>(&self, work: &Work<'_, B>, id: &UploadId) -> Result<Arrival<'_>, StoreError> {
        let claim = self.claims.take(id)?;
        let row = find(&self.database(), &work.request.repository, id)?;
        let row = row.filter(|row| row.owner == *work.owner).ok_or(StoreError::UploadUnknown)?;
        match Arrival::resume(&self.content, claim, row.algorithm)? {
            Some(arrival) => Ok(arrival),
            None => {
                self.forget(id)?;
                Err(StoreError::UploadUnknown)
            }
        }
    }

    fn publish_blob<B: Upload>(
        &self,
        work: &Work<'_, B>,
        arrival: &Arrival<'_>,
        digest: &Digest,
        upload: Option<&UploadId>,
    ) -> Result<(), StoreError> {
        self.change(work, Some((arrival, digest)), |transaction| {
            blobs::add(transaction, &work.request.repository, digest, work.owner)?;
            if let Some(id) = upload {
                remove(transaction, id)?;
            }
            Ok(())
        })
    }

    fn expire_uploads(&self, now: Now) -> Result<(), StoreError> {
        let age = i64::try_from(self.settings.upload_max_age.as_secs()).unwrap_or(i64::MAX);
        let expired = older(&self.database(), now.unix_seconds().saturating_sub(age))?;
        for id in expired {
            // One that is being written to is not given up on.
            if let Ok(_claim) = self.claims.take(&id) {
                self.forget(&id)?;
                self.content.disk.remove(&self.content.upload(&id))?;
            }
        }
        Ok(())
    }

    /// Gives an upload up, whatever became of the request that wrote to it.
    fn forget(&self, id: &UploadId) -> Result<(), StoreError> {
        let mut database = self.database();
        let transaction = database.transaction()?;
        remove(&transaction, id)?;
        self.content.disk.commit(transaction)
    }
}

/// Makes sure of content: it is what its name says, and it is on the disk.
async fn settle(arrival: &Arrival<'_>, named: &Digest) -> Result<(), StoreError> {
    let found = arrival.digest(named.algorithm()).await?;
    if found != *named {
        return Err(StoreError::Digest { named: named.clone(), found });
    }
    arrival.sync().await
}

fn is_out_of_order(arrival: &Arrival<'_>, range: Option<ContentRange>) -> bool {
    range.is_some_and(|range| range.start != arrival.length())
}

fn out_of_order(repository: &Repository, id: &UploadId, length: u64) -> Served {
    let message = format!("the upload has {length} bytes: go on from there");
    let problem = Problem::new(416, ErrorCode::BlobUploadInvalid, message);
    located(Served::problem(&problem), repository, id, length)
}

fn progress(status: u16, repository: &Repository, id: &UploadId, length: u64) -> Served {
    located(Served::empty(status), repository, id, length)
}

/// Where the upload goes on. An empty one reads `0-0`, as the distribution-spec shows it.
fn located(served: Served, repository: &Repository, id: &UploadId, length: u64) -> Served {
    served
        .with(LOCATION, format_args!("/v2/{repository}/blobs/uploads/{id}"))
        .with(RANGE, format_args!("0-{}", length.saturating_sub(1)))
        .with(UPLOAD_UUID, id)
}

fn find(database: &Connection, repository: &Repository, id: &UploadId) -> rusqlite::Result<Option<UploadRow>> {
    let query = "SELECT principal, epoch, algorithm FROM upload WHERE id = ?1 AND repository = ?2";
    let mut statement = database.prepare_cached(query)?;
    statement.query_row([id.as_str(), repository.as_str()], read).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<UploadRow> {
    let principal: Option<String> = row.get(0)?;
    let principal = principal.map(|id| PrincipalId::new(&id));
    let algorithm: String = row.get(2)?;
    let sha512 = algorithm == Algorithm::Sha512.as_str();
    let algorithm = if sha512 { Algorithm::Sha512 } else { Algorithm::Sha256 };
    Ok(UploadRow { owner: UploadOwner { principal, epoch: Epoch(row.get(1)?) }, algorithm })
}

fn insert<B>(
    database: &Connection,
    id: &UploadId,
    work: &Work<'_, B>,
    algorithm: Algorithm,
) -> rusqlite::Result<usize> {
    let principal = work.owner.principal.as_ref().map(PrincipalId::as_str);
    database.prepare_cached("INSERT INTO upload VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        id.as_str(),
        work.request.repository.as_str(),
        principal,
        work.owner.epoch.0,
        algorithm.as_str(),
        work.now.unix_seconds(),
    ])
}

fn count(database: &Connection, owner: &UploadOwner) -> rusqlite::Result<u64> {
    let principal = owner.principal.as_ref().map(PrincipalId::as_str);
    let mut statement = database.prepare_cached("SELECT count(*) FROM upload WHERE principal IS ?1 AND epoch = ?2")?;
    statement.query_row(params![principal, owner.epoch.0], |row| row.get(0))
}

fn remove(database: &Connection, id: &UploadId) -> rusqlite::Result<usize> {
    database.prepare_cached("DELETE FROM upload WHERE id = ?1")?.execute([id.as_str()])
}

fn older(database: &Connection, second: i64) -> rusqlite::Result<Vec<UploadId>> {
    let mut statement = database.prepare_cached("SELECT id FROM upload WHERE opened < ?1")?;
    statement.query_map([second], |row| schema::column(row, 0))?.collect()
}

fn all(database: &Connection) -> rusqlite::Result<Vec<UploadId>> {
    let mut statement = database.prepare("SELECT id FROM upload")?;
    statement.query_map([], |row| schema::column(row, 0))?.collect()
}
