//! Every request of every route, asked by every stranger, over every way to show a credential: one table of refusals.
//!
//! The cells come from `Route::ALL` and `Request::samples`, so a new route meets every stranger without a line here.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a matrix of tests fails like a test, and says how large it is"
)]

mod house;

use house::House;
use protocol::{Group, Oci, Operation, Request, Route, Scope};
use serde_json::Value;
use state::Change;
use testkit::http::{self, Response};

/// Routes that no stranger is refused on. It may only shrink, and it is empty.
const UNCOVERED: [Route; 0] = [];

/// Who is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stranger {
    /// Nobody in particular.
    Anonymous,
    /// A key that was never made.
    Unknown,
    /// A robot with rights elsewhere.
    WrongRepository,
    /// A robot that may push and not pull.
    PushOnly,
    /// A robot whose grant has ended.
    OutsideItsWindow,
    /// A key that has expired.
    ExpiredKey,
    /// A key that was revoked.
    RevokedKey,
    /// A robot that was revoked.
    RevokedRobot,
    /// A robot that is disabled.
    Disabled,
    /// A robot that was deleted.
    Deleted,
}

impl Stranger {
    const ALL: [Self; 10] = [
        Self::Anonymous,
        Self::Unknown,
        Self::WrongRepository,
        Self::PushOnly,
        Self::OutsideItsWindow,
        Self::ExpiredKey,
        Self::RevokedKey,
        Self::RevokedRobot,
        Self::Disabled,
        Self::Deleted,
    ];
}

/// How the credential is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    Basic,
    BearerKey,
    BearerToken,
}

/// What a cell must show.
#[derive(Debug, PartialEq, Eq)]
struct Expected {
    status: u16,
    decision: &'static str,
    reason: &'static str,
    /// The `error` of a Bearer challenge, `none` for one without, `basic` for the other kind, empty for no challenge.
    challenge: &'static str,
}

fn repository() -> protocol::Repository {
    "team/app".parse().expect("a name")
}

/// A house with the stranger in it, and what the stranger shows.
fn stranger(stranger: Stranger, path: Path) -> Option<(House, Option<String>)> {
    let house = House::open("");
    let both = [("team/**", Group::Pull), ("team/**", Group::Push), ("team/**", Group::Delete)];
    let soon = Some(house.now().wall + std::time::Duration::from_secs(60));
    let key = match stranger {
        Stranger::Anonymous => return (path == Path::Basic).then_some((house, None)),
        Stranger::Unknown => authn::RobotKeyText::generate().unwrap(),
        Stranger::WrongRepository => house.robot("ci", &[("other/**", Group::Pull), ("other/**", Group::Push)], None),
        Stranger::PushOnly => house.robot("ci", &[("team/**", Group::Push)], None),
        Stranger::OutsideItsWindow => house.robot("ci", &both, soon),
        Stranger::ExpiredKey
        | Stranger::RevokedKey
        | Stranger::RevokedRobot
        | Stranger::Disabled
        | Stranger::Deleted => house.robot("ci", &both, None),
    };
    let basic = http::basic("ci", key.expose());
    let shown = match path {
        Path::Basic => basic,
        Path::BearerKey => format!("Bearer {}", key.expose()),
        // A token must have been had before whatever ended the right to it.
        Path::BearerToken if matches!(stranger, Stranger::Unknown | Stranger::ExpiredKey) => return None,
        Path::BearerToken => {
            let target = "/token?scope=repository:team/app:pull,push,delete&scope=registry:catalog:*";
            let reply = http::request(house.address, "GET", target, &[("Authorization", &basic)], b"");
            let reply: Value = serde_json::from_slice(&reply.body).unwrap();
            format!("Bearer {}", reply["token"].as_str().unwrap())
        }
    };
    let name = || "ci".parse().unwrap();
    match stranger {
        Stranger::OutsideItsWindow => house.pass(60),
        Stranger::ExpiredKey => house.pass(86_400),
        Stranger::RevokedKey => house.change(Change::RevokeKey(key.id().parse().unwrap())),
        Stranger::RevokedRobot => house.change(Change::RevokeRobot(name())),
        Stranger::Disabled => house.change(Change::DisableRobot(name())),
        Stranger::Deleted => house.change(Change::DeleteRobot(name())),
        Stranger::Anonymous | Stranger::Unknown | Stranger::WrongRepository | Stranger::PushOnly => {}
    }
    Some((house, Some(shown)))
}

