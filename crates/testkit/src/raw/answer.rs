//! What a server sends back, and how.

use std::fmt;
use std::sync::Arc;

use super::Request;

/// What is sent back.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes, and then the connection closes.
    Bytes(Vec<u8>),
    /// These bytes, one at a time and slowly.
    Drip(Vec<u8>),
    /// These bytes, and then the others again and again, for as long as the client reads.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes at a pace, as long as it goes on.
    Paced(Vec<u8>, Going),
    /// These bytes, and then HTTP/2.
    Upgrade(Vec<u8>),
    /// Nothing, until the client goes away.
    Silence,
}

/// Whether an answer goes on.
#[derive(Clone)]
pub struct Going(Arc<dyn Fn() -> bool + Send + Sync>);

impl Going {
    /// As long as this says so.
    pub fn new(goes_on: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(goes_on))
    }

    /// Whether it does so far.
    pub(super) fn goes_on(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Going {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Going")
    }
}

impl Answer {
    /// A well-formed answer. To HEAD the body is left out and its length stays.
    pub fn http(request: &Request, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut head = format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let mut bytes = (head + "\r\n").into_bytes();
        if request.method != "HEAD" {
            bytes.extend_from_slice(body);
        }
        Self::Bytes(bytes)
    }

    /// The same with one header more, where it is a well-formed answer.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        let Self::Bytes(mut bytes) = self else { return self };
        if let Some(line) = bytes.windows(2).position(|window| window == b"\r\n") {
            bytes.splice(line..line, format!("\r\n{name}: {value}").into_bytes());
        }
        Self::Bytes(bytes)
    }
}
