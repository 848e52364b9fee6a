//! Tokens that are real and good, and of another kind than the registry's own.

use super::issued::issued;
use super::{Refusals, opens_nothing};
use crate::check::{Check, Group, Need, Severity};
use crate::checks::spelled;
use crate::doubt::Doubt;
use crate::intent::{Mode, OtherToken, Role, TokenKind};
use crate::request::{Placed, Request};
use crate::session::Session;
use crate::verdict::Answer;

/// The type of an access token of another protocol (RFC 9068 section 2.1).
const OTHER_TYPE: &str = "at+jwt";

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "FORGE-16",
    group: Group::Forge,
    mode: Mode::Active,
    severity: Severity::Critical,
    title: "a token of another kind opens nothing",
    request: "the same with a refresh token of control, a token of typ at+jwt signed by the test key, and each `[[other_token]]` of the intent: as Bearer, and a cookie as a cookie too",
    judgement: "Pass: refused, while the token is good where it belongs. Fail: success. A note names the kinds that were not at hand",
    why: "a console's token carries all that its owner may do, and an identity token says who somebody is and not what for",
    remedy: "take tokens of one type and one audience alone, compare both as a whole, and look for them in Authorization alone",
    references: &["artifact-keeper #3261", "RFC 8725 section 3.11"],
    needs: &[Need::OtherKind],
    requests: 80,
    run: forge_16,
}];

fn forge_16(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let (intent, door) = (session.intent(), session.door());
    let mut asked = Vec::from_iter(made(OTHER_TYPE, retyped(session)));
    asked.extend(made(TokenKind::RefreshToken.as_str(), refreshed(session)));
    for other in intent.other_tokens_at(door) {
        asked.push((other.kind.as_str(), elsewhere(session, other)));
    }
    note_missing(session, &asked);
    let answers = asked.into_iter().map(|(kind, answer)| answer.named(kind));
    let nothing = Answer::NotApplicable(
        "no token of another kind is at hand: add `[[other_token]]` or `[test_key]` to the intent",
    );
    Ok(answers.reduce(Answer::and).unwrap_or(nothing).aside())
}

/// A kind of token, and what came of it.
type Asked = (&'static str, Answer);

fn made(kind: &'static str, found: Result<Option<Answer>, Doubt>) -> Option<Asked> {
    found.transpose().map(|answer| (kind, answer.unwrap_or_else(Answer::Open)))
}

/// Writes down which kinds nobody knows anything of.
fn note_missing(session: &mut Session<'_>, asked: &[Asked]) {
    let kinds = [OTHER_TYPE].into_iter().chain(TokenKind::ALL.map(TokenKind::as_str));
    let missing: Vec<&str> = kinds.filter(|kind| !asked.iter().any(|(known, _)| known == kind)).collect();
    if !missing.is_empty() {
        session.note("kinds of token that were not at hand", &missing.join(", "));
    }
}

/// A token that opens R, but for its type.
fn retyped(session: &mut Session<'_>) -> Result<Option<Answer>, Doubt> {
    let Some(issued) = issued(session)? else { return Ok(None) };
    let (forged, origin) = (issued.of_type(OTHER_TYPE, OTHER_TYPE)?, &session.door().origin);
    opens_nothing(session, |request| forged.on(request, origin), Refusals::OfTokens).map(Some)
}

/// What the control gets for its next token, shown as if it were one. It was handed out a moment ago, so it is good; and
/// whoever may see the login of the control may see what its service hands out for that.
fn refreshed(session: &mut Session<'_>) -> Result<Option<Answer>, Doubt> {
    let Some(login) = session.login(Role::Control) else { return Ok(None) };
    let Some(realm) = session.realm()? else { return Ok(None) };
    let scope = format!("repository:{}:pull", session.private().name);
    let asking = realm.asking(&[scope]).with("offline_token", "true").with("access_type", "offline").login(login);
    let Some(token) = session.redeem(&asking)?.token() else { return Ok(None) };
    let Some(refresh) = &token.refresh else { return Ok(None) };
    let answer = shown(session, &refresh.shown_at(session.door()))?;
    Ok(Some(answer.proved(|proof| proof.after([token.seen.id]))))
}

/// A token of the user's, where it does not belong; that means something only where it is good at all.
fn elsewhere(session: &mut Session<'_>, other: &OtherToken) -> Answer {
    let origin = &session.door().origin;
    let cookie = other.cookie.is_some().then(|| other.in_place(origin));
    let places = [other.as_bearer(origin)].into_iter().chain(cookie);
    let named = places.map(|placed| (placed.place().to_string(), placed));
    let answer = spelled::each(named, |placed| shown(session, &placed));
    answer.given(is_good(session, other))
}

fn shown(session: &mut Session<'_>, placed: &Placed) -> Result<Answer, Doubt> {
    opens_nothing(session, |request| request.placed(placed), Refusals::OfTokens)
}

/// Whether a token opens what it is for, and nobody gets in there without it.
fn is_good(session: &mut Session<'_>, other: &OtherToken) -> Result<(), Doubt> {
    let missing = |why: &str| Doubt::Missing { why: why.to_owned() };
    let target = other.good_at.as_ref();
    let target =
        target.ok_or_else(|| missing("nothing shows that it is good: add `good_at` to its `[[other_token]]`"))?;
    let bare = Request::get(target.as_str()).unkept();
    let with = bare.clone().placed(&other.in_place(&session.door().origin));
    if !session.ask(&with)?.response()?.is_success() {
        return Err(missing("it is refused at its `good_at` too"));
    }
    match session.ask(&bare)?.response()?.is_success() {
        true => Err(missing("its `good_at` is open to everybody, which shows nothing of it")),
        false => Ok(()),
    }
}
