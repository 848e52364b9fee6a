//! An answer read as it arrives: status and headers by `httparse`, the body by its framing, all of it bounded.
//!
//! The reader never trusts a length, never inflates anything, and keeps what it has when the other side stops: half an
//! answer may still show content, and never counts as a refusal.

mod kept;

use outbound::{Appetite, End};

use crate::response::{Body, Ended, Headers, Response};
use kept::Kept;

/// The longest head, in bytes.
pub(crate) const MAX_HEAD: usize = 32 * 1024;
/// The most header lines.
const MAX_HEADERS: usize = 128;
/// The longest body that is kept, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// The longest manifest that is read, in bytes: what lies beyond [`MAX_BODY`] is hashed and not kept.
pub(crate) const MAX_MANIFEST: usize = 4 * 1024 * 1024;
/// How an alert begins: type 21, and a version that has been 3.x from the first on (RFC 8446 section 5.1).
const TLS_ALERT: [u8; 2] = [21, 3];
/// The most interim answers (1xx) before the real one.
const MAX_INTERIM: usize = 4;
/// The longest line that gives the size of a chunk.
const MAX_CHUNK_LINE: usize = 256;

/// What came back is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Garbled {
    /// Nothing came.
    #[error("the connection closed without an answer")]
    Nothing,
    /// No end of the headers came before the connection broke or closed.
    #[error("the connection ended in the middle of the headers")]
    HalfHead,
    /// No end of the headers came in time.
    #[error("no whole answer in time")]
    Late,
    /// Headers beyond the limit.
    #[error("the headers are longer than 32 KiB, or more than 128")]
    HeadTooLarge,
    /// Not HTTP/1.
    #[error("what came back is not HTTP/1.1")]
    NotHttp,
    /// An alert of TLS, to whoever speaks in the clear.
    #[error("what came back is TLS")]
    Tls,
    /// Not HTTP/2, where nothing else is asked for.
    #[error("HTTP/2 is not spoken there")]
    NotHttp2,
    /// A question that HTTP/2 has no words for; it was not sent.
    #[error("it cannot be asked in HTTP/2")]
    Unsayable,
    /// An answer in HTTP/1.1 to whoever wants to go on in HTTP/2.
    #[error("the connection was not upgraded to HTTP/2")]
    NotUpgraded,
    /// Lengths that contradict each other, or are no lengths.
    #[error("the length of the body cannot be told")]
    Framing,
    /// One interim answer after the other.
    #[error("interim answers without end")]
    Interim,
}

/// A reader for one answer.
#[derive(Debug)]
pub(crate) struct Reception {
    head_only: bool,
    most: usize,
    interim: Vec<u16>,
    state: State,
}

#[derive(Debug)]
enum State {
    Head(Vec<u8>),
    Body(Arriving),
    Garbled(Garbled),
}

#[derive(Debug)]
struct Arriving {
    status: u16,
    headers: Headers,
    framing: Framing,
    kept: Kept,
}

/// How the end of a body is told (RFC 9112 section 6.3).
#[derive(Debug)]
enum Framing {
    Length(u64),
    Chunked(Chunks),
    UntilClose,
}

#[derive(Debug)]
enum Chunks {
    /// In the line that gives a size.
    Size(Vec<u8>),
    /// In a chunk with so many bytes left.
    Data(u64),
    /// In the line end behind a chunk, with so many bytes left.
    Gap(u8),
}

impl Reception {
    /// A reader of so many bytes of body; the answer to HEAD has none.
    pub(crate) fn new(head_only: bool, most: usize) -> Self {
        Self { head_only, most, interim: Vec::new(), state: State::Head(Vec::new()) }
    }

    /// The most bytes of one answer: interim heads, and what stands around chunks, come on top of head and body.
    pub(crate) fn most(&self) -> usize {
        2 * MAX_HEAD + MAX_BODY + self.most
    }

    /// Takes the next bytes.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Appetite {
        let mut rest = bytes.to_vec();
        while let State::Head(head) = &mut self.state {
            let before = head.len();
            head.extend_from_slice(&rest);
            let Some(end) = end_of_head(head, before) else {
                if head.len() > MAX_HEAD {
                    return self.garbled(Garbled::HeadTooLarge);
                }
                return Appetite::More;
            };
            rest = head.split_off(end);
            match parse(head, self.head_only, self.most) {
                Ok(Parsed::Final(arriving)) => self.state = State::Body(arriving),
                Ok(Parsed::Interim(status)) if self.interim.len() < MAX_INTERIM => {
                    self.interim.push(status);
                    self.state = State::Head(Vec::new());
                }
                Ok(Parsed::Interim(_)) => return self.garbled(Garbled::Interim),
                Err(garbled) => return self.garbled(garbled),
            }
        }
        match &mut self.state {
            State::Body(arriving) => arriving.take(&rest),
            State::Head(_) | State::Garbled(_) => Appetite::Enough,
        }
    }

    /// A success without its body, once there is more of that than is kept.
    pub(crate) fn large(&self) -> Option<Response> {
        let State::Body(arriving) = &self.state else { return None };
        let body = Body { bytes: Vec::new(), ended: Ended::Cut };
        let (status, interim, headers) = (arriving.status, self.interim.clone(), arriving.headers.clone());
        let is_large = (200..300).contains(&status) && arriving.kept.is_large();
        is_large.then_some(Response { status, interim, headers, body })
    }

    /// The answer, once nothing more comes.
    ///
    /// # Errors
    /// [`Garbled`] where there is not even a head.
    pub(crate) fn finish(self, end: End) -> Result<Response, Garbled> {
        match self.state {
            State::Garbled(garbled) => Err(garbled),
            State::Head(_) if end == End::Late => Err(Garbled::Late),
            State::Head(head) if head.is_empty() && self.interim.is_empty() => Err(Garbled::Nothing),
            State::Head(head) if head.starts_with(&TLS_ALERT) => Err(Garbled::Tls),
            State::Head(_) => Err(Garbled::HalfHead),
            State::Body(arriving) => Ok(arriving.finish(self.interim, end)),
        }
    }

    fn garbled(&mut self, garbled: Garbled) -> Appetite {
        self.state = State::Garbled(garbled);
        Appetite::Enough
    }
}

