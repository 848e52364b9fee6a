//! The report for people: the answer first, then what is wrong, what stayed open, what passed, what was not asked.

use std::fmt::Write as _;

use super::{Answered, CheckResult, Report, State, Thresholds};
use crate::check::Severity;
use crate::doubt::Doubt;
use crate::observation::Observation;
use crate::plan::Plan;
use crate::proof::Proof;
use crate::run::Budget;
use crate::verdict::Verdict;

/// The report. What a target sent stands in it with its control characters written out.
#[must_use]
pub fn render(report: &Report, thresholds: &Thresholds) -> String {
    let mut page = Page(String::new());
    for standing in &report.standings {
        let answer = match standing.answer {
            Answered::Exposed => "EXPOSED",
            Answered::Private => "private",
            Answered::CouldNotTell => "could not tell",
        };
        let place = format!("at {}, seen from {}", standing.door, standing.vantage);
        page.line(&format!("{answer}: {} {place}", standing.reference));
        page.line(&format!("  {}", standing.says));
    }
    page.line("");
    findings(&mut page, report);
    open(&mut page, report);
    list(&mut page, report, "passed", |result| matches!(result.verdict(), Some(Verdict::Pass(_))).then(String::new));
    list(&mut page, report, "not asked", |result| match &result.state {
        State::NotSelected(why) => Some(why.clone()),
        State::Judged(_) => None,
    });
    for found in &report.discovered {
        page.line(&format!("discovered, not contacted: {0} (add {1} {0})", found.origin, found.flag));
    }
    summary(&mut page, report, thresholds);
    page.0
}

/// What a run would ask, for `--dry-run`.
#[must_use]
pub fn plan(plan: &Plan<'_>) -> String {
    let mut page = Page(String::new());
    for cell in &plan.cells {
        page.line(&format!("{} at {}, seen from {}", cell.private, cell.door.name, cell.door.vantage));
        for (check, selected) in &cell.checks {
            match selected {
                Ok(()) => page.line(&format!("  {}  {}", check.id, check.title)),
                Err(why) => page.line(&format!("  {}  not asked: {why}", check.id)),
            }
        }
    }
    page.line(&budget(&plan.budget()));
    page.0
}

/// The budget in a sentence.
#[must_use]
pub fn budget(budget: &Budget) -> String {
    format!("at most {} requests and {} of answers", budget.requests, size(budget.bytes))
}

struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        let plain =
            |letter: char| if letter.is_control() { letter.escape_default().to_string() } else { letter.into() };
        self.0.extend(text.chars().map(plain));
        self.0.push('\n');
    }
}

fn findings(page: &mut Page, report: &Report) {
    for severity in Severity::ALL.into_iter().rev() {
        for result in report.results.iter().filter(|result| result.fails_at() == Some(severity)) {
            if let Some(Verdict::Fail { proof, .. }) = result.verdict() {
                finding(page, report, result, severity, proof);
            }
        }
    }
}

fn finding(page: &mut Page, report: &Report, result: &CheckResult, severity: Severity, proof: &Proof) {
    let check = result.check;
    page.line(&format!("FAIL  {severity}  {}  {} ({})", check.id, check.title, result.door));
    page.line(&format!("  what     {}", proof.says()));
    let references = check.references.join(", ");
    let references = if references.is_empty() { references } else { format!(" ({references})") };
    page.line(&format!("  why      {}{references}", check.why));
    page.line(&format!("  mend     {}", check.remedy));
    for seen in proof.evidence().iter().filter_map(|id| report.observation(*id)) {
        page.line(&format!("  repeat   {}", seen.curl));
        page.line(&format!("  answer   {}", answer(seen)));
    }
    page.line("");
}

fn answer(seen: &Observation) -> String {
    let Some(written) = seen.written() else { return "none".to_owned() };
    let hash = written.sha256.as_deref().filter(|_| written.length > 0).map(|hash| format!(", sha256 {hash}"));
    format!("{} with {} bytes{} ({})", written.status, written.length, hash.unwrap_or_default(), seen.id)
}

fn open(page: &mut Page, report: &Report) {
    let open = |result: &CheckResult| result.doubt().map(Doubt::to_string);
    list(page, report, "INCONCLUSIVE", open);
}

/// Checks with the same remark share it.
fn list(page: &mut Page, report: &Report, label: &str, remark: impl Fn(&CheckResult) -> Option<String>) {
    let mut shared: Vec<(String, Vec<&str>)> = Vec::new();
    for (result, remark) in report.results.iter().filter_map(|result| Some((result, remark(result)?))) {
        match shared.iter_mut().find(|(known, _)| *known == remark) {
            Some((_, ids)) => ids.push(result.check.id),
            None => shared.push((remark, vec![result.check.id])),
        }
    }
    for (remark, mut ids) in shared {
        ids.dedup();
        let remark = if remark.is_empty() { remark } else { format!(": {remark}") };
        page.line(&format!("{label}  {}{remark}", ids.join(", ")));
    }
}

fn summary(page: &mut Page, report: &Report, thresholds: &Thresholds) {
    let count = |wanted: fn(&CheckResult) -> bool| report.results.iter().filter(|result| wanted(result)).count();
    let mut line = format!("{} checks: ", report.results.len());
    let failed = count(|result| result.fails_at().is_some());
    let inconclusive = count(|result| result.doubt().is_some());
    let passed = count(|result| matches!(result.verdict(), Some(Verdict::Pass(_))));
    let unasked = count(|result| result.verdict().is_none());
    // Writing to a string does not fail.
    let _ = write!(line, "{failed} failed, {inconclusive} inconclusive, {passed} passed, {unasked} not asked");
    page.line(&line);
    let spent = &report.spent;
    page.line(&format!(
        "{} of at most {} requests, {} read, {:.1} s, run {}",
        spent.requests,
        report.budget.requests,
        size(spent.bytes),
        report.elapsed.as_secs_f64(),
        report.run
    ));
    page.line(&format!("outcome: {}", report.outcome(thresholds)));
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}
