//! Manifests: kept byte for byte, and only where the repository has all that they name.

use std::io::Read as _;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderName};
use protocol::{
    Algorithm, Descriptor, Digest, EntityTags, Manifest, ManifestError, MediaType, Reading, Reference, Repository, Tag,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::arrival::Arrival;
use super::hashing::Hashing;
use super::{Store, Work, blobs, schema, tags};
use crate::body::Upload;
use crate::error::StoreError;
use crate::served::{Payload, Served};

/// `OCI-Subject`: the manifest refers to another, and this registry knows what that means.
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
/// `OCI-Tag`: a tag of the query was set.
const TAG: HeaderName = HeaderName::from_static("oci-tag");

struct ManifestRow {
    digest: Digest,
    media_type: MediaType,
    size: u64,
}

impl Store {
    pub(super) fn read_manifest(
        &self,
        repository: &Repository,
        reference: &Reference,
        reading: Reading,
        known: Option<&EntityTags>,
    ) -> Result<Served, StoreError> {
        let row = find(&self.database(), repository, reference)?.ok_or(StoreError::ManifestUnknown)?;
        let served = |status: u16| Served::empty(status).of(&row.digest).with(ETAG, format_args!("\"{}\"", row.digest));
        if known.is_some_and(|known| known.matches(&row.digest)) {
            return Ok(served(304));
        }
        let mut file = self.content.open_blob(&row.digest, row.size)?;
        let payload = match reading {
            Reading::Head => Payload::Empty,
            Reading::Get => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).map_err(StoreError::at(self.content.blob(&row.digest)))?;
                Payload::Bytes(bytes.into())
            }
        };
        Ok(Served { length: Some(row.size), payload, ..served(200).with(CONTENT_TYPE, row.media_type) })
    }

    pub(super) async fn write_manifest<B: Upload>(
        &self,
        work: &mut Work<'_, B>,
        reference: &Reference,
        tags: &[Tag],
        media_type: Option<MediaType>,
    ) -> Result<Served, StoreError> {
        self.content.check_space()?;
        let bytes = collect(&mut work.body).await?;
        let manifest = Manifest::parse(&bytes, media_type)?;
        check_embedded(&manifest)?;
        let digest = digest_of(&bytes, reference)?;
        let mut arrival = Arrival::draft(&self.content, &self.claims, digest.algorithm())?;
        arrival.write(&bytes)?;
        arrival.sync().await?;

        let repository = &work.request.repository;
        self.change(work, Some((&arrival, &digest)), |transaction| {
            require(transaction, repository, &manifest, self.settings.sparse_indexes)?;
            insert(transaction, repository, &digest, &manifest)?;
            for tag in work.request.operation.written_tags() {
                tags::set(transaction, repository, tag, &digest)?;
            }
            Ok(())
        })?;
        let served = Served::created(repository, "manifests", &digest);
        let served = manifest.subject.iter().fold(served, |served, subject| served.with(SUBJECT, &subject.digest));
        Ok(tags.iter().fold(served, |served, tag| served.with(TAG, tag)))
    }

    /// Deletes a manifest; its tags and references go with it.
    pub(super) fn delete_manifest<B: Upload>(&self, work: &Work<'_, B>, digest: &Digest) -> Result<Served, StoreError> {
        let repository = work.request.repository.as_str();
        let query = "DELETE FROM manifest WHERE repository = ?1 AND digest = ?2";
        self.change(work, None, |transaction| {
            match transaction.prepare_cached(query)?.execute([repository, digest.as_str()])? {
                0 => Err(StoreError::ManifestUnknown),
                _ => Ok(Served { digest: Some(digest.clone()), ..Served::empty(202) }),
            }
        })
    }
}

