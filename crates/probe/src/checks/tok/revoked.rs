//! What becomes of somebody who is taken back.

use std::time::Duration;

use super::NO_BEARER;
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::proof::Proof;
use crate::request::Request;
use crate::run::REVOCATION;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

/// Between two questions whether somebody is still let in.
const POLL: Duration = Duration::from_millis(200);
/// A question at the end of the bound may come so much later.
pub(in crate::checks) const SLACK: Duration = Duration::from_secs(1);
/// The most such questions; in a long bound they are further apart.
const POLLS: u32 = 100;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
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
}];

fn tok_26(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(hook) = session.identity(Role::Revoked).and_then(|identity| identity.revoke.as_ref()) else {
        return Ok(NO_BEARER);
    };
    if let Some(shared) = session.shared_revocation() {
        return shared;
    }
    if session.has_revoked() {
        return Ok(Answer::NotApplicable("the identity was taken back earlier in this run"));
    }
    let leaver = Leaver::find(session)?;
    session.revoke(hook)?;
    until_refused(session, REVOCATION, |session| leaver.still(session))
}

/// Somebody who is going to be taken back, and is somebody until then.
pub(in crate::checks) struct Leaver {
    /// What was handed out before.
    pub(in crate::checks) old: Caller,
    scope: String,
    /// What is granted now: its own repository, or the base.
    own: Request,
}

impl Leaver {
    pub(in crate::checks) fn find(session: &mut Session<'_>) -> Result<Self, Doubt> {
        let owned = session.identity(Role::Revoked).and_then(|identity| identity.owns.as_ref());
        let owned = owned.map(|name| name.as_str());
        let scope = owned.map(|name| format!("repository:{name}:pull")).unwrap_or_default();
        let old = session.known(Role::Revoked, &scope)?;
        let own = own_request(session, owned, &old)?;
        Ok(Self { old, scope, own })
    }

    /// What shows that it is still let in: the old token is good, or a new one is handed out. What is no refusal, and no
    /// success either, leaves the question open.
    pub(in crate::checks) fn still(&self, session: &mut Session<'_>) -> Result<Option<Proof>, Doubt> {
        let seen = session.ask(&self.own.clone().credential(self.old.credential()))?;
        if seen.response()?.is_success() {
            let proof = Proof::behaviour(&seen, "what was handed out before is still good");
            return Ok(proof.map(|proof| proof.after(self.old.earlier())));
        }
        session.refusal(&seen, &self.old)?;
        match session.known(Role::Revoked, &self.scope) {
            Ok(Caller::Holder(token)) => Ok(Proof::behaviour(&token.seen, "a new token is still handed out")),
            Ok(_) | Err(Doubt::NoToken { .. }) => Ok(None),
            Err(doubt) => Err(doubt),
        }
    }
}

/// Asks again and again until nothing shows any more that somebody is let in, or the bound of the intent is over.
pub(in crate::checks) fn until_refused(
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

/// What whoever is going to be taken back is granted now.
fn own_request(session: &mut Session<'_>, owned: Option<&str>, caller: &Caller) -> Result<Request, Doubt> {
    let base = Request::get("/v2/");
    for request in owned.map(|name| session.tags(name)).into_iter().chain([base]) {
        if session.ask(&request.clone().credential(caller.credential()))?.status() == Some(200) {
            return Ok(request);
        }
    }
    Err(Doubt::Missing { why: "the identity could not be shown to be valid before it was taken back".to_owned() })
}
