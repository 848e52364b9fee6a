//! Tags: names of manifests that may move.

use protocol::{Digest, Oci, Operation, Page, Repository, Request, Tag};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, Work, schema};
use crate::body::Upload;
use crate::error::StoreError;
use crate::served::Served;

/// The most tags in one answer, and how many it has where nobody says.
const MAX_PAGE: u64 = 10_000;

impl Store {
    /// Which of these tags the repository has.
    pub(crate) fn existing_tags(&self, repository: &Repository, tags: &[Tag]) -> Result<Vec<Tag>, StoreError> {
        let database = self.database();
        let mut existing = Vec::new();
        for tag in tags {
            if exists(&database, repository, tag)? {
                existing.push(tag.clone());
            }
        }
        Ok(existing)
    }

    pub(super) fn list_tags(&self, request: &Oci, page: &Page) -> Result<Served, StoreError> {
        let (repository, database) = (&request.repository, self.database());
        if !is_repository(&database, repository)? {
            return Err(StoreError::RepositoryUnknown);
        }
        let n = page.n.unwrap_or(MAX_PAGE).min(MAX_PAGE);
        let (tags, more) = after(&database, repository, page.last.as_deref().unwrap_or_default(), n)?;
        let names: Vec<&str> = tags.iter().map(Tag::as_str).collect();
        let body = serde_json::json!({ "name": repository.as_str(), "tags": names });
        let served = Served::json(200, body.to_string());
        Ok(match tags.last().filter(|_| more) {
            Some(last) => {
                let operation = Operation::ListTags { page: Page { n: Some(n), last: Some(last.to_string()) } };
                served.followed_by(&Request::Oci(Oci { operation, ..request.clone() }))
            }
            None => served,
        })
    }

    pub(super) fn delete_tag<B: Upload>(&self, work: &Work<'_, B>, tag: &Tag) -> Result<Served, StoreError> {
        let query = "DELETE FROM tag WHERE repository = ?1 AND name = ?2";
        let repository = work.request.repository.as_str();
        self.change(work, None, |transaction| {
            match transaction.prepare_cached(query)?.execute([repository, tag.as_str()])? {
                0 => Err(StoreError::ManifestUnknown),
                _ => Ok(Served::empty(202)),
            }
        })
    }
}

pub(super) fn exists(database: &Connection, repository: &Repository, tag: &Tag) -> rusqlite::Result<bool> {
    Ok(manifest(database, repository, tag)?.is_some())
}

/// What the tag names.
pub(super) fn manifest(database: &Connection, repository: &Repository, tag: &Tag) -> rusqlite::Result<Option<Digest>> {
    let mut statement = database.prepare_cached("SELECT manifest FROM tag WHERE repository = ?1 AND name = ?2")?;
    statement.query_row([repository.as_str(), tag.as_str()], |row| schema::column(row, 0)).optional()
}

/// The tags that name the manifest.
pub(super) fn of(database: &Connection, repository: &Repository, manifest: &Digest) -> rusqlite::Result<Vec<Tag>> {
    let mut statement = database.prepare_cached("SELECT name FROM tag WHERE repository = ?1 AND manifest = ?2")?;
    statement.query_map([repository.as_str(), manifest.as_str()], |row| schema::column(row, 0))?.collect()
}

/// Creates the tag, or moves it.
pub(super) fn set(
    database: &Connection,
    repository: &Repository,
    tag: &Tag,
    manifest: &Digest,
) -> rusqlite::Result<usize> {
    let query = "INSERT INTO tag VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET manifest = excluded.manifest";
    database.prepare_cached(query)?.execute([repository.as_str(), tag.as_str(), manifest.as_str()])
}

/// Whether there is anything under this name.
fn is_repository(database: &Connection, repository: &Repository) -> rusqlite::Result<bool> {
    let query = "SELECT 1 WHERE EXISTS (SELECT 1 FROM manifest WHERE repository = ?1)
                             OR EXISTS (SELECT 1 FROM blob WHERE repository = ?1)";
    database.prepare_cached(query)?.exists([repository.as_str()])
}

/// At most `n` tags behind `last`, in ASCII order, and whether there are more.
fn after(database: &Connection, repository: &Repository, last: &str, n: u64) -> rusqlite::Result<(Vec<Tag>, bool)> {
    let query = "SELECT name FROM tag WHERE repository = ?1 AND name > ?2 ORDER BY name LIMIT ?3";
    let mut statement = database.prepare_cached(query)?;
    let rows =
        statement.query_map(params![repository.as_str(), last, n.saturating_add(1)], |row| schema::column(row, 0))?;
    let mut tags = rows.collect::<rusqlite::Result<Vec<Tag>>>()?;
    let more = tags.len() as u64 > n;
    tags.truncate(usize::try_from(n).unwrap_or(usize::MAX));
    Ok((tags, more))
}
