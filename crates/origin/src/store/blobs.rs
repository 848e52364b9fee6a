//! Blobs: content, and which repositories have it. To know a digest is no right to what it names.

use http::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG};
use policy::UploadOwner;
use protocol::{ByteRange, Digest, EntityTags, ErrorCode, Now, Problem, Reading, Repository, Span};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, Work, manifests};
use crate::body::Upload;
use crate::error::StoreError;
use crate::served::{Payload, Served};

impl Store {
    pub(super) fn read_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        reading: Reading,
        range: Option<ByteRange>,
        known: Option<&EntityTags>,
    ) -> Result<Served, StoreError> {
        let size = size(&self.database(), repository, digest)?.ok_or(StoreError::BlobUnknown)?;
        let served = |status: u16| {
            Served::empty(status).of(digest).with(ETAG, format_args!("\"{digest}\"")).with(ACCEPT_RANGES, "bytes")
        };
        if known.is_some_and(|known| known.matches(digest)) {
            return Ok(served(304));
        }
        let file = self.content.open_blob(digest, size)?;
        let served = |status| served(status).with(CONTENT_TYPE, "application/octet-stream");
        // A range is of a GET (RFC 9110 section 14.2).
        match (reading, range.map(|range| range.resolve(size))) {
            (Reading::Head, _) => Ok(Served { length: Some(size), ..served(200) }),
            (Reading::Get, None) => Ok(part(served(200), file, Span { start: 0, length: size })),
            (Reading::Get, Some(Some(span))) => {
                let last = span.start.saturating_add(span.length).saturating_sub(1);
                let range = format!("bytes {}-{last}/{size}", span.start);
                Ok(part(served(206).with(CONTENT_RANGE, range), file, span))
            }
            (Reading::Get, Some(None)) => Ok(unsatisfiable(size)),
        }
    }

    /// Whether this principal uploaded or mounted the blob.
    pub(crate) fn is_brought_by(
        &self,
        repository: &Repository,
        digest: &Digest,
        owner: &UploadOwner,
    ) -> Result<bool, StoreError> {
        let Some(principal) = &owner.principal else { return Ok(false) };
        let query = "SELECT 1 FROM bringer WHERE repository = ?1 AND digest = ?2 AND principal = ?3 AND epoch = ?4";
        let database = self.database();
        let mut statement = database.prepare_cached(query)?;
        Ok(statement.exists(params![repository.as_str(), digest.as_str(), principal.as_str(), owner.epoch.0])?)
    }

    pub(super) fn delete_blob<B: Upload>(&self, work: &Work<'_, B>, digest: &Digest) -> Result<Served, StoreError> {
        let repository = &work.request.repository;
        self.change(work, None, |transaction| {
            if !is_member(transaction, repository, digest)? {
                return Err(StoreError::BlobUnknown);
            }
            if let Some(manifest) = manifests::that_needs(transaction, repository, digest)? {
                return Err(StoreError::BlobInUse { manifest });
            }
            let query = "DELETE FROM blob WHERE repository = ?1 AND digest = ?2";
            Ok(transaction.prepare_cached(query)?.execute([repository.as_str(), digest.as_str()])?)
        })?;
        Ok(Served { digest: Some(digest.clone()), ..Served::empty(202) })
    }

    /// Takes a blob over from another repository; `false` where that one does not have it.
    pub(super) fn mount<B: Upload>(
        &self,
        work: &Work<'_, B>,
        digest: &Digest,
        from: &Repository,
    ) -> Result<bool, StoreError> {
        self.change(work, None, |transaction| {
            let member = is_member(transaction, from, digest)?;
            if member {
                add(transaction, &work.request.repository, digest, work.owner)?;
            }
            Ok(member)
        })
    }
}

fn part(served: Served, file: std::fs::File, span: Span) -> Served {
    Served { length: Some(span.length), payload: Payload::File { file, span }, ..served }
}

fn unsatisfiable(size: u64) -> Served {
    let problem = Problem::new(416, ErrorCode::SizeInvalid, format!("the blob has {size} bytes"));
    Served::problem(&problem).with(CONTENT_RANGE, format_args!("bytes */{size}"))
}

/// Whether the database knows the content; from now on it does.
pub(super) fn is_known(database: &Connection, digest: &Digest, size: u64, now: Now) -> rusqlite::Result<bool> {
    let query = "INSERT INTO content VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    let new = database.prepare_cached(query)?.execute(params![digest.as_str(), size, now.unix_seconds()])?;
    Ok(new == 0)
}

/// Makes content that is known a blob of the repository, and remembers who brought it.
pub(super) fn add(
    database: &Connection,
    repository: &Repository,
    digest: &Digest,
    owner: &UploadOwner,
) -> rusqlite::Result<()> {
    let (repository, digest) = (repository.as_str(), digest.as_str());
    let query = "INSERT INTO blob VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    database.prepare_cached(query)?.execute([repository, digest])?;
    let Some(principal) = &owner.principal else { return Ok(()) };
    let query = "INSERT INTO bringer VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET epoch = excluded.epoch";
    database.prepare_cached(query)?.execute(params![repository, digest, principal.as_str(), owner.epoch.0])?;
    Ok(())
}

pub(super) fn is_member(database: &Connection, repository: &Repository, digest: &Digest) -> rusqlite::Result<bool> {
    let query = "SELECT 1 FROM blob WHERE repository = ?1 AND digest = ?2";
    database.prepare_cached(query)?.exists([repository.as_str(), digest.as_str()])
}

/// The length of a blob of the repository.
fn size(database: &Connection, repository: &Repository, digest: &Digest) -> rusqlite::Result<Option<u64>> {
    let query = "SELECT size FROM blob JOIN content USING (digest) WHERE repository = ?1 AND digest = ?2";
    let mut statement = database.prepare_cached(query)?;
    statement.query_row([repository.as_str(), digest.as_str()], |row| row.get(0)).optional()
}
