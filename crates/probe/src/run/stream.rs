//! What is too large for a question and its answer: counted and written down like one, without a body.

use std::time::Duration;

use outbound::{Message, Origin, Reach};

use super::{Kind, Run};
use crate::doubt::Doubt;
use crate::observation::Seen;
use crate::request::Request;
use crate::wire::{Begun, Streaming};

/// An answer that is still on its way; dropped, it is not read any further.
#[derive(Debug)]
pub(crate) struct Stream {
    origin: Origin,
    request: Request,
    message: Message,
    begin: Duration,
    streaming: Streaming,
}

impl Stream {
    /// Whether nothing more comes.
    pub(crate) fn is_over(&self) -> bool {
        self.streaming.is_over()
    }
}

impl Run {
    /// Asks one question with a body in pieces, of which none is sent any more once the run is to end.
    pub(crate) fn pour<'a>(
        &mut self,
        (origin, reach): (&Origin, Reach),
        request: &Request,
        pieces: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Seen, Doubt> {
        let (message, begin) = self.prepare(origin, request)?;
        let stop = self.stop.clone();
        let pieces = pieces.take_while(|_| !stop.is_asked());
        let outcome = self.wire.pour((origin, reach), &message, pieces);
        Ok(self.answered(origin, request, &message, outcome, begin))
    }

    /// Asks for an answer of at most so many bytes, which then goes on while others are asked; what is over at once is an
    /// answer like any other.
    pub(crate) fn stream(
        &mut self,
        (origin, reach): (&Origin, Reach),
        request: &Request,
        most: usize,
    ) -> Result<Result<Stream, Seen>, Doubt> {
        let (message, begin) = self.prepare(origin, request)?;
        let outcome = match self.wire.stream((origin, reach), &message, most) {
            Ok(Begun::Streams(streaming)) => {
                let (origin, request) = (origin.clone(), request.clone());
                return Ok(Ok(Stream { origin, request, message, begin, streaming }));
            }
            Ok(Begun::Over(response)) => Ok(response),
            Err(error) => Err(error),
        };
        Ok(Err(self.answered(origin, request, &message, outcome, begin)))
    }

    /// Stops reading, and writes down what the answer was until now.
    pub(crate) fn leave(&mut self, stream: Stream) -> Seen {
        let Stream { origin, request, message, begin, streaming } = stream;
        self.spent.bytes += streaming.received();
        let response = self.wire.leave(streaming);
        self.answered(&origin, &request, &message, Ok(response), begin)
    }

    /// What is about to be sent, and when.
    fn prepare(&mut self, origin: &Origin, request: &Request) -> Result<(Message, Duration), Doubt> {
        self.afford(origin, Kind::Request)?;
        self.pace(origin);
        let message = request.message(origin, &self.id);
        self.keep_secrets(&message);
        Ok((message, self.now().tick))
    }
}
