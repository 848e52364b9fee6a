//! What is measured by the clock, alone on the machine as far as a test can be: nothing else of this crate runs beside it.

mod support;

use probe::Verdict;
use support::{run, verdict};
use testkit::double::{Double, Effect, Flaw};

/// The checks that compare times.
const TIMED: [&str; 2] = ["TOK-21", "LEAK-04"];

/// A machine that is busy leaves the question open, which is the right answer, and it is asked again.
const ATTEMPTS: usize = 8;

#[test]
fn times_tell_a_flaw_from_a_safe_registry() {
    let timed =
        Flaw::ALL.iter().copied().filter(|flaw| TIMED.contains(&flaw.check()) && flaw.effect() == Effect::Fails);
    let flaws: Vec<Flaw> = timed.collect();
    for id in TIMED {
        settled(None, id, |verdict| matches!(verdict, Verdict::Pass(_)));
        assert!(flaws.iter().any(|flaw| flaw.check() == id), "{id} has a flaw");
    }
    for flaw in flaws {
        settled(Some(flaw), flaw.check(), |verdict| matches!(verdict, Verdict::Fail { .. }));
    }
}

/// The first verdict that is not open is the right one.
fn settled(flaw: Option<Flaw>, id: &str, is_right: impl Fn(&Verdict) -> bool) {
    let mut verdicts = (0..ATTEMPTS).map(|_| verdict(&run(&Double::start(flaw.as_slice()), Some(&[id])), id).clone());
    let settled = verdicts.find(|verdict| !matches!(verdict, Verdict::Inconclusive(_)));
    assert!(settled.as_ref().is_some_and(is_right), "{id} {flaw:?}: {settled:?}");
}
