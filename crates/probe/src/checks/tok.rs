//! TOK: where tokens are asked for, and what anybody gets there.

pub(super) mod federation;
pub(super) mod guess;
pub(super) mod hygiene;
pub(super) mod lockout;
pub(super) mod policy;
pub(super) mod remade;
pub(super) mod revoked;
pub(super) mod scopes;
pub(super) mod service;
pub(super) mod spelling;
pub(super) mod use_of;
pub(super) mod ways;

use protocol::Digest;

use crate::challenge::{Challenge, RealmFault};
use crate::check::{Check, Group, Severity};
use crate::checks::anon;
use crate::doubt::Doubt;
use crate::intent::{Known, Mode};
use crate::observation::Observation;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::token::{Token, TokenRequest};
use crate::verdict::Answer;

/// Why nothing is asked where no token is to be had.
pub(super) const NO_BEARER: Answer = Answer::NotApplicable("the door asks for no Bearer token");

pub(super) static CHECKS: [Check; 2] = [
    Check {
        id: "TOK-01",
        group: Group::Tok,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "clients are sent to a realm that may have their password",
        request: "the challenge of GET /v2/R/manifests/T",
        judgement: "Pass: a realm over https of the door or a declared origin, with service, and a scope that names R with pull. Fail: plain HTTP, another origin than those declared, no service",
        why: "clients send user and password to whatever realm they are told",
        remedy: "set the realm of the registry to the https URL of its own token service, and name the service",
        references: &["CVE-2026-33540", "CVE-2026-48978"],
        needs: &[],
        requests: 1,
        run: tok_01,
    },
    Check {
        id: "TOK-02",
        group: Group::Tok,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "the token that anybody gets opens nothing",
        request: "GET <realm>?service=...&scope=repository:R:pull without a credential; then ANON-02 with the token",
        judgement: "Pass: no token, or one without access to R. Fail: its claims grant pull, or R is readable with it",
        why: "some registries answer 401 first and then hand anybody a token that pulls: the 401 alone is a wrong green",
        remedy: "refuse a token request without a credential, or grant it nothing for repositories that are not public",
        references: &[],
        needs: &[],
        requests: 6,
        run: tok_02,
    },
];

fn tok_01(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let first = session.first()?;
    let Some(challenge) = Challenge::bearer(&first.response()?.headers) else { return Ok(NO_BEARER) };
    match challenge.realm(session.door()) {
        Err(fault @ RealmFault::Undeclared { .. }) => Err(session.undeclared_realm(fault)),
        Err(fault) => {
            let says = fault.to_string();
            session.undeclared_realm(fault);
            Ok(wrong(&first, says))
        }
        Ok(_) if challenge.parameter("service").is_none_or(str::is_empty) => {
            Ok(wrong(&first, "the challenge names no service".to_owned()))
        }
        Ok(_) if !asks_for(&challenge, session.private().name.as_str()) => {
            Err(Doubt::Missing { why: "the challenge names no scope that pulls the private repository".to_owned() })
        }
        Ok(_) => Ok(Answer::AsIntended),
    }
}

fn wrong(seen: &Observation, says: String) -> Answer {
    Proof::behaviour(seen, says).map_or(NO_BEARER, Answer::Wrong)
}

/// Whether the scope of a challenge names the repository with `pull`.
fn asks_for(challenge: &Challenge, repository: &str) -> bool {
    let scopes = challenge.parameter("scope").unwrap_or_default();
    scopes.split(' ').any(|scope| {
        let actions = scope.strip_prefix("repository:").and_then(|rest| rest.strip_prefix(repository));
        actions
            .and_then(|rest| rest.strip_prefix(':'))
            .is_some_and(|rest| rest.split(',').any(|action| action == "pull"))
    })
}

fn tok_02(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    if Challenge::bearer(&session.first()?.response()?.headers).is_none() {
        return Ok(NO_BEARER);
    }
    let Some(token) = session.stranger()? else { return Ok(Answer::AsIntended) };
    let name = session.private().name.as_str();
    let granted = token.grants(name, "pull").then(|| Proof::token(&token.seen, &format!("pull on {name}"))).flatten();
    match granted {
        Some(proof) => Ok(Answer::Wrong(proof)),
        None => anon::read_manifest(session, &Caller::Stranger(token)),
    }
}

