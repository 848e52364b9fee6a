//! LEAK: what a refusal tells.

pub(super) mod pages;
mod timing;

use outbound::Scheme;

use crate::alike;
use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Observation;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

pub(super) static CHECKS: [Check; 3] = [
    Check {
        id: "LEAK-01",
        group: Group::Leak,
        mode: Mode::Passive,
        severity: Severity::Medium,
        title: "a stranger cannot tell what is private from what is not there",
        request: "GET /v2/R/manifests/T, tags/list and blobs/B, and the same of X",
        judgement: "Pass: the same status, names of headers and body, names, dates and request ids aside. Fail: any difference",
        why: "whoever can tell 401 from 404 can list what is private by guessing names",
        remedy: "refuse before anything is looked up, with one answer for what is closed and what does not exist",
        references: &["artifact-keeper #3730", "artifact-keeper #1808"],
        needs: &[],
        requests: 9,
        run: leak_01,
    },
    Check {
        id: "LEAK-04",
        group: Group::Leak,
        mode: Mode::Passive,
        severity: Severity::Medium,
        title: "a refusal takes as long for what is private as for what is not there",
        request: "GET /v2/R/manifests/T and the same of X, ten to warm up, then forty pairs, and up to eighty more where that is too noisy",
        judgement: "Pass: the median difference lies within 2 ms. Fail: its 99.9 % interval lies beyond. Inconclusive: the spread is wider than that shows",
        why: "a lookup before the refusal can be measured",
        remedy: "refuse before anything is looked up, or do the same work for every name",
        references: &["CVE-2023-20902"],
        needs: &[],
        requests: timing::REQUESTS,
        run: timing::leak_04,
    },
    Check {
        id: "LEAK-05",
        group: Group::Leak,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "nobody's header decides where clients send their password",
        request: "GET /v2/ with Host: canary.invalid, X-Forwarded-Host: canary.invalid, X-Forwarded-Proto: http",
        judgement: "Pass: refused, or answered without them. Fail: the canary, or http, in realm, Location or Link; low for Host, medium where that may be cached",
        why: "a realm built from the request sends the next client's password to whoever poisons a cache",
        remedy: "configure the external URL of the registry, and strip forwarded headers that come from outside",
        references: &[],
        needs: &[],
        requests: 3,
        run: leak_05,
    },
];

fn leak_01(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let name = session.private().name.clone();
    let reference = session.private().reference();
    let layer = session.content().and_then(|content| content.layer()).map(|layer| format!("blobs/{}", layer.digest));
    let targets = [Some(format!("manifests/{reference}")), Some("tags/list".to_owned()), layer];
    let answers = targets.into_iter().flatten().map(|target| {
        let request = |name: &str| Request::get(format!("/v2/{name}/{target}")).accepting_manifests().unkept();
        let pair = alike::compare(session, name.as_str(), |session, name| session.ask(&request(name)));
        pair.map_or_else(Answer::Open, |pair| pair.difference.map_or(Answer::AsIntended, Answer::Wrong))
    });
    Ok(Answer::all(answers))
}

/// A host that nobody has (RFC 6761).
const CANARY: &str = "canary.invalid";

fn leak_05(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let base = Request::get("/v2/");
    let host = told(session, &base.clone().header("Host", CANARY), |seen| {
        let severity = if is_cacheable(seen) { Severity::Medium } else { Severity::Low };
        Proof::pointer(seen, CANARY).map(|proof| proof.graded(severity))
    });
    let forwarded =
        told(session, &base.clone().header("X-Forwarded-Host", CANARY), |seen| Proof::pointer(seen, CANARY));
    let answer = host.and(forwarded);
    match session.door().origin.scheme() {
        Scheme::Http => Ok(answer),
        Scheme::Https => {
            let proto = base.header("X-Forwarded-Proto", "http");
            let downgraded = told(session, &proto, |seen| Proof::pointer(seen, "http://"));
            Ok(answer.and(downgraded))
        }
    }
}

/// Whether a header of the request shows up in the answer. A foreign `Host` may be refused however the door likes.
fn told(session: &mut Session<'_>, request: &Request, proof: impl Fn(&Observation) -> Option<Proof>) -> Answer {
    let seen = match session.ask(request) {
        Ok(seen) => seen,
        Err(doubt) => return Answer::Open(doubt),
    };
    match (proof(&seen), seen.response()) {
        (Some(proof), _) => Answer::Wrong(proof),
        (None, Err(doubt)) => Answer::Open(doubt),
        (None, Ok(response)) => match response.status {
            429 => Answer::Open(Doubt::RateLimited),
            status @ 500..=599 => Answer::Open(Doubt::ServerFailed { status }),
            _ => Answer::AsIntended,
        },
    }
}

/// Whether a cache may keep an answer (RFC 9111): only what is said counts.
fn is_cacheable(seen: &Observation) -> bool {
    let Ok(response) = seen.response() else { return false };
    let words = response.headers.all("cache-control").flat_map(|value| value.split(',')).map(str::trim);
    let (mut kept, mut closed) = (false, false);
    for word in words {
        kept |= word.eq_ignore_ascii_case("public") || word.starts_with("max-age=") || word.starts_with("s-maxage=");
        closed |= ["no-store", "private", "no-cache"].iter().any(|no| word.eq_ignore_ascii_case(no));
    }
    kept && !closed
}
