//! Why a command of ours ends without success.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::setup::SetupError;

/// One line for the reader; grouped by who can do something about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A command that we started said no.
    #[error("`{command}` failed ({status})")]
    Command {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A conformance suite ended without success; the command ends as it did.
    #[error("`{command}` found failures ({status})")]
    Suite {
        /// The suite.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// It did not end, and was ended.
    #[error("`{command}` did not end within {} minutes", limit.as_secs() / 60)]
    TooLong {
        /// The command line.
        command: String,
        /// How long it had.
        limit: Duration,
    },
    /// The server that a suite was to be run against did not listen.
    #[error("the server did not start: see `{}`", log.display())]
    NoServer {
        /// What it said.
        log: PathBuf,
    },
    /// Tests were asked for and none ran: a green run would be a lie.
    #[error("`{command}` ran no test")]
    NoTest {
        /// The command line.
        command: String,
    },
    /// Not root, and nobody said what to do about it.
    #[error(
        "docker's engine, containerd and a small file system for the full disk need root: run as root, \
         or `cargo xtask test --without-root` to leave them out"
    )]
    NeedsRoot,
    /// A tool is missing and could not be installed.
    #[error(transparent)]
    SetUp(#[from] SetupError),
    /// The audit's tool is missing.
    #[error("cargo-deny is not installed: run `cargo install --locked cargo-deny`")]
    NoCargoDeny,
    /// A command could not be started.
    #[error("cannot start `{command}`: {source}")]
    NotStarted {
        /// The command line.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// A file or folder could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or folder could not be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `cargo metadata` did not answer.
    #[error("cannot read the workspace: {0}")]
    Workspace(#[from] cargo_metadata::Error),
}

impl Failure {
    /// 1: no. 2: could not tell. A conformance suite has codes of its own.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Command { .. } | Self::NoTest { .. } => 1,
            Self::Suite { status, .. } => status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2),
            Self::NeedsRoot
            | Self::SetUp(_)
            | Self::NoCargoDeny
            | Self::NotStarted { .. }
            | Self::TooLong { .. }
            | Self::NoServer { .. }
            | Self::Unreadable { .. }
            | Self::Unwritable { .. }
            | Self::Workspace(_) => 2,
        }
    }
}
