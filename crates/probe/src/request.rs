//! A request as it goes on the wire: every byte is the check's own, and nothing repairs it.

mod on_wire;
mod place;
mod shell;
mod version;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use outbound::{ClientCertificate, Credential, Greeting};
use version::Version;

use crate::reception::{MAX_BODY, MAX_MANIFEST, Reception};

pub(crate) use place::{Place, Placed};

/// `Accept` with all six manifest types: OCI manifest and index, Docker v2 manifest and list, both schema 1 types.
pub const MANIFEST_TYPES: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v1+prettyjws, application/vnd.docker.distribution.manifest.v1+json";

/// How the probe names itself.
const USER_AGENT: &str = concat!("pullgate-probe/", env!("CARGO_PKG_VERSION"));

/// What is written down of the body of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Its beginning, with every credential taken out.
    Beginning,
    /// Length and hash: layers, configurations and tokens are not ours to show.
    Nothing,
}

/// The value of a header.
#[derive(Clone, Debug)]
enum Value {
    Bytes(Vec<u8>),
    Credential(Arc<Credential>),
    /// A name, `=`, and the credential.
    Field(String, Arc<Credential>),
}

/// Which certificate is shown where one is asked for.
#[derive(Clone, Debug)]
enum Shown {
    /// The one that the door is declared with, if it is.
    TheDoors,
    /// This one, or none.
    This(Option<Arc<ClientCertificate>>),
}

/// One request. `Host`, `User-Agent`, `X-Probe-Run` and `Connection: close` stand in front unless the check gives its
/// own or leaves them out.
#[derive(Clone, Debug)]
pub struct Request {
    method: Vec<u8>,
    target: Vec<u8>,
    /// What stands behind the target, as the last of its query.
    query: Option<Value>,
    version: Version,
    headers: Vec<(Vec<u8>, Value)>,
    left_out: Vec<&'static str>,
    /// One part, or several of a form with `&` between them.
    body: Vec<Value>,
    keep: Keep,
    is_for_token: bool,
    shown: Shown,
    address: Option<SocketAddr>,
    /// So much is read of the body of the answer.
    most: usize,
    patience: Option<Duration>,
    greeting: Option<Greeting>,
    takes_429: bool,
}

