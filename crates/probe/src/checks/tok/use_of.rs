//! What becomes of credentials in use: a token elsewhere, a login without an exchange.

use std::sync::Arc;

use outbound::Credential;

use super::{NO_BEARER, read, second_is_there};
use crate::challenge::Challenge;
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::{Door, Known, Mode, Role};
use crate::observation::Seen;
use crate::proof::Proof;
use crate::session::{Caller, Session};
use crate::token::Token;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 3] = [
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
