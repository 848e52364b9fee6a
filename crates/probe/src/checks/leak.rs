//! LEAK: what a refusal tells.

pub(super) mod pages;
pub(super) mod refusal;
pub(super) mod says;
pub(super) mod timing;

use outbound::Scheme;

use crate::alike;
use crate::check::{Check, Group, Need, Severity};
use crate::controls::Content;
use crate::doubt::Doubt;
use crate::intent::{Known, Mode, Role};
use crate::observation::Observation;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::token::Exchanged;
use crate::verdict::Answer;

pub(super) static CHECKS: [Check; 5] = [
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
        id: "LEAK-02",
        group: Group::Leak,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "somebody who is known cannot tell either",
        request: "as low: GET /v2/S/manifests/T, tags/list and blobs/B(S), and the same of X",
        judgement: "Pass: equal, as for strangers. Fail: any difference",
        why: "a refusal that names what it refuses tells every account what others keep",
        remedy: "refuse what the caller may not see exactly as what does not exist",
        references: &["artifact-keeper #3716"],
        needs: &[Need::Owned],
        requests: 15,
        run: leak_02,
    },
    Check {
        id: "LEAK-03",
        group: Group::Leak,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "the token service does not tell what exists",
        request: "GET <realm>?scope=repository:R:pull and the same of X, as nobody and as low",
        judgement: "Pass: equal, as for refusals; of a token counts what it grants. Fail: any difference",
        why: "whoever is closed at /v2/ may still be asked at the realm",
        remedy: "answer a scope that is not granted the same whether its repository exists or not",
        references: &[],
        needs: &[],
        requests: 7,
        run: leak_03,
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
    let content = session.content().cloned();
    Ok(same_for_both(session, session.private(), content.as_ref(), &Caller::Nobody))
}

fn leak_02(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let low = session.low()?;
    let content = session.second_content().ok();
    Ok(same_for_both(session, session.second(), content.as_ref(), &low))
}

/// Every read of a repository, and the same of a name that nobody has.
fn same_for_both(session: &mut Session<'_>, known: &Known, content: Option<&Content>, caller: &Caller) -> Answer {
    let layer = content.and_then(Content::layer).map(|layer| format!("blobs/{}", layer.digest));
    let targets = [Some(format!("manifests/{}", known.reference())), Some("tags/list".to_owned()), layer];
    Answer::all(targets.into_iter().flatten().map(|target| {
        let request = |name: &str| Request::get(format!("/v2/{name}/{target}")).accepting_manifests().unkept();
        alike::is_same(session, known.name.as_str(), |session, name| {
            session.ask(&request(name).credential(caller.credential()))
        })
    }))
}

fn leak_03(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(Answer::NotApplicable("the door asks for no Bearer token")) };
    let name = session.private().name.as_str();
    let callers = std::iter::once(None).chain(session.login(Role::Low).map(Some));
    Ok(Answer::all(callers.map(|login| {
        alike::is_same(session, name, |session, name| {
            let scope = format!("repository:{name}:pull");
            Ok(match session.exchange(&realm, &[&scope], login)? {
                Exchanged::Token(token) => token.seen,
                Exchanged::Refused(seen) => seen,
            })
        })
    })))
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

/// Asks, and judges by a proof alone: a refusal in whatever style is as intended.
fn told(session: &mut Session<'_>, request: &Request, proof: impl Fn(&Observation) -> Option<Proof>) -> Answer {
    match session.ask(request) {
        Ok(seen) => judged(&seen, proof(&seen)),
        Err(doubt) => Answer::Open(doubt),
    }
}

/// An answer that is wrong where something shows it, and as intended where it came at all.
fn judged(seen: &Observation, proof: Option<Proof>) -> Answer {
    match (proof, seen.response()) {
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
