//! Every format of one report, with a target that sends what reports must not be broken by.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::sample::{self, HOSTILE};
use super::{Outcome, Report, Thresholds, escape, html, json, junit, markdown, sarif, text};
use crate::check::Severity;

fn every_format(report: &Report) -> Vec<(&'static str, String)> {
    let thresholds = Thresholds::default();
    vec![
        ("text", text::render(report, &thresholds)),
        ("json", json::render(report, &thresholds).unwrap()),
        ("sarif", sarif::render(report, &thresholds).unwrap()),
        ("junit", junit::render(report)),
        ("markdown", markdown::render(report, &thresholds)),
        ("html", html::render(report, &thresholds)),
    ]
}

#[test]
fn every_format_is_looked_at_as_text() {
    for (name, page) in every_format(&sample::report()) {
        let page = match name {
            "json" | "sarif" => {
                let mut value: Value = serde_json::from_str(&page).unwrap();
                value.sort_all_objects();
                escape::json(&serde_json::to_string_pretty(&value).unwrap())
            }
            _ => page,
        };
        insta::assert_snapshot!(name, page);
    }
}

#[test]
fn no_format_lets_hidden_letters_through() {
    for (name, page) in every_format(&sample::report()) {
        let hidden =
            |letter: char| letter != '\n' && (letter.is_control() || "\u{202e}\u{200b}\u{2028}".contains(letter));
        assert!(!page.contains(hidden), "{name}");
    }
}

#[test]
fn the_page_runs_and_loads_nothing() {
    let page = html::render(&sample::report(), &Thresholds::default());
    let tags: BTreeSet<&str> = page.split('<').skip(1).filter_map(|rest| rest.split([' ', '>', '/']).next()).collect();
    let harmless = [
        "!DOCTYPE", "", "a", "article", "body", "br", "dd", "details", "dl", "dt", "h1", "h2", "h3", "head", "html",
        "li", "meta", "p", "pre", "section", "strong", "style", "summary", "title", "ul",
    ];
    assert!(tags.is_subset(&BTreeSet::from(harmless)), "{tags:?}");
    assert!(!page.contains("src=x onerror=alert(2)>") && page.contains("src=x onerror=alert(2)&gt;"));
    assert!(!page.contains("url(") && !page.contains("@import") && !page.contains("href=\"http"), "nothing is loaded");
}

#[test]
fn markdown_mentions_nobody() {
    let page = markdown::render(&sample::report(), &Thresholds::default());
    let fences: Vec<&str> = page.lines().filter(|line| line.trim_start().starts_with("```")).collect();
    assert_eq!(fences.len() % 2, 0, "{fences:?}");
    for line in page.lines().filter(|line| line.contains("@ann")) {
        let fence = "`".repeat(5);
        assert!(line.contains(&fence), "in a span that is longer than the longest run within: {line}");
    }
}

#[test]
fn junit_is_well_formed_and_adds_up() {
    let page = junit::render(&sample::report());
    let mut open: Vec<&str> = Vec::new();
    for tag in page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()).filter(|tag| !tag.starts_with('?')) {
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{page}"),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().unwrap()),
        }
        let values = tag.split('"').skip(1).step_by(2);
        assert!(values.clone().all(|value| !value.contains(['<', '\''])), "{tag}");
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(page.contains("tests=\"11\" failures=\"3\" errors=\"2\" skipped=\"2\""), "{page}");
}

