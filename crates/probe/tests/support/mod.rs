//! A run against a registry of a test.
#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test uses its part; a helper of tests fails like a test"
)]

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use outbound::{ClientCertificate, Dialer, Origin};
use probe::{
    Alias, AliasKind, Canary, Cargo, Clock, Door, Federation, Gate, GateImage, Hook, Identity, Intent, Keys, Known,
    Login, Mode, Monitor, OWNERS_MAY, OtherToken, Outage, OutageKind, Plan, Policy, Progress, Report, Role, Settings,
    SigningKey, Stop, Target, TokenKind, Verdict, Visibility, Waits, Write, catalogue, probe,
};
use protocol::{Now, Secret};
use rustls::RootCertStore;
use testkit::double::{
    API_TOKEN, BARE, BESIDE, CONSOLE, COOKIE, CRATE, CREATOR, CREATOR_PASSWORD, Change, Double, FEDERATED_AUDIENCE,
    FEDERATED_ISSUER, FEDERATED_KID, FEDERATED_STRANGER, FEDERATED_SUBJECT, FOREIGN_UPLOAD, GATE, GROUP, ID_TOKEN,
    KEPT, LARGEST_BLOB, LEAVER, LEAVER_PASSWORD, LOW, LOW_PASSWORD, OTHER_ISSUER, OTHER_KID, OWN, PASSWORD, PUBLIC,
    REDIRECTED_ISSUER, REFUSED, REFUSED_PASSWORD, REPOSITORY, SECOND, SESSION, TAG, TEST_KID, THROUGH, USER, VERSION,
    gate_image,
};
use testkit::secure::authority;

/// How long a window lasts that the double gives.
const WINDOW: Duration = Duration::from_secs(2);

/// The intent of `pullgate probe URL --private team/app:1.0`, perhaps with the control's credential.
pub(crate) fn intent(url: &str, control: bool) -> Intent {
    let target = Target::read(&[url.to_owned()], &[format!("{REPOSITORY}:{TAG}")]).unwrap().unwrap();
    let mut intent = Intent::of_target(target);
    let show_to = vec![intent.doors[0].name.clone()];
    intent.identities.extend(control.then(|| identity(Role::Control, USER, PASSWORD, &show_to)));
    intent
}

/// Everything that is known about the double: its doors, its repositories, and who may do what.
pub(crate) fn whole(double: &Double) -> Intent {
    let mut intent = intent(&double.url(), true);
    intent.doors.push(Door { name: "mirror".to_owned(), ..Door::new(double.mirror().parse().unwrap()) });
    declare_beside(&mut intent.doors[0], double);
    let known = |name: &str, visibility| Known {
        name: name.parse().unwrap(),
        tag: Some(TAG.parse().unwrap()),
        digest: None,
        visibility,
    };
    intent.repositories.extend([known(SECOND, Visibility::Private), known(PUBLIC, Visibility::Public)]);
    let both: Vec<String> = intent.doors.iter().map(|door| door.name.clone()).collect();
    let owns = Some(OWN.parse().unwrap());
    intent.identities = vec![
        identity(Role::Control, USER, PASSWORD, &both),
        Identity { owns: owns.clone(), ..identity(Role::Low, LOW, LOW_PASSWORD, &both) },
        identity(Role::Creator, CREATOR, CREATOR_PASSWORD, &both),
        identity(Role::Refused, REFUSED, REFUSED_PASSWORD, &both),
        Identity {
            owns,
            revoke: Some(hook(double.revoker())),
            ..identity(Role::Revoked, LEAVER, LEAVER_PASSWORD, &both)
        },
    ];
    let aliases = [(GROUP, AliasKind::Virtual), (BARE, AliasKind::BareProxy), (THROUGH, AliasKind::PullThrough)];
    let alias =
        |(name, kind): (&str, AliasKind)| Alias { name: name.parse().unwrap(), of: SECOND.parse().unwrap(), kind };
    intent.aliases = aliases.map(alias).to_vec();
    intent.write = Write {
        push_apart: true,
        foreign_upload: Some(FOREIGN_UPLOAD.to_owned()),
        kept: Some((KEPT.parse().unwrap(), TAG.parse().unwrap())),
        beside: Some(BESIDE.parse().unwrap()),
        remake: Some(hook(double.remaker())),
    };
    intent.policy = Some(Policy {
        restrict: hook(double.changer(Change::Restrict)),
        restore: hook(double.changer(Change::Restore)),
        window: Some((hook(double.changer(Change::Window(WINDOW))), WINDOW)),
    });
    intent.keys = keys();
    intent.other_tokens = other_tokens(&both);
    intent.federation = Some(federation(double));
    let doors = vec![intent.doors[0].name.clone()];
    intent.cargo = Some(Cargo { path: "/cargo/".into(), name: CRATE.into(), version: VERSION.into(), doors });
    intent.gate = gate(double);
    intent.revoked_within = Duration::from_millis(500);
    intent.canary = Some(canary(double));
    intent
}

