//! Every request, from every stranger, by every way in: what they are told, what is written down, and that nothing
//! behind the gate has noticed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail like tests, and print what they counted"
)]

#[path = "refusals/asked.rs"]
mod asked;
mod house;
#[path = "refusals/strangers.rs"]
mod strangers;
#[path = "refusals/table.rs"]
mod table;

use std::collections::{BTreeMap, BTreeSet};

use audit::{Reason, Record};
use protocol::{Group, Route};
use testkit::http::Response;

use asked::{Asked, THERE};
use house::{House, Robot};
use strangers::{Path, Stranger, Visitor};
use table::{Refusal, refusal};

/// Routes that no stranger is refused. It may only shrink.
const UNCOVERED: [Route; 0] = [];

/// Reasons that no stranger meets here, and the test in `flow.rs` that meets them.
const ELSEWHERE: [(Reason, &str); 9] = [
    (Reason::GRANTED, "every_route_serves_who_may"),
    (Reason::NARROWED, "a_refused_mount_is_a_plain_upload"),
    (Reason::FORBIDDEN, "a_protected_tag_is_forbidden"),
    (Reason::SWITCHED_OFF, "a_catalog_that_is_off_is_not_there"),
    (Reason::BAD_AUTHORIZATION, "what_cannot_be_read_is_not_guessed"),
    (Reason::UNPARSABLE, "what_cannot_be_read_is_not_guessed"),
    (Reason::FOREIGN_SERVICE, "what_cannot_be_read_is_not_guessed"),
    (Reason::FRAMING, "a_connection_without_a_request_leaves_a_leaf"),
    (Reason::ORIGIN_ERROR, "a_store_that_cannot_answer_allows_nothing"),
];

/// Cells after which a minute passes: so many refusals of one source stand in full.
const IN_FULL: usize = 20;

#[test]
fn every_request_of_every_stranger() {
    let mut seen = Seen::default();
    for stranger in Stranger::ALL {
        for path in stranger.paths() {
            visit(stranger, *path, &mut seen);
        }
    }
    println!("{} cells refused, {} let in", seen.refused, seen.let_in);
    let uncovered: Vec<Route> = Route::ALL.into_iter().filter(|route| !seen.routes.contains(route)).collect();
    assert_eq!(uncovered, UNCOVERED);
    let elsewhere = ELSEWHERE.map(|(reason, _)| reason.as_str());
    let missed: Vec<&str> =
        Reason::ALL.iter().map(|reason| reason.as_str()).filter(|r| !seen.reasons.contains(r)).collect();
    assert_eq!(BTreeSet::from_iter(missed), BTreeSet::from_iter(elsewhere), "reasons that nobody was refused for");
}

#[test]
fn the_other_reasons_have_their_tests() {
    let flow = include_str!("flow.rs");
    for (reason, test) in ELSEWHERE {
        let body =
            flow.split_once(&format!("#[test]\nfn {test}() {{\n")).and_then(|(_, rest)| rest.split_once("\n}\n"));
        let (body, _) = body.unwrap_or_else(|| panic!("{reason}: no test is called `{test}`"));
        assert!(
            body.contains(&format!("Reason::{}", reason.as_str().to_uppercase())),
            "{test} says nothing of {reason}"
        );
    }
}

/// What all cells together have shown.
#[derive(Debug, Default)]
struct Seen {
    refused: usize,
    let_in: usize,
    routes: BTreeSet<Route>,
    reasons: BTreeSet<&'static str>,
    /// The body by status, code and `error` of the challenge: it tells nobody more than these.
    bodies: BTreeMap<(u16, &'static str, Option<&'static str>), String>,
}

/// One stranger, by one way in, before a house of their own.
fn visit(stranger: Stranger, path: Path, seen: &mut Seen) {
    let mut house = stranger.house();
    let owner = Robot::called("owner").may(&Group::ALL, "acme/**").live_in(&house);
    let mut visitor = Visitor::new(stranger, path, &house);
    let digest = house.fill(&owner, THERE);
    let upload = house.open_upload(visitor.uploader(&owner), THERE);
    visitor.fall(&mut house);
    house.new_leaves();
    let (stored, sequence) = (house.stored(), house.state.sequence());
    let pairs = Asked::all(&digest, &upload).into_iter().filter(|[asked, _]| path != Path::Form || asked.has_form());
    for (count, pair) in pairs.enumerate() {
        if count % (IN_FULL / 2) == 0 {
            house.clock.pass(60);
        }
        let answers = pair.each_ref().map(|asked| cell(&mut house, &visitor, asked, seen));
        if let [Some(there), Some(nowhere)] = answers {
            assert_eq!(there, nowhere, "{stranger:?} by {path:?} learns what exists: {pair:?}");
        }
    }
    assert!(house.stored() == stored && house.state.sequence() == sequence, "{stranger:?} by {path:?} left traces");
}

