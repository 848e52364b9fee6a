use super::*;
use crate::report::sample;

/// The sample without what was said about it.
fn report() -> Report {
    let mut report = sample::report();
    report.drift = None;
    report.results.iter_mut().for_each(|result| (result.triage, result.change) = (None, None));
    report
}

/// The word for each check that says something, compared with a baseline.
fn changes(report: &mut Report, baseline: &Baseline) -> Vec<String> {
    report.compare(baseline);
    let changes = report.results.iter().filter_map(|result| {
        let change = result.change.as_ref().filter(|change| **change != Change::Unchanged)?;
        Some(format!("{} {} {}", result.check.id, result.door, change.as_str()))
    });
    changes.collect()
}

#[test]
fn a_baseline_is_read_as_it_was_written() {
    let baseline = Baseline::of(&report());
    let text = baseline.write().unwrap();
    assert_eq!(Baseline::read(&text).unwrap(), baseline);
    assert!(
        !text.contains("NOT SELECTED") && !text.contains("alert("),
        "neither what was not asked nor what was sent: {text}"
    );
    insta::assert_snapshot!(text.lines().take(45).collect::<Vec<_>>().join("\n"));
    for (text, said) in [
        ("", "not a baseline: EOF while parsing a value at line 1 column 0"),
        ("{}", "not a baseline: missing field `schema`"),
        ("{\"schema\":2}", "a baseline of schema 2, and this is schema 1: write it anew with --save-baseline"),
        (
            "{\"schema\":1,\"x\":1}",
            "not a baseline: unknown field `x`, expected one of `schema`, `run`, `began`, `mode`, `entries`",
        ),
    ] {
        assert_eq!(Baseline::read(text).unwrap_err().to_string(), said);
    }
}

#[test]
fn the_same_run_again_is_no_drift() {
    let mut report = report();
    let baseline = Baseline::of(&report);
    assert_eq!(changes(&mut report, &baseline), Vec::<String>::new());
    assert!(!report.has_lost());
}

#[test]
fn without_a_baseline_every_finding_is_new() {
    let words = changes(&mut report(), &Baseline::nothing());
    assert_eq!(words, ["ANON-01 edge NEW", "ANON-02 edge NEW", "TOK-01 edge NEW", "TOK-02 edge NEW"]);
}

#[test]
fn each_change_has_its_word() {
    let mut baseline = Baseline::of(&report());
    let mut was = |id: &str, door: &str, word: Word| {
        let entry = baseline.entries.iter_mut().find(|entry| entry.check == id && entry.door == door).unwrap();
        entry.verdict = word;
    };
    was("ANON-01", "edge", Word::Pass);
    was("ANON-02", "edge", Word::Inconclusive);
    was("ANON-02", "mirror", Word::Fail);
    was("ANON-03", "edge", Word::Pass);
    was("ANON-05", "edge", Word::Inconclusive);
    let mut report = report();
    let words = changes(&mut report, &baseline);
    let expected = [
        "ANON-01 edge NEW",
        "ANON-02 edge NEW",
        "ANON-03 edge NOT ANSWERED ANY MORE",
        "ANON-05 edge ANSWERED NOW",
        "ANON-02 mirror FIXED",
    ];
    assert_eq!(words, expected);
    assert!(report.has_lost());
}

#[test]
fn what_was_answered_and_is_not_asked_any_more_is_lost() {
    let baseline = Baseline::of(&report());
    let mut unasked = report();
    unasked.results[2].state = State::NotSelected("it belongs to mode active".to_owned());
    assert_eq!(changes(&mut unasked, &baseline), ["ANON-02 edge NOT ANSWERED ANY MORE"]);

    let mut without = report();
    without.results.retain(|result| result.check.id != "ANON-05");
    assert_eq!(changes(&mut without, &baseline), Vec::<String>::new());
    let of = |gone: &Gone| format!("{} of {} at {}", gone.check, gone.reference, gone.door);
    let gone: Vec<String> = without.drift.iter().flat_map(|drift| &drift.gone).map(of).collect();
    assert_eq!(gone, ["ANON-05 of team/app:1.0 at edge"]);
    assert!(without.has_lost());
}

#[test]
fn a_run_from_elsewhere_is_no_drift() {
    let baseline = Baseline::of(&report());
    let mut elsewhere = report();
    elsewhere.results.retain(|result| result.door == "mirror");
    assert_eq!(changes(&mut elsewhere, &baseline), Vec::<String>::new());
    assert!(!elsewhere.has_lost(), "nobody stood where the edge was asked");
    elsewhere.results.iter_mut().for_each(|result| result.vantage = "home".to_owned());
    assert_eq!(changes(&mut elsewhere, &baseline), Vec::<String>::new());
    assert!(!elsewhere.has_lost());
}

#[test]
fn another_shape_with_the_same_verdict_is_an_observation() {
    let mut report = report();
    let mut baseline = Baseline::of(&report);
    baseline.entries[4].shape = Shape::default();
    assert_eq!(changes(&mut report, &baseline), ["ANON-05 edge CHANGED SHAPE"]);
    assert!(!report.results[4].change.as_ref().unwrap().is_drift() && !report.has_lost());
}
