//! A listener that hears nothing shows nothing.

mod support;

use std::io;
use std::net::TcpListener;

use probe::{Canary, Intent, Mode, Plan, Settings, State, Verdict, text};
use support::{run_as, verdict, whole};
use testkit::double::{Double, Flaw};

/// Every check that waits for a call.
const CHECKS: [&str; 3] = ["FORGE-10", "BIND-11", "MON-01"];

/// The same intent with another listener.
fn listening(intent: Intent, change: impl FnOnce(Canary) -> Canary) -> Intent {
    let canary = intent.canary.clone().map(|canary| {
        let changed = change(canary.clone());
        canary.monitor.into_iter().fold(changed, Canary::monitored)
    });
    Intent { canary, ..intent }
}

#[test]
fn a_listener_that_cannot_listen_leaves_its_checks_open() {
    let double = Double::start(&[]);
    let in_use = || Err(io::Error::from(io::ErrorKind::AddrInUse));
    let intent = listening(whole(&double), |canary| Canary::new(canary.at, in_use));
    let report = run_as(&double, &intent, Some(&CHECKS));
    for id in CHECKS {
        let Verdict::Inconclusive(doubt) = verdict(&report, id) else { panic!("{id}") };
        assert!(doubt.to_string().contains("could not listen"), "{id}: {doubt}");
    }
}

#[test]
fn a_url_that_leads_elsewhere_leaves_its_checks_open() {
    let double = Double::start(&[]);
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let intent = listening(whole(&double), |canary| Canary::new(canary.at, move || elsewhere.try_clone()));
    let report = run_as(&double, &intent, Some(&CHECKS));
    for id in CHECKS {
        let Verdict::Inconclusive(doubt) = verdict(&report, id) else { panic!("{id}") };
        assert!(doubt.to_string().contains("did not arrive"), "{id}: {doubt}");
    }
}

/// What was obtained needs no call.
#[test]
fn a_key_that_is_believed_is_worse_than_a_call() {
    for (flaw, severity) in [(Flaw::BelievesFetchedKeys, "critical"), (Flaw::FetchesKeys, "high")] {
        let double = Double::start(&[flaw]);
        let report = run_as(&double, &whole(&double), Some(&CHECKS));
        let Verdict::Fail { severity: found, .. } = verdict(&report, "FORGE-10") else { panic!("{flaw:?}") };
        assert_eq!(found.as_str(), severity, "{flaw:?}");
    }
}

/// An alarm that rang for something else may keep still: its silence is no finding.
#[test]
fn an_alarm_that_rang_before_shows_nothing() {
    let double = Double::start(&[Flaw::AlertsOnce]);
    let report = run_as(&double, &whole(&double), Some(&CHECKS));
    let Verdict::Inconclusive(doubt) = verdict(&report, "MON-01") else { panic!("it was asked") };
    assert!(doubt.to_string().starts_with("an alert came before"), "{doubt}");
}

#[test]
fn who_names_no_listener_is_told_what_to_add() {
    let double = Double::start(&[]);
    let settings = Settings { mode: Mode::Write, ..Settings::default() };
    let with = whole(&double);
    assert!(text::plan(&Plan::new(&with, &settings)).contains("/alerts within 30 s"));
    let without = Intent { canary: None, ..with };
    let report = run_as(&double, &without, Some(&CHECKS));
    for result in report.results.iter().filter(|result| CHECKS.contains(&result.check.id)) {
        let State::NotSelected(why) = &result.state else { panic!("{}", result.check.id) };
        assert!(why.contains("`canary_listener`"), "{why}");
    }
    assert!(!text::plan(&Plan::new(&without, &settings)).contains("listens"));
}
