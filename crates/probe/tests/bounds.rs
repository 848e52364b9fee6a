//! What a run costs: as many requests as it said, and little memory. A binary of its own, because the peak is the process's.

mod support;

use probe::{Mode, Outcome, Thresholds, text};
use support::{run_in, whole};
use testkit::double::Double;
use testkit::process::memory;

/// The most requests that a whole active run at one door announces, about one reference.
const ANNOUNCED: usize = 8000;
/// The most that it sends where everything is as it should be: on loopback ten seconds are enough for them.
const SENT: usize = 3000;
/// The most memory, that of the registry included: both live in this process.
const MEMORY: u64 = 64 * 1024 * 1024;

#[test]
#[expect(
    clippy::print_stdout,
    reason = "how much it was is told, and how long it took: only the first is held to a bound"
)]
fn a_whole_active_run_is_small() {
    let double = Double::start(&[]);
    let report = run_in(Mode::Active, &double, &whole(&double), None);
    let peak = memory(std::process::id()).map(|memory| memory.peak).unwrap_or_default();
    let (spent, budget) = (report.spent, report.budget);
    println!(
        "{} of {} requests, {} KiB read, in {} ms; {} MiB of memory at most",
        spent.requests,
        budget.requests,
        spent.bytes / 1024,
        report.elapsed.as_millis(),
        peak / 1024 / 1024,
    );
    let thresholds = Thresholds::default();
    assert!(report.outcome(&thresholds) != Outcome::Fail, "{}", text::render(&report, &thresholds));
    assert!(budget.requests <= ANNOUNCED, "{} requests are announced", budget.requests);
    assert!(spent.requests <= SENT, "{} requests are sent", spent.requests);
    assert!(spent.requests <= budget.requests && spent.bytes <= budget.bytes, "{spent:?} of {budget:?}");
    assert!((1..=MEMORY).contains(&peak), "{} KiB", peak / 1024);
}
