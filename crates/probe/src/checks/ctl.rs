//! CTL: what every verdict rests on, and what the door says about itself.

use outbound::Endpoint;

use crate::challenge::Challenge;
use crate::check::{Check, Group, Severity};
use crate::controls::{self, Decoy};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Observation;
use crate::product::Product;
use crate::proof::Proof;
use crate::request::Request;
use crate::run::PRODUCT;
use crate::session::Session;
use crate::verdict::Answer;

pub(super) static CHECKS: [Check; 5] = [
    Check {
        id: "CTL-01",
        group: Group::Ctl,
        mode: Mode::Passive,
        severity: Severity::Information,
        title: "somebody who may pull can pull",
        request: "as control: token, GET /v2/R/manifests/T and D, HEAD of B, GET of C",
        judgement: "Pass: 200 each, and the bytes hash to their digests. Else nothing that rests on it passes",
        why: "without it 401 and 404 mean nothing: the name may be wrong",
        remedy: "name a credential that may pull the private reference: --as docker-login, --credential-file FILE or PULLGATE_PROBE_CREDENTIAL",
        references: &["OCI distribution-spec 1.1, end-2 and end-3"],
        needs: &[],
        requests: 10,
        run: ctl_01,
    },
    Check {
        id: "CTL-02",
        group: Group::Ctl,
        mode: Mode::Passive,
        severity: Severity::Information,
        title: "a name that nobody has is refused",
        request: "GET /v2/X/manifests/latest",
        judgement: "Pass: refused. With 2xx only hashes count as proof",
        why: "catch-all pages answer 200 to everything",
        remedy: "ask the registry itself: what answers here answers everything",
        references: &["OCI distribution-spec 1.1, end-3"],
        needs: &[],
        requests: 1,
        run: ctl_02,
    },
    Check {
        id: "CTL-03",
        group: Group::Ctl,
        mode: Mode::Passive,
        severity: Severity::Information,
        title: "what the base of the API says about itself",
        request: "GET /v2/ and GET /v2",
        judgement: "Records challenge, API version, clock, server. Fail: a redirect to another host",
        why: "clients that are sent to another host never authenticate there",
        remedy: "answer /v2/ under the name that clients use",
        references: &["OCI distribution-spec 1.1, end-1"],
        needs: &[],
        requests: 2,
        run: ctl_03,
    },
    Check {
        id: "CTL-04",
        group: Group::Ctl,
        mode: Mode::Passive,
        severity: Severity::Information,
        title: "which product answers",
        request: "GET /api/v2.0/systeminfo; what the first refusal says: its challenge, headers, cookies, body",
        judgement: "Records the product, and judges nothing",
        why: "products have pages of their own, and remedies of their own",
        remedy: "nothing to mend",
        references: &["RFC 9110 section 10.2.4"],
        needs: &[],
        requests: 2,
        run: ctl_04,
    },
    Check {
        id: "CTL-05",
        group: Group::Ctl,
        mode: Mode::Passive,
        severity: Severity::Information,
        title: "somebody who may pull still can",
        request: "CTL-01 once more, after everything else; and in between, after every 25 checks",
        judgement: "Pass: as at the beginning. Else the run was interfered with, and nothing passes that was asked after the last good control",
        why: "whoever is blocked half-way is refused everything, and learns nothing by it",
        remedy: "allow the address of the probe, or ask less at a time",
        references: &["OCI distribution-spec 1.1, end-2 and end-3"],
        needs: &[],
        requests: 8,
        run: ctl_05,
    },
];

fn ctl_01(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let held = controls::positive(session);
    session.begin(held.clone());
    held.map(|_| Answer::AsIntended)
}

fn ctl_02(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let decoy = controls::decoy(session);
    session.set_decoy(decoy.clone());
    match decoy {
        Decoy::Refused => Ok(Answer::AsIntended),
        Decoy::Answered => Err(Doubt::NoDecoy { why: "a random name was answered with success".to_owned() }),
        Decoy::Open(doubt) => Err(doubt),
    }
}

fn ctl_03(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let base = session.ask(&Request::get("/v2/"))?;
    let bare = session.ask(&Request::get("/v2"))?;
    let response = base.response()?;
    for challenge in Challenge::all(&response.headers) {
        session.note("challenge", &challenge.to_string());
    }
    for name in ["docker-distribution-api-version", "server", "alt-svc"] {
        if let Some(value) = response.headers.get(name) {
            session.note(name, value);
        }
    }
    if let Some(skew) = response.headers.get("date").and_then(|date| skew(date, session.wall())) {
        session.note("clock", &format!("{skew} s ahead of ours"));
    }
    let elsewhere = [&base, &bare].into_iter().find_map(|seen| elsewhere(seen));
    Ok(elsewhere.map_or(Answer::AsIntended, Answer::Wrong))
}

/// A redirect to another origin.
fn elsewhere(seen: &Observation) -> Option<Proof> {
    let location = seen.response().ok()?.redirect()?;
    let next = Endpoint::relative_to(&seen.origin, location).ok()?;
    (next.origin != seen.origin).then_some(())?;
    Proof::behaviour(seen, format!("a redirect to `{}`", next.origin))
}

/// Seconds that a `Date` is ahead.
fn skew(date: &str, wall: jiff::Timestamp) -> Option<i64> {
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    Some(theirs.as_second() - wall.as_second())
}

fn ctl_04(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let first = session.first()?;
    let systeminfo = session.ask(&Request::get("/api/v2.0/systeminfo"))?;
    let product = Product::recognise(&session.door().origin, first.response()?, systeminfo.response()?);
    session.note(PRODUCT, product.map_or("not recognised", Product::as_str));
    Ok(Answer::AsIntended)
}

fn ctl_05(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    if !session.began() {
        return Ok(Answer::NotApplicable("the control did not hold at the beginning"));
    }
    let held = controls::positive(session);
    session.again(held.clone());
    held.map(|_| Answer::AsIntended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_compared() {
        let wall = "2030-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(skew("Tue, 01 Jan 2030 00:01:00 GMT", wall), Some(60));
        assert_eq!(skew("soon", wall), None);
    }
}
