//! What becomes of credentials in use: a token elsewhere, after its owner was taken back, a login without an exchange.

use std::sync::Arc;
use std::time::Duration;

use outbound::Credential;

use super::{NO_BEARER, read, second_is_there};
use crate::challenge::Challenge;
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::{Door, Known, Mode, Role};
use crate::observation::Seen;
use crate::proof::Proof;
use crate::request::Request;
use crate::run::REVOCATION;
use crate::session::{Caller, Session};
use crate::token::Token;
use crate::verdict::Answer;

/// Between two questions whether somebody is still let in.
const POLL: Duration = Duration::from_millis(200);
/// A question at the end of the bound may come so much later.
const SLACK: Duration = Duration::from_secs(1);
/// The most such questions; in a long bound they are further apart.
const POLLS: u32 = 100;

pub(in crate::checks) static CHECKS: [Check; 4] = [
    Check {
        id: "TOK-24",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a token is good for what it was made for, and where",
        request: "a token of low for M: GET of S here and at every other door of low, GET of M at every door of another service",
        judgement: "Pass: refused. Fail: S is readable, or a door of another service takes the token",
        why: "a token that is good elsewhere carries whatever leaked in one place to all the others",
        remedy: "compare the audience of a token with the own service, and its access with what is asked for",
        references: &["OWASP NHI8", "OWASP NHI9"],
        needs: &[Need::Owned],
        requests: 40,
        run: tok_24,
    },
    Check {
        id: "TOK-26",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::High,
        title: "whoever is taken back is refused soon",
        request: "as revoked: a token, the hook `revoke` of the intent, then the old token and a new exchange, five times a second or a hundred times in the bound",
        judgement: "Pass: both refused within `revoked_within` of the intent. Fail: later, or not at all; the time is noted",
        why: "a key that leaked is taken back once, and is out of use when the last answer to it is no",
        remedy: "look the identity up for every request, or make tokens that end within the bound",
        references: &["CVE-2025-23208"],
        needs: &[Need::Hook],
        requests: 212,
        run: tok_26,
    },
    Check {
        id: "TOK-27",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a key shown directly is worth no more than in an exchange",
        request: "GET /v2/S/manifests/T with the secret of low as Bearer, and as Basic with its own name and with `token`",
        judgement: "Pass: refused, as the exchange refuses it. Fail: the manifest",
        why: "keys with a scope lose it where they are taken for a password on the way around the token service",
        remedy: "let every way to show a key end in the same decision",
        references: &["artifact-keeper #3316", "CVE-2026-28699", "CVE-2026-28744"],
        needs: &[Need::Owned],
        requests: 20,
        run: tok_27,
    },
    Check {
        id: "TOK-28",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::High,
        title: "a login shown directly is worth no more than in an exchange",
        request: "GET /v2/R/manifests/T and D, HEAD of B, GET of C with low as Basic",
        judgement: "Pass: refused. Fail: content of R",
        why: "a registry that takes passwords next to tokens has two ways to decide",
        remedy: "let every way to show a login end in the same decision",
        references: &["artifact-keeper #3316"],
        needs: &[Need::Owned, Need::Digest],
        requests: 18,
        run: tok_28,
    },
];

fn tok_24(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Caller::Holder(token) = session.low()? else { return Ok(NO_BEARER) };
    let second = session.second();
    let here = read(session, &Caller::Holder(token.clone()), second)?;
    let doors: Vec<&Door> = session.other_doors(Role::Low).collect();
    let elsewhere = Answer::first_wrong(doors, |door| at(session, &token, second, door));
    Ok(here.and(elsewhere).given(second_is_there(session)))
}

/// The token at another door: S must be closed there too, and even M where the door is another service.
fn at(session: &mut Session<'_>, token: &Token, second: &Known, door: &Door) -> Result<Answer, Doubt> {
    let shown = token.shown_at(door);
    let reference = second.manifest(&second.reference());
    let seen = session.ask_door(door, &reference.clone().credential(Some(&shown)))?;
    let digest = super::digest_of(session, second);
    let decoy = session.decoy().clone();
    if let Some(proof) = Proof::manifest_of(&seen, digest.as_ref(), &decoy) {
        return Ok(Answer::Wrong(proof.after([token.seen.id]).aside()));
    }
    let answer = session.refusal(&seen, &Caller::Known(Arc::clone(&shown)))?;
    let bare = session.ask_door(door, &reference)?;
    if service(&bare) == own_service(session)? {
        return Ok(answer);
    }
    let tags = session.tags(session.owned()?);
    let own = session.ask_door(door, &tags.clone().credential(Some(&shown)))?;
    match own.status() {
        Some(200) if session.ask_door(door, &tags)?.status() != Some(200) => {
            let says = format!("the token of another service is good at `{}`", door.origin);
            Ok(Proof::behaviour(&own, says).map_or(answer, |proof| Answer::Wrong(proof.after([token.seen.id]))))
        }
        Some(200) => Ok(answer),
        _ => session.refusal(&own, &Caller::Known(shown)),
    }
}

