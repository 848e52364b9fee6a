//! The same questions in HTTP/2: with and without TLS, and in words that HTTP/1.1 does not have.

use outbound::Scheme;

use super::path::{Asked, Odd, Thing};
use super::{ALL, JUDGEMENT, ONE_PATH, Spelling, refuses};
use crate::check::{Check, Group, Severity};
use crate::checks::{spelled, tls};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Observation;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;
use crate::wire::WireError;

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "ROUTE-17",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "HTTP/2 leads around nothing",
        request: "manifest in HTTP/2, over TLS where it is offered there, and without TLS unasked: plainly, with odd paths, with :authority: core and localhost, with another Host beside it; at a door without TLS also by Upgrade: h2c and then in HTTP/2",
        judgement: "Pass: 400, 401, 403, 404, 405, 421, the connection closes, or HTTP/2 is not spoken there. Fail: content of R by its hash",
        why: "a proxy that passes an upgrade on sees nothing of what comes after it, and one that writes HTTP/1.1 out of HTTP/2 writes what it was given",
        remedy: "take Upgrade out at the edge, speak HTTP/2 over TLS alone, and refuse paths and authorities that are not written plainly",
        references: &["RFC 9113 section 8.3.1"],
        needs: &[],
        requests: 48,
        run: route_17,
    },
    Check {
        id: "ROUTE-23",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "HTTP/2 decides as HTTP/1.1 does",
        request: "manifest, layer and catalogue in HTTP/2 over TLS; where the door demands a certificate, GET /v2/ in HTTP/2 without one; HTTP/3 is not asked",
        judgement: JUDGEMENT,
        why: "another version comes in by other code, sometimes by another listener, with rules of its own",
        remedy: ONE_PATH,
        references: &["CVE-2026-53622", "GHSA-gv8r-9rw9-9697"],
        needs: &[],
        requests: 20,
        run: route_23,
    },
];

/// How the path is written instead.
static PATHS: [Spelling; 5] = [
    ("two slashes in front", "//{path}"),
    ("dot segments", "/v2/{public}{/..}/{rest}"),
    ("encoded dot segments", "/v2/{public}{/%2e%2e}/{rest}"),
    ("an encoded slash in the name", "/v2/{name%2f}/{thing}"),
    ("an encoded letter", "/v2/{letter%}"),
];

/// Another authority, or another host beside the own one.
const NAMES: [(&str, &str); 4] =
    [(":authority", "core"), (":authority", "localhost"), ("host", "core"), ("host", "localhost")];

fn route_17(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let asked = Asked::all(session, &[Thing::Manifest]);
    let plain = asked.iter().map(|asked| asked.odd("HTTP/2", asked.plain().http_2()));
    let answer = in_http_2(session, plain.chain(asked.iter().flat_map(oddities)));
    if session.door().origin.scheme() == Scheme::Https {
        return Ok(answer);
    }
    // Without TLS not to speak it is a refusal.
    let upgrades = asked.iter().map(|asked| asked.odd("Upgrade: h2c", asked.plain().upgrading()));
    let upgraded = in_http_2(session, upgrades);
    Ok(Answer::AsIntended.and(answer).and(upgraded))
}

fn oddities(asked: &Asked) -> impl Iterator<Item = Odd<'_>> {
    let paths = PATHS.iter().filter_map(|(name, template)| {
        let request = asked.at(asked.spelled(template)?).http_2();
        Some(asked.odd(&format!("HTTP/2, {name}"), request))
    });
    let names = NAMES.iter().map(|(header, name)| {
        asked.odd(&format!("HTTP/2, {header}: {name}"), asked.plain().http_2().header(*header, *name))
    });
    paths.chain(names)
}

fn route_23(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    if session.door().origin.scheme() == Scheme::Http {
        return Ok(Answer::NotApplicable("HTTP/2 without TLS is the question of ROUTE-17"));
    }
    let asked = Asked::all(session, &ALL);
    let plain = asked.iter().map(|asked| asked.odd("HTTP/2", asked.plain().http_2()));
    let answer = in_http_2(session, plain);
    if session.door().certificate.is_none() || matches!(answer, Answer::NotApplicable(_)) {
        return Ok(answer);
    }
    let bare = session.ask(&Request::get("/v2/").http_2().showing(None))?;
    Ok(answer.and(tls::fails(&bare, "no certificate, in HTTP/2").unwrap_or_else(Answer::Open)))
}

/// Asks each of them; not applicable where HTTP/2 is not spoken.
fn in_http_2<'a>(session: &mut Session<'_>, odd: impl Iterator<Item = Odd<'a>>) -> Answer {
    let mut answer = Answer::NotApplicable("HTTP/2 is not spoken here");
    for odd in odd {
        match ask(session, &odd) {
            Ok(None) => break,
            Ok(Some(found)) => answer = answer.and(found.named(&odd.name)),
            Err(doubt) => answer = answer.and(Answer::Open(doubt.named(&odd.name))),
        }
    }
    answer
}

/// What one of them means; none where HTTP/2 is not spoken.
fn ask(session: &mut Session<'_>, odd: &Odd<'_>) -> Result<Option<Answer>, Doubt> {
    let (seen, plain) = (session.ask(&odd.request)?, odd.asked.plain());
    if seen.failure().is_some_and(WireError::is_no_http_2) {
        // Whoever does not answer this answers something else.
        session.ask(&plain)?.response()?;
        return Ok(None);
    }
    let proof = |seen: &Observation| odd.asked.proof(seen);
    spelled::refused_as(session, &seen, &odd.request, &plain, refuses, proof).map(Some)
}
