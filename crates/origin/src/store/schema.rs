//! The database: opened with care, brought to the latest version in order, and what its columns hold.

use std::error::Error;
use std::str::FromStr;

use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};

use super::content::Content;
use crate::error::Fault;

/// Statements that are kept compiled: more than the store has.
const STATEMENTS: usize = 64;

/// Every version of the tables, each as the statements that lead to it from the one before. What stands here was
/// applied somewhere: it is added to and never changed. Times are seconds since 1970. No index is partial: SQLite plans a
/// statement anew for every value that a partial index might depend on.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE content (
        digest TEXT PRIMARY KEY,
        size   INTEGER NOT NULL,
        since  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE blob (
        repository TEXT NOT NULL,
        digest     TEXT NOT NULL REFERENCES content,
        PRIMARY KEY (repository, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX blob_content ON blob (digest);
    CREATE TABLE manifest (
        repository    TEXT NOT NULL,
        digest        TEXT NOT NULL REFERENCES content,
        media_type    TEXT NOT NULL,
        artifact_type TEXT,
        subject       TEXT,
        PRIMARY KEY (repository, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX manifest_content ON manifest (digest);
    CREATE INDEX manifest_subject ON manifest (repository, subject);
    CREATE TABLE reference (
        repository TEXT NOT NULL,
        manifest   TEXT NOT NULL,
        kind       TEXT NOT NULL CHECK (kind IN ('blob', 'manifest')),
        target     TEXT NOT NULL,
        PRIMARY KEY (repository, manifest, kind, target),
        FOREIGN KEY (repository, manifest) REFERENCES manifest ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX reference_target ON reference (repository, kind, target);
    CREATE TABLE tag (
        repository TEXT NOT NULL,
        name       TEXT NOT NULL,
        manifest   TEXT NOT NULL,
        PRIMARY KEY (repository, name),
        FOREIGN KEY (repository, manifest) REFERENCES manifest ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX tag_manifest ON tag (repository, manifest);
    CREATE TABLE upload (
        id         TEXT PRIMARY KEY,
        repository TEXT NOT NULL,
        principal  TEXT,
        epoch      INTEGER NOT NULL,
        algorithm  TEXT NOT NULL CHECK (algorithm IN ('sha256', 'sha512')),
        opened     INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX upload_owner ON upload (principal, epoch);
    CREATE INDEX upload_opened ON upload (opened);
",
    "
    CREATE TABLE bringer (
        repository TEXT NOT NULL,
        digest     TEXT NOT NULL,
        principal  TEXT NOT NULL,
        epoch      INTEGER NOT NULL,
        PRIMARY KEY (repository, digest, principal),
        FOREIGN KEY (repository, digest) REFERENCES blob ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE INDEX manifest_artifact_type ON manifest (repository, subject, artifact_type);
",
];

/// Opens the database, and makes it and the folders beside it where there were none.
pub(super) fn open(content: &Content) -> Result<Connection, Fault> {
    content.disk.create_folder(content.folder()).map_err(Box::new)?;
    // The folder of content is made after the database: where it stands alone, a database was lost.
    let begun = content.blobs().exists();
    let path = content.database();
    match (path.exists(), begun) {
        (false, true) => return Err(Fault::Headless),
        (false, false) => drop(content.disk.create(&path).map_err(Box::new)?),
        (true, _) => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Connection::open_with_flags(&path, flags)?;
    prepare(&database)?;
    if begun && version_of(&database)? == 0 {
        return Err(Fault::Headless);
    }
    migrate(&mut database)?;
    check(&database)?;
    content.disk.create_folder(&content.uploads()).map_err(Box::new)?;
    content.disk.sync_folder(content.folder()).map_err(Box::new)?;
    content.disk.create_folder(&content.blobs()).map_err(Box::new)?;
    content.disk.sync_folder(content.folder()).map_err(Box::new)?;
    Ok(database)
}

fn prepare(database: &Connection) -> Result<(), Fault> {
    database.set_prepared_statement_cache_capacity(STATEMENTS);
    database.pragma_update(None, "cell_size_check", true)?;
    database.pragma_update(None, "trusted_schema", false)?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

fn check(database: &Connection) -> Result<(), Fault> {
    let finding: String = database.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if finding != "ok" {
        return Err(Fault::Pages { finding });
    }
    match database.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).optional()? {
        Some(table) => Err(Fault::Orphan { table }),
        None => Ok(()),
    }
}

/// Whether this is a database that this version has written.
pub(super) fn known(database: &Connection) -> Result<(), Fault> {
    match version_of(database)? {
        found if usize::try_from(found) == Ok(MIGRATIONS.len()) => Ok(()),
        found => Err(Fault::Version { found, known: MIGRATIONS.len() }),
    }
}

fn migrate(database: &mut Connection) -> Result<(), Fault> {
    let found = version_of(database)?;
    let unknown = || Fault::Version { found, known: MIGRATIONS.len() };
    let new = usize::try_from(found).ok().and_then(|applied| MIGRATIONS.get(applied..)).ok_or_else(unknown)?;
    let transaction = database.transaction()?;
    for statements in new {
        transaction.execute_batch(statements)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    Ok(transaction.commit()?)
}

fn version_of(database: &Connection) -> Result<i64, Fault> {
    Ok(database.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// A column of text that is a value of ours.
pub(super) fn column<T>(row: &Row<'_>, index: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let text: String = row.get(index)?;
    text.parse().map_err(|error| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error)))
}
