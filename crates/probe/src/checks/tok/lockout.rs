//! Guessing: how many wrong passwords somebody may try. It comes behind everything else, for whoever is locked out then is
//! out.

use std::sync::Arc;
use std::time::Duration;

use outbound::Credential;

use super::ways::made_up;
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::{Login, Mode};
use crate::observation::Seen;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

/// So many wrong passwords are tried.
const TRIES: usize = 10;
/// The first and the last so many are compared.
const COMPARED: usize = 3;
/// An answer that is held back comes at least so much later.
const HELD_BACK: Duration = Duration::from_millis(200);

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "TOK-20",
    group: Group::Tok,
    mode: Mode::Intrusive,
    severity: Severity::Medium,
    title: "passwords cannot be guessed as fast as somebody asks",
    request: "the realm, or /v2/ where there is none, as low with ten wrong passwords in a row, and with the right one afterwards",
    judgement: "Pass: 429, or each of the last three answers takes longer than each of the first. Fail: neither, and the right password is good. Open: the right one is refused afterwards",
    why: "a list of leaked passwords is tried in minutes where nobody counts",
    remedy: "count wrong passwords for a name and for an address, and answer 429 with Retry-After before the password is looked at",
    references: &["OWASP API2:2023"],
    needs: &[Need::Owned],
    requests: 20,
    run: tok_20,
}];

fn tok_20(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    session.low()?;
    let low = session.low_login()?;
    let mut tried: Vec<Seen> = Vec::new();
    for _ in 0..TRIES {
        let guess = Login { user: low.user.clone(), secret: made_up("")?.secret };
        let seen = shown(session, &guess)?;
        match seen.response()?.status {
            429 => return Ok(Answer::AsIntended),
            401 | 403 => tried.push(seen),
            status @ 500..=599 => return Err(Doubt::ServerFailed { status }),
            200..=299 => return Err(missing("a wrong password is answered like a right one: no guess shows")),
            status => return Err(Doubt::OtherRefusal { status }),
        }
    }
    if is_held_back(&tried.iter().map(|seen| seen.elapsed).collect::<Vec<_>>()) {
        return Ok(Answer::AsIntended);
    }
    if !shown(session, low)?.response()?.is_success() {
        return Err(missing("`low` itself is refused now: guessing has an end, and takes its victim along"));
    }
    let says = format!("after {TRIES} wrong passwords the right one is good, and nothing has slowed them down");
    let (Some(first), Some(last)) = (tried.first(), tried.last()) else { return Err(missing("nothing was tried")) };
    let proof = Proof::behaviour(last, says).ok_or(Doubt::RateLimited)?;
    Ok(Answer::Wrong(proof.after([first.id])))
}

/// The answer to a login, a 429 too.
fn shown(session: &mut Session<'_>, login: &Login) -> Result<Seen, Doubt> {
    match session.realm()? {
        Some(realm) => {
            let scope = format!("repository:{}:pull", session.owned()?);
            let request = realm.asking(&[scope]).login(login).request();
            session.ask_at(&realm.at.origin, &request.taking_429())
        }
        None => {
            let shown = Credential::basic(&session.door().origin, &login.user, &login.secret);
            session.ask(&Request::get("/v2/").credential(Some(&Arc::new(shown))).taking_429())
        }
    }
}

/// Whether answers come later and later.
fn is_held_back(times: &[Duration]) -> bool {
    let slowest = times.iter().take(COMPARED).max();
    let fastest = times.iter().rev().take(COMPARED).min();
    slowest.zip(fastest).is_some_and(|(slowest, fastest)| *fastest >= *slowest + HELD_BACK)
}

fn missing(why: &str) -> Doubt {
    Doubt::Missing { why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_that_grows_is_told_from_one_that_jumps() {
        let held = |times: [u64; 6]| is_held_back(&times.map(Duration::from_millis));
        assert!(held([5, 10, 20, 250, 500, 1000]));
        assert!(!held([5, 10, 400, 250, 500, 1000]), "slow from the beginning on");
        assert!(!held([5, 5, 5, 900, 900, 5]), "slow for once");
        assert!(!held([5; 6]));
    }
}