/// The table: who is told what. `None` where the request is allowed.
fn expected(stranger: Stranger, path: Path, request: &Request) -> Option<Expected> {
    let token = request.route() == Route::Token;
    let unidentified = |reason| {
        Some(Expected {
            status: 401,
            decision: "unidentified",
            reason,
            challenge: if token { "basic" } else { "invalid_token" },
        })
    };
    // A token never begets a token, not even a good one.
    let good = matches!(stranger, Stranger::WrongRepository | Stranger::OutsideItsWindow | Stranger::PushOnly);
    if token && good && path == Path::BearerToken {
        return unidentified("bad_token");
    }
    match stranger {
        Stranger::Anonymous => Some(Expected {
            status: 401,
            decision: "deny",
            reason: "no_credential",
            challenge: if token { "basic" } else { "none" },
        }),
        Stranger::Unknown => unidentified("unknown_credential"),
        Stranger::ExpiredKey => unidentified("expired_key"),
        Stranger::RevokedKey | Stranger::RevokedRobot if path == Path::BearerToken => unidentified("revoked_token"),
        Stranger::RevokedKey | Stranger::RevokedRobot => unidentified("revoked_key"),
        Stranger::Disabled => unidentified("disabled"),
        Stranger::Deleted => unidentified("deleted"),
        Stranger::WrongRepository | Stranger::OutsideItsWindow | Stranger::PushOnly => refused(stranger, request),
    }
}

/// Who is identified is refused by policy: 403 for what exists and for what does not. Whoever may push reads 404 on HEAD.
fn refused(stranger: Stranger, request: &Request) -> Option<Expected> {
    let denied = |status| Some(Expected { status, decision: "deny", reason: "not_granted", challenge: "" });
    let Request::Oci(Oci { operation, .. }) = request else {
        return if request.route() == Route::ListRepositories { denied(403) } else { None };
    };
    let lists = matches!(operation, Operation::ListTags { .. } | Operation::ListReferrers { .. });
    let reads = lists || matches!(operation, Operation::ReadManifest { .. } | Operation::ReadBlob { .. });
    let deletes = matches!(operation, Operation::DeleteManifest { .. } | Operation::DeleteBlob { .. });
    let pushes = stranger == Stranger::PushOnly;
    if pushes && !reads && !deletes {
        return None;
    }
    denied(if pushes && reads && request.is_head() { 404 } else { 403 })
}

fn ask(house: &House, request: &Request, shown: Option<&str>) -> Response {
    let rendered = request.render();
    let headers: Vec<(String, String)> =
        rendered.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let mut headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    headers.extend(shown.map(|shown| ("Authorization", shown)));
    http::request(house.address, rendered.method.as_str(), &rendered.target, &headers, b"")
}

/// Everything that a refusal must show, and must not.
fn check(house: &House, request: &Request, answer: &Response, expected: &Expected, cell: &str) {
    assert_eq!(answer.head.status, expected.status, "{cell}: {}", answer.text());
    assert_eq!(answer.head.header("docker-distribution-api-version"), Some("registry/2.0"), "{cell}");
    for absent in ["docker-content-digest", "etag", "location", "accept-ranges"] {
        assert_eq!(answer.head.header(absent), None, "{cell}");
    }
    let id = answer.head.header("x-request-id").expect("a refusal carries its id");
    if request.is_head() {
        assert!(answer.body.is_empty(), "{cell}");
    } else {
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let message = body["errors"][0]["message"].as_str().unwrap();
        assert!(message.ends_with(&format!(" (pullgate why {id})")), "{cell}: {message}");
    }
    assert_eq!(
        answer.head.header("www-authenticate").unwrap_or_default(),
        challenge(house, request, expected),
        "{cell}"
    );
    let record = house.record(id).unwrap_or_else(|| panic!("{cell}: no record")).to_json();
    let told = (record["decision"].as_str(), record["reason"].as_str(), record["status"].as_u64());
    assert_eq!(told, (Some(expected.decision), Some(expected.reason), Some(expected.status.into())), "{cell}");
}

fn challenge(house: &House, request: &Request, expected: &Expected) -> String {
    let scopes: Vec<String> = request.needed_scopes().iter().map(Scope::to_string).collect();
    let scope = if scopes.is_empty() { String::new() } else { format!(",scope=\"{}\"", scopes.join(" ")) };
    let bearer = format!("Bearer realm=\"http://{}/token\",service=\"pullgate\"{scope}", house.address);
    match expected.challenge {
        "" => String::new(),
        "basic" => "Basic realm=\"pullgate\"".to_owned(),
        "none" => bearer,
        error => format!("{bearer},error=\"{error}\""),
    }
}

