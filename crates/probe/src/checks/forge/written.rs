//! Tokens that are written in ways in which no token is written.

use std::sync::Arc;

use outbound::Credential;
use protocol::Secret;

use super::{NO_MOULD, ONE_VERIFIER, Refusals, mould, noise, opens_nothing};
use crate::check::{Check, Group, Severity};
use crate::checks::spelled;
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

/// Beyond every limit that makes sense for a header, in bytes.
const HUGE: usize = 100_000;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "FORGE-21",
    group: Group::Forge,
    mode: Mode::Active,
    severity: Severity::Medium,
    title: "an oddly written token opens nothing and breaks nothing",
    request: "the same with an invalid token: padded, with a line end, two spaces, a tab or a dot too many, bearer in lower case, next to a real one, of 100 kB",
    judgement: "Pass: 4xx. Fail: success, which is critical; 5xx, twice",
    why: "two parsers of one header may see two tokens, and one that gives up may let pass",
    remedy: ONE_VERIFIER,
    references: &[],
    needs: &[],
    requests: 60,
    run: forge_21,
}];

/// The value of the header: bytes that can be printed, or what carries a part of a real token.
enum Written {
    Bytes(String),
    Hidden(Arc<Credential>),
}

impl Written {
    fn on(&self, request: Request) -> Request {
        match self {
            Self::Bytes(bytes) => request.header("Authorization", bytes.as_str()),
            Self::Hidden(credential) => request.credential(Some(credential)),
        }
    }
}

fn forge_21(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let origin = session.door().origin.clone();
    let forged = mould.signed_as("", &noise(mould.signature_length())?);
    let forged = forged.text();
    let (front, signature) = forged.rsplit_once('.').unwrap_or((forged, ""));
    let bytes = |text: String| Written::Bytes(text);
    let hidden = |text: String| Written::Hidden(Arc::new(Credential::bearer(&origin, &Secret::new(text))));
    let mut written = vec![
        ("padding", bytes(format!("Bearer {forged}="))),
        ("a line end inside", bytes(format!("Bearer {front}.\n{signature}"))),
        ("two spaces", bytes(format!("Bearer  {forged}"))),
        ("bearer in lower case", bytes(format!("bearer {forged}"))),
        ("a tab", bytes(format!("Bearer\t{forged}"))),
        ("a dot at the end", bytes(format!("Bearer {forged}."))),
        ("100 kB", hidden(format!("{forged}{}", "A".repeat(HUGE)))),
    ];
    let genuine = mould.genuine();
    if opens_nothing(session, |request| hidden(genuine.expose().to_owned()).on(request), Refusals::OfTokens)?
        .is_refusal()
    {
        let real = genuine.expose();
        written.push(("a real token in front of it", hidden(format!("{real},{forged}"))));
        written.push(("a real token behind it", hidden(format!("{forged},{real}"))));
    }
    let named = written.into_iter().map(|(name, written)| (name.to_owned(), written));
    let shown = |session: &mut Session<'_>, written: &Written| {
        opens_nothing(session, |request| written.on(request), Refusals::Any4xx)
    };
    Ok(critical(spelled::each(named, |written| shown(session, &written))))
}

/// What got through is worse than what breaks the door.
fn critical(answer: Answer) -> Answer {
    match answer {
        Answer::Wrong(proof) => Answer::Wrong(proof.graded(Severity::Critical)),
        Answer::AsIntended | Answer::Open(_) | Answer::NotApplicable(_) => answer,
    }
}
