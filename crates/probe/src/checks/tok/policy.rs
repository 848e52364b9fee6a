//! A token after what it rests on has changed: the policy, or the end of a window of time.

use std::time::Duration;

use super::NO_BEARER;
use super::revoked::until_refused;
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::{Hook, Mode, Policy, Role};
use crate::proof::Proof;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

/// What is said of how soon a change of the policy was felt.
const FELT: &str = "policy change";

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "TOK-30",
    group: Group::Tok,
    mode: Mode::Active,
    severity: Severity::High,
    title: "a change of the policy reaches tokens that are out already",
    request: "a token of low for M; the hook `restrict` of the intent, then GET of the tags of M with that token; again with `window`, after its end; `restore` at the end of each",
    judgement: "Pass: refused within `revoked_within`. Fail: accepted later. Registries that believe a token until it ends fail it by design",
    why: "what was taken away stays open for as long as the tokens last that were handed out before",
    remedy: "ask the policy for every request and not for the token alone, or hand out tokens that end within the bound",
    references: &["NIST SP 800-207 tenet 3"],
    needs: &[Need::Owned, Need::Policy],
    requests: 220,
    run: tok_30,
}];

fn tok_30(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(policy) = &session.intent().policy else { return Ok(NO_BEARER) };
    let taken = after(session, policy, &policy.restrict, Duration::ZERO)?.named("the right is taken away");
    let Some((window, lasts)) = policy.window.as_ref().filter(|_| taken.is_refusal()) else { return Ok(taken) };
    Ok(after(session, policy, window, *lasts)?.named("the window is over"))
}

/// What a token is good for that was handed out before a change, so long after it.
fn after(session: &mut Session<'_>, policy: &Policy, change: &Hook, time: Duration) -> Result<Answer, Doubt> {
    let name = session.owned()?;
    let caller = session.known(Role::Low, &format!("repository:{name}:pull"))?;
    let Caller::Holder(token) = &caller else { return Ok(NO_BEARER) };
    let request = session.tags(name);
    let own = request.clone().credential(caller.credential());
    if session.ask(&own)?.status() != Some(200) {
        return Err(Doubt::Missing { why: format!("`low` has no tags in {name} whose list could be closed") });
    }
    if session.ask(&request)?.response()?.is_success() {
        return Err(Doubt::OpenAnyway);
    }
    let mut changed = Changed { session, policy };
    let session = &mut changed.session;
    session.act(change)?;
    session.wait(time)?;
    until_refused(session, FELT, |session| {
        let seen = session.ask(&own)?;
        if !seen.response()?.is_success() {
            return session.refusal(&seen, &caller).map(|_| None);
        }
        let says =
            "a token is believed that was handed out before; where it is believed until it ends, that is by design";
        Ok(Proof::behaviour(&seen, says).map(|proof| proof.after([token.seen.id]).aside()))
    })
}

/// A policy that was changed: it is put back, whatever ends the check.
struct Changed<'s, 'run, 'p> {
    session: &'s mut Session<'run>,
    policy: &'p Policy,
}

impl Drop for Changed<'_, '_, '_> {
    fn drop(&mut self) {
        if let Err(error) = self.policy.restore.act() {
            self.session.note("left behind", &format!("the policy could not be put back: {error}"));
        }
        self.session.forget_low();
    }
}
