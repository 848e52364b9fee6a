//! The report for people: the answer first, then what is wrong, what stayed open, what passed, what was not asked.

use super::parts::{self, Finding};
use super::{Report, Thresholds, escape};
use crate::baseline::Change;
use crate::engine::Progress;
use crate::intent::Canary;
use crate::mapping::Mapping;
use crate::plan::Plan;
use crate::run::Budget;

/// Standards that a terminal has room for; the page for auditors names all.
const STANDARDS: [&str; 4] = ["CWE", "NIST CSF 2.0", "NIST SP 800-207", "OWASP NHI 2025"];

/// The report. What a target sent stands in it with everything written out that is not seen.
#[must_use]
pub fn render(report: &Report, thresholds: &Thresholds) -> String {
    let mut page = Page(String::new());
    for standing in &report.standings {
        let place = format!("at {}, seen from {}", standing.door, standing.vantage);
        page.line(&format!("{}: {} {place}", standing.answer.as_str(), standing.reference));
        page.line(&format!("  {}", standing.says));
    }
    page.line("");
    for finding in Finding::all(report) {
        page.finding(&finding);
    }
    page.list(report, "INCONCLUSIVE", &parts::shared(report, parts::open));
    for change in parts::changes(report) {
        page.line(&change);
    }
    page.list(report, "passed", &parts::shared(report, parts::passed));
    page.list(report, "not asked", &parts::shared(report, parts::unasked));
    for entry in &report.idle {
        page.line(&format!("passes, and is borne all the same: {entry} (take the entry out)"));
    }
    for found in &report.discovered {
        page.line(&format!("discovered, not contacted: {0} (add {1} {0})", found.origin, found.flag));
    }
    for line in parts::summary(report, thresholds) {
        page.line(&line);
    }
    page.0
}

/// A run in a line, and lines for the checks that changed: for a log that grows from run to run.
#[must_use]
pub fn brief(report: &Report, thresholds: &Thresholds) -> String {
    let mut page = Page(String::new());
    let (began, outcome) = (report.began.strftime("%Y-%m-%dT%H:%M:%SZ"), report.outcome(thresholds));
    page.line(&format!("{began} {outcome}: {}", parts::Counts::of(report)));
    for finding in Finding::all(report).iter().filter(|finding| finding.result.change == Some(Change::New)) {
        let (result, says) = (finding.result, finding.proof.says());
        page.line(&format!("  NEW  {} of {} at {}: {says}", result.check.id, result.reference, result.door));
    }
    for change in parts::changes(report) {
        page.line(&format!("  {change}"));
    }
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
    if let Some(canary) = plan.canary {
        page.line(&listens(canary));
    }
    page.line(&budget(&plan.budget()));
    page.0
}

/// Where calls are expected, in a sentence.
fn listens(canary: &Canary) -> String {
    let alerts = canary.monitor.as_ref().map(|monitor| {
        format!(", and for alerts at {}{} within {} s", canary.at, monitor.path, monitor.within.as_secs_f32())
    });
    format!("listens for calls to {}{}", canary.at, alerts.unwrap_or_default())
}

/// A finding in a line, while the run goes on; none where nothing was found.
#[must_use]
pub fn found(progress: &Progress<'_>) -> Option<String> {
    let (severity, proof) = progress.found?;
    let line = format!("FAIL  {severity}  {}  {} ({})", progress.check.id, proof.says(), progress.door);
    Some(escape::plain(&line).into_owned())
}

/// The budget in a sentence.
#[must_use]
pub fn budget(budget: &Budget) -> String {
    format!("at most {} requests and {} of answers", budget.requests, parts::size(budget.bytes))
}

struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        self.0.push_str(&escape::plain(text));
        self.0.push('\n');
    }

    fn finding(&mut self, finding: &Finding<'_>) {
        let check = finding.result.check;
        let (word, severity, place) = (finding.word(), finding.severity, finding.place());
        self.line(&format!("{word}  {severity}  {}  {} ({place})", check.id, check.title));
        for remark in finding.remarks() {
            self.line(&format!("  state    {remark}"));
        }
        self.line(&format!("  what     {}", finding.proof.says()));
        self.line(&format!("  why      {}", finding.why()));
        if let Some(mapping) = Mapping::of(check) {
            let lines = mapping.lines().into_iter().filter(|(name, _)| STANDARDS.contains(name));
            let items: Vec<String> = lines.map(|(name, items)| format!("{name}: {items}")).collect();
            self.line(&format!("  see      {}", items.join("; ")));
        }
        for remedy in finding.remedies() {
            self.line(&format!("  mend     {remedy}"));
        }
        for seen in finding.steps() {
            self.line(&format!("  repeat   {}", seen.curl));
            self.line(&format!("  answer   {}", parts::answer(seen)));
        }
        self.line("");
    }

    /// A line for each remark; the place is named where there is more than one.
    fn list(&mut self, report: &Report, label: &str, lines: &[parts::Shared<'_>]) {
        for shared in lines {
            let place = if report.standings.len() == 1 { String::new() } else { format!(" at {}", shared.place) };
            let remark = if shared.remark.is_empty() { String::new() } else { format!(": {}", shared.remark) };
            self.line(&format!("{label}  {}{place}{remark}", shared.named()));
        }
    }
}
