//! A run compared with an earlier one, and what each format makes of it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "outside #[test] too, a panic is how a test fails")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::probe::{intent, probe, said, stdout};
use testkit::double::{Double, Flaw};

const WORDS: [&str; 2] = ["--intent", "probe.toml"];

/// Runs the intent of the folder with more words, which must end with this code, and gives what it printed.
fn run(folder: &Path, words: &[&str], code: i32) -> String {
    let output = probe(folder, &[&WORDS, words].concat(), &[]);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {}", said(&output));
    stdout(&output)
}

/// What one open layer is: it comes, it is told of, and its name is known.
const FLAWED: [&str; 3] = ["ANON-05", "ANON-07", "LEAK-01"];

/// Each check of a run whose verdict is another one than before.
fn changes(report: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(report).unwrap();
    let checks = report["checks"].as_array().unwrap().iter();
    let change = |check: &Value| {
        let kind = check["change"]["kind"].as_str().filter(|kind| !["unchanged", "reshaped"].contains(kind))?;
        Some(format!("{} {kind}", check["id"].as_str().unwrap()))
    };
    checks.filter_map(change).collect()
}

#[test]
fn drift_is_told_in_each_of_its_states() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (safe, open, broken) =
        (Double::start(&[]), Double::start(&[Flaw::OpenLayer]), Double::start(&[Flaw::ControlRefused]));
    let compare = ["--baseline", "known", "--format", "json"];

    intent(folder, &safe.url());
    let kept = run(folder, &["--save-baseline", "known"], 0);
    assert!(kept.contains("outcome: pass"), "{kept}");
    assert!(changes(&run(folder, &compare, 0)).is_empty(), "the same again is no drift");
    let text = run(folder, &["--baseline", "known"], 0);
    assert!(text.contains("UNCHANGED"), "{text}");

    intent(folder, &open.url());
    let found = changes(&run(folder, &[&compare[..], &["--save-baseline", "open"]].concat(), 1));
    assert_eq!(found, FLAWED.map(|id| format!("{id} new")));
    let text = run(folder, &["--baseline", "known"], 1);
    assert!(text.contains("  state    NEW"), "{text}");

    intent(folder, &safe.url());
    let mended = run(folder, &["--baseline", "open", "--format", "json"], 0);
    assert_eq!(changes(&mended), FLAWED.map(|id| format!("{id} fixed")));

    intent(folder, &broken.url());
    let lost = run(folder, &compare, 2);
    assert!(changes(&lost).contains(&"ANON-05 lost".to_owned()), "{:?}", changes(&lost));
}

#[test]
fn answers_of_another_shape_are_an_observation() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (safe, double) = (Double::start(&[]), Double::start(&[Flaw::TokensLastHours]));
    intent(folder, &safe.url());
    run(folder, &["--save-baseline", "known"], 0);
    intent(folder, &double.url());
    let text = run(folder, &["--baseline", "known"], 0);
    assert!(text.contains("lifetime: more than 3600 s in place of"), "{text}");
}

#[test]
fn triage_holds_until_its_day() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let open = Double::start(&[Flaw::OpenLayer]);
    for (table, until, says, code, word) in [
        ("accepted", "2999-12-31", "reason", 0, "3 ACCEPTED"),
        ("accepted", "2020-12-31", "reason", 1, "was borne until 2020-12-31"),
        ("in_progress", "2999-12-31", "by", 1, "3 IN PROGRESS"),
    ] {
        intent(folder, &open.url());
        let mut text = fs::read_to_string(folder.join("probe.toml")).unwrap();
        for check in FLAWED {
            text += &format!("[[{table}]]\ncheck = \"{check}\"\nuntil = \"{until}\"\n{says} = \"ann\"\n");
        }
        fs::write(folder.join("probe.toml"), text).unwrap();
        let text = run(folder, &[], code);
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_run_that_could_not_tell_is_no_baseline_unless_its_open_questions_are_borne() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let broken = Double::start(&[Flaw::ControlRefused]);
    intent(folder, &broken.url());
    fs::write(folder.join("known"), "what was there").unwrap();
    let words = [&WORDS[..], &["--save-baseline", "known"]].concat();
    let output = probe(folder, &words, &[]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("`known` was not written: the run could not tell everything"), "{}", said(&output));
    assert_eq!(fs::read_to_string(folder.join("known")).unwrap(), "what was there");
    run(folder, &["--save-baseline", "known", "--max-inconclusive", "200"], 0);
    assert!(fs::read_to_string(folder.join("known")).unwrap().contains("\"INCONCLUSIVE\""));
    let left: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "nothing half is left: {left:?}");
}

#[test]
fn files_that_are_wrong_are_told_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let safe = Double::start(&[]);
    intent(folder, &safe.url());
    fs::write(folder.join("text"), "[]").unwrap();
    fs::write(folder.join("old"), r#"{"schema":999}"#).unwrap();
    let mut messages = String::new();
    for words in
        [["--baseline", "missing"], ["--baseline", "text"], ["--baseline", "old"], ["--save-baseline", "no/where"]]
    {
        let refused = probe(folder, &[&WORDS[..], &words].concat(), &[]);
        assert_eq!(refused.status.code(), Some(64), "{}", said(&refused));
        messages += &format!("$ pullgate probe --intent probe.toml {}{}", words.join(" "), said(&refused));
    }
    assert!(safe.requests().is_empty());
    insta::assert_snapshot!("wrong_baselines", messages);
}

#[test]
fn every_format_tells_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let open = Double::start(&[Flaw::OpenLayer]);
    intent(folder, &open.url());
    let printed = |format: &str| run(folder, &["--format", format], 1);

    let sarif: Value = serde_json::from_str(&printed("sarif")).unwrap();
    assert_eq!((&sarif["version"], &sarif["runs"][0]["results"][0]["ruleId"]), (&"2.1.0".into(), &"ANON-05".into()));
    let junit = printed("junit");
    assert!(junit.starts_with("<?xml") && junit.contains(" failures=\"3\" errors=\"0\""), "{junit}");
    let markdown = printed("markdown");
    assert!(markdown.contains("ANON-05") && markdown.contains("EXPOSED"), "{markdown}");
    let html = printed("html");
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("ANON-05") && !html.contains("<script"), "{html}");
    for page in [sarif.to_string(), junit, markdown, html] {
        assert!(!page.contains(testkit::double::PASSWORD));
    }
}
