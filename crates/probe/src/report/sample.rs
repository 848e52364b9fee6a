//! A report that no run has made: the same every time, with every state that a check can be in, and with a target that
//! sends what reports must not be broken by.

use std::sync::Arc;
use std::time::Duration;

use outbound::Origin;

use super::{Answered, CheckResult, Report, Standing, State};
use crate::baseline::{Change, Drift, Gone};
use crate::checks;
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::{Observation, ObservationId, Secrecy, Seen};
use crate::proof::Proof;
use crate::random::{self, Blinding};
use crate::request::Request;
use crate::response::{Body, Ended, Headers, Response};
use crate::run::{Budget, Discovered, Note, PRODUCT};
use crate::triage::{TriageState, Triaged};
use crate::verdict::Verdict;

/// What a target sends to break the reports: markup, ends of every quotation, codes for terminals, letters that turn text
/// around, names of people and numbers of issues.
pub(crate) const HOSTILE: &str = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>\" onmouseover=\"x ' &amp; \
    ]]> --> ```` `a` | @ann #1 [x](https://evil.example) {0} \u{1b}[2J\u{9b}2J\u{202e}\u{200b}\u{2028}\r\nSet: x";

const RUN: &str = "11111111-2222-4333-8444-555555555555";

fn origin(door: &str) -> Origin {
    format!("https://{door}.example").parse().unwrap()
}

fn seen(id: usize, target: &str, status: u16, body: &str) -> Seen {
    let headers = [("Server", HOSTILE.replace(['\r', '\n'], " ")), ("Content-Type", "application/json".to_owned())];
    let headers: Headers = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let body = Body { bytes: body.into(), ended: Ended::Whole };
    let request = Request::get(target).header("Accept", "*/*");
    let message = request.message(&origin("edge"), RUN);
    let secrecy = Secrecy::new(Blinding::new().unwrap());
    let response = Ok(Response { status, interim: Vec::new(), headers, body });
    let time = Duration::from_millis(7);
    Arc::new(Observation::new(ObservationId(id), &origin("edge"), &request, &message, response, time, &secrecy))
}

/// A check at a door; what is given is its state.
fn result(id: &str, door: &str, state: State, seen: &[usize]) -> CheckResult {
    CheckResult {
        check: checks::find(id).unwrap(),
        door: door.to_owned(),
        origin: origin(door),
        vantage: if door == "edge" { "internet".to_owned() } else { "office <b>".to_owned() },
        repository: "team/app".parse().unwrap(),
        reference: "team/app:1.0".to_owned(),
        state,
        triage: None,
        change: None,
        seen: seen.iter().map(|id| ObservationId(*id)).collect(),
        controls: vec![ObservationId(1)],
    }
}

pub(super) fn failed(proof: Option<Proof>, id: &str) -> State {
    let severity = checks::find(id).unwrap().severity;
    State::Judged(Verdict::Fail { proof: proof.unwrap(), severity })
}

fn open(why: &str) -> State {
    State::Judged(Verdict::Inconclusive(Doubt::NoAnswer { why: why.to_owned() }))
}

fn triage(state: TriageState, says: &str) -> Option<Triaged> {
    Some(Triaged { state, until: "2030-03-31".parse().unwrap(), says: says.to_owned() })
}

fn standing(door: &str, answer: Answered, says: &str) -> Standing {
    Standing {
        reference: "team/app:1.0".to_owned(),
        door: door.to_owned(),
        vantage: if door == "edge" { "internet".to_owned() } else { "office <b>".to_owned() },
        answer,
        says: says.to_owned(),
        interfered: false,
        unreachable: false,
    }
}

fn results(evidence: &[Seen]) -> Vec<CheckResult> {
    let [base, manifest, token, ..] = evidence else { panic!("three observations") };
    let passed = || State::Judged(Verdict::passed());
    let content = Proof::bytes(manifest, &random::sha256(HOSTILE.as_bytes()).unwrap());
    let mut results = vec![
        result("CTL-01", "edge", passed(), &[1]),
        result("ANON-01", "edge", failed(Proof::behaviour(base, HOSTILE), "ANON-01"), &[1]),
        result("ANON-02", "edge", failed(content.map(|proof| proof.after([token.id])), "ANON-02"), &[3, 2]),
        result("ANON-03", "edge", open(HOSTILE), &[]),
        result("ANON-05", "edge", passed(), &[1]),
        result("TOK-01", "edge", failed(Proof::behaviour(token, "the realm is plain HTTP"), "TOK-01"), &[3]),
        result("TOK-02", "edge", failed(Proof::token(token, "pull on team/app"), "TOK-02"), &[3]),
        result("ANON-06", "edge", State::NotSelected(HOSTILE.to_owned()), &[]),
        result("CTL-01", "mirror", passed(), &[1]),
        result("ANON-02", "mirror", passed(), &[1]),
        result("ANON-03", "mirror", open("429: too many requests"), &[1]),
    ];
    let shape = vec!["status: 403 in place of 401".to_owned(), format!("redirect: now also {HOSTILE}")];
    let known = [
        (1, triage(TriageState::RanOut, HOSTILE), Some(Change::Unchanged)),
        (2, None, Some(Change::New)),
        (4, None, Some(Change::Reshaped(shape))),
        (5, triage(TriageState::Accepted, HOSTILE), Some(Change::Unchanged)),
        (6, triage(TriageState::InProgress, "ann"), Some(Change::Unchanged)),
        (9, None, Some(Change::Fixed)),
        (10, None, Some(Change::Lost)),
    ];
    for (index, triage, change) in known {
        (results[index].triage, results[index].change) = (triage, change);
    }
    results
}

/// The report.
pub(crate) fn report() -> Report {
    let evidence = vec![
        seen(1, "/v2/", 200, HOSTILE),
        seen(2, "/v2/team/app/manifests/1.0", 200, HOSTILE),
        seen(3, "/token?scope=repository:team/app:pull", 200, "{}"),
    ];
    let gone = Gone { check: "ANON-04".to_owned(), door: "mirror".to_owned(), reference: "team/app:1.0".to_owned() };
    Report {
        run: RUN.to_owned(),
        began: "2030-01-31T18:00:00Z".parse().unwrap(),
        mode: Mode::Passive,
        standings: vec![
            standing("edge", Answered::Exposed, "a stranger gets team/app:1.0: ANON-02, TOK-02"),
            standing("mirror", Answered::CouldNotTell, HOSTILE),
        ],
        results: results(&evidence),
        evidence,
        idle: vec!["ANON-05 at edge until 2030-03-31".to_owned()],
        drift: Some(Drift { run: RUN.to_owned(), began: "2030-01-30T18:00:00Z".to_owned(), gone: vec![gone] }),
        discovered: vec![Discovered { door: "edge".to_owned(), origin: origin("cdn"), flag: "--storage" }],
        notes: vec![
            Note { door: "edge".to_owned(), name: PRODUCT, value: "Harbor".to_owned() },
            Note { door: "edge".to_owned(), name: "server", value: HOSTILE.to_owned() },
        ],
        budget: Budget { requests: 103, bytes: 6_750_208 },
        spent: Budget { requests: 28, bytes: 4096 },
        elapsed: Duration::from_millis(1500),
    }
}
