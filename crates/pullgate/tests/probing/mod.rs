//! The process `pullgate probe`, and a pullgate with everybody in it whom it can be told of.
#![expect(dead_code, reason = "each test uses its part")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of tests fails like a test")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use testkit::process::measured;

use crate::support::{self, PULLGATE, Registry, Robot};

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// How a question may stay open at a door that is as it should be: tests run beside others, and a machine with too much to do
/// answers when it can.
const BUSY: &str = "the times differ too much to tell";

/// A run of the probe that has ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// The report; null where there is none.
    pub(crate) report: Value,
    /// Everything that was written.
    pub(crate) said: String,
    /// What of it went to standard error.
    pub(crate) errors: String,
    /// The most memory that the process had, in bytes.
    pub(crate) peak: Option<u64>,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Run {
    /// `pullgate probe` with nothing but these words and variables.
    pub(crate) fn of(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(PULLGATE);
        command.args(["probe", "--format", "json"]).args(words).current_dir(folder);
        command.env_clear().env("HOME", folder).envs(variables.iter().copied());
        let ran = measured(&mut command, PATIENCE);
        let [stdout, stderr] = [&ran.output.stdout, &ran.output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        Self {
            code: ran.output.status.code(),
            report: serde_json::from_slice(&ran.output.stdout).unwrap_or_default(),
            said: format!("{stdout}\n{stderr}"),
            errors: stderr.into_owned(),
            peak: ran.memory.map(|memory| memory.peak),
            took: ran.took,
        }
    }

    /// Every check, at every door and about every reference.
    pub(crate) fn checks(&self) -> impl Iterator<Item = &Value> {
        self.report["checks"].as_array().into_iter().flatten()
    }

    /// The ids with this verdict, once for each time.
    pub(crate) fn ids(&self, verdict: &str) -> Vec<&str> {
        let checks = self.checks().filter(|check| check["verdict"] == verdict);
        checks.map(|check| check["id"].as_str().unwrap()).collect()
    }

    /// Whether nothing was found, and nothing stayed open that need not.
    pub(crate) fn is_clean(&self) -> bool {
        self.is_clean_but_for(&[])
    }

    /// The same, but for these checks, which fail; the exit code says how grave they are.
    pub(crate) fn is_clean_but_for(&self, known: &[&str]) -> bool {
        let is_open = |check: &Value| check["verdict"] == "INCONCLUSIVE";
        let is_grave = |check: &Value| {
            check["verdict"] == "FAIL" && matches!(check["severity"].as_str(), Some("high" | "critical"))
        };
        let code = match () {
            () if self.checks().any(is_grave) => 1,
            () if self.checks().any(is_open) => 2,
            () => 0,
        };
        let found: BTreeSet<&str> = self.ids("FAIL").into_iter().collect();
        let open = self.checks().filter(|check| is_open(check) && !is_busy(check)).count();
        self.code == Some(code) && open == 0 && found == known.iter().copied().collect()
    }

    /// What was found and what stayed open: a line for each, with its reason.
    pub(crate) fn findings(&self) -> String {
        let mut lines = String::new();
        let found = |check: &&Value| match check["verdict"].as_str() {
            Some("FAIL") => true,
            Some("INCONCLUSIVE") => !is_busy(check),
            _ => false,
        };
        for check in self.checks().filter(found) {
            let (verdict, id, door) = (&check["verdict"], &check["id"], &check["evidence"]["door"]);
            writeln!(lines, "{verdict} {id} at {door} about {}: {}", check["reference"], check["says"]).unwrap();
        }
        lines
    }

    /// How many requests were sent.
    pub(crate) fn requests(&self) -> u64 {
        self.report["spent"]["requests"].as_u64().unwrap()
    }
}

fn is_busy(check: &Value) -> bool {
    check["says"].as_str().is_some_and(|says| says.starts_with(BUSY))
}

/// What an intent says of a pullgate.
#[derive(Debug)]
pub(crate) struct Household {
    /// The low one, whose key must never be printed.
    pub(crate) low: Robot,
    /// What its intent says.
    pub(crate) known: Known,
}

impl Household {
    /// Fills a pullgate with two private images, one of the low one's own and perhaps a public one, and writes
    /// `probe.toml` for these doors.
    pub(crate) fn of(registry: &Registry, doors: &[String], public: Option<&str>) -> Self {
        let pusher = registry.robot("pusher", &["--push", "**", "--pull", "**"]);
        for repository in ["team/app", "team/other", "probe/low"].into_iter().chain(public) {
            push(registry, &pusher, repository);
        }
        let control = registry.robot("control", &["--pull", "team/app", "--pull", "team/other"]);
        let low = registry.robot("low", &["--pull", "probe/low", "--push", "probe/low"]);
        let leaver = registry.robot("leaver", &["--pull", "probe/low"]);
        for (name, robot) in [("control", &control), ("low", &low), ("leaver", &leaver)] {
            fs::write(registry.folder.path().join(name), format!("{}:{}", robot.name, robot.key)).unwrap();
        }
        let revoke = [PULLGATE, "revoke", "robot:leaver", "--data", registry.data.to_str().unwrap()];
        let known = Known {
            doors: doors.to_vec(),
            private: ["team/app", "team/other"].map(str::to_owned).to_vec(),
            public: public.map(str::to_owned),
            low: Some(vec!["pull", "push"]),
            revoke: Some(revoke.map(str::to_owned).to_vec()),
            ..Known::default()
        };
        fs::write(registry.folder.path().join("probe.toml"), known.text()).unwrap();
        Self { low, known }
    }

    /// Asks everything that is not intrusive.
    pub(crate) fn ask(&self, registry: &Registry, mode: &str, variables: &[(&str, &str)]) -> Run {
        let run = Run::of(registry.folder.path(), &["--intent", "probe.toml", "--mode", mode], variables);
        assert!(!run.said.contains(&self.low.key), "a key was printed");
        run
    }
}

fn push(registry: &Registry, robot: &Robot, repository: &str) {
    let config = registry.push_blob(robot, repository, format!("{{\"of\":\"{repository}\"}}").as_bytes());
    let layer = registry.push_blob(robot, repository, repository.repeat(1000).as_bytes());
    let size = repository.len() + 9;
    let manifest = support::manifest(&config, size, &layer, repository.len() * 1000);
    assert_eq!(registry.push_manifest(robot, repository, "1.0", &manifest).head.status, 201);
}

/// What an intent file says. Credentials lie beside it, in files that are called as the roles are, a leaver's in `leaver`.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// URLs.
    pub(crate) doors: Vec<String>,
    /// URLs of other origins where tokens are handed out.
    pub(crate) realms: Vec<String>,
    /// Names of repositories, all of which have the tag `1.0`.
    pub(crate) private: Vec<String>,
    /// The same, for what anybody may pull.
    pub(crate) public: Option<String>,
    /// What the low one may do in `probe/low`, if there is a low one.
    pub(crate) low: Option<Vec<&'static str>>,
    /// The command that takes the leaver back, if there is a leaver.
    pub(crate) revoke: Option<Vec<String>>,
}

impl Known {
    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        let names: Vec<String> = (1..=self.doors.len()).map(|number| format!("door-{number}")).collect();
        let mut text = "revoked_within = \"2s\"\n".to_owned();
        for (name, door) in names.iter().zip(&self.doors) {
            write!(text, "[[door]]\nname = {name:?}\nurl = {door:?}\nrealms = {:?}\n", self.realms).unwrap();
        }
        let private = self.private.iter().map(|name| (name, "private"));
        for (name, visibility) in private.chain(self.public.iter().map(|name| (name, "public"))) {
            write!(text, "[[repository]]\nname = {name:?}\ntag = \"1.0\"\nvisibility = {visibility:?}\n").unwrap();
        }
        let identity =
            |role, file| format!("[[identity]]\nrole = {role:?}\ncredential_file = {file:?}\nshow_to = {names:?}\n");
        text += &identity("control", "control");
        if let Some(may) = &self.low {
            text += &format!("{}owns = \"probe/low\"\nmay = {may:?}\n", identity("low", "low"));
        }
        if let Some(revoke) = &self.revoke {
            text += &format!("{}owns = \"probe/low\"\nrevoke = {revoke:?}\n", identity("revoked", "leaver"));
        }
        text
    }
}
