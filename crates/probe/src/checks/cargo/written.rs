//! What changes a registry of crates, asked for by nobody and about a crate that does not exist.

use outbound::Endpoint;

use super::registry::{Held, Registry, decision};
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::observation::Seen;
use crate::proof::Proof;
use crate::random;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "CARGO-04",
    group: Group::Cargo,
    mode: Mode::Write,
    severity: Severity::Critical,
    title: "nobody publishes, yanks or changes owners, and no body is read before that is said",
    request: "as nobody: publish with a broken body and with none of the one that was announced, yank, unyank, and owners, of a crate and version that do not exist",
    judgement: "Pass: 401 or 403, also while the body is awaited. Fail: anything else",
    why: "whoever answers with another status has read the request before asking who sent it",
    remedy: "decide before the body is read, on every route that changes something",
    references: &[],
    needs: &[Need::Crate, Need::Identity(Role::Control)],
    requests: 12,
    run: cargo_04,
}];

/// A length that is announced and never sent: below what proxies refuse by its size alone.
const ANNOUNCED: &str = "524288";

fn cargo_04(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let registry = Registry::of(session)?;
    let held = Held::by_control(session, &registry)?;
    let api = api(session, &held)?;
    let random = random::bytes::<8>().map_err(|error| Doubt::Missing { why: error.to_string() })?;
    let name = format!("{api}/api/v1/crates/probe-{}", random::hex(&random));
    let publish = format!("{api}/api/v1/crates/new");
    let nobody = br#"{"users":["nobody"]}"#.to_vec();
    let requests = [
        ("publish", Request::new("PUT", publish.as_str()).body("application/octet-stream", b"\0".to_vec())),
        ("yank", Request::new("DELETE", format!("{name}/0.0.1/yank"))),
        ("unyank", Request::new("PUT", format!("{name}/0.0.1/unyank")).body("application/json", b"{}".to_vec())),
        ("owners", Request::get(format!("{name}/owners"))),
        ("new owners", Request::new("PUT", format!("{name}/owners")).body("application/json", nobody.clone())),
        ("fewer owners", Request::new("DELETE", format!("{name}/owners")).body("application/json", nobody)),
    ];
    let mut answers = Vec::new();
    for (what, request) in requests {
        let seen = session.ask(&request);
        answers.push(seen.and_then(|seen| closed(&seen)).unwrap_or_else(Answer::Open).named(what));
    }
    let answer = Answer::all(answers);
    if !answer.is_refusal() {
        return Ok(answer);
    }
    Ok(answer.and(before_the_body(session, &publish)?))
}

/// The path under which the API is, at the door itself.
fn api(session: &mut Session<'_>, held: &Held) -> Result<String, Doubt> {
    let Some(api) = &held.config.api else { return Err(Doubt::Missing { why: "the index names no `api`".to_owned() }) };
    let at: Endpoint = api.parse().map_err(|_| Doubt::Missing { why: "`api` is no URL".to_owned() })?;
    match at.origin == session.door().origin {
        true => Ok(at.target.trim_end_matches('/').to_owned()),
        false => Err(Doubt::Missing { why: format!("`api` is at `{}`, which is another door", at.origin) }),
    }
}

fn closed(seen: &Seen) -> Result<Answer, Doubt> {
    match decision(seen)? {
        401 | 403 => Ok(Answer::AsIntended),
        status => {
            let proof = Proof::behaviour(seen, format!("{status} to nobody, and neither 401 nor 403"));
            proof.map(|proof| Answer::Wrong(proof.aside())).ok_or(Doubt::OtherRefusal { status })
        }
    }
}

/// A body that is announced and never comes: whoever waits for it has not decided yet. The same with its body was refused.
fn before_the_body(session: &mut Session<'_>, publish: &str) -> Result<Answer, Doubt> {
    let request = Request::new("PUT", publish).header("Content-Length", ANNOUNCED);
    let seen = session.ask(&request)?;
    if seen.response().is_ok() {
        return closed(&seen);
    }
    let again = session.ask(&Request::new("PUT", publish).body("application/octet-stream", b"\0".to_vec()))?;
    let proof = Proof::behaviour(&again, "refused once the body is there, and not before");
    let proof = proof.map(|proof| Answer::Wrong(proof.after([seen.id]).graded(Severity::Medium)));
    proof.ok_or_else(|| Doubt::NoAnswer { why: "nothing came while a body was awaited".to_owned() })
}
