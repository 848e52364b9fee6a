//! What can go wrong with a state: it does not open, it cannot be written, or the change cannot be made.

use std::io;
use std::path::PathBuf;

use aws_lc_rs::error::Unspecified;

use crate::change::ChangeError;
use crate::snapshot::Sequence;

/// Why a state did not open or did not change.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Whoever asked has to ask for something else.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The state does not open; nothing was repaired and nothing was made anew.
    #[error("cannot open `{path}`")]
    Open {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        fault: Fault,
    },
    /// The state could not be written, and in memory it is as it was. Where the disk failed in the middle of a commit,
    /// the next start may find the change: whole, or not at all.
    #[error("cannot write `{path}`")]
    Write {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        fault: Fault,
    },
    /// A checkpoint that does not continue the one that is stored: the journal was cut short or replaced.
    #[error("the checkpoint of size {given} does not continue the one of size {stored} in the state")]
    Checkpoint {
        /// The size that is stored.
        stored: u64,
        /// The size that was given.
        given: u64,
    },
    /// The cryptographic library gave no random bytes.
    #[error("cannot make an id")]
    Random(#[from] Unspecified),
}

/// What is wrong with a database.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// SQLite gave an error.
    #[error("the database gave an error")]
    Database(#[from] rusqlite::Error),
    /// The operating system gave an error.
    #[error("the file system gave an error")]
    Files(#[from] io::Error),
    /// A log of changes without the database that they belong to.
    #[error("`{log}` is there, but the database that it belongs to is not")]
    Headless {
        /// The log that is there.
        log: PathBuf,
    },
    /// The pages of the database contradict each other.
    #[error("the database is damaged: {finding}")]
    Pages {
        /// What SQLite found first.
        finding: String,
    },
    /// Made by a later version of this program, or by something else.
    #[error("it has schema version {found}; this program knows versions 1 to {known}")]
    Version {
        /// The version that it has.
        found: i64,
        /// The latest version that is known.
        known: usize,
    },
    /// The tables were made by other statements than ours.
    #[error("migration {number} is not the one that this program knows")]
    Migration {
        /// Which one.
        number: i64,
    },
    /// The key ring was sealed with another `secret.key`, or changed since.
    #[error("row `1` of table `key_ring` does not open with this `secret.key`")]
    KeyRing,
    /// A value that does not parse.
    #[error("row `{row}` of table `{table}`: `{column}` is unreadable")]
    Cell {
        /// The table.
        table: &'static str,
        /// The id of the row.
        row: String,
        /// The column.
        column: &'static str,
    },
    /// Rows that are not what was written.
    #[error("row `{row}` of table `{table}`, or a row that belongs to it, is not as it was written")]
    Changed {
        /// The table.
        table: &'static str,
        /// The id of the row.
        row: String,
    },
    /// A row whose owner is gone.
    #[error("row `{row}` of table `{table}` belongs to robot `{robot}`, which has no row")]
    Orphan {
        /// The table.
        table: &'static str,
        /// The id of the row.
        row: String,
        /// The owner that it names.
        robot: String,
    },
    /// The one row of a table is gone.
    #[error("row `1` of table `{table}` is missing")]
    Missing {
        /// The table.
        table: &'static str,
    },
    /// Each row is one of ours, but together they are not what was written.
    #[error("row `1` of table `state`: since sequence {sequence} rows came, went or were put back")]
    Seal {
        /// The sequence that the state claims.
        sequence: Sequence,
    },
    /// A number beyond what the database can hold.
    #[error("a number is too large to be stored")]
    Number,
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Cryptography(#[from] Unspecified),
}
