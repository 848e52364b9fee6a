//! `listening.json`: the ports that were taken, for whoever started the server with port 0.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::{DataFolder, DataFolderError};

const NAME: &str = "listening.json";

/// Where a running server is reached.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Listening {
    /// For clients.
    pub(crate) listen: Vec<SocketAddr>,
    /// For health and metrics.
    pub(crate) ops: SocketAddr,
    /// The process that listens.
    pub(crate) process: u32,
}

impl Listening {
    /// What the last server wrote, if any. It may have ended since.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(NAME)).ok()?).ok()
    }

    /// Writes the file; a reader sees all of it or none.
    ///
    /// # Errors
    /// [`DataFolderError::Io`].
    pub(crate) fn write(&self, folder: &DataFolder) -> Result<(), DataFolderError> {
        self.replace(folder).map_err(|source| DataFolderError::Io { path: folder.path().join(NAME), source })
    }

    fn replace(&self, folder: &DataFolder) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(folder.path())?;
        serde_json::to_writer(&mut file, self)?;
        file.write_all(b"\n")?;
        file.persist(folder.path().join(NAME))?;
        Ok(())
    }

    /// Takes away what an earlier server left, so that nobody takes its ports for those of this one.
    ///
    /// # Errors
    /// [`DataFolderError::Io`].
    pub(crate) fn clear(folder: &DataFolder) -> Result<(), DataFolderError> {
        let path = folder.path().join(NAME);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(DataFolderError::Io { path, source }),
            _ => Ok(()),
        }
    }
}
