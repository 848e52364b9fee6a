//! What becomes of writing that must be refused.

use crate::doubt::Doubt;
use crate::observation::Seen;
use crate::proof::Proof;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

/// Of somebody who may not: it must be refused as the intent says, unless there is no such method. `says` is what a
/// success shows.
pub(super) fn denied(session: &Session<'_>, seen: &Seen, caller: &Caller, says: &str) -> Result<Answer, Doubt> {
    match seen.response()?.status {
        200..=299 => wrong(seen, says),
        405 => Ok(Answer::AsIntended),
        _ => session.refusal(seen, caller),
    }
}

/// Of somebody who may write, and not this: any refusal will do that is not for another reason.
pub(super) fn rejected(seen: &Seen, says: &str) -> Result<Answer, Doubt> {
    match seen.response()?.status {
        200..=299 => wrong(seen, says),
        429 => Err(Doubt::RateLimited),
        status @ 500..=599 => Err(Doubt::ServerFailed { status }),
        status @ (401 | 407 | 408) => Err(Doubt::OtherRefusal { status }),
        400..=499 => Ok(Answer::AsIntended),
        status => Err(Doubt::OtherRefusal { status }),
    }
}

/// A success that is none that should be.
pub(super) fn wrong(seen: &Seen, says: &str) -> Result<Answer, Doubt> {
    let status = seen.response()?.status;
    Proof::behaviour(seen, format!("{status}: {says}")).map(Answer::Wrong).ok_or(Doubt::Proofless { status })
}
