//! Neither a forged token nor a pushed manifest leads a pullgate anywhere: nobody calls the listener of the probe.
#![expect(clippy::unwrap_used, reason = "outside #[test] too, a panic is how a test fails")]

mod probing;
mod support;

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use outbound::Dialer;
use probe::{Canary, Hook, Intent, Login, Mode, Plan, Report, Settings, Source, Verdict, Waits, probe};
use probing::Household;
use protocol::{Now, Secret};
use support::Registry;

/// Where calls are waited for, an alarm aside.
const CHECKS: [&str; 2] = ["FORGE-10", "BIND-11"];

#[test]
fn nobody_is_called() {
    let registry = Registry::start();
    let household = Household::of(&registry, &[format!("http://{}", registry.address)], None);
    let report = ask(&intent(&registry, &household));
    for id in CHECKS {
        let verdicts =
            report.results.iter().filter(|result| result.check.id == id).filter_map(|result| result.verdict());
        let verdicts: Vec<&Verdict> = verdicts.collect();
        assert!(!verdicts.is_empty() && verdicts.iter().all(|it| matches!(it, Verdict::Pass(_))), "{id}: {verdicts:?}");
    }
}

/// What the household says, and a listener.
fn intent(registry: &Registry, household: &Household) -> Intent {
    let login = |source: &Source| {
        let Source::File(file) = source else { return Err("no file".into()) };
        Ok(Login::parse(&Secret::new(fs::read_to_string(registry.folder.path().join(file))?))?)
    };
    let hook = |_: &[String]| Hook::new(|| Ok(()));
    let intent = Intent::read(&household.known.text(), |source, _| login(source), hook, |_| Err("no file".into()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    Intent { canary: Some(Canary::new(at, move || listener.try_clone())), ..intent.unwrap() }
}

/// A run of the controls and of these checks, about the first reference.
#[expect(clippy::disallowed_methods, reason = "a run against a real server needs a real clock")]
fn ask(intent: &Intent) -> Report {
    let waits = Waits::at_most(Duration::from_secs(60));
    let settings = Settings { mode: Mode::Write, waits, ..Settings::default() };
    let mut plan = Plan::new(intent, &settings);
    plan.cells.truncate(1);
    for (check, selected) in plan.cells.iter_mut().flat_map(|cell| &mut cell.checks) {
        if !check.group.is_control() && !CHECKS.contains(&check.id) {
            *selected = Err("another one is looked at".to_owned());
        }
    }
    let start = Instant::now();
    let clock = move || Now { wall: Timestamp::now(), tick: start.elapsed() };
    probe(intent, &plan, Dialer::new().unwrap(), Box::new(clock), |_| ()).unwrap()
}
