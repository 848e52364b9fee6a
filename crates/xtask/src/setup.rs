//! Puts in place what the tests need and the machine lacks. What is there already costs well below a second.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::cargo::root;

const CRANE: GoTool = GoTool {
    name: "crane",
    module: "github.com/google/go-containerregistry",
    package: "github.com/google/go-containerregistry/cmd/crane",
    version: "v0.22.1",
};
const REGCTL: GoTool = GoTool {
    name: "regctl",
    module: "github.com/regclient/regclient",
    package: "github.com/regclient/regclient/cmd/regctl",
    version: "v0.11.7",
};
/// distribution 3, which takes minutes to build.
const REGISTRY: GoTool = GoTool {
    name: "registry",
    module: "github.com/distribution/distribution/v3",
    package: "github.com/distribution/distribution/v3/cmd/registry",
    version: "v3.1.2",
};
/// A module that carries the schema of SARIF 2.1.0 as OASIS publishes it, and where: in backticks.
const SARIF: (&str, &str) = ("github.com/owenrumney/go-sarif/v3@v3.3.0", "pkg/report/v210/sarif/schema.go");
/// The Python library, from PyPI.
const ORAS: &str = "0.2.43";

/// Programs and the Debian package of each.
const PROGRAMS: [(&str, &str); 6] = [
    ("podman", "podman"),
    ("skopeo", "skopeo"),
    ("buildah", "buildah"),
    ("docker-registry", "docker-registry"),
    ("nginx", "nginx-light"),
    ("chromium", "chromium"),
];
/// The same, for daemons that only root can run.
const ROOT_PROGRAMS: [(&str, &str); 3] =
    [("dockerd", "docker.io"), ("containerd", "containerd"), ("ctr", "containerd")];
/// Where Debian puts programs. A `docker` that somebody has put elsewhere is not the one we test.
const FOLDERS: [&str; 2] = ["/usr/bin", "/usr/sbin"];

/// Why something that is missing could not be put in place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// Debian packages are missing, and we may not install them.
    #[error("missing on this machine: run `apt-get install --no-install-recommends {}` as root", .0.join(" "))]
    Packages(Vec<&'static str>),
    /// A tool that we do not install ourselves is missing.
    #[error("`{program}` is missing: install {what}")]
    Missing {
        /// The program.
        program: &'static str,
        /// What brings it.
        what: &'static str,
    },
    /// An installer was started and did not succeed.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// An installer succeeded and the program is still not there.
    #[error("`{0}` is still missing after its installation")]
    StillMissing(&'static str),
    /// What was downloaded is not what it was.
    #[error("`{module}` has no {what} any more")]
    Changed {
        /// A Go module with its version.
        module: &'static str,
        /// What was looked for.
        what: &'static str,
    },
    /// A file could not be read or written.
    #[error("`{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("cannot start `{command}`: {source}")]
    NotStarted {
        /// The command line.
        command: String,
        /// Why.
        source: io::Error,
    },
}

/// Installs what is missing, printing minutes: Debian packages with apt-get when root, crane, regctl, our program over
/// oras-go and the schema of SARIF with Go, oras in a virtual environment. `without_root` leaves out docker's engine and containerd.
pub(crate) fn run(without_root: bool) -> Result<(), SetupError> {
    debian_packages(without_root)?;
    CRANE.put_in_place()?;
    REGCTL.put_in_place()?;
    oras_go()?;
    sarif_schema()?;
    oras()
}

/// The same, and what the long tests alone need: distribution 3.
pub(crate) fn run_for_soak() -> Result<(), SetupError> {
    run(true)?;
    REGISTRY.put_in_place()
}

fn debian_packages(without_root: bool) -> Result<(), SetupError> {
    let missing = missing_packages(without_root);
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root() || !Path::new("/usr/bin/apt-get").exists() {
        return Err(SetupError::Packages(missing));
    }
    timed(&missing.join(", "), || {
        apt_get(&["update"])?;
        apt_get(&[&["install", "--yes", "--no-install-recommends"], missing.as_slice()].concat())
    })?;
    missing_packages(without_root).first().map_or(Ok(()), |package| Err(SetupError::StillMissing(package)))
}

fn missing_packages(without_root: bool) -> Vec<&'static str> {
    let daemons: &[_] = if without_root { &[] } else { &ROOT_PROGRAMS };
    let absent = PROGRAMS.iter().chain(daemons).filter(|(program, _)| !installed(program));
    let mut packages: Vec<&'static str> = absent.map(|(_, package)| *package).collect();
    if !oras_is_there() && !succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"])) {
        packages.push("python3-venv");
    }
    packages.dedup();
    packages
}

fn installed(program: &str) -> bool {
    FOLDERS.iter().any(|folder| Path::new(folder).join(program).is_file())
}

fn apt_get(words: &[&str]) -> Result<(), SetupError> {
    let mut command = Command::new("apt-get");
    command.args(["--quiet", "--quiet"]).args(words);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    do_it(command)
}

/// A command of a Go module, in `.tools/bin`.
struct GoTool {
    name: &'static str,
    module: &'static str,
    package: &'static str,
    version: &'static str,
}

