//! A real token after its end. It is the last thing that a run asks, because it waits.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;

use super::NO_MOULD;
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::observation::Observation;
use crate::proof::Proof;
use crate::session::{Caller, Session};
use crate::token::Token;
use crate::verdict::Answer;

/// A header like `Date: Tue, 15 Nov 1994 08:12:31 GMT` is a date of RFC 2822 too.
static DATES: DateTimeParser = DateTimeParser::new();
/// So long after its end a token is shown; only the first of these may still be leeway.
const AFTER: [(Duration, bool); 3] =
    [(Duration::from_secs(1), true), (Duration::from_secs(61), false), (Duration::from_secs(121), false)];

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "FORGE-17",
    group: Group::Forge,
    mode: Mode::Active,
    severity: Severity::High,
    title: "a token ends when it says so",
    request: "GET /v2/R/manifests/T with a real token of control: at once, and 1, 61 and 121 s after its end",
    judgement: "Pass: refused from 60 s after its end on. Fail: accepted later. Not asked where that is longer than the run may wait",
    why: "verifiers grant leeway, and 60 s of it turn a token of 60 s into one of 120 s",
    remedy: "set the leeway of the verifier to a few seconds and keep the clocks of issuer and registry together",
    references: &[],
    needs: &[Need::Identity(Role::Control)],
    requests: 8,
    run: forge_17,
}];

fn forge_17(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let scope = format!("repository:{}:pull", session.private().name);
    let Caller::Holder(token) = session.known(Role::Control, &scope)? else { return Ok(NO_MOULD) };
    let Some(left) = left(&token) else { return Ok(Answer::NotApplicable("the tokens do not say when they end")) };
    let longest = AFTER.map(|(after, _)| left + after).into_iter().max().unwrap_or_default();
    if !session.may_wait(longest) {
        session.note("expiry", &format!("add --wait {}s to see a token after its end", longest.as_secs()));
        return Ok(Answer::NotApplicable(
            "waiting until a token has ended takes longer than the run may wait: add --wait",
        ));
    }
    good(session, &token)?;
    let mut waited = Duration::ZERO;
    let mut answer = Answer::AsIntended;
    for (after, is_leeway) in AFTER {
        session.wait(left + after - waited)?;
        waited = left + after;
        answer = answer.and(at(session, &token, after, is_leeway)?);
    }
    Ok(answer)
}

/// How long a token is still good: by the clock of whoever handed it out, or else by its whole lifetime.
fn left(token: &Token) -> Option<Duration> {
    let says = token.says.as_ref()?;
    let end = says.claims.get("exp")?.as_i64()?;
    let date = token.seen.response().ok()?.headers.get("date");
    let now = date.and_then(|date| DATES.parse_timestamp(date).ok()).map(|date| date.as_second());
    let left = match now {
        Some(now) => u64::try_from(end.checked_sub(now)?).ok()?,
        None => says.lifetime()?,
    };
    Some(Duration::from_secs(left))
}

/// A refusal later means something only if the token is good now, and nothing is without one.
fn good(session: &mut Session<'_>, token: &Token) -> Result<(), Doubt> {
    let request = session.manifest(&session.private().reference());
    let seen = session.ask(&request.clone().credential(Some(&token.credential)))?;
    if !seen.response()?.is_success() {
        return Err(Doubt::Missing { why: "the token was not good even before its end".to_owned() });
    }
    match session.ask(&request)?.response()?.is_success() {
        true => Err(Doubt::OpenAnyway),
        false => Ok(()),
    }
}

fn at(session: &mut Session<'_>, token: &Token, after: Duration, is_leeway: bool) -> Result<Answer, Doubt> {
    let (digest, decoy) = (session.digest(), session.decoy().clone());
    let request = session.manifest(&session.private().reference());
    let proof = |seen: &Observation| Proof::manifest_of(seen, digest.as_ref(), &decoy);
    let name = format!("{} s after its end", after.as_secs());
    match session.refused(&request, &Caller::Holder(token.clone()), proof) {
        Ok(Answer::Wrong(_)) if is_leeway => {
            session.note("leeway", &format!("a token was still good {name}"));
            Ok(Answer::AsIntended)
        }
        Ok(answer) => Ok(answer.named(&name).aside()),
        Err(doubt) => Err(doubt.named(&name)),
    }
}