/// A listener of its own, at which the double rings its alarm.
fn canary(double: &Double) -> Canary {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    double.alert_at(format!("{at}/alerts"));
    let says = Some("many refusals".to_owned());
    let monitor = Monitor { path: "/alerts".to_owned(), within: Duration::from_secs(30), says };
    Canary::new(at.parse().unwrap(), move || listener.try_clone()).monitored(monitor)
}

/// What stands beside a door, so that it is asked.
fn declare_beside(door: &mut Door, double: &Double) {
    let beside: Origin = double.beside().parse().unwrap();
    door.ports = Some(vec![double.other_port()]);
    door.peers.push(beside.clone());
    door.storage.push(beside);
}

fn identity(role: Role, user: &str, password: &str, show_to: &[String]) -> Identity {
    let login = Login { user: user.to_owned(), secret: Secret::new(password.to_owned()) };
    Identity {
        role,
        login,
        show_to: show_to.to_vec(),
        owns: None,
        may: OWNERS_MAY.map(str::to_owned).to_vec(),
        revoke: None,
    }
}

/// Images with every fault of a signature, and hooks that break the double.
fn gate(double: &Double) -> Gate {
    let name = |image: GateImage| (GATE.parse().unwrap(), gate_image(image.as_str()).parse().unwrap());
    let hook = |act: Box<dyn Fn() + Send + Sync>| {
        Hook::new(move || {
            act();
            Ok(())
        })
    };
    let outage = |kind: OutageKind| Outage {
        kind,
        begin: hook(Box::new(double.breaker(Some(kind.as_str())))),
        end: hook(Box::new(double.breaker(None))),
    };
    Gate {
        images: GateImage::ALL.map(|image| (image, name(image))).into(),
        reason: None,
        refuses_secrets: true,
        immutable: Some((OWN.parse().unwrap(), TAG.parse().unwrap())),
        largest_blob: Some(LARGEST_BLOB),
        outages: [OutageKind::Upstream, OutageKind::PolicyStore, OutageKind::Clock].map(outage).to_vec(),
        stream_ends_within: Some(Duration::from_millis(300)),
        streamed: LARGEST_BLOB,
    }
}

/// An issuer whose tokens are exchanged.
fn federation(double: &Double) -> Federation {
    Federation {
        at: format!("{}/token", double.url()).parse().unwrap(),
        key: SigningKey::read(&Secret::new(Double::federated_key()), "ES256").unwrap().named(FEDERATED_KID),
        issuer: FEDERATED_ISSUER.to_owned(),
        audience: FEDERATED_AUDIENCE.to_owned(),
        subject: FEDERATED_SUBJECT.to_owned(),
        stranger: FEDERATED_STRANGER.to_owned(),
        redirected: Some(REDIRECTED_ISSUER.to_owned()),
    }
}

/// Every key that the user may give.
fn keys() -> Keys {
    let named = |pem: String, kid: &str| SigningKey::read(&Secret::new(pem), "ES256").unwrap().named(kid);
    let mut other = named(Double::other_key(), OTHER_KID);
    other.issuer = Some(OTHER_ISSUER.to_owned());
    let leaf = authority().client();
    let key = SigningKey::read(&Secret::new(leaf.key_pem()), "ES256").unwrap();
    let leaf = key.certified(&leaf.chain_pem()).unwrap();
    Keys { test: Some(named(Double::test_key(), TEST_KID)), other: Some(other), leaf: Some(leaf) }
}