impl GoTool {
    fn put_in_place(&self) -> Result<(), SetupError> {
        let go = go()?;
        if self.is_there(&go) {
            return Ok(());
        }
        let mut command = Command::new(&go);
        command.args(["install", "-trimpath", &format!("{}@{}", self.package, self.version)]);
        command.env("GOBIN", tools().join("bin")).env("CGO_ENABLED", "0").current_dir("/");
        timed(&format!("{} {}", self.name, self.version), || do_it(command))?;
        if self.is_there(&go) { Ok(()) } else { Err(SetupError::StillMissing(self.name)) }
    }

    /// Whether the binary says that it was built from this version.
    fn is_there(&self, go: &Path) -> bool {
        let file = tools().join("bin").join(self.name);
        let output = Command::new(go).args(["version", "-m"]).arg(file).stderr(Stdio::null()).output();
        let built_from = format!("\tmod\t{}\t{}\t", self.module, self.version);
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(&built_from))
    }
}

/// Our own program over oras-go. Go itself knows whether anything is to be done.
fn oras_go() -> Result<(), SetupError> {
    let mut command = Command::new(go()?);
    command.args(["build", "-trimpath", "-o"]).arg(tools().join("bin/oras-go")).arg(".");
    command.env("CGO_ENABLED", "0").current_dir(root().join("crates/testkit/go/oras"));
    do_it(command)
}

/// The schema of SARIF, taken out of the module that brings it.
fn sarif_schema() -> Result<(), SetupError> {
    let (module, source) = SARIF;
    let path = tools().join("sarif-2.1.0.schema.json");
    if path.is_file() {
        return Ok(());
    }
    let mut command = Command::new(go()?);
    command.args(["mod", "download", "-json", module]).current_dir("/");
    let output = command.output().map_err(|source| SetupError::NotStarted { command: line(&command), source })?;
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let folder = told.get("Dir").and_then(serde_json::Value::as_str);
    let folder = folder.ok_or(SetupError::Failed { command: line(&command), status: output.status })?;
    let source = Path::new(folder).join(source);
    let text = fs::read_to_string(&source).map_err(|error| SetupError::File { path: source, source: error })?;
    let schema = text.split('`').nth(1).ok_or(SetupError::Changed { module, what: "schema of SARIF" })?;
    fs::write(&path, schema).map_err(|source| SetupError::File { path, source })
}

fn go() -> Result<PathBuf, SetupError> {
    program("go").ok_or(SetupError::Missing { program: "go", what: "Go 1.26 or newer" })
}

fn oras() -> Result<(), SetupError> {
    if oras_is_there() {
        return Ok(());
    }
    let Some(python) = program("python3") else {
        return Err(SetupError::Missing { program: "python3", what: "Python 3.9 or newer" });
    };
    timed(&format!("oras {ORAS}"), || {
        let mut environment = Command::new(python);
        environment.args(["-m", "venv", "--clear"]).arg(tools().join("oras"));
        do_it(environment)?;
        let mut install = Command::new(oras_python());
        install.args(["-m", "pip", "install", "--quiet", &format!("oras=={ORAS}")]);
        do_it(install)
    })?;
    if oras_is_there() { Ok(()) } else { Err(SetupError::StillMissing("oras")) }
}

fn oras_is_there() -> bool {
    let ask = format!("from importlib.metadata import version; import oras.client; assert version('oras') == '{ORAS}'");
    succeeds(Command::new(oras_python()).args(["-c", &ask]))
}

fn oras_python() -> PathBuf {
    tools().join("oras/bin/python")
}

/// The project's own tools; git ignores them.
fn tools() -> PathBuf {
    root().join(".tools")
}

fn program(name: &str) -> Option<PathBuf> {
    let search = std::env::var_os("PATH")?;
    std::env::split_paths(&search).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn is_root() -> bool {
    Path::new("/proc/self").metadata().is_ok_and(|metadata| metadata.uid() == 0)
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn do_it(mut command: Command) -> Result<(), SetupError> {
    let status = command.status().map_err(|source| SetupError::NotStarted { command: line(&command), source })?;
    if status.success() { Ok(()) } else { Err(SetupError::Failed { command: line(&command), status }) }
}

fn line(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    words.join(OsStr::new(" ")).to_string_lossy().into_owned()
}

fn timed(what: &str, work: impl FnOnce() -> Result<(), SetupError>) -> Result<(), SetupError> {
    let start = Instant::now();
    println!("installing {what}");
    work()?;
    println!("installed {what} in {:.1} min", minutes(start.elapsed()));
    Ok(())
}

fn minutes(time: Duration) -> f64 {
    time.as_secs_f64() / 60.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_one_line_that_says_what_to_install() {
        assert_eq!(
            SetupError::Packages(vec!["podman", "skopeo"]).to_string(),
            "missing on this machine: run `apt-get install --no-install-recommends podman skopeo` as root"
        );
        let go = SetupError::Missing { program: "go", what: "Go 1.26 or newer" };
        assert_eq!(go.to_string(), "`go` is missing: install Go 1.26 or newer");
    }

    #[test]
    fn a_failed_installer_is_named() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 3"]);
        assert_eq!(do_it(command).unwrap_err().to_string(), "`sh -c exit 3` failed (exit status: 3)");
    }

    #[test]
    fn another_version_is_not_ours() {
        let go = program("go").unwrap();
        let older = GoTool { version: "v0.0.1", ..CRANE };
        assert!(!older.is_there(&go));
    }
}
