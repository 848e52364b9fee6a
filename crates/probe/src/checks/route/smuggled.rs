//! Requests whose end is told in two ways, so that two readers in a row may disagree; seen by who waits for more.

use std::time::Duration;

use crate::check::{Check, Group, Severity};
use crate::checks::spelled;
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Observation;
use crate::proof::Proof;
use crate::reception::Garbled;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;
use crate::wire::WireError;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "ROUTE-18",
    group: Group::Route,
    mode: Mode::Intrusive,
    severity: Severity::Critical,
    title: "two readers agree where a request ends",
    request: "POST of the manifest with Content-Length and Transfer-Encoding that contradict each other: the length short of the chunks, the length beyond them, and both with odd spellings of chunked",
    judgement: "Pass: answered, or the connection closes. Fail: twice no answer, while the same with one length is answered at once",
    why: "who waits for what another reader has left out reads the next request of somebody else where this one goes on",
    remedy: "refuse requests with both headers, and any Transfer-Encoding but chunked, at the first reader",
    references: &["RFC 9112 section 6.3", "CWE-444"],
    needs: &[],
    requests: 40,
    run: route_18,
}];

/// How `Transfer-Encoding` is written.
const CODINGS: [(&str, &[(&str, &str)]); 4] = [
    ("chunked", &[("Transfer-Encoding", "chunked")]),
    ("xchunked", &[("Transfer-Encoding", "xchunked")]),
    ("a blank before the colon", &[("Transfer-Encoding ", "chunked")]),
    ("two codings", &[("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")]),
];

/// What contradicts itself: a length, and a body in chunks. The first comes first, because the second leaves a byte behind
/// for whoever is next where the first is not understood.
const BODIES: [(&str, &str, &str); 2] =
    [("a length short of the chunks", "4", "1\r\nA\r\nX\r\n\r\n"), ("a length beyond the chunks", "6", "0\r\n\r\nX")];

/// An answer that takes so much longer than the plain one does not come.
const LEAST: Duration = Duration::from_secs(2);

fn route_18(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let path = session.manifest_target(&session.private().reference());
    let post = |length: &str, body: &str| {
        Request::new("POST", path.as_str()).header("Content-Length", length).body("text/plain", body.into())
    };
    let plain = post("1", "A");
    let answered = session.ask(&plain)?;
    answered.response()?;
    let patience = LEAST + 4 * answered.elapsed;
    let odd = BODIES.iter().flat_map(|(kind, length, body)| {
        CODINGS.iter().map(move |(coding, headers)| {
            let put = |request: Request, (name, value): &(&str, &str)| request.header(*name, *value);
            let request = headers.iter().fold(post(length, body), put).within(patience);
            (format!("{kind}, {coding}"), request)
        })
    });
    Ok(Answer::first_wrong(odd, |(name, odd)| Ok(waits(session, &odd, &plain)?.named(&name))))
}

/// Whether the odd request is left without an answer, twice, while the plain one gets one.
fn waits(session: &mut Session<'_>, odd: &Request, plain: &Request) -> Result<Answer, Doubt> {
    let seen = session.ask(odd)?;
    if !is_late(&seen) {
        return answers(session, &seen, plain);
    }
    let again = session.ask(odd)?;
    let answered = session.ask(plain)?;
    let proof = is_late(&again).then(|| Proof::silence(&again, &answered)).flatten();
    proof
        .map(|proof| Answer::Wrong(proof.after([seen.id])))
        .ok_or_else(|| Doubt::NoAnswer { why: "late, once".to_owned() })
}

/// Whoever answers, or hangs up and answers the plain one, waits for nothing.
fn answers(session: &mut Session<'_>, seen: &Observation, plain: &Request) -> Result<Answer, Doubt> {
    let status = match spelled::is_closed(seen) {
        true => session.ask(plain)?.response()?.status,
        false => seen.response()?.status,
    };
    if status == 429 { Err(Doubt::RateLimited) } else { Ok(Answer::AsIntended) }
}

fn is_late(seen: &Observation) -> bool {
    matches!(seen.failure(), Some(WireError::Garbled(Garbled::Late)))
}
