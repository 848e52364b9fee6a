//! A command of the user's that a run starts: without a shell, with nothing to read, and not for ever.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{io, thread};

use probe::Hook;

use crate::clock;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Why a command did not do what it is for.
#[derive(Debug, thiserror::Error)]
enum HookError {
    /// There is no such program, or it must not be run.
    #[error("cannot run `{program}`: {source}")]
    Start {
        /// Its name.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It said no.
    #[error("`{program}` ended with {status}")]
    Failed {
        /// Its name.
        program: String,
        /// How.
        status: ExitStatus,
    },
    /// It did not end.
    #[error("`{program}` did not end within {} s", PATIENCE.as_secs())]
    Late {
        /// Its name.
        program: String,
    },
}

/// A hook that runs these words in this folder. What it prints goes to standard error, for standard output is the
/// report's.
pub(super) fn of(words: &[String], folder: &Path) -> Hook {
    let (words, folder) = (words.to_vec(), folder.to_path_buf());
    Hook::new(move || Ok(run(&words, &folder)?))
}

fn run(words: &[String], folder: &Path) -> Result<(), HookError> {
    let (program, arguments) = words.split_first().map_or(("", words), |(program, rest)| (program.as_str(), rest));
    let named = || program.to_owned();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(io::stderr());
    if !folder.as_os_str().is_empty() {
        command.current_dir(folder);
    }
    let mut child = command.spawn().map_err(|source| HookError::Start { program: named(), source })?;
    let ended = wait(&mut child).map_err(|source| HookError::Start { program: named(), source })?;
    match ended {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(HookError::Failed { program: named(), status }),
        None => Err(HookError::Late { program: named() }),
    }
}

/// How it ended; none where it had to be ended.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let begin = clock::now().tick;
    while clock::now().tick.saturating_sub(begin) < PATIENCE {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(LOOK);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &[&str]) -> Result<(), String> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        of(&words, Path::new("")).act().map_err(|error| error.to_string())
    }

    #[test]
    fn a_command_does_it_or_says_why_not() {
        assert_eq!(said(&["true"]), Ok(()));
        assert_eq!(said(&["false"]), Err("`false` ended with exit status: 1".to_owned()));
        assert!(said(&["/nonexistent/revoke", "x"]).unwrap_err().starts_with("cannot run `/nonexistent/revoke`: "));
    }
}
