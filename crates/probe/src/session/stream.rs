//! What is too large for a question and its answer: a body that is sent in pieces, and an answer that goes on for a while.

use super::Session;
use super::judging::MAX_REDIRECTS;
use crate::doubt::Doubt;
use crate::observation::Seen;
use crate::request::Request;
use crate::run::Stream;

impl Session<'_> {
    /// Asks the door one question with a body in pieces.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub(crate) fn pour<'a>(
        &mut self,
        request: &Request,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Seen, Doubt> {
        let (origin, reach) = (&self.door.origin, self.door.reach(&self.door.origin));
        let seen = self.run.pour((origin, reach), &request.or_showing(self.door.certificate.as_ref()), pieces)?;
        self.touched.push(seen.id);
        Ok(seen)
    }

    /// Asks for a large answer of at most so many bytes, at the door or where its redirects lead, and leaves it on its way.
    ///
    /// # Errors
    /// [`Doubt`] where nothing streams.
    pub(crate) fn stream(&mut self, request: &Request, most: usize) -> Result<Stream, Doubt> {
        let (mut origin, mut request) = (self.door.origin.clone(), request.clone());
        for _ in 0..=MAX_REDIRECTS {
            let door = self.intent.doors.iter().find(|door| door.origin == origin);
            let shown = request.or_showing(door.and_then(|door| door.certificate.as_ref()));
            let seen = match self.run.stream((&origin, self.door.reach(&origin)), &shown, most)? {
                Ok(stream) => return Ok(stream),
                Err(seen) => seen,
            };
            self.touched.push(seen.id);
            let Some(next) = self.led(&seen)? else { return Err(no_stream(seen.response()?.status)) };
            if !self.door.has_storage(&next.origin) {
                return Err(self.undeclared_storage(next.origin));
            }
            (origin, request) = (next.origin, request.to(&next.target));
        }
        Err(Doubt::Redirect { why: format!("more than {MAX_REDIRECTS}") })
    }

    /// Stops reading a large answer.
    pub(crate) fn leave(&mut self, stream: Stream) -> Seen {
        let seen = self.run.leave(stream);
        self.touched.push(seen.id);
        seen
    }
}

fn no_stream(status: u16) -> Doubt {
    match status {
        429 => Doubt::RateLimited,
        500..=599 => Doubt::ServerFailed { status },
        status => Doubt::Missing { why: format!("the large blob did not stream: it was answered with {status}") },
    }
}