/// Which service an answer sends to.
fn service(seen: &Seen) -> Option<String> {
    let challenge = Challenge::bearer(&seen.response().ok()?.headers)?;
    challenge.parameter("service").map(str::to_owned)
}

fn own_service(session: &mut Session<'_>) -> Result<Option<String>, Doubt> {
    Ok(session.realm()?.and_then(|realm| realm.service))
}

fn tok_26(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(identity) = session.identity(Role::Revoked) else { return Ok(NO_BEARER) };
    let Some(hook) = &identity.revoke else { return Ok(NO_BEARER) };
    if session.has_revoked() {
        return Ok(Answer::NotApplicable("the identity was taken back earlier in this run"));
    }
    let scope = identity.owns.as_ref().map(|name| format!("repository:{name}:pull")).unwrap_or_default();
    let old = session.known(Role::Revoked, &scope)?;
    let own = own_request(session, identity.owns.as_ref().map(|name| name.as_str()), &old)?;
    session.revoke(hook)?;
    until_refused(session, REVOCATION, |session| still(session, &own, &old, &scope))
}

/// Asks again and again until nothing shows any more that somebody is let in, or the bound of the intent is over.
pub(super) fn until_refused(
    session: &mut Session<'_>,
    note: &'static str,
    mut still: impl FnMut(&mut Session<'_>) -> Result<Option<Proof>, Doubt>,
) -> Result<Answer, Doubt> {
    let begin = session.tick();
    let bound = session.intent().revoked_within;
    loop {
        let at = session.tick().saturating_sub(begin);
        let proof = still(session)?;
        if proof.is_none() || at >= bound {
            return ended(session, note, proof, (at, bound));
        }
        session.pause(POLL.max(bound / POLLS).min(bound.saturating_sub(at)));
    }
}

/// Either nobody is let in any more, or the bound is over.
fn ended(
    session: &mut Session<'_>,
    note: &'static str,
    proof: Option<Proof>,
    (at, bound): (Duration, Duration),
) -> Result<Answer, Doubt> {
    let latency = at.as_millis();
    if let Some(proof) = proof {
        session.note(note, &format!("still let in {latency} ms after the hook"));
        return Ok(Answer::Wrong(proof.aside()));
    }
    session.note(note, &format!("refused {latency} ms after the hook"));
    match at > bound + SLACK {
        true => Err(Doubt::Missing { why: format!("refused, but asked no sooner than after {latency} ms") }),
        false => Ok(Answer::AsIntended),
    }
}

/// What whoever is going to be taken back is granted now: its own repository, or the base.
fn own_request(session: &mut Session<'_>, owned: Option<&str>, caller: &Caller) -> Result<Request, Doubt> {
    let base = Request::get("/v2/");
    for request in owned.map(|name| session.tags(name)).into_iter().chain([base]) {
        if session.ask(&request.clone().credential(caller.credential()))?.status() == Some(200) {
            return Ok(request);
        }
    }
    Err(Doubt::Missing { why: "the identity could not be shown to be valid before it was taken back".to_owned() })
}

/// What shows that somebody is still let in: the old token is good, or a new one is handed out. What is no refusal, and no
/// success either, leaves the question open.
fn still(session: &mut Session<'_>, own: &Request, old: &Caller, scope: &str) -> Result<Option<Proof>, Doubt> {
    let seen = session.ask(&own.clone().credential(old.credential()))?;
    if seen.response()?.is_success() {
        let earlier = match old {
            Caller::Holder(token) => Some(token.seen.id),
            Caller::Nobody | Caller::Stranger(_) | Caller::Imposter | Caller::Known(_) => None,
        };
        let proof = Proof::behaviour(&seen, "what was handed out before is still good");
        return Ok(proof.map(|proof| proof.after(earlier)));
    }
    session.refusal(&seen, old)?;
    match session.known(Role::Revoked, scope) {
        Ok(Caller::Holder(token)) => Ok(Proof::behaviour(&token.seen, "a new token is still handed out")),
        Ok(_) | Err(Doubt::NoToken { .. }) => Ok(None),
        Err(doubt) => Err(doubt),
    }
}

fn tok_27(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    session.low()?;
    let (second, low, origin) = (session.second(), session.low_login()?, &session.door().origin);
    let names = [low.user.as_str(), "token"];
    let basic = names.map(|user| Credential::basic(origin, user, &low.secret));
    let shown = [Credential::bearer(origin, &low.secret)].into_iter().chain(basic);
    let answer = Answer::first_wrong(shown, |shown| read(session, &Caller::Known(Arc::new(shown)), second));
    Ok(answer.given(second_is_there(session)))
}

fn tok_28(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    session.low()?;
    let (first, low) = (session.private(), session.low_login()?);
    let caller = Caller::Known(Arc::new(Credential::basic(&session.door().origin, &low.user, &low.secret)));
    super::read_all(session, &caller, first)
}