#[test]
fn every_request_by_every_stranger() {
    let mut cells = 0;
    let mut covered = std::collections::BTreeSet::new();
    for who in Stranger::ALL {
        for path in [Path::Basic, Path::BearerKey, Path::BearerToken] {
            let Some((house, shown)) = stranger(who, path) else { continue };
            for route in Route::ALL {
                for request in Request::samples(route, &repository()) {
                    // A POST is rendered as the GET that asks for the same; its form has a test of its own.
                    let Some(expected) = expected(who, path, &request) else { continue };
                    let (decisions, store) = (house.decisions(), house.store());
                    let cell = format!("{who:?} {path:?} {:?} {}", route, request.render().target);
                    // Strangers are summed up beyond twenty a minute, so each has a minute of its own.
                    house.pass(if who == Stranger::Anonymous || who == Stranger::Unknown { 60 } else { 0 });
                    check(&house, &request, &ask(&house, &request, shown.as_deref()), &expected, &cell);
                    assert_eq!(house.decisions(), decisions + 1, "{cell}: one decision");
                    assert_eq!(house.store(), store, "{cell}: the store saw nothing");
                    covered.insert(route);
                    cells += 1;
                }
            }
        }
    }
    println!("{cells} cells");
    let uncovered: Vec<Route> = Route::ALL.into_iter().filter(|route| !covered.contains(route)).collect();
    assert_eq!(uncovered, UNCOVERED);
    assert!(cells > 300, "{cells} cells");
}

#[test]
fn existing_and_missing_are_refused_alike() {
    let house = House::open("");
    let key = house.robot("owner", &[("team/**", Group::Push)], None);
    let stranger = house.robot("other", &[("other/**", Group::Pull)], None);
    let index = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
    let basic = http::basic("owner", key.expose());
    let pushed = http::request(house.address, "PUT", "/v2/team/app/manifests/v1", &[("Authorization", &basic)], index);
    assert_eq!(pushed.head.status, 201);
    let basic = http::basic("other", stranger.expose());
    let asked = |target: &str| {
        let answer = http::request(house.address, "GET", target, &[("Authorization", &basic)], b"");
        let id = answer.head.header("x-request-id").unwrap().to_owned();
        (answer.head.status, answer.text().replace(&id, "ID"))
    };
    assert_eq!(asked("/v2/team/app/manifests/v1"), asked("/v2/team/none/manifests/v1"));
    assert_eq!(asked("/v2/team/app/tags/list"), asked("/v2/team/none/tags/list"));
}

#[test]
fn a_rule_that_cannot_be_evaluated_allows_nothing() {
    let house = House::open("forbid (principal, action, resource) when { 9223372036854775807 + 1 > 0 };");
    let key =
        house.robot("ci", &[("team/**", Group::Pull), ("team/**", Group::Push), ("team/**", Group::Delete)], None);
    let basic = http::basic("ci", key.expose());
    // The list of repositories is decided name by name while it is read, and `listings.rs` reads it.
    let elsewhere = [Route::Ping, Route::ListRepositories];
    for route in Route::ALL.into_iter().filter(|route| !elsewhere.contains(route)) {
        for request in Request::samples(route, &repository()) {
            let answer = ask(&house, &request, Some(&basic));
            assert_eq!(answer.head.status, 503, "{route:?} {}", answer.text());
            let record = house.record(answer.head.header("x-request-id").unwrap()).unwrap().to_json();
            assert_eq!(
                (&record["decision"], &record["reason"]),
                (&"broken".into(), &"policy_error".into()),
                "{route:?}"
            );
        }
    }
}

#[test]
#[ignore = "needs root: it mounts a file system that can be filled"]
fn without_its_journal_it_allows_nothing() {
    let house = House::with_a_small_journal();
    let key =
        house.robot("ci", &[("team/**", Group::Pull), ("team/**", Group::Push), ("team/**", Group::Delete)], None);
    let basic = http::basic("ci", key.expose());
    house.fill_the_journal();
    let store = house.store();
    for route in Route::ALL {
        for request in Request::samples(route, &repository()) {
            let answer = ask(&house, &request, Some(&basic));
            assert_eq!(answer.head.status, 503, "{route:?} {}", answer.text());
            assert!(answer.head.header("retry-after").is_some(), "{route:?}");
        }
    }
    assert_eq!(house.store(), store, "the store saw nothing");
}