/// One request. Gives what would tell the stranger whether what they asked for exists.
fn cell(house: &mut House, visitor: &Visitor, asked: &Asked, seen: &mut Seen) -> Option<String> {
    let Some(refusal) = refusal(visitor, asked) else {
        seen.let_in += 1;
        return None;
    };
    let what = format!("{:?} by {:?}: {} {}", visitor.stranger, visitor.path, asked.method, asked.target);
    let before = house.stored();
    let (headers, body) = visitor.shows(asked);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = house.ask(&asked.method, &asked.target, &headers, &body);
    let id = told(&answer, &refusal, asked, house, &what);
    match house.new_decisions().as_slice() {
        [] if !refusal.written => {}
        [record] if refusal.written => written(record, &id, &refusal, visitor, asked, &what),
        other => panic!("{what}: {} decisions", other.len()),
    }
    assert!(house.stored() == before, "{what}: the store was touched");
    let body = answer.text().replace(&id, "ID");
    if !asked.is_head() {
        let same = seen.bodies.entry((refusal.status, refusal.code, refusal.error)).or_insert_with(|| body.clone());
        assert_eq!(*same, body, "{what}: words that others are not told");
    }
    seen.refused += 1;
    seen.routes.insert(asked.route);
    seen.reasons.insert(refusal.reason.as_str());
    Some(format!("{:?} {body}", without_names(&answer, asked)))
}

/// The answer, header by header. Gives its id.
fn told(answer: &Response, refusal: &Refusal, asked: &Asked, house: &House, what: &str) -> String {
    assert_eq!(answer.head.status, refusal.status, "{what}: {}", answer.text());
    let id = answer.head.header("x-request-id").unwrap_or_else(|| panic!("{what}: no request id")).to_owned();
    let challenge = refusal.challenge(asked, house.address);
    let length = (!asked.is_head()).then(|| answer.body.len().to_string());
    let retry = (refusal.status == 503).then(|| "5".to_owned());
    let mut expected = BTreeMap::from([
        ("cache-control", "private".to_owned()),
        ("content-type", "application/json".to_owned()),
        ("docker-distribution-api-version", "registry/2.0".to_owned()),
        ("vary", "Authorization".to_owned()),
        ("x-request-id", id.clone()),
    ]);
    expected.extend(challenge.map(|challenge| ("www-authenticate", challenge)));
    expected.extend(length.map(|length| ("content-length", length)));
    expected.extend(retry.map(|retry| ("retry-after", retry)));
    let headers = answer.head.headers.iter().filter(|(name, _)| name != "date");
    let headers: Vec<(&str, String)> = headers.map(|(name, value)| (name.as_str(), value.clone())).collect();
    assert_eq!(headers.len(), expected.len(), "{what}: {headers:?}");
    assert_eq!(BTreeMap::from_iter(headers), expected, "{what}");
    if asked.is_head() {
        assert!(answer.body.is_empty(), "{what}");
    } else {
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["errors"][0]["code"], refusal.code, "{what}");
        let message = body["errors"][0]["message"].as_str().unwrap();
        assert!(message.ends_with(&format!(" (pullgate why {id})")), "{what}: {message}");
    }
    id
}

/// The one leaf that tells of it.
fn written(record: &Record, id: &str, refusal: &Refusal, visitor: &Visitor, asked: &Asked, what: &str) {
    assert_eq!((record.decision, record.reason.as_str()), (Some(refusal.decision), refusal.reason.as_str()), "{what}");
    assert_eq!((record.request_id.as_str(), record.status), (id, Some(refusal.status)), "{what}");
    assert_eq!(record.answer.as_ref().map(|answer| answer.code.as_str()), Some(refusal.code), "{what}");
    let principal = record.principal.as_ref().map(|who| (who.kind.as_str(), who.name.as_deref()));
    assert_eq!(principal, visitor.principal(), "{what}");
    let shown = record.credential.as_ref().map(|shown| (shown.kind.as_str(), shown.id.clone()));
    let (kind, key) = visitor.credential().unzip();
    assert_eq!(shown.as_ref().map(|(kind, _)| *kind), kind, "{what}");
    if let Some(Some(key)) = key {
        assert_eq!(shown.and_then(|(_, id)| id), Some(key), "{what}");
    }
    let parsed = visitor.stranger != Stranger::ForeignHost;
    assert_eq!(record.route.as_deref(), parsed.then_some(asked.route.as_str()), "{what}");
    let named = parsed && !matches!(asked.route, Route::Ping | Route::Token | Route::ListRepositories);
    assert_eq!(record.repository.as_deref(), named.then_some(asked.repository), "{what}");
}

/// The headers without the id, the date and the name that was asked for.
fn without_names(answer: &Response, asked: &Asked) -> Vec<(String, String)> {
    let headers = answer.head.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
    headers.map(|(name, value)| (name.clone(), value.replace(asked.repository, "NAME"))).collect()
}
