//! What a run found, as it stands in the journal, in health and in the log.

use std::collections::BTreeSet;

use audit::{LeafKind, ProbeAnswer, ProbeRun};
use jiff::Timestamp;
use probe::{Answered, CheckResult, Report, Standing, Thresholds, Verdict};
use serde_json::{Value, json};

/// Names of doors are the operator's, and may be of any length.
const MAX_NAME: usize = 200;

/// The leaf of a run.
pub(super) fn leaf(probe: u64, report: &Report, thresholds: &Thresholds, now: Timestamp) -> ProbeRun {
    let verdict = |wanted: fn(&CheckResult) -> bool| report.results.iter().filter(move |result| wanted(result));
    let passed = verdict(|result| matches!(result.verdict(), Some(Verdict::Pass(_)))).count();
    let doors: BTreeSet<String> = report.standings.iter().map(|standing| short(&standing.door)).collect();
    ProbeRun {
        answers: report.standings.iter().take(ProbeRun::MAX_ANSWERS).map(answer).collect(),
        doors: doors.into_iter().take(ProbeRun::MAX_ANSWERS).collect(),
        failed: ids(verdict(is_finding)),
        kind: LeafKind::Probe,
        open: ids(verdict(|result| result.doubt().is_some())),
        outcome: report.outcome(thresholds).to_string(),
        passed: u64::try_from(passed).unwrap_or(u64::MAX),
        probe,
        run: Some(report.run.clone()),
        time: format!("{now:.6}"),
    }
}

/// The leaf of a run that did not come about.
pub(super) fn no_run(probe: u64, now: Timestamp) -> ProbeRun {
    ProbeRun {
        answers: Vec::new(),
        doors: Vec::new(),
        failed: Vec::new(),
        kind: LeafKind::Probe,
        open: Vec::new(),
        outcome: "failed".to_owned(),
        passed: 0,
        probe,
        run: None,
        time: format!("{now:.6}"),
    }
}

/// The same for health: no names of doors and repositories.
pub(super) fn health(run: &ProbeRun) -> Value {
    json!({
        "probe": run.probe,
        "outcome": run.outcome,
        "time": run.time,
        "failed": run.failed,
        "open": run.open,
        "passed": run.passed,
    })
}

/// The same for the log.
pub(super) fn line(run: &ProbeRun) -> String {
    let (failed, open) = (run.failed.join(", "), run.open.join(", "));
    let failed = if failed.is_empty() { failed } else { format!("; failed: {failed}") };
    let open = if open.is_empty() { open } else { format!("; open: {open}") };
    format!("probe {}: {}, {} passed{failed}{open}", run.probe, run.outcome, run.passed)
}

fn is_finding(result: &CheckResult) -> bool {
    matches!(result.verdict(), Some(Verdict::Fail { .. })) && !result.is_accepted()
}

fn ids<'a>(results: impl Iterator<Item = &'a CheckResult>) -> Vec<String> {
    let ids: BTreeSet<&str> = results.map(|result| result.check.id).collect();
    ids.into_iter().map(str::to_owned).collect()
}

fn answer(standing: &Standing) -> ProbeAnswer {
    let answer = match standing.answer {
        Answered::Exposed => "exposed",
        Answered::Private => "private",
        Answered::CouldNotTell => "could_not_tell",
    };
    ProbeAnswer { answer: answer.to_owned(), door: short(&standing.door), reference: standing.reference.clone() }
}

fn short(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}
