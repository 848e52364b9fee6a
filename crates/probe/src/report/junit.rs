//! The report for build servers, in the dialect of JUnit that they share: a suite for each door and reference, a FAIL is a
//! failure, INCONCLUSIVE an error, and what was not asked is skipped. What the user accepts is skipped too, with the reason.

use std::fmt::Write as _;

use super::escape::markup as xml;
use super::parts::Finding;
use super::{CheckResult, Report, Standing, State};
use crate::verdict::Verdict;

/// The report.
#[must_use]
pub fn render(report: &Report) -> String {
    let findings = Finding::all(report);
    let time = report.elapsed.as_secs_f64();
    let mut page = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string does not fail.
    let _ = writeln!(page, "<testsuites name=\"pullgate probe\" {} time=\"{time:.3}\">", counts(&all(report)));
    for standing in &report.standings {
        let cases: Vec<&CheckResult> = report.results.iter().filter(|result| is_of(result, standing)).collect();
        let name = format!("{} at {}, seen from {}", standing.reference, standing.door, standing.vantage);
        let began = report.began.strftime("%Y-%m-%dT%H:%M:%S");
        let _ = writeln!(page, "  <testsuite name=\"{}\" {} timestamp=\"{began}\">", xml(&name), counts(&cases));
        page.extend(cases.iter().map(|case| self::case(case, &findings)));
        page.push_str("  </testsuite>\n");
    }
    page + "</testsuites>\n"
}

fn all(report: &Report) -> Vec<&CheckResult> {
    report.results.iter().collect()
}

fn is_of(result: &CheckResult, standing: &Standing) -> bool {
    (&result.reference, &result.door) == (&standing.reference, &standing.door)
}

fn counts(cases: &[&CheckResult]) -> String {
    let count = |wanted: fn(&CheckResult) -> bool| cases.iter().filter(|case| wanted(case)).count();
    let failures = count(|case| case.fails_at().is_some() && !case.is_accepted());
    let errors = count(|case| case.doubt().is_some());
    let skipped = count(|case| case.verdict().is_none() || case.is_accepted());
    format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"", cases.len())
}

fn case(result: &CheckResult, findings: &[Finding<'_>]) -> String {
    let name = format!("{} {}", result.check.id, result.check.title);
    let class = format!("probe.{}", result.check.group.as_str());
    let head = format!("    <testcase name=\"{}\" classname=\"{}\"", xml(&name), xml(&class));
    let finding = findings.iter().find(|finding| std::ptr::eq(finding.result, result));
    let inner = match (&result.state, finding) {
        (State::NotSelected(why), _) => format!("<skipped message=\"{}\"/>", xml(why)),
        (State::Judged(Verdict::Inconclusive(doubt)), _) => {
            format!("<error message=\"{}\" type=\"inconclusive\"/>", xml(&doubt.to_string()))
        }
        (State::Judged(_), Some(finding)) if result.is_accepted() => {
            let said = format!("{}; {}", finding.remarks().join("; "), finding.proof.says());
            format!("<skipped message=\"{}\"/>", xml(&said))
        }
        (State::Judged(_), Some(finding)) => failure(finding),
        (State::Judged(_), None) => return head + "/>\n",
    };
    format!("{head}>\n      {inner}\n    </testcase>\n")
}

fn failure(finding: &Finding<'_>) -> String {
    let (message, severity) = (xml(finding.proof.says()), finding.severity);
    let mut lines = finding.remarks();
    lines.push(format!("why: {}", finding.why()));
    lines.extend(finding.remedies().iter().map(|remedy| format!("mend: {remedy}")));
    lines.extend(finding.steps().iter().map(|seen| format!("repeat: {}", seen.curl)));
    let lines: Vec<String> = lines.iter().map(|line| xml(line)).collect();
    format!("<failure message=\"{message}\" type=\"{severity}\">{}</failure>", lines.join("\n"))
}
