//! Whom a token is for, and for how long it is good.

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
/// From here on a token is good for too long, in seconds.
const LONG: u64 = 900;
/// From here on it outlives a working day's changes of policy one by one.
const HOUR: u64 = 3600;

/// What mends a token service that serves whoever is named.
const KNOW_SERVICES: &str = "refuse every service that the token service was not set up for, and never copy the name";

pub(in crate::checks) static CHECKS: [Check; 3] = [
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
    Check {
        id: "TOK-17",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "tokens end soon",
        request: "exp - iat and expires_in of the tokens of control, of low, and of strangers",
        judgement: "Pass: at most 900 s; the time is noted, and 300 s are enough. Fail: longer than 900 s (low), than 3600 s (medium)",
        why: "no change of policy reaches a token that is checked by its signature alone",
        remedy: "let tokens end after a few minutes: clients ask for a new one by themselves",
        references: &["OWASP NHI7"],
        needs: &[Need::Identity(Role::Control)],
        requests: 12,
        run: tok_17,
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
fn own_token(session: &mut Session<'_>) -> Result<Option<Token>, Doubt> {
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

fn tok_17(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let scope = format!("repository:{}:pull", session.private().name);
    let mut tokens = Vec::from_iter(session.stranger()?);
    if let Caller::Holder(token) = session.known(Role::Control, &scope)? {
        tokens.push(token);
    }
    if session.login(Role::Low).is_some() {
        tokens.extend(own_token(session).ok().flatten());
    }
    let answer = Answer::first_wrong(&tokens, |token| Ok(ends(session, token)));
    Ok(if tokens.is_empty() { NO_BEARER } else { answer })
}

/// Whether a token ends soon enough.
fn ends(session: &mut Session<'_>, token: &Token) -> Answer {
    let said = token.says.as_ref().and_then(|says| says.lifetime());
    let Some(lifetime) = said.into_iter().chain(token.expires_in).max() else {
        return Answer::Open(Doubt::Missing { why: "a token came that does not say when it ends".to_owned() });
    };
    session.note("token lifetime", &format!("{lifetime} s"));
    if lifetime <= LONG {
        return Answer::AsIntended;
    }
    let severity = if lifetime > HOUR { Severity::Medium } else { Severity::Low };
    let proof = Proof::behaviour(&token.seen, format!("a token is good for {lifetime} s"));
    proof.map_or(NO_BEARER, |proof| Answer::Wrong(proof.graded(severity)))
}
