//! The file of the run that was last accepted.

use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use probe::{Baseline, BaselineError, Outcome, Report};
use tempfile::NamedTempFile;

use crate::config::{TextError, read_text};
use crate::output::{Failure, note};

/// The longest baseline, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// A baseline that was named and is none.
#[derive(Debug, thiserror::Error)]
enum BaselineFileError {
    /// It cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TextError,
    },
    /// It holds something else.
    #[error("cannot use `{path}`")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BaselineError,
    },
    /// It cannot be written.
    #[error("cannot write `{path}`")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Reads a baseline, before anything is asked.
pub(super) fn read(path: &Path) -> Result<Baseline, Failure> {
    let text = read_text(path, MAX_BYTES)
        .map_err(|source| Failure::usage(BaselineFileError::Unreadable { path: path.into(), source }))?;
    Baseline::read(&text).map_err(|source| Failure::usage(BaselineFileError::Unusable { path: path.into(), source }))
}

/// Writes what a run found. A run that was blocked, or that reached nobody, found nothing to compare others with.
pub(super) fn save(path: &Path, report: &Report, outcome: Outcome) -> Result<(), Failure> {
    if matches!(outcome, Outcome::Interfered | Outcome::Unreachable) {
        note(&format!("`{}` was not written: the run is {outcome}\n", path.display()));
        return Ok(());
    }
    let text = Baseline::of(report).write().map_err(Failure::no)?;
    replace(path, &text).map_err(|source| Failure::no(BaselineFileError::Unwritable { path: path.into(), source }))
}

/// Writes a file that others may read: they see all of it or what was there before.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(PermissionsExt::from_mode(0o644))?;
    file.persist(path)?;
    Ok(())
}
