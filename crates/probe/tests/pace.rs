//! How fast is asked: at most five times a second beyond loopback, whatever the target does. Time is the test's own.
#![expect(clippy::unwrap_used, reason = "outside #[test] too, a panic is how a test fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use outbound::Dialer;
use probe::{Intent, Plan, Settings, Target, Waits, probe};
use protocol::Now;
use testkit::raw::{Answer, Request, Server};

/// The times at which the strangers' questions came, asked at a host of this spelling.
fn times(host: &str) -> Vec<Duration> {
    let (now, came) = (Arc::new(Mutex::new(Duration::ZERO)), Arc::new(Mutex::new(Vec::new())));
    let (clock, seen) = (Arc::clone(&now), Arc::clone(&came));
    let server = Server::start(move |request: &Request| {
        seen.lock().unwrap().push(*clock.lock().unwrap());
        Answer::http(request, 401, &[("WWW-Authenticate", "Basic realm=\"closed\"")], b"{}")
    });
    let url = format!("http://{host}:{}/team/app:1.0", server.address().port());
    let intent = Intent::of_target(Target::read(&[url], &[]).unwrap().unwrap());
    let passing = Arc::clone(&now);
    let waits = Waits::at_most(Duration::from_secs(60)).calling(move |time| *passing.lock().unwrap() += time);
    let mut plan = Plan::new(&intent, &Settings { waits, ..Settings::default() });
    // The others may ask beside the door, where strangers are.
    plan.cells.iter_mut().for_each(|cell| cell.checks.retain(|(check, _)| check.id.starts_with("ANON")));
    let clock = move || Now { wall: Timestamp::UNIX_EPOCH, tick: *now.lock().unwrap() };
    probe(&intent, &plan, Dialer::new().unwrap(), Box::new(clock), |_| ()).unwrap();
    let came = came.lock().unwrap().clone();
    assert!(came.len() > 20, "{} questions", came.len());
    came
}

#[test]
fn a_door_is_asked_five_times_a_second_at_most() {
    // This machine, under an address that is none of loopback.
    let times = times("0.0.0.0");
    for second in times.windows(6) {
        assert!(second[5] - second[0] >= Duration::from_secs(1), "six within a second: {second:?}");
    }
    let mut pauses: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    pauses.sort_unstable();
    pauses.dedup();
    assert!(pauses.len() > 5, "with jitter: {pauses:?}");
}

#[test]
fn nobody_waits_on_loopback() {
    assert!(times("127.0.0.1").iter().all(|time| time.is_zero()));
}