/// What the schema of SARIF 2.1.0 demands, and of its text what no schema can say.
#[test]
fn sarif_keeps_to_its_structure() {
    let report = sample::report();
    let written: Value = serde_json::from_str(&sarif::render(&report, &Thresholds::default()).unwrap()).unwrap();
    let schema = std::fs::read(testkit::tool("sarif-2.1.0.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(&written).map(|fault| format!("{} {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(!validator.is_valid(&json!({ "version": "2.1.0", "runs": [{}] })), "it is the schema that it says it is");
    let run = &written["runs"][0];
    let rules: Vec<&Value> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| &rule["id"]).collect();
    let results = run["results"].as_array().unwrap();
    assert_eq!(rules.iter().map(|id| id.as_str()).collect::<BTreeSet<_>>().len(), rules.len(), "3.19.23: unique");
    for result in results {
        assert!(rules.contains(&&result["ruleId"]), "{result}");
        assert_eq!(result["kind"] == "fail", result["level"] != "none", "3.27.10: {result}");
        let text = result["message"]["text"].as_str().unwrap();
        assert!(!text.replace("{{", "").contains('{') && !text.contains("]("), "{text}");
    }
    assert_eq!(results.len(), 6);
    let prints: BTreeSet<String> = results.iter().map(|result| result["partialFingerprints"].to_string()).collect();
    assert_eq!(prints.len(), results.len(), "one for each question");
    assert_eq!(prints, {
        let again: Value =
            serde_json::from_str(&sarif::render(&sample::report(), &Thresholds::default()).unwrap()).unwrap();
        again["runs"][0]["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| result["partialFingerprints"].to_string())
            .collect()
    });
}

#[test]
fn wrong_usage_has_a_schema_of_its_own() {
    let schema: Value = serde_json::from_str(include_str!("../../schema/usage.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let line = json::usage(HOSTILE).unwrap();
    let mut usage: Value = serde_json::from_str(&line).unwrap();
    assert!(!line.contains(['\u{202e}', '\u{9b}', '\n']), "{line}");
    assert!(validator.is_valid(&usage) && usage["message"] == HOSTILE, "{usage}");
    usage["outcome"] = Value::from("pass");
    assert!(!validator.is_valid(&usage));
}

#[test]
fn the_published_schema_and_the_report_hold_each_other() {
    let schema: Value = serde_json::from_str(include_str!("../../schema/report.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let written = |report: &Report| -> Value {
        serde_json::from_str(&json::render(report, &Thresholds::default()).unwrap()).unwrap()
    };
    let whole = written(&sample::report());
    let faults: Vec<String> =
        validator.iter_errors(&whole).map(|fault| format!("{} {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let mut plain = sample::report();
    plain.drift = None;
    plain.notes.clear();
    assert!(validator.is_valid(&written(&plain)));

    for (pointer, value) in [
        ("/schema", Value::from(2)),
        ("/outcome", Value::from("usage-ish")),
        ("/checks/0/verdict", Value::from("MAYBE")),
        ("/checks/1/severity", Value::Null),
        ("/observations/0/answer/status", Value::from("200")),
    ] {
        let mut broken = whole.clone();
        *broken.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&broken), "{pointer}");
    }
    let described = names(&schema);
    let used = members(&whole);
    assert_eq!(described.difference(&used).collect::<Vec<_>>(), Vec::<&String>::new(), "described and never written");
}

/// Every name under `properties`.
fn names(schema: &Value) -> BTreeSet<String> {
    let own = schema.get("properties").and_then(Value::as_object);
    let mut all: BTreeSet<String> = own.into_iter().flat_map(|own| own.keys().cloned()).collect();
    match schema {
        Value::Object(members) => members.values().for_each(|value| all.extend(names(value))),
        Value::Array(items) => items.iter().for_each(|value| all.extend(names(value))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all
}

/// Every name of a member.
fn members(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(own) => {
            own.iter().flat_map(|(name, value)| members(value).into_iter().chain([name.clone()])).collect()
        }
        Value::Array(items) => items.iter().flat_map(members).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeSet::new(),
    }
}

#[test]
fn what_is_accepted_does_not_fail_a_run_and_what_ran_out_does() {
    let at = |fail_on| Thresholds { fail_on, max_inconclusive: 100 };
    let mut report = sample::report();
    report.drift = None;
    report.results.retain(|result| matches!(result.check.id, "TOK-01" | "ANON-01"));
    assert_eq!(report.outcome(&at(Severity::High)), Outcome::Pass, "TOK-01 is accepted");
    assert_eq!(report.outcome(&at(Severity::Low)), Outcome::Fail, "ANON-01 was");
    report.results.iter_mut().for_each(|result| result.triage = None);
    assert_eq!(report.outcome(&at(Severity::High)), Outcome::Fail);
}

#[test]
fn who_works_on_a_finding_does_not_make_it_green() {
    let mut report = sample::report();
    report.results.retain(|result| result.check.id == "TOK-02");
    assert_eq!(report.results[0].word(), Some("IN PROGRESS"));
    assert_eq!(report.outcome(&Thresholds::default()), Outcome::Fail);
}

#[test]
fn what_was_answered_before_and_is_not_now_is_no_question_that_is_borne() {
    let borne = Thresholds { fail_on: Severity::Critical, max_inconclusive: 100 };
    let mut report = sample::report();
    report.results.retain(|result| result.fails_at().is_none());
    assert_eq!(report.outcome(&borne), Outcome::Inconclusive);
    report.results.iter_mut().for_each(|result| result.change = None);
    assert_eq!(report.outcome(&borne), Outcome::Inconclusive, "one check is gone");
    report.drift = None;
    assert_eq!(report.outcome(&borne), Outcome::Pass);
}

#[test]
fn the_sample_is_hostile_everywhere() {
    assert!(HOSTILE.contains("<script>"));
    for (name, page) in every_format(&sample::report()) {
        assert!(page.matches("alert(1)").count() >= 4, "{name}");
    }
}
