//! One question in many spellings, and which of them got through.

use crate::doubt::Doubt;
use crate::observation::{Observation, Seen};
use crate::proof::Proof;
use crate::reception::Garbled;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::verdict::Answer;
use crate::wire::WireError;

/// Asks in every spelling, each of which has a name. A finding shows the first that got through and names the others.
pub(super) fn each<T>(
    spellings: impl IntoIterator<Item = (String, T)>,
    mut ask: impl FnMut(T) -> Result<Answer, Doubt>,
) -> Answer {
    let (mut answer, mut wrong) = (Answer::NotApplicable("nothing to ask"), Vec::new());
    for (name, spelling) in spellings {
        let found = ask(spelling).unwrap_or_else(Answer::Open).named(&name);
        if matches!(found, Answer::Wrong(_)) {
            wrong.push(name);
        }
        answer = answer.and(found);
    }
    match answer {
        Answer::Wrong(proof) => Answer::Wrong(proof.as_also(wrong.get(1..).unwrap_or_default())),
        Answer::AsIntended | Answer::Open(_) | Answer::NotApplicable(_) => answer,
    }
}

/// Asks something odd, which may be refused with any status that `refusals` takes, or by closing the connection while the
/// plain question is answered. What is wrong must be wrong because of the oddity: the plain question shows nothing.
pub(super) fn refused(
    session: &mut Session<'_>,
    odd: &Request,
    plain: &Request,
    refusals: impl Fn(u16) -> bool,
    proof: impl Fn(&Observation) -> Option<Proof>,
) -> Result<Answer, Doubt> {
    let seen = session.ask(odd)?;
    refused_as(session, &seen, odd, plain, refusals, proof)
}

/// The same where the answer is there already.
pub(super) fn refused_as(
    session: &mut Session<'_>,
    seen: &Seen,
    odd: &Request,
    plain: &Request,
    refusals: impl Fn(u16) -> bool,
    proof: impl Fn(&Observation) -> Option<Proof>,
) -> Result<Answer, Doubt> {
    if is_closed(seen) {
        session.ask(plain)?.response()?;
        return Ok(Answer::AsIntended);
    }
    let judged = match session.judge(seen, odd, &Caller::Imposter, &proof) {
        Err(Doubt::OtherRefusal { status }) if refusals(status) => Ok(Answer::AsIntended),
        judged => judged,
    };
    settle(session, judged, plain, proof)
}

/// Whether the connection was closed instead of an answer.
pub(super) fn is_closed(seen: &Observation) -> bool {
    matches!(seen.failure(), Some(WireError::Garbled(Garbled::Nothing)))
}

/// What an answer to something odd means: nothing where the plain question gets as much.
pub(super) fn settle(
    session: &mut Session<'_>,
    judged: Result<Answer, Doubt>,
    plain: &Request,
    proof: impl Fn(&Observation) -> Option<Proof>,
) -> Result<Answer, Doubt> {
    match judged {
        Ok(Answer::Wrong(found)) => match session.refused(plain, &Caller::Nobody, proof) {
            Ok(Answer::Wrong(_)) => Err(Doubt::OpenAnyway),
            _ => Ok(Answer::Wrong(found)),
        },
        Ok(_) | Err(_) => judged,
    }
}
