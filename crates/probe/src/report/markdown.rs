//! The report for pull requests: the text report in Markdown. Whatever a target sent stands in code, where it is neither
//! markup nor a link nor anybody's name.

use std::fmt::Write as _;

use super::escape::{block, code};
use super::parts::{self, Finding, Shared};
use super::{Report, Thresholds};
use crate::check::Severity;
use crate::mapping::Mapping;

/// The report.
#[must_use]
pub fn render(report: &Report, thresholds: &Thresholds) -> String {
    let mut page = String::from("# Is private really private?\n\n");
    for standing in &report.standings {
        let (reference, door) = (code(&standing.reference), code(&standing.door));
        let answer = standing.answer.as_str();
        let (vantage, says) = (code(&standing.vantage), code(&standing.says));
        line(&mut page, &format!("- **{answer}**: {reference} at {door}, seen from {vantage}: {says}"));
    }
    for severity in Severity::ALL.into_iter().rev() {
        let findings = Finding::all(report).into_iter().filter(|finding| finding.severity == severity);
        section(
            &mut page,
            &capitalised(severity.as_str()),
            &findings.map(|finding| self::finding(&finding)).collect::<Vec<_>>(),
        );
    }
    section(&mut page, "Inconclusive", &listed(&parts::shared(report, parts::open)));
    section(&mut page, "Against the baseline", &items(&parts::changes(report)));
    section(&mut page, "Passed", &listed(&parts::shared(report, parts::passed)));
    section(&mut page, "Not asked", &listed(&parts::shared(report, parts::unasked)));
    section(&mut page, "Borne, and not found", &items(&report.idle));
    let discovered = report.discovered.iter().map(|found| format!("{0} (add {1} {0})", found.origin, found.flag));
    section(&mut page, "Discovered, and not contacted", &items(&discovered.collect::<Vec<_>>()));
    section(&mut page, "Run", &items(&parts::summary(report, thresholds)));
    page
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

fn section(page: &mut String, title: &str, items: &[String]) {
    if !items.is_empty() {
        // Writing to a string does not fail.
        let _ = write!(page, "\n## {title}\n\n{}", items.concat());
    }
}

fn items(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| format!("- {}\n", code(line))).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn listed(lines: &[Shared<'_>]) -> Vec<String> {
    let line = |shared: &Shared<'_>| {
        let remark = if shared.remark.is_empty() { String::new() } else { format!(": {}", code(&shared.remark)) };
        format!("- {} at {}{remark}\n", shared.named(), code(&shared.place))
    };
    lines.iter().map(line).collect()
}

fn finding(finding: &Finding<'_>) -> String {
    let check = finding.result.check;
    let (reference, door) = (code(&finding.result.reference), code(&finding.result.door));
    let mut text = format!("- {} **{}**: {}, {reference} at {door}\n", finding.word(), check.id, check.title);
    for remark in finding.remarks() {
        line(&mut text, &format!("  - state: {}", code(&remark)));
    }
    line(&mut text, &format!("  - what: {}", code(finding.proof.says())));
    line(&mut text, &format!("  - why: {}", code(&finding.why())));
    for (name, items) in Mapping::of(check).iter().flat_map(Mapping::lines) {
        line(&mut text, &format!("  - {name}: {items}"));
    }
    for remedy in finding.remedies() {
        line(&mut text, &format!("  - mend: {}", code(&remedy)));
    }
    for seen in finding.steps() {
        line(&mut text, &format!("  - repeat, and what came back: {}\n", code(&parts::answer(seen))));
        text.push_str(&block(&seen.curl, "    "));
    }
    text
}
