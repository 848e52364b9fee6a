//! The report for auditors: one page that loads nothing and runs nothing, with the evidence and the standards. It is read on
//! a telephone as well as on paper.

use std::fmt::Write as _;

use super::escape::{markup, markup_lines};
use super::parts::{self, Finding, Shared};
use super::{Answered, Report, Thresholds};
use crate::check::Severity;
use crate::mapping::Mapping;
use crate::observation::{Observation, ObservationId};

/// What it looks like. Long words break anywhere: a digest is wider than a telephone.
const STYLE: &str = include_str!("page.css");

/// The report.
#[must_use]
pub fn render(report: &Report, thresholds: &Thresholds) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Is private really private?</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>Is private really private?</h1>\n"
    );
    page.extend(report.standings.iter().map(|standing| {
        let class = match standing.answer {
            Answered::Exposed => "exposed",
            Answered::Private => "private",
            Answered::CouldNotTell => "open",
        };
        let place = format!("{} at {}, seen from {}", standing.reference, standing.door, standing.vantage);
        let answer = standing.answer.as_str();
        format!(
            "<p class=\"answer {class}\"><strong>{answer}</strong> {}<br>{}</p>\n",
            markup(&place),
            markup(&standing.says)
        )
    }));
    for severity in Severity::ALL.into_iter().rev() {
        let findings = Finding::all(report).into_iter().filter(|finding| finding.severity == severity);
        section(&mut page, severity.as_str(), &findings.map(|finding| self::finding(&finding)).collect::<String>());
    }
    section(&mut page, "inconclusive", &listed(&parts::shared(report, parts::open)));
    section(&mut page, "against the baseline", &items(&parts::changes(report)));
    section(&mut page, "passed", &listed(&parts::shared(report, parts::passed)));
    section(&mut page, "not asked", &listed(&parts::shared(report, parts::unasked)));
    section(&mut page, "borne, and not found", &items(&report.idle));
    let discovered = report.discovered.iter().map(|found| format!("{0} (add {1} {0})", found.origin, found.flag));
    section(&mut page, "discovered, and not contacted", &items(&discovered.collect::<Vec<_>>()));
    let notes = report.notes.iter().map(|note| format!("{}: {} is {}", note.door, note.name, note.value));
    section(&mut page, "what the doors say", &items(&notes.collect::<Vec<_>>()));
    section(&mut page, "run", &items(&[parts::summary(report, thresholds), began(report)].concat()));
    section(&mut page, "evidence", &report.evidence.iter().map(|seen| evidence(seen)).collect::<String>());
    page + "</body>\n</html>\n"
}

fn began(report: &Report) -> Vec<String> {
    vec![format!("began {}, mode {}", report.began.strftime("%Y-%m-%d %H:%M:%S UTC"), report.mode)]
}

/// A part of the page; none where it has nothing to say.
fn section(page: &mut String, title: &str, inner: &str) {
    if !inner.is_empty() {
        // Writing to a string does not fail.
        let _ = write!(
            page,
            "<section class=\"{}\">\n<h2>{title}</h2>\n{inner}</section>\n",
            title.replace([',', ' '], "-")
        );
    }
}

fn items(lines: &[String]) -> String {
    let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", markup(line))).collect();
    if items.is_empty() { items } else { format!("<ul>\n{items}</ul>\n") }
}

fn listed(lines: &[Shared<'_>]) -> String {
    let line = |shared: &Shared<'_>| {
        let remark = if shared.remark.is_empty() { String::new() } else { format!(": {}", shared.remark) };
        format!("{} at {}{remark}", shared.named(), shared.place)
    };
    items(&lines.iter().map(line).collect::<Vec<_>>())
}

fn finding(finding: &Finding<'_>) -> String {
    let (result, check) = (finding.result, finding.result.check);
    let place = format!("{} at {}, seen from {}", result.reference, result.door, result.vantage);
    let title = format!("{} {} {}", finding.word(), check.id, check.title);
    let mut text = format!("<article>\n<h3>{}</h3>\n<p>{}</p>\n<dl>\n", markup(&title), markup(&place));
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "<dt>{name}</dt><dd>{value}</dd>");
    };
    finding.remarks().iter().for_each(|remark| row("state", &markup(remark)));
    row("what", &markup(finding.proof.says()));
    row("why", &markup(&finding.why()));
    finding.remedies().iter().for_each(|remedy| row("mend", &markup(remedy)));
    for (name, items) in Mapping::of(check).iter().flat_map(Mapping::lines) {
        row(name, &markup(&items));
    }
    row("evidence", &links(&result.seen));
    row("controls", &links(&result.controls));
    text.push_str("</dl>\n");
    for seen in finding.steps() {
        let (curl, answer) = (markup(&seen.curl), markup(&parts::answer(seen)));
        let _ = write!(text, "<pre>{curl}</pre>\n<p>{answer}</p>\n");
    }
    text + "</article>\n"
}

fn links(ids: &[ObservationId]) -> String {
    let links: Vec<String> = ids.iter().map(|id| format!("<a href=\"#{id}\">{id}</a>")).collect();
    if links.is_empty() { "none".to_owned() } else { links.join(", ") }
}

fn evidence(seen: &Observation) -> String {
    let status = seen.status().map_or("no answer".to_owned(), |status| status.to_string());
    let summary = format!("{} {} at {}: {status}, {} ms", seen.id, seen.line(), seen.origin, seen.elapsed.as_millis());
    format!(
        "<details id=\"{}\">\n<summary>{}</summary>\n<pre>{}</pre>\n<pre>{}</pre>\n</details>\n",
        seen.id,
        markup(&summary),
        markup_lines(&seen.sent),
        markup_lines(&parts::answer_lines(seen))
    )
}