async fn collect<B: Upload>(body: &mut B) -> Result<Bytes, StoreError> {
    let limit = Manifest::MAX_BYTES;
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        if bytes.len().saturating_add(chunk.len()) > limit {
            return Err(ManifestError::TooLarge { limit }.into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

/// The name of a manifest: the one it is stored under, or SHA-256 where that is a tag.
fn digest_of(bytes: &[u8], reference: &Reference) -> Result<Digest, StoreError> {
    let algorithm = reference.digest().map_or(Algorithm::Sha256, Digest::algorithm);
    let found = Hashing::of(algorithm, bytes);
    match reference.digest().filter(|named| **named != found) {
        Some(named) => Err(StoreError::Digest { named: named.clone(), found }),
        None => Ok(found),
    }
}

/// A manifest that names what is only elsewhere would be a mount without permission. Layers that may not be
/// distributed need not be here, and the subject may come later. Where sparse ones are accepted, layers and manifests
/// that are not here are missing, wherever else they may be: nothing of them becomes readable.
fn require(
    database: &Connection,
    repository: &Repository,
    manifest: &Manifest,
    sparse: bool,
) -> Result<(), StoreError> {
    let layers = if sparse { &[] } else { manifest.layers.as_slice() };
    for Descriptor { digest, .. } in manifest.config.iter().chain(layers).filter(|blob| blob.is_distributable()) {
        if !blobs::is_member(database, repository, digest)? {
            return Err(StoreError::Reference { digest: digest.clone() });
        }
    }
    let manifests = if sparse { &[] } else { manifest.manifests.as_slice() };
    for Descriptor { digest, .. } in manifests {
        if media_type(database, repository, digest)?.is_none() {
            return Err(StoreError::Reference { digest: digest.clone() });
        }
    }
    Ok(())
}

/// Content that stands in a descriptor has the name that stands beside it.
fn check_embedded(manifest: &Manifest) -> Result<(), StoreError> {
    let is_named = |data: &[u8], digest: &Digest| Hashing::of(digest.algorithm(), data) == *digest;
    for Descriptor { digest, data, .. } in manifest.descriptors() {
        if data.as_ref().is_some_and(|data| !is_named(data, digest)) {
            return Err(ManifestError::Data { digest: digest.clone() }.into());
        }
    }
    Ok(())
}

/// Adds a manifest. One that is there stays what it is: its tags may be protected, so it does not change under them.
fn insert(
    database: &Connection,
    repository: &Repository,
    digest: &Digest,
    manifest: &Manifest,
) -> Result<(), StoreError> {
    match media_type(database, repository, digest)? {
        Some(stored) if stored == manifest.media_type => return Ok(()),
        Some(stored) => return Err(StoreError::MediaType { stored }),
        None => {}
    }
    let (repository, digest) = (repository.as_str(), digest.as_str());
    let subject = manifest.subject.as_ref().map(|subject| subject.digest.as_str());
    database.prepare_cached("INSERT INTO manifest VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        repository,
        digest,
        manifest.media_type.as_str(),
        manifest.artifact_type,
        subject,
    ])?;
    let blobs = manifest.config.iter().chain(&manifest.layers).map(|blob| ("blob", &blob.digest));
    let manifests = manifest.manifests.iter().map(|child| ("manifest", &child.digest));
    let query = "INSERT INTO reference VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    let mut statement = database.prepare_cached(query)?;
    for (kind, target) in blobs.chain(manifests) {
        statement.execute([repository, digest, kind, target.as_str()])?;
    }
    Ok(())
}

fn find(
    database: &Connection,
    repository: &Repository,
    reference: &Reference,
) -> rusqlite::Result<Option<ManifestRow>> {
    let digest = match reference {
        Reference::Digest(digest) => Some(digest.clone()),
        Reference::Tag(tag) => tags::manifest(database, repository, tag)?,
    };
    let Some(digest) = digest else { return Ok(None) };
    let query =
        "SELECT media_type, size FROM manifest JOIN content USING (digest) WHERE repository = ?1 AND digest = ?2";
    let mut statement = database.prepare_cached(query)?;
    let row = statement.query_row([repository.as_str(), digest.as_str()], |row| {
        Ok(ManifestRow { digest: digest.clone(), media_type: schema::column(row, 0)?, size: row.get(1)? })
    });
    row.optional()
}

fn media_type(database: &Connection, repository: &Repository, digest: &Digest) -> rusqlite::Result<Option<MediaType>> {
    let query = "SELECT media_type FROM manifest WHERE repository = ?1 AND digest = ?2";
    let mut statement = database.prepare_cached(query)?;
    statement.query_row([repository.as_str(), digest.as_str()], |row| schema::column(row, 0)).optional()
}

/// A manifest of the repository that names the blob.
pub(super) fn that_needs(
    database: &Connection,
    repository: &Repository,
    blob: &Digest,
) -> rusqlite::Result<Option<Digest>> {
    let query = "SELECT manifest FROM reference WHERE repository = ?1 AND kind = 'blob' AND target = ?2 LIMIT 1";
    let mut statement = database.prepare_cached(query)?;
    statement.query_row([repository.as_str(), blob.as_str()], |row| schema::column(row, 0)).optional()
}