/// Whether somebody gets into something that must be closed to them: their token says so, or the manifest comes.
fn opens(session: &mut Session<'_>, token: Token, is_somebody: bool, closed: &Known) -> Result<Answer, Doubt> {
    let name = closed.name.as_str();
    if token.grants(name, "pull") {
        let proof = Proof::token(&token.seen, &format!("pull on {name}"));
        return Ok(aside(session, proof.map_or(NO_BEARER, Answer::Wrong), is_somebody, closed));
    }
    if token.is_empty() {
        return Ok(Answer::AsIntended);
    }
    let caller = if is_somebody { Caller::Holder(token) } else { Caller::Stranger(token) };
    read(session, &caller, closed)
}

/// Asks for the manifest of something that must be closed to whoever asks.
fn read(session: &mut Session<'_>, caller: &Caller, closed: &Known) -> Result<Answer, Doubt> {
    let (digest, decoy) = (digest_of(session, closed), session.decoy().clone());
    let request = closed.manifest(&closed.reference());
    let answer = session.refused(&request, caller, |seen| Proof::manifest_of(seen, digest.as_ref(), &decoy))?;
    Ok(aside(session, answer, matches!(caller, Caller::Holder(_) | Caller::Known(_)), closed))
}

fn aside(session: &Session<'_>, answer: Answer, is_somebody: bool, closed: &Known) -> Answer {
    if is_somebody || closed != session.private() { answer.aside() } else { answer }
}

fn digest_of(session: &mut Session<'_>, known: &Known) -> Option<Digest> {
    match known == session.private() {
        true => session.digest(),
        false => session.second_content().ok().map(|content| content.digest),
    }
}

/// Asks for everything behind a reference that must be closed to whoever asks.
pub(super) fn read_all(session: &mut Session<'_>, caller: &Caller, closed: &Known) -> Result<Answer, Doubt> {
    let content = match closed == session.private() {
        true => {
            session.content().cloned().ok_or_else(|| Doubt::Missing { why: "nobody has seen the image".to_owned() })?
        }
        false => session.second_content()?,
    };
    let decoy = session.decoy().clone();
    let by_digest = closed.manifest(content.digest.as_str());
    let blobs = content.config.iter().chain(content.layer());
    let parts = blobs
        .clone()
        .map(|blob| (Request::get(closed.blob_target(&blob.digest)).header("Range", "bytes=0-1023").unkept(), blob));
    let heads = blobs.map(|blob| (Request::head(closed.blob_target(&blob.digest)), blob));
    let manifest = read(session, caller, closed).unwrap_or_else(Answer::Open).and(
        session.refused(&by_digest, caller, |seen| Proof::bytes(seen, &content.digest)).unwrap_or_else(Answer::Open),
    );
    let parts = Answer::first_wrong(parts, |(part, blob)| {
        session.refused(&part, caller, |seen| {
            Proof::bytes(seen, &blob.digest).or_else(|| Proof::part_of(seen, blob.size, &decoy))
        })
    });
    let heads = Answer::first_wrong(heads, |(head, blob)| {
        session.refused(&head, caller, |seen| Proof::size_header(seen, blob.size))
    });
    let answer = manifest.and(parts).and(heads);
    Ok(aside(session, answer, matches!(caller, Caller::Holder(_) | Caller::Known(_)), closed))
}

/// Asks for a token, and whether it opens any of what must be closed.
fn granted(session: &mut Session<'_>, asking: &TokenRequest, closed: &[&Known]) -> Result<Answer, Doubt> {
    let Some(token) = session.redeem(asking)?.token() else { return Ok(Answer::AsIntended) };
    let ask = |known: &&Known| opens(session, token.clone(), asking.is_somebody(), known);
    Ok(Answer::first_wrong(closed, ask))
}

/// Whether S is there to be had: what is refused of it means nothing otherwise. R has controls of its own.
fn second_is_there(session: &mut Session<'_>) -> Result<(), Doubt> {
    session.second_content().map(drop)
}
