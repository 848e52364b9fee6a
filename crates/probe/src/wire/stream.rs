//! What is too large to be held: a body that is sent piece by piece, and an answer that is read at a pace and let go of.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use outbound::{Appetite, Connection, End, Message, Origin, Reach};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{Wire, WireError};
use crate::reception::{MAX_BODY, Reception};
use crate::response::{Body, Ended, Response};

/// What is read at once.
const STEP: usize = 64 * 1024;
/// Between two such reads: at most 16 MiB in a second, so that a gigabyte lasts a minute.
const PACE: Duration = Duration::from_millis(4);
/// How long a large body may take to be sent, and its answer to come.
const SENT_WITHIN: Duration = Duration::from_secs(300);

/// An answer that is still on its way. It is read at its pace whenever the run asks or waits, and nothing of it is kept.
#[derive(Debug)]
pub(crate) struct Streaming {
    head: Response,
    received: Arc<AtomicUsize>,
    reading: JoinHandle<Ended>,
}

impl Streaming {
    /// Whether nothing more comes.
    pub(crate) fn is_over(&self) -> bool {
        self.reading.is_finished()
    }

    /// How many bytes came so far.
    pub(crate) fn received(&self) -> usize {
        self.received.load(Ordering::Relaxed)
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// What came of asking for a large answer.
#[derive(Debug)]
pub(crate) enum Begun {
    /// It was over before it was large.
    Over(Response),
    /// More of it came than is ever kept, and it goes on.
    Streams(Streaming),
}

impl Wire {
    /// Sends a message and then pieces of its body, and reads the answer.
    pub(crate) fn pour<'a>(
        &mut self,
        place: (&Origin, Reach),
        message: &Message,
        mut pieces: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Response, WireError> {
        let mut reception = Reception::new(false, MAX_BODY);
        // In one go with the head, as whoever has a body at hand sends it.
        let mut first = message.clone();
        first.push(pieces.next().unwrap_or_default());
        let mut connection = self.begin(place, &first)?;
        let exchange = async {
            for piece in pieces {
                // Whoever hangs up in the middle may have said why.
                if connection.write_all(piece).await.is_err() {
                    break;
                }
            }
            let _ = connection.flush().await;
            let mut buffer = vec![0; STEP];
            loop {
                if let Some(end) = read(&mut connection, &mut buffer, &mut reception).await.0 {
                    return end;
                }
            }
        };
        let end = self.runtime.block_on(async { timeout(SENT_WITHIN, exchange).await });
        Ok(reception.finish(end.unwrap_or(End::Late))?)
    }

    /// Sends a message, and reads an answer of so many bytes until there is more of it than is kept.
    pub(crate) fn stream(
        &mut self,
        place: (&Origin, Reach),
        message: &Message,
        most: usize,
    ) -> Result<Begun, WireError> {
        let mut reception = Reception::new(false, most);
        let mut connection = self.begin(place, message)?;
        let mut buffer = vec![0; STEP];
        let begun = async {
            loop {
                let end = read(&mut connection, &mut buffer, &mut reception).await.0;
                if end.is_some() || reception.large().is_some() {
                    return end;
                }
            }
        };
        let time = self.limits.time;
        let end = self.runtime.block_on(async { timeout(time, begun).await }).unwrap_or(Some(End::Late));
        let (None, Some(head)) = (end, reception.large()) else {
            return Ok(Begun::Over(reception.finish(end.unwrap_or(End::Broken))?));
        };
        let received = Arc::new(AtomicUsize::new(0));
        let reading = self.runtime.spawn(to_its_end(connection, reception, Arc::clone(&received)));
        Ok(Begun::Streams(Streaming { head, received, reading }))
    }

    /// The answer without its body, and how that ended where it did.
    pub(crate) fn leave(&self, mut streaming: Streaming) -> Response {
        let ended = match streaming.is_over() {
            true => self.runtime.block_on(&mut streaming.reading).unwrap_or(Ended::Early),
            false => Ended::Cut,
        };
        let head = streaming.head.clone();
        Response { body: Body { bytes: Vec::new(), ended }, ..head }
    }

    fn begin(&mut self, place: (&Origin, Reach), message: &Message) -> Result<Connection, WireError> {
        self.at_each(place, None, |wire, destination| {
            wire.runtime.block_on(wire.dialer.begin(destination, message, wire.limits.time))
        })
    }
}

/// One read: whether it was the last, and how much came.
async fn read(connection: &mut Connection, buffer: &mut [u8], reception: &mut Reception) -> (Option<End>, usize) {
    let read = match connection.read(buffer).await {
        Ok(0) => return (Some(End::Closed), 0),
        Ok(read) => read,
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return (Some(End::Closed), 0),
        Err(_) => return (Some(End::Broken), 0),
    };
    let appetite = reception.take(buffer.get(..read).unwrap_or_default());
    ((appetite == Appetite::Enough).then_some(End::Enough), read)
}

/// Reads on at its pace, however small the pieces are that come.
async fn to_its_end(mut connection: Connection, mut reception: Reception, received: Arc<AtomicUsize>) -> Ended {
    let (mut buffer, mut since) = (vec![0; STEP], 0);
    let end = loop {
        let (end, came) = read(&mut connection, &mut buffer, &mut reception).await;
        received.fetch_add(came, Ordering::Relaxed);
        since += came;
        if let Some(end) = end {
            break end;
        }
        if since >= STEP {
            since = 0;
            sleep(PACE).await;
        }
    };
    reception.finish(end).map_or(Ended::Early, |response| response.body.ended)
}
