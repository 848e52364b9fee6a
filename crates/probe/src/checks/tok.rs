//! TOK: where tokens are asked for, and what anybody gets there.

use crate::challenge::{Challenge, RealmFault};
use crate::check::{Check, Group, Severity};
use crate::checks::anon;
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Observation;
use crate::proof::Proof;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

/// Why nothing is asked where no token is to be had.
const NO_BEARER: Answer = Answer::NotApplicable("the door asks for no Bearer token");

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
