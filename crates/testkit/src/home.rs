//! A folder of its own for one client, and what a command in it did.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use tempfile::TempDir;

use crate::normal::{PREFIX, normalised};
use crate::tools::tool;

/// Seconds until a client that does not end is killed, and its test fails.
const PATIENCE: &str = "180";

/// A temporary home: a client in it finds no configuration, credential or cache but its own.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
}

impl Home {
    /// An empty home.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir().expect("a temporary folder is made");
        fs::create_dir(folder.path().join("run")).expect("the folder for sockets is made");
        fs::create_dir(folder.path().join("tmp")).expect("the folder for temporary files is made");
        Self { folder }
    }

    /// The home's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path in the home, as an argument.
    pub fn argument(&self, name: &str) -> String {
        self.path(name).to_str().expect("temporary paths are UTF-8").to_owned()
    }

    /// A folder in the home that did not exist.
    pub fn fresh(&self) -> PathBuf {
        tempfile::tempdir_in(self.folder.path()).expect("a folder is made").keep()
    }

    /// Runs a tool to its end, bounded, with nothing in its environment but this home.
    pub fn run(&self, tool_name: &str, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(&tool("timeout"));
        command.args(["--kill-after=5", PATIENCE]).arg(tool(tool_name)).args(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a tool that was found starts");
        // A tool may end without reading its input; what it says then is the result.
        child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().expect("the output is read");
        let ran = Ran {
            line: format!("{tool_name} {}", arguments.join(" ")),
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        assert!(output.status.code() != Some(124), "did not end within {PATIENCE} s: {ran}");
        ran
    }

    /// A command with this home as its whole environment.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("HOME", self.folder())
            .env("TMPDIR", self.path("tmp"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("DOCKER_CONFIG", self.path("docker"))
            .env("REGCTL_CONFIG", self.path("regctl.json"))
            .env("CONTAINERS_CONF", self.path("containers.conf"))
            .env("CONTAINERS_STORAGE_CONF", self.path("storage.conf"))
            .env("CONTAINERS_REGISTRIES_CONF", self.path("registries.conf"))
            .current_dir(self.folder());
        command
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// What a command did.
#[derive(Debug, Clone)]
pub struct Ran {
    line: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Ran {
    /// Itself, when the command succeeded; else panics with the command and all its output.
    pub fn ok(self) -> Self {
        assert!(self.status.success(), "failed: {self}");
        self
    }

    /// Itself, when the command failed by its own decision; else panics with the command and all its output.
    pub fn refused(self) -> Self {
        assert!(self.status.code().is_some_and(|code| code != 0), "was not refused: {self}");
        self
    }

    /// Exit code and both outputs for a snapshot, with everything that differs from run to run replaced.
    pub fn text(&self) -> String {
        let code = self.status.code().map_or_else(|| "none".to_owned(), |code| code.to_string());
        let stream = |name: &str, text: &str| match text.trim_end() {
            "" => String::new(),
            text => format!("--- {name}\n{}\n", normalised(text)),
        };
        format!("exit code: {code}\n{}{}", stream("stdout", &self.stdout), stream("stderr", &self.stderr))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, status, stdout, stderr } = self;
        write!(formatter, "`{line}` ended with {status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
