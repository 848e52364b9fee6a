//! The figures of the last run, in the text format of Prometheus, for a collector that reads files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use probe::{CheckResult, Outcome, Report, Thresholds, Verdict};

/// When each question was last answered as a whole.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    /// By door and reference: the last run without an open question about it.
    conclusive: BTreeMap<(String, String), Timestamp>,
}

impl Metrics {
    /// The file after a run. Names of doors and repositories are those that the intent declares, so the number of series
    /// is bounded.
    pub(super) fn after(&mut self, report: &Report, thresholds: &Thresholds) -> String {
        self.remember(report);
        let mut page = String::new();
        family(&mut page, "check_status", "0 passed, 1 failed, 2 could not tell, 3 failed and is accepted");
        for result in &report.results {
            if let Some(status) = status(result) {
                sample(
                    &mut page,
                    "check_status",
                    &[("check", result.check.id), ("door", &result.door), ("repository", &result.reference)],
                    status,
                );
            }
        }
        family(&mut page, "last_conclusive_timestamp_seconds", "The last run that left no question open.");
        for ((door, reference), time) in &self.conclusive {
            let labels = [("door", door.as_str()), ("repository", reference.as_str())];
            sample(&mut page, "last_conclusive_timestamp_seconds", &labels, time.as_second());
        }
        family(&mut page, "last_run_timestamp_seconds", "The last run, whatever came of it.");
        sample(&mut page, "last_run_timestamp_seconds", &[], report.began.as_second());
        family(&mut page, "outcome", "0 as intended, 1 a finding, 2 could not tell");
        sample(&mut page, "outcome", &[], code(report.outcome(thresholds)));
        page
    }

    fn remember(&mut self, report: &Report) {
        for standing in &report.standings {
            let of = |result: &&CheckResult| (&result.door, &result.reference) == (&standing.door, &standing.reference);
            let open = |result: &CheckResult| matches!(result.verdict(), Some(Verdict::Inconclusive(_)));
            if !report.results.iter().filter(of).any(open) {
                self.conclusive.insert((standing.door.clone(), standing.reference.clone()), report.began);
            }
        }
    }
}

fn status(result: &CheckResult) -> Option<i64> {
    Some(match result.verdict()? {
        Verdict::Pass(_) => 0,
        Verdict::Fail { .. } if result.is_accepted() => 3,
        Verdict::Fail { .. } => 1,
        Verdict::Inconclusive(_) => 2,
    })
}

fn code(outcome: Outcome) -> i64 {
    i64::from(outcome.exit())
}

fn family(page: &mut String, name: &str, help: &str) {
    // Writing to a string does not fail.
    let _ = write!(page, "# HELP pullgate_probe_{name} {help}\n# TYPE pullgate_probe_{name} gauge\n");
}

fn sample(page: &mut String, name: &str, labels: &[(&str, &str)], value: i64) {
    let label = |(name, value): &(&str, &str)| {
        format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
    };
    let labels = labels.iter().map(label).collect::<Vec<_>>().join(",");
    let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
    let _ = writeln!(page, "pullgate_probe_{name}{labels} {value}");
}
