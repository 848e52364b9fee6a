//! A door that fails because of what is odd in a question: somewhere a parser gives up.

use crate::check::{Check, Group, Severity};
use crate::proof::Proof;
use crate::session::Session;
use crate::verdict::Answer;

/// What came of a check, or a finding beside it: a question that stays open because the door failed is asked again, and
/// so is the plain one. A door that fails again, and only because of the oddity, has a parser that can be broken.
pub(crate) fn found(session: &mut Session<'_>, check: &Check, answer: Answer) -> Answer {
    let failed = session.take_failed().filter(|_| matches!(check.group, Group::Forge | Group::Route));
    let (Answer::Open(open), Some(failed)) = (&answer, failed) else { return answer };
    let plain = session.manifest(&session.private().reference());
    let (Ok(again), Ok(plain)) = (session.ask(&failed.request), session.ask(&plain)) else { return answer };
    session.take_failed();
    let steady = again.status() == Some(failed.status) && plain.status().is_some_and(|status| status < 500);
    let says = format!("{0}, and {0} again, while the plain question is answered", failed.status);
    let proof = steady.then(|| Proof::behaviour(&again, says)).flatten();
    let proof = proof.map(|proof| proof.named(again.line()).graded(Severity::Medium).beside(open.clone()));
    proof.map_or(answer, Answer::Wrong)
}
