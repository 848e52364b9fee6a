//! Whole runs of the probe: how long they take, with how much CPU and memory.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testkit::http;
use testkit::process::measured;

use crate::ROUNDS;
use crate::cores::Cores;
use crate::exchange::token;
use crate::report::median;
use crate::subject::{NAMESPACE, Pullgate, ROBOT};

/// How far the runs go; the last one writes.
const MODES: [&str; 3] = ["passive", "active", "write"];
/// Two that are private, and what somebody owns who may read neither.
const REPOSITORIES: [&str; 3] = ["app", "other", "own"];
/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// One run.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Questions that stayed open.
    open: f64,
    requests: u32,
    /// In seconds.
    took: f64,
    /// Of the process that asks, in seconds.
    cpu: f64,
    /// In MiB.
    peak: f64,
    /// How long as many requests take that nobody judges, each over a connection of its own, in seconds.
    floor: f64,
}

/// Prints a line for each mode.
pub(crate) fn measure(program: &Path) {
    let cores = Cores::pinned();
    let pullgate = Pullgate::start(program, &cores);
    let folder = known_to(&pullgate);
    println!("a whole run of the probe at a door on loopback, beside as many GET /v2/ over connections of their own");
    println!("server on CPU {}, probe on CPU {}; medians of {ROUNDS} runs\n", cores.server, cores.load);
    println!(
        "{:<10}{:>6}{:>10}{:>10}{:>10}{:>12}{:>10}{:>8}",
        "mode", "open", "requests", "took", "CPU", "peak", "bare", "ratio"
    );
    for mode in MODES {
        let runs: Vec<Run> = (0..ROUNDS).map(|_| run(&pullgate, folder.path(), mode)).collect();
        let of = |figure: fn(&Run) -> f64| median(runs.iter().map(figure));
        println!(
            "{mode:<10}{:>6}{:>10}{:>8.2} s{:>8.2} s{:>8.1} MiB{:>8.2} s{:>8.2}",
            of(|run| run.open),
            of(|run| f64::from(run.requests)),
            of(|run| run.took),
            of(|run| run.cpu),
            of(|run| run.peak),
            of(|run| run.floor),
            of(|run| run.took / run.floor),
        );
    }
}

/// Fills the registry, and writes down what is meant to be closed and who may be shown.
fn known_to(pullgate: &Pullgate) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder is made");
    let address = pullgate.subject().address;
    let key = pullgate.main_robot();
    let names = REPOSITORIES.map(|name| format!("{NAMESPACE}/{name}"));
    for name in &names {
        pullgate.pushed(name, &token(address, (ROBOT, &key), &format!("repository:{name}:pull,push")));
    }
    let [app, other, own] = &names;
    for (name, may) in [("control", ["--pull", app, "--pull", other]), ("low", ["--pull", own, "--push", own])] {
        let login = format!("{name}:{}", pullgate.robot(name, &may));
        fs::write(folder.path().join(name), login).expect("a file is written");
    }
    let private = |name| format!("[[repository]]\nname = {name:?}\ntag = \"1.0\"\nvisibility = \"private\"\n");
    let identity = |role| format!("[[identity]]\nrole = {role:?}\ncredential_file = {role:?}\nshow_to = [\"door\"]\n");
    let text = format!(
        "[[door]]\nname = \"door\"\nurl = \"http://{address}\"\n{}{}{}{}owns = {own:?}\nmay = [\"pull\", \"push\"]\n",
        private(app),
        private(other),
        identity("control"),
        identity("low"),
    );
    fs::write(folder.path().join("probe.toml"), text).expect("a file is written");
    folder
}

/// A run that finds nothing.
fn run(pullgate: &Pullgate, folder: &Path, mode: &str) -> Run {
    let mut command = Command::new(&pullgate.program);
    command.args(["probe", "--intent", "probe.toml", "--format", "json", "--mode", mode]).current_dir(folder);
    let ran = measured(&mut command, PATIENCE);
    let report: serde_json::Value = serde_json::from_slice(&ran.output.stdout).expect("a report in JSON");
    let checks = report["checks"].as_array().expect("checks");
    let verdicts = |verdict: &str| checks.iter().filter(|check| check["verdict"] == verdict).collect::<Vec<_>>();
    assert!(verdicts("FAIL").is_empty(), "{mode}: {:#?}", verdicts("FAIL"));
    // On a busy machine times may differ too much to tell.
    let open = verdicts("INCONCLUSIVE").len();
    let requests = report["spent"]["requests"].as_u64().and_then(|number| number.try_into().ok()).expect("a count");
    let peak = ran.memory.expect("a report is larger than a pipe").peak;
    Run {
        open: open as f64,
        requests,
        took: ran.took.as_secs_f64(),
        cpu: ran.cpu.expect("a report is larger than a pipe").as_secs_f64(),
        peak: peak as f64 / f64::from(1 << 20),
        floor: bare(pullgate, requests).as_secs_f64(),
    }
}

fn bare(pullgate: &Pullgate, requests: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..requests {
        let answer = http::request(pullgate.subject().address, "GET", "/v2/", &[("Connection", "close")], &[]);
        assert_eq!(answer.head.status, 401, "{}", answer.text());
    }
    start.elapsed()
}
