//! One request and what came of it: the evidence that every verdict names.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use outbound::{Chain, Credential, Message, Origin, Part};
use protocol::{Digest, Secret};
use serde::Serialize;

use crate::doubt::Doubt;
use crate::random::{self, Blinding};
use crate::request::{Keep, Request};
use crate::response::{Body, Ended, Response};
use crate::wire::WireError;

/// The most of a request that is written down, in bytes.
pub(crate) const LONGEST_SENT: usize = 16 * 1024;
/// How much of a body is written down, in bytes.
const EXCERPT: usize = 512;
/// Headers that are written down.
const HEADERS: [&str; 14] = [
    "alt-svc",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "docker-content-digest",
    "docker-distribution-api-version",
    "etag",
    "link",
    "location",
    "retry-after",
    "server",
    "www-authenticate",
    "x-request-id",
];

/// The name of an observation within its run: `o1`, `o2`, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObservationId(pub(crate) usize);

impl fmt::Display for ObservationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "o{}", self.0)
    }
}

impl Serialize for ObservationId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One request and what came of it. Never one without the other, and never a credential in the clear.
#[derive(Clone)]
pub struct Observation {
    /// Its name.
    pub id: ObservationId,
    /// Where it was asked.
    pub origin: Origin,
    /// The exact bytes of the request; a credential stands as its keyed hash.
    pub sent: String,
    /// A line for a shell that asks the same.
    pub curl: String,
    /// How long it took.
    pub elapsed: Duration,
    outcome: Result<Came, WireError>,
    written: Option<Written>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) enum Came {
    /// An answer.
    Answer(Response),
    /// Bytes of a handshake, as they are.
    Bytes(Vec<u8>),
    /// The certificates of a handshake.
    Chain(Chain),
}

/// What is written down of an answer, with every echo of a credential taken out.
#[derive(Clone, Debug, Serialize)]
pub struct Written {
    /// The status code.
    pub status: u16,
    /// Chosen headers. A redirect stands without its query: that may be a credential.
    pub headers: Vec<(String, String)>,
    /// How many bytes of body were read.
    pub length: usize,
    /// Whether they are all.
    pub whole: bool,
    /// The hash of all of it, or of what was read.
    pub sha256: Option<String>,
    /// The beginning of the body, where it may be shown.
    pub beginning: Option<String>,
}

impl Observation {
    pub(crate) fn new(
        id: ObservationId,
        origin: &Origin,
        request: &Request,
        message: &Message,
        outcome: Result<Response, WireError>,
        elapsed: Duration,
        secrecy: &Secrecy,
    ) -> Self {
        let keep =
            |response: &Response| if is_part_of_image(request, response) { Keep::Nothing } else { request.keep() };
        let written = outcome.as_ref().ok().map(|response| secrecy.written(response, keep(response)));
        let (sent, curl) = (secrecy.sent(message), secrecy.clean(&request.curl(origin)));
        let outcome = outcome.map(Came::Answer);
        Self { id, origin: origin.clone(), sent, curl, elapsed, outcome, written }
    }

    /// A handshake and what came of it: `sent` says what it was, `curl` is a line for a shell that makes the same.
    pub(crate) fn handshake(
        id: ObservationId,
        origin: &Origin,
        (sent, curl): (String, String),
        outcome: Result<Came, WireError>,
        elapsed: Duration,
    ) -> Self {
        Self { id, origin: origin.clone(), sent, curl, elapsed, outcome, written: None }
    }

    /// The answer.
    ///
    /// # Errors
    /// [`Doubt`] where none came: no check may take that for a refusal.
    pub fn response(&self) -> Result<&Response, Doubt> {
        match self.came()? {
            Came::Answer(response) => Ok(response),
            Came::Bytes(_) | Came::Chain(_) => Err(Doubt::NoAnswer { why: "it was a handshake".to_owned() }),
        }
    }

    /// Whatever came.
    ///
    /// # Errors
    /// [`Doubt`] where nothing did.
    pub(crate) fn came(&self) -> Result<&Came, Doubt> {
        self.outcome.as_ref().map_err(|error| match error.is_unreachable() {
            true => Doubt::Unreachable { why: error.to_string() },
            false => Doubt::NoAnswer { why: error.to_string() },
        })
    }

    /// The status code, if an answer came.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.response().ok().map(|response| response.status)
    }

    /// What may be shown of the answer.
    #[must_use]
    pub fn written(&self) -> Option<&Written> {
        self.written.as_ref()
    }

    /// Why there is no answer.
    #[must_use]
    pub fn failure(&self) -> Option<&WireError> {
        self.outcome.as_ref().err()
    }

    /// Lets go of the body: what may be shown of it is written down.
    pub(crate) fn forget_body(&mut self) {
        if let Ok(Came::Answer(response)) = &mut self.outcome {
            response.body = Body { bytes: Vec::new(), ended: Ended::Cut };
        }
    }

    /// The first line of the request.
    #[must_use]
    pub fn line(&self) -> &str {
        self.sent.split(" HTTP/").next().unwrap_or(&self.sent)
    }

    /// The digest of the body, if all of it came.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.response().ok()?.sha256()
    }
}

impl fmt::Debug for Observation {
    /// What is written down, and not the answer itself: an echo of a credential may stand there.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {:?} {:?}", self.id, self.line(), self.written)
    }
}

/// The credentials of a run, so that none of them is written down, in whatever answer it comes back.
#[derive(Debug)]
pub(crate) struct Secrecy {
    blinding: Blinding,
    echoes: Vec<Secret>,
}

impl Secrecy {
    pub(crate) fn new(blinding: Blinding) -> Self {
        Self { blinding, echoes: Vec::new() }
    }

