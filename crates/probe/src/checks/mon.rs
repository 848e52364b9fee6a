//! MON: did the alarm ring.

use std::time::Duration;

use super::tok::NO_BEARER;
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::{Mode, Monitor};
use crate::observation::Seen;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::Session;
use crate::token::TokenRequest;
use crate::verdict::Answer;

pub(super) static CHECKS: [Check; 1] = [Check {
    id: "MON-01",
    group: Group::Mon,
    mode: Mode::Write,
    severity: Severity::Medium,
    title: "whoever tries again and again rings an alarm",
    request: "twenty times GET /v2/_catalog, as nobody, and twenty times scope=repository:S:pull, as low; then `within` of the intent for a call to the webhook at the canary listener",
    judgement: "Pass: an alert in time. Fail: none. Inconclusive where low is refused afterwards, where a call of our own does not arrive at the listener, or where an alert came before",
    why: "a refusal that nobody hears of is tried until it is none",
    remedy: "alert on many refusals of one address or one identity, and send the alert to somebody who reads it",
    references: &[],
    needs: &[Need::Owned, Need::Canary, Need::Monitor],
    requests: 60,
    run: mon_01,
}];

/// How often each is tried.
const TIMES: usize = 20;
/// How long nobody looks whether an alert has come.
const STEP: Duration = Duration::from_secs(1);

fn mon_01(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let monitor = session.intent().canary.as_ref().and_then(|canary| canary.monitor.as_ref());
    let Some(monitor) = monitor else { return Ok(Answer::NotApplicable("the intent names no `[monitor]`")) };
    if !session.may_wait(monitor.within) {
        session.note("alarm", &format!("add --wait {}s to wait for an alert", monitor.within.as_secs()));
        return Ok(Answer::NotApplicable("an alert may take longer than the run may wait: add --wait"));
    }
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    if !session.tries_alarm() {
        return Ok(Answer::NotApplicable("an alarm is tried once in a run, before anything else may ring it"));
    }
    session.low()?;
    let scope = format!("repository:{}:pull", session.second().name);
    let asking = realm.asking(&[scope]).login(session.low_login()?);
    let early = rang(session, monitor)?;
    let tried = try_both(session, &asking)?;
    if rings(session, monitor)? {
        return Ok(Answer::AsIntended);
    }
    silent(session, early)?;
    Ok(wrong(&tried, monitor.within))
}

/// The list of repositories as nobody, and a token for S as somebody who may not have it, again and again: the last of
/// each.
fn try_both(session: &mut Session<'_>, asking: &TokenRequest) -> Result<[Seen; 2], Doubt> {
    let list = Request::get("/v2/_catalog").taking_429();
    let token = asking.request().taking_429();
    let first = again(|| session.ask(&list))?;
    let second = again(|| session.ask_at(asking.origin(), &token))?;
    Ok([first, second])
}

/// Asks until it is enough; every answer counts, and that there is one.
fn again(mut ask: impl FnMut() -> Result<Seen, Doubt>) -> Result<Seen, Doubt> {
    for _ in 1..TIMES {
        ask()?.response()?;
    }
    let last = ask()?;
    last.response()?;
    Ok(last)
}

/// Waits for an alert, no longer than it may take.
fn rings(session: &mut Session<'_>, monitor: &Monitor) -> Result<bool, Doubt> {
    let mut left = monitor.within;
    while !rang(session, monitor)? {
        if left.is_zero() {
            return Ok(false);
        }
        let step = left.min(STEP);
        session.wait(step)?;
        left -= step;
    }
    Ok(true)
}

/// Whether an alert has come since somebody last looked.
fn rang(session: &Session<'_>, monitor: &Monitor) -> Result<bool, Doubt> {
    let is_alert = |text: &str| monitor.says.as_ref().is_none_or(|says| text.contains(says));
    Ok(session.calls(&monitor.path)?.iter().any(|call| is_alert(&call.text)))
}

/// That no alert came means something only where the tries were not blocked on their way, where calls arrive, and where no
/// alert was sent already.
fn silent(session: &mut Session<'_>, early: bool) -> Result<(), Doubt> {
    session.forget_low();
    session.low()?;
    session.hears()?;
    match early {
        true => Err(Doubt::Missing {
            why: "an alert came before anything was tried, and none after: whoever has just called may keep still"
                .to_owned(),
        }),
        false => Ok(()),
    }
}

fn wrong([list, token]: &[Seen; 2], within: Duration) -> Answer {
    let says = format!("no alert within {} s of {TIMES} tries each", within.as_secs_f32());
    let proof = Proof::behaviour(token, says).map(|proof| proof.after([list.id]));
    proof.map_or(Answer::NotApplicable("nothing was tried"), Answer::Wrong)
}
