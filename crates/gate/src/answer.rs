//! The answer: a head, and a payload that ends when what it rests on ends.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use origin::{Payload, Served};

use crate::connection::Armed;
use crate::revocable::Revocable;
use crate::seen::Ending;

/// The most that is read from a file at once, in bytes: one slice, between two looks at the revocation.
const SLICE: usize = 256 * 1024;

/// What goes back to the client. One that carries content is made from what was served and from what the transfer
/// rests on; there is no other way.
#[derive(Debug)]
pub struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) download: Download,
    pub(crate) digest: Option<String>,
}

impl Answer {
    /// The answer to an admitted request.
    #[must_use]
    pub fn new(served: Served, revocable: &Revocable) -> Self {
        let status = StatusCode::from_u16(served.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = served.headers;
        if let Some(length) = served.length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let digest = served.digest.map(|digest| digest.to_string());
        Self { status, headers, download: revocable.download(served.payload), digest }
    }

    /// A refusal: words of our own, and nothing of an origin's.
    pub(crate) fn refusal(status: u16, headers: HeaderMap, body: String) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers, download: Download::words(body.into()), digest: None }
    }
}

/// The answer to a ping: you are somebody.
pub(crate) fn ping() -> Served {
    json(Bytes::from_static(b"{}"))
}

/// The answer of the token endpoint; nobody may keep it.
pub(crate) fn token(reply: Vec<u8>) -> Served {
    let mut served = json(reply.into());
    served.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    served
}

fn json(body: Bytes) -> Served {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let length = Some(body.len() as u64);
    Served { status: 200, headers, length, payload: Payload::Bytes(body), digest: None }
}

/// The payload on its way to the wire.
#[derive(Debug)]
pub struct Download {
    payload: Payload,
    buffer: BytesMut,
    revocable: Option<Revocable>,
    armed: Option<Armed>,
    ending: Option<Ending>,
}

impl Download {
    pub(crate) fn new(payload: Payload, revocable: &Revocable) -> Self {
        let mut download = Self { payload, buffer: BytesMut::new(), revocable: None, armed: None, ending: None };
        // What fits into one slice is gone before anybody could revoke it.
        download.revocable = (download.left() > SLICE as u64).then(|| revocable.clone());
        download
    }

    /// Words of our own, which need no permission.
    pub(crate) fn words(words: Bytes) -> Self {
        Self { payload: Payload::Bytes(words), buffer: BytesMut::new(), revocable: None, armed: None, ending: None }
    }

    /// Ties the payload to its connection, and to the record of its end.
    pub(crate) fn begin(&mut self, armed: &Armed, ending: Option<Ending>) {
        if let Some(revocable) = self.revocable.take() {
            armed.arm(revocable.boxed_end());
            self.armed = Some(armed.clone());
        }
        self.ending = ending;
    }

    /// Drops the payload and keeps the head: the answer to HEAD.
    pub(crate) fn without_payload(&mut self) {
        self.payload = Payload::Empty;
        self.revocable = None;
    }

    fn slice(&mut self) -> Option<io::Result<Bytes>> {
        match std::mem::replace(&mut self.payload, Payload::Empty) {
            Payload::Empty => None,
            Payload::Bytes(mut bytes) => {
                let slice = bytes.split_to(bytes.len().min(SLICE));
                self.payload = Payload::Bytes(bytes);
                (!slice.is_empty()).then_some(Ok(slice))
            }
            Payload::File { file, mut span } => {
                let length = usize::try_from(span.length).unwrap_or(usize::MAX).min(SLICE);
                if length == 0 {
                    return None;
                }
                self.buffer.resize(length, 0);
                if let Err(error) = file.read_exact_at(&mut self.buffer, span.start) {
                    return Some(Err(error));
                }
                span.start = span.start.saturating_add(length as u64);
                span.length = span.length.saturating_sub(length as u64);
                self.payload = Payload::File { file, span };
                Some(Ok(self.buffer.split().freeze()))
            }
        }
    }

    fn left(&self) -> u64 {
        match &self.payload {
            Payload::Empty => 0,
            Payload::Bytes(bytes) => bytes.len() as u64,
            Payload::File { span, .. } => span.length,
        }
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.armed.as_ref().is_some_and(|armed| armed.poll_cut(context)) {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        let slice = self.slice();
        if let (Some(Ok(bytes)), Some(ending)) = (&slice, &mut self.ending) {
            ending.sent(bytes.len() as u64);
        }
        Poll::Ready(slice.map(|slice| slice.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let cut = self.armed.as_ref().is_some_and(Armed::is_cut);
        if let Some(armed) = &self.armed {
            armed.disarm();
        }
        let complete = self.left() == 0;
        if let Some(ending) = self.ending.take() {
            ending.end(complete, cut);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_in_memory_goes_out_in_slices_too() {
        let mut download = Download::words(vec![7; SLICE.saturating_mul(2).saturating_add(1)].into());
        let lengths: Vec<usize> = std::iter::from_fn(|| download.slice()).map(|slice| slice.unwrap().len()).collect();
        assert_eq!((lengths, download.left()), (vec![SLICE, SLICE, 1], 0));
    }
}
