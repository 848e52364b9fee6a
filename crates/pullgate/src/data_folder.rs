//! The data folder: one server at a time, nobody else's eyes, and no files of a stranger.
//!
//! Only `serve` makes one. A folder is pullgate's when it holds the file `lock`; verbs refuse any other.

mod listening;
mod owner;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

pub(crate) use listening::Listening;
pub(crate) use owner::{Actor, go_on_as_owner};

use crate::output::Failure;

const LOCK: &str = "lock";

/// Why there is no usable data folder.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataFolderError {
    /// Nothing that `serve` has made.
    #[error("no pullgate data in `{path}`")]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Other files lie there, and it is not for one user alone: making it private would lock their owner out.
    #[error("`{path}` holds other files and is open to others")]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// Another process works on it.
    #[error("`{path}` is already in use by pullgate{}", process.map(|id| format!(" (process {id})")).unwrap_or_default())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Who, if it has had the time to say.
        process: Option<u32>,
    },
    /// The operating system gave an error.
    #[error("cannot use `{path}`")]
    Io {
        /// What was to be used.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl DataFolderError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Absent { .. } => Some("add --data, or start a registry there with `pullgate serve`".to_owned()),
            Self::Foreign { path } => {
                Some(format!("name a folder of its own, such as --data {}/pullgate", path.display()))
            }
            Self::InUse { .. } | Self::Io { .. } => None,
        }
    }
}

impl From<DataFolderError> for Failure {
    fn from(error: DataFolderError) -> Self {
        let hint = error.hint();
        Self::usage(error).hints(hint)
    }
}

/// A folder that is there and private.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
}

impl DataFolder {
    /// For `serve`: makes the folder if it is not there, and makes it private (0700).
    ///
    /// # Errors
    /// [`DataFolderError::Foreign`] for a folder full of other things.
    pub(crate) fn create(path: &Path) -> Result<Self, DataFolderError> {
        let io = |source| DataFolderError::Io { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
        let open_to_others = path.metadata().map_err(io)?.permissions().mode() & 0o077 != 0;
        let ours = path.join(LOCK).exists();
        if open_to_others && !ours && !is_empty(path).map_err(io)? {
            return Err(DataFolderError::Foreign { path: path.to_owned() });
        }
        if open_to_others {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(io)?;
        }
        Ok(Self { path: path.to_owned() })
    }

    /// For every other verb: the folder that `serve` has made.
    ///
    /// # Errors
    /// [`DataFolderError::Absent`] where there is none; it is never made.
    pub(crate) fn existing(path: &Path) -> Result<Self, DataFolderError> {
        match path.join(LOCK).symlink_metadata() {
            Ok(_) => Ok(Self { path: path.to_owned() }),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Err(DataFolderError::Absent { path: path.to_owned() })
            }
            Err(source) => Err(DataFolderError::Io { path: path.to_owned(), source }),
        }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the folder for this process, until the lock is dropped or the process ends in whatever way.
    ///
    /// # Errors
    /// [`DataFolderError::InUse`] names who has it.
    pub(crate) fn lock(&self) -> Result<Lock, DataFolderError> {
        let path = self.path.join(LOCK);
        let io = |source| DataFolderError::Io { path: path.clone(), source };
        let mut file = lock_file(&path).map_err(io)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => sign(&mut file).map_err(io)?,
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(DataFolderError::InUse { path: self.path.clone(), process: signature(&mut file) });
            }
            Err(error) => return Err(io(error.into())),
        }
        Ok(Lock { _file: file })
    }

    /// User and group that the folder belongs to.
    ///
    /// # Errors
    /// [`DataFolderError::Io`].
    pub(crate) fn owner(&self) -> Result<(u32, u32), DataFolderError> {
        let metadata = self.path.metadata();
        let metadata = metadata.map_err(|source| DataFolderError::Io { path: self.path.clone(), source })?;
        Ok((metadata.uid(), metadata.gid()))
    }
}

/// The folder is this process's alone.
#[derive(Debug)]
#[must_use = "the lock ends when it is dropped"]
pub(crate) struct Lock {
    _file: File,
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Leaves the number of this process for those who come later.
fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn signature(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Whether nothing lies there, apart from what a fresh file system brings along.
fn is_empty(path: &Path) -> io::Result<bool> {
    for entry in path.read_dir()? {
        if entry?.file_name() != "lost+found" {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