/// Where the head ends, if its end is among the new bytes or reaches into them.
fn end_of_head(head: &[u8], before: usize) -> Option<usize> {
    let from = before.saturating_sub(3);
    let new = head.get(from..)?;
    let at = |mark: &[u8]| new.windows(mark.len()).position(|window| window == mark).map(|at| from + at + mark.len());
    let end = at(b"\r\n\r\n").into_iter().chain(at(b"\n\n")).min()?;
    (end <= MAX_HEAD).then_some(end)
}

enum Parsed {
    Final(Arriving),
    Interim(u16),
}

fn parse(head: &[u8], head_only: bool, most: usize) -> Result<Parsed, Garbled> {
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut lines);
    match parsed.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(Garbled::NotHttp),
        Err(httparse::Error::TooManyHeaders) => return Err(Garbled::HeadTooLarge),
        Err(_) => return Err(Garbled::NotHttp),
    }
    let status = parsed.code.ok_or(Garbled::NotHttp)?;
    let headers: Headers = parsed.headers.iter().map(|line| (line.name, line.value)).collect();
    if (100..200).contains(&status) && status != 101 {
        return Ok(Parsed::Interim(status));
    }
    let framing = match head_only || matches!(status, 101 | 204 | 304) {
        true => Framing::Length(0),
        false => framing(&headers)?,
    };
    let ended = matches!(framing, Framing::Length(0)).then_some(Ended::Whole);
    Ok(Parsed::Final(Arriving { status, headers, framing, kept: Kept::new(most, ended) }))
}

fn framing(headers: &Headers) -> Result<Framing, Garbled> {
    if let Some(coding) = headers.get("transfer-encoding") {
        // Where both are given, the length is ignored (RFC 9112 section 6.3).
        let chunked = headers.all("transfer-encoding").count() == 1 && coding.trim().eq_ignore_ascii_case("chunked");
        return if chunked { Ok(Framing::Chunked(Chunks::Size(Vec::new()))) } else { Err(Garbled::Framing) };
    }
    let mut lengths = headers.all("content-length").map(str::trim);
    let Some(length) = lengths.next() else { return Ok(Framing::UntilClose) };
    if lengths.any(|other| other != length) || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Garbled::Framing);
    }
    length.parse().map(Framing::Length).map_err(|_| Garbled::Framing)
}

impl Arriving {
    fn take(&mut self, bytes: &[u8]) -> Appetite {
        let mut rest = bytes;
        while self.kept.ended.is_none() && !rest.is_empty() {
            rest = match &mut self.framing {
                Framing::UntilClose => {
                    self.kept.take(rest);
                    &[]
                }
                Framing::Length(left) => {
                    let (mine, _) = split(rest, *left);
                    self.kept.take(mine);
                    *left -= mine.len() as u64;
                    if *left == 0 {
                        self.kept.ended.get_or_insert(Ended::Whole);
                    }
                    &[]
                }
                Framing::Chunked(chunks) => chunked(chunks, &mut self.kept, rest),
            };
        }
        if self.kept.ended.is_some() { Appetite::Enough } else { Appetite::More }
    }

    fn finish(self, interim: Vec<u16>, end: End) -> Response {
        let ended = self.kept.ended.unwrap_or(match (end, &self.framing) {
            (End::Closed, Framing::UntilClose) => Ended::Whole,
            (End::Full, _) => Ended::Cut,
            (End::Closed | End::Broken | End::Late | End::Enough, _) => Ended::Early,
        });
        Response { status: self.status, interim, headers: self.headers, body: self.kept.body(ended) }
    }
}

fn split(bytes: &[u8], at: u64) -> (&[u8], &[u8]) {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

/// One step through a chunked body (RFC 9112 section 7.1). Trailers are not read: the body is whole before them.
fn chunked<'a>(chunks: &mut Chunks, kept: &mut Kept, bytes: &'a [u8]) -> &'a [u8] {
    match chunks {
        Chunks::Size(line) => {
            let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
            let (mine, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
            line.extend_from_slice(mine);
            match httparse::parse_chunk_size(line) {
                Ok(httparse::Status::Complete((_, 0))) => kept.ended = Some(Ended::Whole),
                Ok(httparse::Status::Complete((_, size))) => *chunks = Chunks::Data(size),
                Ok(httparse::Status::Partial) if line.len() <= MAX_CHUNK_LINE && !line.ends_with(b"\n") => {}
                Ok(httparse::Status::Partial) | Err(_) => kept.ended = Some(Ended::Early),
            }
            rest
        }
        Chunks::Data(left) => {
            let (mine, rest) = split(bytes, *left);
            kept.take(mine);
            *left -= mine.len() as u64;
            if *left == 0 {
                *chunks = Chunks::Gap(2);
            }
            rest
        }
        Chunks::Gap(left) => {
            let (mine, rest) = split(bytes, u64::from(*left));
            match mine.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
                true => *left -= u8::try_from(mine.len()).unwrap_or(*left),
                false => kept.ended = Some(Ended::Early),
            }
            if *left == 0 {
                *chunks = Chunks::Size(Vec::new());
            }
            rest
        }
    }
}

#[cfg(test)]
mod tests;
