//! The report for programs: one object, with a number for its shape.

use serde::Serialize;

use super::{CheckResult, Outcome, Report, Standing, State, Thresholds};
use crate::observation::{Observation, ObservationId, Written};
use crate::run::{Budget, Discovered, Note};
use crate::verdict::Verdict;

/// The shape of the object; it grows when a member changes its meaning or goes away.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: &'static str,
    run: &'a str,
    began: String,
    mode: &'static str,
    target: Vec<String>,
    outcome: Outcome,
    answers: &'a [Standing],
    checks: Vec<Entry<'a>>,
    discovered: &'a [Discovered],
    notes: &'a [Note],
    budget: Budget,
    spent: Budget,
    elapsed_ms: u128,
    observations: Vec<Seen<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'static str,
    verdict: &'static str,
    severity: &'static str,
    title: &'static str,
    reference: &'a str,
    request: &'a str,
    says: String,
    evidence: Evidence<'a>,
    curl: Vec<&'a str>,
    why: &'static str,
    references: &'static [&'static str],
    remedy: &'static str,
}

#[derive(Serialize)]
struct Evidence<'a> {
    door: &'a str,
    url: String,
    vantage: &'a str,
    observations: &'a [ObservationId],
    controls: &'a [ObservationId],
}

#[derive(Serialize)]
struct Seen<'a> {
    id: ObservationId,
    origin: String,
    sent: &'a str,
    elapsed_us: u128,
    answer: Option<&'a Written>,
    failure: Option<String>,
}

/// The report as one line of JSON.
///
/// # Errors
/// None that is known: every member has a form in JSON.
pub fn render(report: &Report, thresholds: &Thresholds) -> serde_json::Result<String> {
    let document = Document {
        schema: SCHEMA,
        tool: concat!("pullgate-probe/", env!("CARGO_PKG_VERSION")),
        run: &report.run,
        began: report.began.to_string(),
        mode: report.mode.as_str(),
        target: report.targets(),
        outcome: report.outcome(thresholds),
        answers: &report.standings,
        checks: report.results.iter().map(|result| entry(report, result)).collect(),
        discovered: &report.discovered,
        notes: &report.notes,
        budget: report.budget,
        spent: report.spent,
        elapsed_ms: report.elapsed.as_millis(),
        observations: report.evidence.iter().map(|seen| observation(seen)).collect(),
    };
    // JSON escapes what is below a space; delete and the C1 controls are for us.
    let text = serde_json::to_string(&document)?;
    Ok(text.chars().fold(String::with_capacity(text.len()), |mut text, letter| {
        match letter {
            '\u{7f}'..='\u{9f}' => text += &format!("\\u{:04x}", u32::from(letter)),
            _ => text.push(letter),
        }
        text
    }))
}

fn entry<'a>(report: &'a Report, result: &'a CheckResult) -> Entry<'a> {
    let check = result.check;
    let (verdict, severity, says) = match &result.state {
        State::Judged(verdict) => (verdict.as_str(), check.severity, says(verdict)),
        State::NotSelected(why) => ("NOT SELECTED", check.severity, why.clone()),
    };
    let (severity, proof) = match result.verdict() {
        Some(Verdict::Fail { severity, proof }) => (*severity, proof.evidence()),
        Some(Verdict::Pass(_) | Verdict::Inconclusive(_)) | None => (severity, [].as_slice()),
    };
    let asked = |id: &ObservationId| report.observation(*id);
    Entry {
        id: check.id,
        verdict,
        severity: severity.as_str(),
        title: check.title,
        reference: &result.reference,
        request: result.seen.last().and_then(asked).map_or(check.request, Observation::line),
        says,
        evidence: Evidence {
            door: &result.door,
            url: result.origin.to_string(),
            vantage: &result.vantage,
            observations: &result.seen,
            controls: &result.controls,
        },
        curl: proof.iter().filter_map(asked).map(|seen| seen.curl.as_str()).collect(),
        why: check.why,
        references: check.references,
        remedy: check.remedy,
    }
}

fn says(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Pass(_) => "as intended".to_owned(),
        Verdict::Fail { proof, .. } => proof.says().to_owned(),
        Verdict::Inconclusive(doubt) => doubt.to_string(),
    }
}

fn observation(seen: &Observation) -> Seen<'_> {
    Seen {
        id: seen.id,
        origin: seen.origin.to_string(),
        sent: &seen.sent,
        elapsed_us: seen.elapsed.as_micros(),
        answer: seen.written(),
        failure: seen.failure().map(ToString::to_string),
    }
}
