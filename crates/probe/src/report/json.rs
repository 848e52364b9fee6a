//! The report for programs: one object, with a number for its shape, which `schema/report.schema.json` describes.

use serde::Serialize;

use super::{CheckResult, Outcome, Report, Standing, State, Thresholds, escape};
use crate::baseline::{Change, Drift};
use crate::mapping::Mapping;
use crate::observation::{Observation, ObservationId, Written};
use crate::product::Product;
use crate::remedy;
use crate::run::{Budget, Discovered, Note};
use crate::triage::Triaged;
use crate::verdict::Verdict;

/// The shape of the object; it grows when a member changes its meaning or goes away.
const SCHEMA: u32 = 1;
/// Who wrote it.
const TOOL: &str = concat!("pullgate-probe/", env!("CARGO_PKG_VERSION"));

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
    drift: Option<&'a Drift>,
    idle: &'a [String],
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
    state: Option<&'static str>,
    triage: Option<&'a Triaged>,
    change: Option<&'a Change>,
    evidence: Evidence<'a>,
    curl: Vec<&'a str>,
    why: &'static str,
    references: &'static [&'static str],
    standards: Option<Mapping>,
    remedy: &'static str,
    product: Option<&'static str>,
    product_remedy: Option<&'static str>,
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
        tool: TOOL,
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
        drift: report.drift.as_ref(),
        idle: &report.idle,
        observations: report.evidence.iter().map(|seen| observation(seen)).collect(),
    };
    Ok(escape::json(&serde_json::to_string(&document)?))
}

#[derive(Serialize)]
struct Usage<'a> {
    schema: u32,
    tool: &'static str,
    outcome: &'static str,
    message: &'a str,
}

/// What stands in the place of a report where nothing was asked, as one line of JSON, which `schema/usage.schema.json`
/// describes: the command line or the intent is wrong, and the message says how.
///
/// # Errors
/// As [`render`].
pub fn usage(message: &str) -> serde_json::Result<String> {
    let usage = Usage { schema: SCHEMA, tool: TOOL, outcome: "usage", message };
    Ok(escape::json(&serde_json::to_string(&usage)?))
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
    let product = report.product(&result.door);
    Entry {
        id: check.id,
        verdict,
        severity: severity.as_str(),
        title: check.title,
        reference: &result.reference,
        request: result.seen.last().and_then(asked).map_or(check.request, Observation::line),
        says,
        state: result.word(),
        triage: result.triage.as_ref(),
        change: result.change.as_ref(),
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
        standards: Mapping::of(check),
        remedy: check.remedy,
        product: product.map(Product::as_str),
        product_remedy: product.and_then(|product| remedy::on(product, check)),
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
