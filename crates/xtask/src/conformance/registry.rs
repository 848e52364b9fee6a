//! A fresh server, and the robot that the suite logs in as.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{PAUSE, create, write};
use crate::failure::Failure;

/// The suite's user name.
pub(super) const ROBOT: &str = "conformance";
/// Where it pushes to.
pub(super) const REPOSITORY: &str = "conformance/one";
/// Where it mounts from and to.
pub(super) const OTHER_REPOSITORY: &str = "conformance/two";

/// Manifests that name what is not there are part of the suites, and off unless a registry asks for them.
const CONFIGURATION: &str = "[store]\nsparse_indexes = true\n";
/// How long the server may take to listen.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server; dropped, it ends and its data goes. Its output stays in `server.log`.
#[derive(Debug)]
pub(super) struct Registry {
    pub(super) address: String,
    child: Child,
    program: PathBuf,
    data: PathBuf,
}

impl Registry {
    /// Starts it on ports of its own, its data below `place`.
    pub(super) fn start(program: &Path, place: &Path) -> Result<Self, Failure> {
        let (data, log, configuration) = (place.join("data"), place.join("server.log"), place.join("pullgate.toml"));
        create(place)?;
        write(configuration.clone(), CONFIGURATION)?;
        let unwritable = |source| Failure::Unwritable { path: log.clone(), source };
        let output = File::create(&log).map_err(unwritable)?;
        let errors = output.try_clone().map_err(unwritable)?;
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0"]);
        command.arg("--data").arg(&data).arg("--config").arg(configuration).stdout(output).stderr(errors);
        let child = command.spawn().map_err(|source| Failure::NotStarted { command: line(program), source })?;
        let mut registry = Self { address: String::new(), child, program: program.to_owned(), data };
        registry.address = registry.listening().ok_or(Failure::NoServer { log })?;
        Ok(registry)
    }

    /// Makes the robot; its key.
    pub(super) fn robot(&self) -> Result<String, Failure> {
        let mut command = Command::new(&self.program);
        command.args(["robot", "create", ROBOT, "--ttl", "1h", "--format", "json", "--data"]).arg(&self.data);
        for repository in [REPOSITORY, OTHER_REPOSITORY] {
            command.args(["--pull", repository, "--push", repository, "--delete", repository]);
        }
        let command_line = format!("{} robot create {ROBOT}", self.program.display());
        let not_started = |source| Failure::NotStarted { command: command_line.clone(), source };
        let made = command.output().map_err(not_started)?;
        let told: Option<Value> = serde_json::from_slice(&made.stdout).ok();
        let key = told.as_ref().and_then(|told| told.get("key")?.as_str());
        key.map(str::to_owned).ok_or(Failure::Command { command: command_line, status: made.status })
    }

    /// The address, once it listens; `None` where it ended instead, or took too long.
    fn listening(&mut self) -> Option<String> {
        let file = self.data.join("listening.json");
        let start = Instant::now();
        while start.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            let told = fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
            if let Some(address) = told.as_ref().and_then(|told| told.get("listen")?.get(0)?.as_str()) {
                return Some(address.to_owned());
            }
            sleep(PAUSE);
        }
        None
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself, and may have made no data: then there is nothing to end and nothing to remove.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}

fn line(program: &Path) -> String {
    format!("{} serve", program.display())
}
