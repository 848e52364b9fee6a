//! Tokens of another issuer, exchanged for one of the registry.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outbound::Credential;
use protocol::Secret;
use serde_json::{Value, json};

use crate::check::{Check, Group, Need, Severity};
use crate::checks::spelled;
use crate::doubt::Doubt;
use crate::intent::{Federation, Mode};
use crate::observation::Seen;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::{Session, writing::random_bytes};
use crate::verdict::Answer;
use crate::{random, token};

/// What says that a token is exchanged (RFC 8693 section 2.1).
const EXCHANGE: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=urn:ietf:params:oauth:token-type:jwt";
/// An hour, in seconds.
const HOUR: i64 = 3600;
/// How long a token is good for, in seconds.
const LIFETIME: i64 = 300;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "TOK-29",
    group: Group::Tok,
    mode: Mode::Active,
    severity: Severity::Critical,
    title: "whoever is let in by another issuer is who that issuer says, here and now",
    request: "POST to the endpoint of [federation] with tokens that its key signs: another aud and iss; iss with a slash at its end, with @, behind a redirect; expired, not begun; sub with something in front and behind, of another tenant; the same token again",
    judgement: "Pass: a good one is exchanged, and each of these is refused. Fail: a token comes (medium severity for the same one again)",
    why: "rules for the names of somebody else's workloads are as strong as the comparison of those names",
    remedy: "compare iss, aud and sub as whole texts, demand an end, follow no redirect to keys, and remember jti",
    references: &["CVE-2025-52477", "CVE-2026-22772", "CVE-2026-49478", "GHSA-7qjx-gp9h-65qj"],
    needs: &[Need::Federation],
    requests: 20,
    run: tok_29,
}];

fn tok_29(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(known) = &session.intent().federation else { return Ok(ELSEWHERE) };
    if !session.door().has_realm(&known.at.origin) {
        return Ok(ELSEWHERE);
    }
    let now = session.wall().as_second();
    let good = signed(known, &claims(known, now)?)?;
    if !is_exchanged(&exchanged(session, known, &good)?)? {
        let why = "a token of the issuer is refused even with nothing wrong in it".to_owned();
        return Err(Doubt::Missing { why });
    }
    let answer = spelled::each(wrong(known, now), |changes: Value| {
        let mut claims = claims(known, now)?;
        if let (Some(claims), Some(changes)) = (claims.as_object_mut(), changes.as_object()) {
            claims.extend(changes.clone());
        }
        refused(session, known, &signed(known, &claims)?)
    });
    let again = refused(session, known, &good).unwrap_or_else(Answer::Open).named("the same token again");
    Ok(answer.and(again.proved(|proof| proof.graded(Severity::Medium))))
}

/// Why nothing is asked at this door.
const ELSEWHERE: Answer = Answer::NotApplicable("the endpoint of `[federation]` belongs to another door");

/// What is wrong with each, and the claims that make it so.
fn wrong(known: &Federation, now: i64) -> Vec<(String, Value)> {
    let (issuer, subject) = (&known.issuer, &known.subject);
    let mut ways = vec![
        ("another aud", json!({ "aud": "elsewhere.invalid" })),
        ("another iss", json!({ "iss": "https://elsewhere.invalid" })),
        ("iss with a slash at its end", json!({ "iss": format!("{issuer}/") })),
        ("iss in front of an @", json!({ "iss": format!("{issuer}@elsewhere.invalid") })),
        ("expired", json!({ "iat": now - 2 * HOUR, "nbf": now - 2 * HOUR, "exp": now - HOUR })),
        ("not begun", json!({ "nbf": now + HOUR, "exp": now + HOUR + LIFETIME })),
        ("sub with something in front", json!({ "sub": format!("x{subject}") })),
        ("sub with something behind", json!({ "sub": format!("{subject}x") })),
        ("another tenant", json!({ "sub": known.stranger })),
    ];
    ways.extend(known.redirected.iter().map(|issuer| ("iss behind a redirect", json!({ "iss": issuer }))));
    ways.into_iter().map(|(name, changes)| (name.to_owned(), changes)).collect()
}

/// Claims with nothing wrong in them, each time with another number.
fn claims(known: &Federation, now: i64) -> Result<Value, Doubt> {
    Ok(json!({
        "iss": known.issuer, "aud": known.audience, "sub": known.subject,
        "iat": now, "nbf": now, "exp": now + LIFETIME, "jti": random::hex(&random_bytes::<16>()?),
    }))
}

fn signed(known: &Federation, claims: &Value) -> Result<Secret, Doubt> {
    let header = json!({ "alg": known.key.key.algorithm(), "typ": "JWT", "kid": known.key.kid });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", part(&header), part(claims));
    let signature = known.key.key.sign(input.as_bytes());
    let signature =
        signature.ok_or_else(|| Doubt::Missing { why: "the key of the issuer does not sign".to_owned() })?;
    Ok(Secret::new(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

/// What comes of exchanging a token. It is good somewhere, perhaps: nobody else is to see it.
fn exchanged(session: &mut Session<'_>, known: &Federation, shown: &Secret) -> Result<Seen, Doubt> {
    let (origin, target) = (&known.at.origin, known.at.target.as_str());
    let shown = Arc::new(Credential::field(origin, "subject_token", shown));
    let request = Request::form(target, EXCHANGE, Some(&shown)).for_token();
    session.ask_at(origin, &request)
}

/// Whether a token came.
fn is_exchanged(seen: &Seen) -> Result<bool, Doubt> {
    let response = seen.response()?;
    match response.status {
        200..=299 => Ok(token::is_handed_out(response)),
        429 => Err(Doubt::RateLimited),
        400..=499 => Ok(false),
        status @ 500..=599 => Err(Doubt::ServerFailed { status }),
        status => Err(Doubt::OtherRefusal { status }),
    }
}

fn refused(session: &mut Session<'_>, known: &Federation, shown: &Secret) -> Result<Answer, Doubt> {
    let seen = exchanged(session, known, shown)?;
    if !is_exchanged(&seen)? {
        return Ok(Answer::AsIntended);
    }
    let status = seen.response()?.status;
    let proof = Proof::behaviour(&seen, "a token of the registry was handed out for it");
    proof.map(Answer::Wrong).ok_or(Doubt::Proofless { status })
}
