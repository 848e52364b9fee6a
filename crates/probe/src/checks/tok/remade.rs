//! A token for a repository that is gone, at another one of its name.

use super::NO_BEARER;
use crate::check::{Check, Group, Need, Severity};
use crate::checks::writing::denied;
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::session::writing::{Place, Writing};
use crate::session::{Caller, Session};
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "TOK-25",
    group: Group::Tok,
    mode: Mode::Write,
    severity: Severity::Medium,
    title: "a token for a repository is no token for its successor",
    request: "a token of low for `beside`; the hook `remake` of the intent, which deletes that repository and makes it anew; POST of an upload there with a new token and with the old one",
    judgement: "Pass: the new token is good and the old one refused. Fail: the old one is good",
    why: "a name is no identity: whoever had the name before has what the next owner puts there",
    remedy: "give each repository an identity of its own, put that into tokens, and compare it with the one that has the name now",
    references: &["OWASP NHI1"],
    needs: &[Need::Owned, Need::Beside, Need::Remade],
    requests: 20,
    run: tok_25,
}];

fn tok_25(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let write = &session.intent().write;
    let (Some(name), Some(hook)) = (&write.beside, &write.remake) else { return Ok(NO_BEARER) };
    let old = writer(session, name.as_str())?;
    let Caller::Holder(token) = &old else { return Ok(NO_BEARER) };
    session.act(hook)?;
    let mut writing = Writing::begin(session);
    let place = writing.place(name.as_str())?;
    if matches!(&place.low, Caller::Holder(new) if new.is(token)) {
        return Err(missing("the token that was handed out afterwards is the same one".to_owned()));
    }
    let low = place.low.clone();
    may_write(&mut writing, &place, &low)?;
    let seen = writing.open(&place, &old, "")?.seen;
    let answer =
        denied(writing.session(), &seen, &old, "the token for the repository that is gone is good for the new one")?;
    Ok(answer.proved(|proof| proof.after([token.seen.id])))
}

/// *low* with a token that may write there; what shows it is taken away again.
fn writer(session: &mut Session<'_>, name: &str) -> Result<Caller, Doubt> {
    let mut writing = Writing::begin(session);
    let place = writing.place(name)?;
    let low = place.low.clone();
    may_write(&mut writing, &place, &low)?;
    Ok(low)
}

fn may_write(writing: &mut Writing<'_, '_>, place: &Place, caller: &Caller) -> Result<(), Doubt> {
    match writing.open(place, caller, "")?.seen.status() {
        Some(202) => Ok(()),
        status => Err(missing(format!("`low` could not write to {}: {status:?}", place.name))),
    }
}

fn missing(why: String) -> Doubt {
    Doubt::Missing { why }
}