/// Every token of another kind that the user may give.
pub(crate) fn other_tokens(show_to: &[String]) -> Vec<OtherToken> {
    let cookie = format!("{COOKIE}={SESSION}");
    let known =
        [(TokenKind::IdToken, ID_TOKEN), (TokenKind::ApiToken, API_TOKEN), (TokenKind::ConsoleCookie, cookie.as_str())];
    let other = |(kind, text): (TokenKind, &str)| OtherToken {
        show_to: show_to.to_vec(),
        good_at: Some(CONSOLE.to_owned()),
        ..OtherToken::parse(kind, &Secret::new(text.to_owned())).unwrap()
    };
    known.map(other).to_vec()
}

fn hook(act: impl Fn() + Send + Sync + 'static) -> Hook {
    Hook::new(move || {
        act();
        Ok(())
    })
}

/// The same, with the door over TLS in front.
pub(crate) fn over_tls(double: &Double) -> Intent {
    let mut intent = whole(double);
    let origin = double.secure().parse().unwrap();
    let shown = double.certificate();
    let certificate = ClientCertificate::from_der(&origin, shown.chain, shown.key);
    let name = intent.doors[0].name.clone();
    intent.doors[0] = Door { name, certificate: Some(Arc::new(certificate)), ..Door::new(origin) };
    declare_beside(&mut intent.doors[0], double);
    intent
}

/// A run at the first door about the first reference, with everything that is known: all checks, or the controls and
/// these.
pub(crate) fn run(double: &Double, only: Option<&[&str]>) -> Report {
    run_as(double, &whole(double), only)
}

/// The same, at the first door of any intent. Whoever waits lets the time of the double pass.
pub(crate) fn run_as(double: &Double, intent: &Intent, only: Option<&[&str]>) -> Report {
    run_in(Mode::Intrusive, double, intent, only)
}

/// The same, as far as a mode goes.
pub(crate) fn run_in(mode: Mode, double: &Double, intent: &Intent, only: Option<&[&str]>) -> Report {
    run_by(&Settings { mode, ..Settings::default() }, double, intent, only, Box::new(clock()))
}

/// The same in every mode, until it is stopped, by this clock.
pub(crate) fn run_until(
    double: &Double,
    intent: &Intent,
    only: Option<&[&str]>,
    (stop, clock): (Stop, Clock),
) -> Report {
    run_by(&Settings { mode: Mode::Intrusive, stop, ..Settings::default() }, double, intent, only, clock)
}

fn run_by(settings: &Settings, double: &Double, intent: &Intent, only: Option<&[&str]>, clock: Clock) -> Report {
    let waits = Waits::at_most(Duration::from_secs(3600)).calling(double.hurrier());
    let intrusive = catalogue().filter(|check| check.mode == Mode::Intrusive).map(|check| check.id).collect();
    let settings = Settings { intrusive, waits, ..settings.clone() };
    let mut plan = Plan::new(intent, &settings);
    plan.cells.truncate(1);
    for (check, selected) in plan.cells.iter_mut().flat_map(|cell| &mut cell.checks) {
        if only.is_some_and(|ids| !check.group.is_control() && !ids.contains(&check.id)) {
            *selected = Err("another one is looked at".to_owned());
        }
    }
    probe(intent, &plan, dialer(), clock, |_| ()).unwrap()
}

/// A dialer that trusts the authority of the tests and nobody else.
fn dialer() -> Dialer {
    let mut roots = RootCertStore::empty();
    roots.add(authority().der().to_vec().into()).unwrap();
    Dialer::trusting(roots).unwrap()
}

/// A whole run as the settings say.
pub(crate) fn run_with(intent: &Intent, settings: &Settings) -> Report {
    run_telling(intent, settings, |_| ())
}

/// The same, telling what is done.
pub(crate) fn run_telling(intent: &Intent, settings: &Settings, tell: impl FnMut(Progress<'_>)) -> Report {
    let plan = Plan::new(intent, settings);
    probe(intent, &plan, Dialer::new().unwrap(), Box::new(clock()), tell).unwrap()
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
pub(crate) fn clock() -> impl Fn() -> Now {
    let start = Instant::now();
    move || Now { wall: Timestamp::now(), tick: start.elapsed() }
}
