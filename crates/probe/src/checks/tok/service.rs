//! Whom a token is for.

use super::NO_BEARER;
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::proof::Proof;
use crate::session::{Caller, Session};
use crate::token::{Exchanged, Token};
use crate::verdict::Answer;

/// A service that nobody serves.
const CANARY: &str = "probe-canary.invalid";
/// What mends a token service that serves whoever is named.
const KNOW_SERVICES: &str = "refuse every service that the token service was not set up for, and never copy the name";

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "TOK-10",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "no token is made for a service that nobody serves",
        request: "as low: service=probe-canary.invalid; then M with the token at every other door of low",
        judgement: "Pass: refused, or for another audience. Fail: the audience is the canary; high where another door accepts it",
        why: "a token service that copies the name makes tokens for registries that it does not serve",
        remedy: KNOW_SERVICES,
        references: &[],
        needs: &[Need::Owned],
        requests: 14,
        run: tok_10,
    },
    Check {
        id: "TOK-11",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "a missing, empty or second service makes no token for elsewhere",
        request: "as low: no service, an empty one, the own one and a canary in both orders",
        judgement: "Pass: refused, or for the own service alone. Fail: for another audience, or for none; high where another door accepts it",
        why: "a token for everybody is good wherever the same key is trusted",
        remedy: KNOW_SERVICES,
        references: &[],
        needs: &[Need::Owned],
        requests: 36,
        run: tok_11,
    },
];

fn tok_10(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(own) = own_token(session)? else { return Ok(NO_BEARER) };
    minted(session, &own, &[CANARY])
}

fn tok_11(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(own) = own_token(session)? else { return Ok(NO_BEARER) };
    let service = session.realm()?.and_then(|realm| realm.service).unwrap_or_default();
    let named: [&[&str]; 4] = [&[], &[""], &[&service, CANARY], &[CANARY, &service]];
    Ok(Answer::first_wrong(named, |services| minted(session, &own, services)))
}

/// What low gets for its own; none where the door asks for no token.
pub(super) fn own_token(session: &mut Session<'_>) -> Result<Option<Token>, Doubt> {
    match session.low()? {
        Caller::Holder(token) => Ok(Some(token)),
        Caller::Nobody | Caller::Stranger(_) | Caller::Imposter | Caller::Known(_) => Ok(None),
    }
}

/// Asks for these services instead of the own one, and whether the token is for anybody else.
fn minted(session: &mut Session<'_>, own: &Token, services: &[&str]) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    let (low, name) = (session.low_login()?, session.owned()?);
    let asking = realm.asking(&[format!("repository:{name}:pull")]).for_services(services).login(low);
    let token = match session.redeem(&asking)? {
        Exchanged::Refused(_) => return Ok(Answer::AsIntended),
        Exchanged::Token(token) => token,
    };
    let (Some(says), Some(own)) = (&token.says, &own.says) else { return Err(Doubt::Opaque) };
    let (audience, own) = (says.audience(), own.audience());
    let wide = match audience.iter().find(|name| !own.contains(name)) {
        Some(name) => format!("a token came for the service `{name}`"),
        None if audience.is_empty() && !own.is_empty() => {
            "a token came that is for no service in particular".to_owned()
        }
        None => return Ok(Answer::AsIntended),
    };
    let Some(proof) = Proof::behaviour(&token.seen, wide) else { return Ok(NO_BEARER) };
    Ok(Answer::Wrong(if accepted_elsewhere(session, &token)? { proof.graded(Severity::High) } else { proof }))
}

/// Whether another door of low answers for M with this token, and does not without one.
fn accepted_elsewhere(session: &mut Session<'_>, token: &Token) -> Result<bool, Doubt> {
    let tags = session.tags(session.owned()?);
    for door in session.other_doors(Role::Low) {
        let with = session.ask_door(door, &tags.clone().credential(Some(&token.shown_at(door))))?;
        if with.status() == Some(200) && session.ask_door(door, &tags)?.status() != Some(200) {
            return Ok(true);
        }
    }
    Ok(false)
}
