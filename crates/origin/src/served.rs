//! What the store answers: a head, and content that has not been read yet.

use std::fmt::Display;
use std::fs::File;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LINK, LOCATION};
use protocol::{Digest, Problem, Repository, Request, Span};

/// `Docker-Content-Digest`: which content is meant.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// An answer. Its paths are relative: whoever sends it knows under which name it is reached.
#[derive(Debug)]
pub struct Served {
    /// HTTP status.
    pub status: u16,
    /// The headers, but for `Content-Length`.
    pub headers: HeaderMap,
    /// `Content-Length`: of the content that a GET would carry, also where the answer is to a HEAD.
    pub length: Option<u64>,
    /// The content.
    pub payload: Payload,
    /// Which content was read or written, for the record.
    pub digest: Option<Digest>,
}

/// The content of an answer.
#[derive(Debug)]
pub enum Payload {
    /// None.
    Empty,
    /// In memory.
    Bytes(Bytes),
    /// In a file; whoever sends it chooses how it travels.
    File {
        /// Open for reading.
        file: File,
        /// Which part of it.
        span: Span,
    },
}

impl Served {
    pub(crate) fn empty(status: u16) -> Self {
        let length = (!matches!(status, 204 | 304)).then_some(0);
        Self { status, headers: HeaderMap::new(), length, payload: Payload::Empty, digest: None }
    }

    pub(crate) fn json(status: u16, body: String) -> Self {
        let served = Self::empty(status).with(CONTENT_TYPE, "application/json");
        Self { length: Some(body.len() as u64), payload: Payload::Bytes(body.into()), ..served }
    }

    /// An error that tells more in its headers than a [`crate::StoreError`] can.
    pub(crate) fn problem(problem: &Problem) -> Self {
        Self::json(problem.status, problem.body(None))
    }

    /// Content was stored, or stood there already; it is found at the location.
    pub(crate) fn created(repository: &Repository, kind: &str, digest: &Digest) -> Self {
        Self::empty(201).with(LOCATION, format_args!("/v2/{repository}/{kind}/{digest}")).of(digest)
    }

    /// There is more of the list, and this request asks for it (RFC 8288).
    pub(crate) fn followed_by(self, next: &Request) -> Self {
        self.with(LINK, format_args!("<{}>; rel=\"next\"", next.render().target))
    }

    /// Names the content.
    pub(crate) fn of(self, digest: &Digest) -> Self {
        Self { digest: Some(digest.clone()), ..self.with(CONTENT_DIGEST, digest) }
    }

    #[expect(clippy::expect_used, reason = "names, digests and numbers are visible ASCII")]
    pub(crate) fn with(mut self, name: HeaderName, value: impl Display) -> Self {
        self.headers.append(name, HeaderValue::try_from(value.to_string()).expect("visible ASCII"));
        self
    }
}
