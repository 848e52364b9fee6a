//! What a store holds, in outline, for whoever owns its folder: read beside the process that has it open.

use std::path::Path;

use protocol::{Digest, Reference, Repository, Tag};
use rusqlite::{Connection, OpenFlags, Row};

use super::content::Content;
use super::disk::Disk;
use super::schema;
use crate::error::{Fault, StoreError};

/// A repository with a manifest, under one of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its name.
    pub repository: Repository,
    /// The last of its tags, or else a digest.
    pub reference: Reference,
}

/// At most so many repositories of the store in the folder, in ASCII order; none where there is no store yet.
///
/// # Errors
/// [`StoreError::Open`] where the database cannot be read, or is of another version.
pub fn outline(folder: &Path, most: u32) -> Result<Vec<Outline>, StoreError> {
    let path = Content::new(folder, 0, Disk::default()).database();
    if !path.exists() {
        return Ok(Vec::new());
    }
    read(&path, most).map_err(|fault| StoreError::Open { path: folder.to_owned(), fault: Box::new(fault) })
}

fn read(path: &Path, most: u32) -> Result<Vec<Outline>, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    schema::known(&database)?;
    let query = "SELECT repository, (SELECT max(name) FROM tag WHERE tag.repository = manifest.repository), min(digest)
        FROM manifest GROUP BY repository ORDER BY repository LIMIT ?1";
    let mut statement = database.prepare(query)?;
    let lines = statement.query_map([most], line)?;
    Ok(lines.collect::<rusqlite::Result<_>>()?)
}

fn line(row: &Row<'_>) -> rusqlite::Result<Outline> {
    let reference = match row.get_ref(1)?.as_str_or_null()? {
        Some(_) => Reference::Tag(schema::column::<Tag>(row, 1)?),
        None => Reference::Digest(schema::column::<Digest>(row, 2)?),
    };
    Ok(Outline { repository: schema::column(row, 0)?, reference })
}
