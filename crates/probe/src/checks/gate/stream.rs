//! What goes on streaming to somebody who is taken back.

use std::time::Duration;

use crate::check::{Check, Group, Need, Severity};
use crate::checks::tok::revoked::{Leaver, SLACK, until_refused};
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::proof::Proof;
use crate::request::Request;
use crate::response::Ended;
use crate::run::{REVOCATION, STREAM, Stream};
use crate::session::Session;
use crate::session::writing::{Large, Writing};
use crate::verdict::Answer;

/// Between two looks whether a stream has ended.
const LOOK: Duration = Duration::from_millis(50);

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "GATE-09",
    group: Group::Gate,
    mode: Mode::Write,
    severity: Severity::High,
    title: "whoever is taken back is refused while a blob streams to them, and the stream ends",
    request: "as low: a blob of 1 GiB into M; as revoked: GET of it, read slowly, and in the middle the hook `revoke` of the intent and the questions of TOK-26, which then asks nothing of its own",
    judgement: "Pass: new requests refused within `revoked_within` of the intent, and the stream ends within `stream_ends_within`. Fail: later, or not at all. Where `stream_ends_within` is not declared, new requests alone are judged, and a note says so",
    why: "a gate that looks once, before the first byte, hands out the rest for as long as the reader is slow",
    remedy: "look again while a transfer is under way, and cut those whose permission is gone",
    references: &["OWASP NHI1"],
    needs: &[Need::Owned, Need::Reader],
    requests: 230,
    run: gate_09,
}];

fn gate_09(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(hook) = session.identity(Role::Revoked).and_then(|identity| identity.revoke.as_ref()) else {
        return Ok(Answer::NotApplicable("nobody is taken back here"));
    };
    if session.has_revoked() {
        return Ok(Answer::NotApplicable("the identity was taken back earlier in this run"));
    }
    let size = session.intent().gate.streamed;
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    let digest = writing.pour(&own, &Large::new(size)?)?;
    let session = writing.session();
    let leaver = Leaver::find(session)?;
    let blob = Request::get(own.target(&format!("blobs/{digest}"))).credential(leaver.old.credential());
    let stream = session.stream(&blob, size)?;
    let before = session.touched().len();
    session.revoke(hook)?;
    let mut watched = Watched { stream, begin: session.tick(), ended: None };
    let refused = until_refused(session, REVOCATION, |session| {
        watched.look(session);
        leaver.still(session)
    });
    session.share_revocation(&refused, before);
    let ended = watched.until_ended(session);
    Ok(refused.unwrap_or_else(Answer::Open).and(ended))
}

/// A stream to somebody who was taken back.
struct Watched {
    stream: Stream,
    /// When that was.
    begin: Duration,
    /// When it was first seen that the stream has ended, counted from then.
    ended: Option<Duration>,
}

impl Watched {
    fn look(&mut self, session: &Session<'_>) {
        let at = session.tick().saturating_sub(self.begin);
        self.ended = self.ended.or_else(|| self.stream.is_over().then_some(at));
    }

    /// Waits until it has ended, or it is too late. What is on its way already may come for a moment more.
    fn until_ended(mut self, session: &mut Session<'_>) -> Answer {
        let bound = session.intent().gate.stream_ends_within;
        let latest = bound.unwrap_or_default() + SLACK;
        loop {
            self.look(session);
            if self.ended.is_some() || session.tick().saturating_sub(self.begin) > latest {
                break;
            }
            session.pause(LOOK);
        }
        let seen = session.leave(self.stream);
        let is_whole = seen.response().is_ok_and(|response| matches!(response.body.ended, Ended::Hashed { .. }));
        let says = match self.ended {
            None => format!("it still came {} ms after the hook", latest.as_millis()),
            Some(at) if is_whole => format!("it came to its end {} ms after the hook", at.as_millis()),
            Some(at) => format!("it was cut {} ms after the hook", at.as_millis()),
        };
        let Some(bound) = bound else {
            session.note(STREAM, &format!("{says}, and was not judged: `stream_ends_within` is not declared"));
            return Answer::AsIntended;
        };
        session.note(STREAM, &says);
        match self.ended {
            Some(at) if is_whole && at <= bound => {
                Answer::Open(Doubt::Missing { why: format!("the blob was over before its stream had to end: {says}") })
            }
            Some(at) if !is_whole && at <= latest => Answer::AsIntended,
            _ => {
                let proof =
                    Proof::behaviour(&seen, format!("a blob streamed on to somebody who was taken back: {says}"));
                let open = || Answer::Open(Doubt::Missing { why: "the answer that streamed".to_owned() });
                proof.map_or_else(open, |proof| Answer::Wrong(proof.aside()))
            }
        }
    }
}