    /// From now on this one is taken out wherever it stands.
    pub(crate) fn keep(&mut self, credential: &Credential) {
        for echo in credential.echoes() {
            if !self.echoes.iter().any(|known| known.expose() == echo.expose()) {
                self.echoes.push(echo);
            }
        }
        // A password may be part of a longer secret: the longest goes first.
        self.echoes.sort_by_key(|echo| std::cmp::Reverse(echo.expose().len()));
    }

    /// A text without credentials.
    pub(crate) fn clean(&self, text: &str) -> String {
        // There are hundreds of tokens, most of them longer than anything that they could stand in.
        let echoes = self.echoes.iter().map(Secret::expose).filter(|echo| echo.len() <= text.len());
        echoes.fold(text.to_owned(), |text, echo| text.replace(echo, "[credential]"))
    }

    fn sent(&self, message: &Message) -> String {
        let part = |part: &Part| match part {
            Part::Bytes(bytes) => self.clean(&beginning(bytes)),
            Part::Credential(shown) => {
                let hash = shown.fingerprint(|secret| self.blinding.hash(secret));
                format!("{} [{hash}]", shown.scheme()).trim_start().to_owned()
            }
        };
        message.parts().iter().map(part).collect()
    }

    fn written(&self, response: &Response, keep: Keep) -> Written {
        let bytes = &response.body.bytes;
        let chosen = response.headers.iter().filter(|(name, _)| HEADERS.contains(name));
        let headers = chosen.map(|(name, value)| (name.to_owned(), self.clean(without_query(name, value)))).collect();
        // Cleaned before it is cut: half a credential is a credential's beginning.
        let text = (keep == Keep::Beginning && !bytes.is_empty()).then(|| self.clean(&String::from_utf8_lossy(bytes)));
        let beginning = text.map(|text| text.get(..text.floor_char_boundary(EXCERPT)).unwrap_or_default().to_owned());
        Written {
            status: response.status,
            headers,
            length: response.length(),
            whole: matches!(response.body.ended, Ended::Whole | Ended::Hashed { .. }),
            sha256: response.sha256().or_else(|| random::sha256(bytes)).map(|digest| digest.hex().to_owned()),
            beginning,
        }
    }
}

/// Whether a success may be a layer or a configuration, which are not ours to show, whatever a check has said: it was asked
/// for as a blob, it is no text, or it has what configurations have and manifests have not.
fn is_part_of_image(request: &Request, response: &Response) -> bool {
    let text = std::str::from_utf8(&response.body.bytes);
    let is_text = text.as_ref().is_ok_and(|text| !text.contains('\0')) || response.whole().is_none();
    let has = |mark: &str| text.is_ok_and(|text| text.contains(mark));
    let is_config = (has("\"rootfs\"") || has("\"architecture\"")) && !has("\"schemaVersion\"");
    response.is_success() && (request.asks_for_blob() || !is_text || is_config)
}

/// What was sent, up to a length: what follows stands there by its hash.
fn beginning(bytes: &[u8]) -> String {
    match bytes.split_at_checked(LONGEST_SENT) {
        Some((first, rest)) if !rest.is_empty() => {
            let hash = random::sha256(rest).map(|digest| digest.to_string()).unwrap_or_default();
            format!("{}[{} bytes more, {hash}]", String::from_utf8_lossy(first), rest.len())
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The query of a redirect to storage is a signature, which is a credential.
fn without_query<'a>(name: &str, value: &'a str) -> &'a str {
    match name {
        "location" => value.split('?').next().unwrap_or(value),
        _ => value,
    }
}

/// Observations are shared by the evidence and by whoever judges.
pub type Seen = Arc<Observation>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::{Body, Headers};

    fn origin() -> Origin {
        "http://127.0.0.1:5000".parse().unwrap()
    }

    fn echo(credential: &Arc<Credential>, secrecy: &Secrecy, keep: Keep) -> Observation {
        let request = Request::get("/v2/").credential(Some(credential));
        let request = if keep == Keep::Nothing { request.unkept() } else { request };
        let message = request.message(&origin(), "run");
        let lines = [
            ("Server", b"you said ci:s3cret-key".as_slice()),
            ("Location", b"https://cdn.example/blob?sig=abc"),
            ("Set-Cookie", b"session=abc"),
        ];
        let body = b"Basic Y2k6czNjcmV0LWtleQ== is s3cret-key".to_vec();
        let headers = lines.into_iter().collect::<Headers>();
        let response =
            Response { status: 401, interim: Vec::new(), headers, body: Body { bytes: body, ended: Ended::Whole } };
        Observation::new(ObservationId(1), &origin(), &request, &message, Ok(response), Duration::ZERO, secrecy)
    }

    #[test]
    fn an_echoed_credential_is_not_written_down() {
        let credential = Arc::new(Credential::basic(&origin(), "ci", &Secret::new("s3cret-key".into())));
        let mut secrecy = Secrecy::new(Blinding::new().unwrap());
        secrecy.keep(&credential);
        let seen = echo(&credential, &secrecy, Keep::Beginning);
        let written = seen.written().unwrap();
        assert_eq!(written.beginning.as_deref(), Some("Basic [credential] is [credential]"));
        assert_eq!(
            written.headers,
            [("server", "you said ci:[credential]"), ("location", "https://cdn.example/blob")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert!(seen.sent.contains("Authorization: Basic [") && !seen.sent.contains("Y2k6"), "{}", seen.sent);
        assert_eq!(seen.line(), "GET /v2/");
        assert_eq!(echo(&credential, &secrecy, Keep::Nothing).written().unwrap().beginning, None);
    }
}
