//! `cargo xtask conformance`: an official OCI conformance suite, built elsewhere, against a fresh server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use cargo_metadata::MetadataCommand;

use crate::cargo;
use crate::failure::Failure;

mod environment;
mod registry;
mod report;

use registry::Registry;
use report::Counts;

/// How long a suite may take; both official ones need less than a minute.
const LIMIT: Duration = Duration::from_mins(15);
const PAUSE: Duration = Duration::from_millis(20);

/// Runs the suite, prints what it counted and where its reports lie, and ends as the suite ends.
pub(crate) fn run(suite: &str) -> Result<(), Failure> {
    let suite = Path::new(suite);
    let suite = suite.canonicalize().map_err(|source| Failure::Unreadable { path: suite.into(), source })?;
    let (program, target) = built()?;
    judge(&program, &suite, &target.join("conformance").join(std::process::id().to_string()), LIMIT)
}

/// The program under test, and the target folder. It is built with the features of the whole workspace, as the tests
/// have it, so that nothing is built twice.
fn built() -> Result<(PathBuf, PathBuf), Failure> {
    cargo::run(&["build", "--quiet", "--workspace", "--bin", "pullgate"])?;
    let target = MetadataCommand::new().current_dir(cargo::root()).no_deps().exec()?.target_directory;
    Ok((target.join("debug/pullgate").into(), target.into()))
}

/// The suite against the program, in a folder that is made for it and keeps the reports.
fn judge(program: &Path, suite: &Path, place: &Path, limit: Duration) -> Result<(), Failure> {
    let reports = place.join("reports");
    create(&reports)?;
    let registry = Registry::start(program, place)?;
    println!("registry: http://{}\nreports:  {}", registry.address, reports.display());
    let key = registry.robot()?;
    let mut command = Command::new(suite);
    environment::set(&mut command, &registry.address, &key, &reports);
    let status = wait(command.current_dir(&reports), suite, limit)?;
    let counts = Counts::read(&reports);
    match &counts {
        Some(counts) => println!("counted:  {counts}"),
        None => println!("counted:  nothing, it wrote no `{}`", report::FILE),
    }
    ended(suite, status, counts.as_ref())
}

/// One of the official suites ends with success when it cannot read its settings: without a test nothing was shown.
fn ended(suite: &Path, status: ExitStatus, counts: Option<&Counts>) -> Result<(), Failure> {
    let command = suite.display().to_string();
    match (status.success(), counts) {
        (false, _) => Err(Failure::Suite { command, status }),
        (true, Some(counts)) if counts.tests > 0 => Ok(()),
        (true, _) => Err(Failure::NoTest { command }),
    }
}

fn wait(command: &mut Command, suite: &Path, limit: Duration) -> Result<ExitStatus, Failure> {
    let not_started = |source| Failure::NotStarted { command: suite.display().to_string(), source };
    let mut child = command.spawn().map_err(not_started)?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(not_started)? {
            return Ok(status);
        }
        if start.elapsed() > limit {
            child.kill().map_err(not_started)?;
            child.wait().map_err(not_started)?;
            return Err(Failure::TooLong { command: suite.display().to_string(), limit });
        }
        sleep(PAUSE);
    }
}

fn create(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|source| Failure::Unwritable { path: folder.to_owned(), source })
}

fn write(file: PathBuf, text: &str) -> Result<(), Failure> {
    fs::write(&file, text).map_err(|source| Failure::Unwritable { path: file, source })
}

#[cfg(test)]
mod tests;
