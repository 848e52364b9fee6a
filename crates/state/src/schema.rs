//! The database file: made whole or not at all, opened with care, brought to the latest version in order.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, OpenFlags, params};

use crate::error::Fault;
use crate::secret_key::{remove_if_there, sync_folder_of};

/// Every version of the tables, each as the statements that lead to it from the one before. What stands here was
/// applied somewhere: it is added to and never changed.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE state (
        id         INTEGER PRIMARY KEY CHECK (id = 1),
        sequence   INTEGER NOT NULL,
        all_before TEXT,
        seal       BLOB NOT NULL
    ) STRICT;
    CREATE TABLE key_ring (
        id     INTEGER PRIMARY KEY CHECK (id = 1),
        nonce  BLOB NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;
    CREATE TABLE checkpoint (
        id   INTEGER PRIMARY KEY CHECK (id = 1),
        size INTEGER NOT NULL,
        root BLOB NOT NULL,
        mac  BLOB NOT NULL
    ) STRICT;
    CREATE TABLE robot (
        id              TEXT PRIMARY KEY,
        name            TEXT NOT NULL,
        owner           TEXT NOT NULL,
        purpose         TEXT NOT NULL,
        created         TEXT NOT NULL,
        deleted         TEXT,
        enabled         INTEGER NOT NULL,
        epoch           INTEGER NOT NULL,
        grants_revision INTEGER NOT NULL,
        mac             BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE robot_key (
        robot   TEXT NOT NULL,
        place   INTEGER NOT NULL,
        id      TEXT NOT NULL,
        hash    BLOB NOT NULL,
        created TEXT NOT NULL,
        expires TEXT NOT NULL,
        revoked INTEGER NOT NULL,
        PRIMARY KEY (robot, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE robot_grant (
        robot   TEXT NOT NULL,
        place   INTEGER NOT NULL,
        id      TEXT NOT NULL,
        pattern TEXT NOT NULL,
        actions TEXT NOT NULL,
        until   TEXT,
        reason  TEXT,
        PRIMARY KEY (robot, place)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE revoked_token (
        id      TEXT PRIMARY KEY,
        expires TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE migration (
        number   INTEGER PRIMARY KEY,
        checksum BLOB NOT NULL
    ) STRICT;
"];

/// Whether there is a database, or what is left of one.
pub(crate) fn exists(path: &Path) -> bool {
    path.exists() || log_of(path).exists()
}

/// Makes a database under another name, lets `fill` put the first rows in, and moves it to its place: a file that
/// stands at its place is complete, so one that is not was damaged.
pub(crate) fn create(path: &Path, fill: impl FnOnce(&Connection) -> Result<(), Fault>) -> Result<(), Fault> {
    if log_of(path).exists() {
        return Err(Fault::Headless { log: log_of(path) });
    }
    let draft = path.with_added_extension("new");
    for left in [draft.clone(), beside(&draft, "-journal")] {
        remove_if_there(&left)?;
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let mut connection = Connection::open_with_flags(&draft, flags())?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction()?;
    migrate(&transaction)?;
    fill(&transaction)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    fs::rename(&draft, path)?;
    Ok(sync_folder_of(path)?)
}

/// Opens the database, looks through its pages, and brings its tables to the latest version.
pub(crate) fn open(path: &Path) -> Result<Connection, Fault> {
    let mut connection = Connection::open_with_flags(path, flags())?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let finding: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if finding != "ok" {
        return Err(Fault::Pages { finding });
    }
    let transaction = connection.transaction()?;
    if version_of(&transaction)? == 0 {
        return Err(Fault::Version { found: 0, known: MIGRATIONS.len() });
    }
    migrate(&transaction)?;
    transaction.commit()?;
    Ok(connection)
}

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// The log of changes that SQLite keeps beside a database.
fn log_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn version_of(connection: &Connection) -> Result<i64, Fault> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Checks that what was applied is what we know, and applies what is new.
fn migrate(connection: &Connection) -> Result<(), Fault> {
    let found = version_of(connection)?;
    let unknown = || Fault::Version { found, known: MIGRATIONS.len() };
    let applied = usize::try_from(found).map_err(|_| unknown())?;
    let (old, new) = MIGRATIONS.split_at_checked(applied).ok_or_else(unknown)?;
    for (number, statements) in (1..).zip(old) {
        check(connection, number, statements)?;
    }
    for (number, statements) in (found + 1..).zip(new) {
        connection.execute_batch(statements)?;
        connection.execute("INSERT INTO migration VALUES (?1, ?2)", params![number, checksum(statements)])?;
        connection.pragma_update(None, "user_version", number)?;
    }
    Ok(())
}

fn check(connection: &Connection, number: i64, statements: &str) -> Result<(), Fault> {
    let query = "SELECT count(*) FROM migration WHERE number = ?1 AND checksum = ?2";
    let known: bool = connection.query_row(query, params![number, checksum(statements)], |row| row.get(0))?;
    known.then_some(()).ok_or(Fault::Migration { number })
}

fn checksum(statements: &str) -> Vec<u8> {
    digest(&SHA256, statements.as_bytes()).as_ref().to_vec()
}
