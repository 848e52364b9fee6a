//! A run against a registry of a test.
#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test uses its part; a helper of tests fails like a test"
)]

use std::time::{Duration, Instant};

use jiff::Timestamp;
use outbound::Dialer;
use probe::{Identity, Intent, Login, Mode, Plan, Report, Role, Settings, Target, Verdict, probe};
use protocol::{Now, Secret};
use testkit::double::{PASSWORD, REPOSITORY, TAG, USER};

/// The intent of `pullgate probe URL --private team/app:1.0`, perhaps with the control's credential.
pub(crate) fn intent(url: &str, control: bool) -> Intent {
    let target = Target::read(&[url.to_owned()], &[format!("{REPOSITORY}:{TAG}")]).unwrap().unwrap();
    let mut intent = Intent::of_target(target);
    let login = Login { user: USER.to_owned(), secret: Secret::new(PASSWORD.to_owned()) };
    let show_to = vec![intent.doors[0].name.clone()];
    intent.identities.extend(control.then_some(Identity { role: Role::Control, login, show_to, owns: None }));
    intent
}

/// A whole run.
pub(crate) fn run(url: &str, control: bool) -> Report {
    run_with(&intent(url, control), &Settings { mode: Mode::Active, ..Settings::default() })
}

/// A whole run as the settings say.
pub(crate) fn run_with(intent: &Intent, settings: &Settings) -> Report {
    let plan = Plan::new(intent, settings);
    probe(intent, &plan, Dialer::new().unwrap(), Box::new(clock()), |_| ()).unwrap()
}

/// Settings that do not wait long for anybody.
pub(crate) fn impatient() -> Settings {
    Settings { patience: Duration::from_millis(300), ..Settings::default() }
}

/// The verdict on a check that was asked.
pub(crate) fn verdict<'a>(report: &'a Report, id: &str) -> &'a Verdict {
    let result = report.results.iter().find(|result| result.check.id == id).unwrap();
    result.verdict().unwrap_or_else(|| panic!("{id} was not asked: {:?}", result.state))
}

#[expect(clippy::disallowed_methods, reason = "a run against a real server needs a real clock")]
fn clock() -> impl Fn() -> Now {
    let start = Instant::now();
    move || Now { wall: Timestamp::now(), tick: start.elapsed() }
}
