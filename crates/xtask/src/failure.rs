//! Why a command of ours ends without success.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

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
    /// `cargo metadata` did not answer.
    #[error("cannot read the workspace: {0}")]
    Workspace(#[from] cargo_metadata::Error),
}

impl Failure {
    /// 1: no. 2: could not tell.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Command { .. } | Self::NoTest { .. } => 1,
            Self::NeedsRoot
            | Self::SetUp(_)
            | Self::NoCargoDeny
            | Self::NotStarted { .. }
            | Self::Unreadable { .. }
            | Self::Workspace(_) => 2,
        }
    }
}
