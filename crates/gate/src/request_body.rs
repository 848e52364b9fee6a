//! The body of a request: handed to the origin chunk by chunk, or read away after an early refusal.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use origin::{Upload, UploadError};

use crate::revocable::Revocable;
use crate::settings::Limits;

/// A body that nobody has read from yet.
pub(crate) struct RequestBody {
    incoming: Incoming,
    idle: Duration,
    /// The client waits for `100 Continue`, which the first read would send.
    expects: bool,
    received: Rc<Cell<u64>>,
}

/// What a form could not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormError {
    /// Longer than the limit.
    TooLarge,
    /// It ended early or came too slowly.
    Incomplete,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, idle: Duration, expects: bool) -> Self {
        Self { incoming, idle, expects, received: Rc::default() }
    }

    /// Counts the bytes that came in, also after the body has moved on.
    pub(crate) fn counter(&self) -> Rc<Cell<u64>> {
        self.received.clone()
    }

    /// Reads a whole form: the one body that is read before anybody is identified.
    pub(crate) async fn form(&mut self, limit: usize) -> Result<Vec<u8>, FormError> {
        let mut form = Vec::new();
        while let Some(chunk) = self.chunk().await {
            let chunk = chunk.map_err(|_| FormError::Incomplete)?;
            if form.len().saturating_add(chunk.len()) > limit {
                return Err(FormError::TooLarge);
            }
            form.extend_from_slice(&chunk);
        }
        Ok(form)
    }

    /// Reads on for a while after a refusal, so that the client reads the answer and not a reset. A client that waits
    /// for `100 Continue` has sent nothing, and is not told to.
    pub(crate) fn drain(mut self, limits: &Limits) {
        if self.expects || self.incoming.is_end_stream() {
            return;
        }
        let (bytes, time) = (limits.drain_bytes, limits.drain_time);
        tokio::task::spawn_local(tokio::time::timeout(time, async move {
            while let Some(Ok(_)) = self.chunk().await {
                if self.received.get() > bytes {
                    break;
                }
            }
        }));
    }

    async fn chunk(&mut self) -> Option<Result<Bytes, UploadError>> {
        loop {
            let frame = match tokio::time::timeout(self.idle, self.incoming.frame()).await {
                Err(_elapsed) => return Some(Err(UploadError::Limit)),
                Ok(frame) => frame?,
            };
            let Ok(frame) = frame else { return Some(Err(UploadError::Client)) };
            if let Ok(bytes) = frame.into_data() {
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.received.set(self.received.get().saturating_add(length));
                return Some(Ok(bytes));
            }
        }
    }
}

/// A body that ends when what it rests on ends, also while the client sends nothing.
pub(crate) struct RevocableUpload<'a> {
    body: &'a mut RequestBody,
    revocable: Revocable,
    ended: Pin<Box<dyn Future<Output = ()>>>,
}

impl<'a> RevocableUpload<'a> {
    pub(crate) fn new(body: &'a mut RequestBody, revocable: Revocable) -> Self {
        Self { ended: revocable.boxed_end(), body, revocable }
    }
}

impl Upload for RevocableUpload<'_> {
    async fn next(&mut self) -> Option<Result<Bytes, UploadError>> {
        tokio::select! {
            biased;
            () = &mut self.ended => Some(Err(UploadError::Revoked)),
            chunk = self.body.chunk() => chunk,
        }
    }

    fn standing(&self) -> bool {
        self.revocable.stands()
    }
}
