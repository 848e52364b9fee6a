//! The file of the run that was last accepted.

use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use probe::{Baseline, BaselineError, Report, Thresholds};
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

/// Refuses a place where nothing can be written, before anything is asked.
pub(super) fn writable(path: &Path) -> Result<(), Failure> {
    let there = beside(path);
    let error = |source| Failure::usage(BaselineFileError::Unwritable { path: path.into(), source });
    there.map(|_| ()).map_err(error)
}

/// Writes what a run found. A run that could not tell is no measure for others, unless its open questions are borne.
pub(super) fn save(path: &Path, report: &Report, thresholds: &Thresholds) -> Result<(), Failure> {
    if let Some(why) = unfit(report, thresholds) {
        note(&format!("`{}` was not written: {why}\n", path.display()));
        return Ok(());
    }
    let text = Baseline::of(report).write().map_err(Failure::no)?;
    replace(path, &text).map_err(|source| Failure::no(BaselineFileError::Unwritable { path: path.into(), source }))
}

/// Why a run is no measure, and what would make it one.
fn unfit(report: &Report, thresholds: &Thresholds) -> Option<String> {
    match report.open() {
        open if open > thresholds.max_inconclusive => {
            Some(format!("the run could not tell everything; --max-inconclusive {open} bears that"))
        }
        _ if report.has_lost() => Some(
            "the baseline has answers that this run has not; to do without them, save without --baseline".to_owned(),
        ),
        _ => None,
    }
}

/// Writes a file that others may read: they see all of it or what was there before.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut file = beside(path)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(PermissionsExt::from_mode(0o644))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// A file in the same folder. Its own name is nobody's concern, so an error does without it.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    NamedTempFile::new_in(folder).map_err(|error| error.kind().into())
}