impl Request {
    /// Any method and any target, as bytes.
    #[must_use]
    pub fn new(method: impl Into<Vec<u8>>, target: impl Into<Vec<u8>>) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            query: None,
            version: Version::Http11,
            headers: Vec::new(),
            left_out: Vec::new(),
            body: Vec::new(),
            keep: Keep::Beginning,
            is_for_token: false,
            shown: Shown::TheDoors,
            address: None,
            most: MAX_BODY,
            patience: None,
            greeting: None,
            takes_429: false,
        }
    }

    /// A GET.
    #[must_use]
    pub fn get(target: impl Into<Vec<u8>>) -> Self {
        Self::new("GET", target)
    }

    /// A HEAD.
    #[must_use]
    pub fn head(target: impl Into<Vec<u8>>) -> Self {
        Self::new("HEAD", target)
    }

    /// A POST of a form: these bytes, and then a credential, if there is one.
    #[must_use]
    pub fn form(target: impl Into<Vec<u8>>, fields: &str, credential: Option<&Arc<Credential>>) -> Self {
        let shown = credential.map(|credential| Value::Credential(Arc::clone(credential)));
        let mut request = Self::new("POST", target).body("application/x-www-form-urlencoded", fields.into());
        request.body.extend(shown);
        request
    }

    /// With a body of this type; its length stands in front, unless the check gives its own or leaves it out.
    #[must_use]
    pub fn body(mut self, kind: &str, bytes: Vec<u8>) -> Self {
        self.body = vec![Value::Bytes(bytes)];
        self.header("Content-Type", kind)
    }

    /// One more header; a second of the same name is a second line.
    #[must_use]
    pub fn header(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), Value::Bytes(value.into())));
        self
    }

    /// Asks for a manifest of any kind. One that is longer than what is kept is read all the same, for its hash.
    #[must_use]
    pub fn accepting_manifests(mut self) -> Self {
        self.most = MAX_MANIFEST;
        self.header("Accept", MANIFEST_TYPES)
    }

    /// Shows a credential, if there is one.
    #[must_use]
    pub fn credential(mut self, credential: Option<&Arc<Credential>>) -> Self {
        let shown = credential.map(|credential| (b"Authorization".to_vec(), Value::Credential(Arc::clone(credential))));
        self.headers.extend(shown);
        self
    }

    /// The same at another target, as after a redirect: without any credential, made up or not.
    #[must_use]
    pub(crate) fn to(&self, target: &str) -> Self {
        let mut request = self.clone();
        (request.target, request.query) = (target.into(), None);
        (request.shown, request.address, request.greeting) = (Shown::TheDoors, None, None);
        let is_plain = |(name, value): &(Vec<u8>, Value)| {
            matches!(value, Value::Bytes(_)) && !name.eq_ignore_ascii_case(b"Authorization")
        };
        request.headers.retain(is_plain);
        request.body.retain(|part| matches!(part, Value::Bytes(_)));
        request
    }

    /// Shows this certificate where one is asked for, or none, whatever the door is declared with.
    #[must_use]
    pub fn showing(mut self, certificate: Option<Arc<ClientCertificate>>) -> Self {
        self.shown = Shown::This(certificate);
        self
    }

    /// The same with the certificate of the door that it goes to, unless it shows its own.
    pub(crate) fn or_showing(&self, certificate: Option<&Arc<ClientCertificate>>) -> Self {
        match self.shown {
            Shown::TheDoors => self.clone().showing(certificate.cloned()),
            Shown::This(_) => self.clone(),
        }
    }

    /// Goes to this address of the door alone.
    #[must_use]
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// The address that it goes to, where only one will do.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Begins the handshake in another way, with nobody verified and nothing secret shown.
    #[must_use]
    pub fn greeting(mut self, greeting: Greeting) -> Self {
        self.greeting = Some(greeting);
        self.showing(None)
    }

    /// Waits no longer than this for its answer: where many places are asked in which mostly nobody is.
    #[must_use]
    pub fn within(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// How long its answer may take, where that is less than for others.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        self.patience
    }

    /// Is asked once: 429 is an answer to it, and nothing to wait for.
    #[must_use]
    pub(crate) fn taking_429(mut self) -> Self {
        self.takes_429 = true;
        self
    }

    /// Whether 429 is an answer to it.
    pub(crate) fn takes_429(&self) -> bool {
        self.takes_429
    }

    /// Leaves out one of the headers that stand in front.
    #[must_use]
    pub fn without(mut self, name: &'static str) -> Self {
        self.left_out.push(name);
        self
    }

    /// Writes nothing of the answer's body down.
    #[must_use]
    pub fn unkept(mut self) -> Self {
        self.keep = Keep::Nothing;
        self
    }

    /// The answer is a token: nothing of it is written down, and a shell keeps it under the name that later lines use.
    #[must_use]
    pub fn for_token(mut self) -> Self {
        self.is_for_token = true;
        self.unkept()
    }

    /// What may be written down of the answer's body.
    #[must_use]
    pub fn keep(&self) -> Keep {
        self.keep
    }

    /// Whether a blob may come back.
    pub(crate) fn asks_for_blob(&self) -> bool {
        String::from_utf8_lossy(&self.target).to_ascii_lowercase().contains("blobs")
    }

    /// Whether the answer has no body whatever its headers say.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.method == b"HEAD"
    }

    /// What reads the answer.
    pub(crate) fn reception(&self) -> Reception {
        Reception::new(self.is_head(), self.most)
    }
}

#[cfg(test)]
mod tests;
