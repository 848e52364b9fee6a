//! What comes before a handshake is over.

use outbound::Scheme;

use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Came;
use crate::proof::Proof;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "ROUTE-24",
    group: Group::Route,
    mode: Mode::Active,
    severity: Severity::Medium,
    title: "what comes as early data is judged as everything else",
    request: "GET /v2/ over TLS, and GET /v2/R/manifests/T as early data of that session, bare and with the token that anybody gets; each again over two connections in the same bytes, of which the second is answered",
    judgement: "Pass: refused, or 425; where the same bytes come twice it is not taken, or refused again. Fail: the manifest. Not asked where the door takes no early data",
    why: "early data comes before anybody has shown to be where they say, and whoever records it can send it again",
    remedy: "take no early data, or answer 425 to it wherever a rule depends on who asks and from where",
    references: &["RFC 8470", "CVE-2024-39321"],
    needs: &[],
    requests: 6,
    run: route_24,
}];

fn route_24(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    if session.door().origin.scheme() == Scheme::Http {
        return Ok(Answer::NotApplicable("early data is a part of TLS"));
    }
    session.as_strangers(|session, caller| {
        let once = early(session, caller, false)?;
        if matches!(once, Answer::NotApplicable(_)) {
            return Ok(once);
        }
        Ok(once.and(early(session, caller, true)?.named("the same bytes again")))
    })
}

/// What the manifest is answered with as early data.
fn early(session: &mut Session<'_>, caller: &Caller, is_replayed: bool) -> Result<Answer, Doubt> {
    let request = session.manifest(&session.private().reference()).credential(caller.credential());
    let seen = session.early(&request, is_replayed)?;
    if matches!(seen.came()?, Came::Bytes(_) | Came::Chain(_)) {
        return Ok(match is_replayed {
            true => Answer::AsIntended,
            false => Answer::NotApplicable("the door takes no early data"),
        });
    }
    match Proof::manifest_of(&seen, session.digest().as_ref(), session.decoy()) {
        Some(proof) => Ok(Answer::Wrong(proof.after(caller.earlier()))),
        None if seen.status() == Some(425) => Ok(Answer::AsIntended),
        None => session.refusal(&seen, caller),
    }
}
