//! The report for code scanning: SARIF 2.1.0 (OASIS, 2020). A rule for each check, a result for each finding and each open
//! question; what passed is no result, so that an alert closes when its finding is mended.

use serde_json::{Value, json};

use super::escape;
use super::parts::{self, Finding};
use super::{CheckResult, Report, Thresholds};
use crate::baseline::Change;
use crate::check::{Check, Severity};
use crate::mapping::Mapping;
use crate::random;
use crate::triage::Triaged;

/// The report.
///
/// # Errors
/// None that is known: every member has a form in JSON.
pub fn render(report: &Report, thresholds: &Thresholds) -> serde_json::Result<String> {
    let rules = rules(report);
    let findings = Finding::all(report);
    let open = report.results.iter().filter_map(|result| Some((result, parts::open(result)?)));
    let open = open.map(|(result, doubt)| undecided(result, &doubt));
    let results: Vec<Value> = findings.iter().map(found).chain(open).collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pullgate probe",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|check| rule(check)).collect::<Vec<_>>(),
            } },
            "automationDetails": { "id": format!("pullgate-probe/{}/", report.mode), "guid": report.run },
            "invocations": [{
                "executionSuccessful": true,
                "startTimeUtc": report.began.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "exitCode": report.outcome(thresholds).exit(),
                "exitCodeDescription": report.outcome(thresholds).to_string(),
            }],
            "properties": {
                "answers": report.standings,
                "summary": parts::summary(report, thresholds),
            },
            "results": results,
        }],
    });
    Ok(escape::json(&serde_json::to_string(&document)?))
}

/// Every check of the run, once.
fn rules(report: &Report) -> Vec<&'static Check> {
    let mut rules: Vec<&'static Check> = Vec::new();
    for result in &report.results {
        if !rules.iter().any(|known| known.id == result.check.id) {
            rules.push(result.check);
        }
    }
    rules
}

fn rule(check: &Check) -> Value {
    let mapping = Mapping::of(check);
    let standards = mapping.iter().flat_map(Mapping::lines).map(|(name, items)| format!("{name}: {items}"));
    let cwe = mapping.iter().flat_map(|mapping| mapping.cwe).map(|number| format!("external/cwe/cwe-{number:03}"));
    let tags: Vec<String> = ["security".to_owned()].into_iter().chain(cwe).collect();
    let references = Some(check.references.join(", ")).filter(|references| !references.is_empty());
    let parts: Vec<String> = [check.remedy.to_owned()].into_iter().chain(standards).chain(references).collect();
    json!({
        "id": check.id,
        "shortDescription": message(check.title),
        "fullDescription": message(check.why),
        "help": message(&parts.join("; ")),
        "defaultConfiguration": { "level": level(check.severity) },
        "properties": { "tags": tags, "security-severity": score(check.severity) },
    })
}

fn found(finding: &Finding<'_>) -> Value {
    let result = finding.result;
    let curl: Vec<&str> = finding.steps().iter().map(|seen| seen.curl.as_str()).collect();
    let said =
        [&[finding.proof.says().to_owned()], finding.remarks().as_slice(), finding.remedies().as_slice()].concat();
    let triage = result.triage.as_ref().filter(|_| result.is_accepted());
    let suppression =
        |triage: &Triaged| json!({ "kind": "external", "status": "accepted", "justification": triage.to_string() });
    let mut value = json!({
        "ruleId": result.check.id,
        "kind": "fail",
        "level": level(finding.severity),
        "message": message(&said.join("; ")),
        "locations": [location(result)],
        "partialFingerprints": fingerprint(result),
        "properties": { "security-severity": score(finding.severity), "repeat": curl },
    });
    // Neither has a null: what there is nothing to say about is absent.
    if let Some(members) = value.as_object_mut() {
        let state = result.change.as_ref().and_then(baseline_state);
        members.extend(state.map(|state| ("baselineState".to_owned(), json!(state))));
        members.extend(triage.map(|triage| ("suppressions".to_owned(), json!([suppression(triage)]))));
    }
    value
}

/// SARIF knows the question without an answer: kind `open`, which has no level.
fn undecided(result: &CheckResult, doubt: &str) -> Value {
    json!({
        "ruleId": result.check.id,
        "kind": "open",
        "level": "none",
        "message": message(&format!("could not tell: {doubt}")),
        "locations": [location(result)],
        "partialFingerprints": fingerprint(result),
    })
}

/// A text in which nothing is a placeholder (section 3.11.5) and nothing a link (section 3.11.6).
fn message(text: &str) -> Value {
    let text = escape::plain(text).replace('{', "{{").replace('}', "}}").replace("](", "] (");
    json!({ "text": text })
}

/// The door; there is no file and no line to point to.
fn location(result: &CheckResult) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": format!("{}/v2/{}/", result.origin, result.repository) },
            "region": { "startLine": 1 },
        },
        "logicalLocations": [{
            "name": result.door,
            "fullyQualifiedName": format!("{} at {}, seen from {}", result.reference, result.door, result.vantage),
            "kind": "resource",
        }],
    })
}

/// The same for the same question in every run.
fn fingerprint(result: &CheckResult) -> Value {
    let about = [result.check.id, &result.door, &result.vantage, &result.reference].join("\n");
    let hash = random::sha256(about.as_bytes()).map(|digest| digest.hex().to_owned());
    json!({ "pullgateProbe/v1": hash })
}

fn baseline_state(change: &Change) -> Option<&'static str> {
    match change {
        Change::New => Some("new"),
        Change::Unchanged => Some("unchanged"),
        Change::Reshaped(_) => Some("updated"),
        Change::Fixed | Change::Lost | Change::Answered => None,
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Information => "note",
    }
}

/// A number as code scanning sorts by, in the middle of each class of CVSS.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Information => "0.0",
    }
}
