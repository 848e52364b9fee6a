//! Whoever writes takes everything away again, whatever ends the run.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use probe::{Clock, Mode, Stop, catalogue};
use support::{clock, run, run_until, whole};
use testkit::double::{Double, Flaw};

/// How many moments lie between two at which a run is ended. The clock is looked at several times for each request.
const STEP: usize = 41;

fn writers() -> Vec<&'static str> {
    catalogue().filter(|check| check.mode == Mode::Write).map(|check| check.id).collect()
}

/// Those whose requests are many or long are not ended at every moment: they clean up as the others do, or write
/// nothing.
fn quick() -> Vec<&'static str> {
    writers().into_iter().filter(|id| !["GATE", "CARGO", "MON"].iter().any(|group| id.starts_with(group))).collect()
}

/// A clock that does something at this moment, once, and how often it was looked at.
fn at(moment: usize, act: impl Fn() + 'static) -> (Clock, Arc<AtomicUsize>) {
    let (inner, looks) = (clock(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&looks);
    let clock = move || {
        if counted.fetch_add(1, Ordering::Relaxed) == moment {
            act();
        }
        inner()
    };
    (Box::new(clock), looks)
}

/// Runs again and again, and ends each run a little later, until one comes to its end by itself.
fn ended_at_every_moment(end: impl Fn(&Double, usize) -> usize) {
    let mut moment = 0;
    loop {
        let double = Double::start(&[]);
        let looks = end(&double, moment);
        assert_eq!(double.left_behind(), 0, "ended at {moment}");
        if looks < moment {
            return;
        }
        moment += STEP;
    }
}

#[test]
fn nothing_is_left_behind() {
    let flaws = Flaw::ALL.iter().copied().filter(|flaw| writers().contains(&flaw.check()));
    for flaw in flaws.map(Some).chain([None]) {
        let double = Double::start(flaw.as_slice());
        let own = flaw.map_or_else(writers, |flaw| vec![flaw.check()]);
        let report = run(&double, Some(&own));
        // An upload at a door that nobody named cannot be closed there, and the report says so.
        let is_told =
            flaw == Some(Flaw::UploadsElsewhere) && report.notes.iter().any(|note| note.name == "left behind");
        assert!(is_told || double.left_behind() == 0, "{flaw:?}: {:?}", report.notes);
    }
}

#[test]
fn nothing_is_left_behind_by_a_run_that_was_stopped() {
    ended_at_every_moment(|double, moment| {
        let stop = Stop::default();
        let (clock, looks) = at(moment, {
            let stop = stop.clone();
            move || stop.now()
        });
        run_until(double, &whole(double), Some(&quick()), (stop, clock));
        looks.load(Ordering::Relaxed)
    });
}
