//! What streams to somebody who is taken back is judged by what the intent declares, and the moment is shared.

mod support;

use probe::Verdict;
use support::{run_as, verdict, whole};
use testkit::double::{Double, Flaw};

#[test]
fn an_end_that_nobody_declared_is_told_and_not_judged() {
    let double = Double::start(&[Flaw::StreamsOutliveRevocation]);
    let mut intent = whole(&double);
    intent.gate.stream_ends_within = None;
    let report = run_as(&double, &intent, Some(&["GATE-09"]));
    assert!(matches!(verdict(&report, "GATE-09"), Verdict::Pass(_)));
    let told = report.notes.iter().find(|note| note.name == "stream").map(|note| note.value.as_str());
    assert_eq!(
        told,
        Some("it still came 1000 ms after the hook, and was not judged: `stream_ends_within` is not declared")
    );
}

#[test]
fn whoever_is_taken_back_once_is_judged_twice() {
    let double = Double::start(&[Flaw::TokensOutliveRevocation]);
    let report = run_as(&double, &whole(&double), Some(&["GATE-09", "TOK-26"]));
    for id in ["GATE-09", "TOK-26"] {
        assert!(matches!(verdict(&report, id), Verdict::Fail { .. }), "{id}: {:?}", verdict(&report, id));
    }
    let seen = |id: &str| report.results.iter().find(|result| result.check.id == id).map(|result| &result.seen);
    let (streamed, shared) = (seen("GATE-09").unwrap(), seen("TOK-26").unwrap());
    assert!(!shared.is_empty() && shared.iter().all(|id| streamed.contains(id)), "{shared:?} of {streamed:?}");
}
