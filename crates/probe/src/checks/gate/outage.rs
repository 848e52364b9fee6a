//! What is handed out while something is broken that every decision rests on.

use crate::check::{Check, Group, Need, Severity};
use crate::checks::writing::wrong;
use crate::doubt::Doubt;
use crate::intent::{Mode, Outage, Role};
use crate::session::{Caller, Session};
use crate::verdict::Answer;

/// So often whoever was mended is asked until it answers again, and how long is waited in between.
const AGAIN: usize = 20;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(250);

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "GATE-08",
    group: Group::Gate,
    mode: Mode::Write,
    severity: Severity::Critical,
    title: "where nobody can decide nothing is handed out",
    request: "as control: GET /v2/R/manifests/T after each hook `begin` of the intent (upstream down, policy store down, clock jump), before its hook `end`",
    judgement: "Pass: 503. Fail: success",
    why: "a gate that opens when it cannot ask is opened by whoever breaks what it asks",
    remedy: "refuse with 503 where upstream, policy or time are not known",
    references: &[],
    needs: &[Need::Identity(Role::Control), Need::Outage],
    requests: 90,
    run: gate_08,
}];

fn gate_08(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let control = session.known(Role::Control, &format!("repository:{}:pull", session.private().name))?;
    let outages = &session.intent().gate.outages;
    Ok(Answer::first_wrong(outages, |outage| {
        let answer = broken(session, outage, &control)?;
        Ok(answer.named(outage.kind.as_str()))
    }))
}

/// What *control* gets while it is broken. It is mended whatever comes of that.
fn broken(session: &mut Session<'_>, outage: &Outage, control: &Caller) -> Result<Answer, Doubt> {
    let known = session.private();
    let request = known.manifest(&known.reference()).credential(control.credential());
    let failed = |error: crate::intent::HookError| Doubt::Hook { why: error.to_string() };
    let mut ended = Ended(Some(outage));
    outage.begin.act().map_err(failed)?;
    let seen = session.ask(&request);
    ended.now().map_err(failed)?;
    let seen = seen?;
    let answer = match seen.response()?.status {
        503 => Ok(Answer::AsIntended),
        200..=299 => wrong(&seen, "a manifest was handed out while nobody could decide"),
        status @ 500..=599 => Err(Doubt::ServerFailed { status }),
        status => Err(Doubt::OtherRefusal { status }),
    };
    // Whoever is asked next must find it mended.
    for _ in 0..AGAIN {
        if session.ask(&request)?.response().is_ok_and(|response| response.status < 500) {
            break;
        }
        session.pause(PAUSE);
    }
    answer
}

/// An outage that ends when this goes.
struct Ended<'a>(Option<&'a Outage>);

impl Ended<'_> {
    fn now(&mut self) -> Result<(), crate::intent::HookError> {
        self.0.take().map_or(Ok(()), |outage| outage.end.act())
    }
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.now();
    }
}
