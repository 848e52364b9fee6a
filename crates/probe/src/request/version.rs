//! In which version of HTTP a request is made.

use outbound::Origin;

use super::{Request, USER_AGENT, Value};

/// In which words a request is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Http10,
    Http11,
    /// HTTP/2 from the start.
    Http2,
    /// HTTP/1.1, asking to go on in HTTP/2, and then the same there.
    Upgrade,
}

impl Version {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 | Self::Upgrade => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// What asks for an upgrade; the settings are one that forbids to remember headers (RFC 7540 section 3.2.1).
pub(super) const UPGRADE: &str = "Upgrade: h2c\r\nHTTP2-Settings: AAEAAAAA\r\nConnection: Upgrade, HTTP2-Settings\r\n";
/// The header that stands for the authority of HTTP/2.
const AUTHORITY: &str = ":authority";

impl Request {
    /// As HTTP/1.0, which knows no `Host`.
    #[must_use]
    pub fn http_1_0(mut self) -> Self {
        self.version = Version::Http10;
        self.without("Host")
    }

    /// Over HTTP/2, from the start. It carries no credential; a header `:authority` takes the place of the own one.
    #[must_use]
    pub fn http_2(mut self) -> Self {
        self.version = Version::Http2;
        self
    }

    /// Asks to go on in HTTP/2, and then asks the same there.
    #[must_use]
    pub fn upgrading(mut self) -> Self {
        self.version = Version::Upgrade;
        self.without("Connection")
    }

    /// Whether it asks to go on in HTTP/2.
    pub(crate) fn is_upgrade(&self) -> bool {
        self.version == Version::Upgrade
    }

    /// The question in HTTP/2, where it is asked there.
    pub(crate) fn over_http_2(&self, origin: &Origin, run: &str) -> Option<Result<http::Request<()>, http::Error>> {
        let asked = matches!(self.version, Version::Http2 | Version::Upgrade);
        asked.then(|| self.in_http_2(origin, run))
    }

    fn in_http_2(&self, origin: &Origin, run: &str) -> Result<http::Request<()>, http::Error> {
        let plain = self.headers.iter().filter_map(|(name, value)| match value {
            Value::Bytes(bytes) => Some((name.as_slice(), bytes.as_slice())),
            Value::Credential(_) | Value::Field(..) => None,
        });
        let (authority, headers): (Vec<_>, Vec<_>) = plain.partition(|(name, _)| *name == AUTHORITY.as_bytes());
        let own = origin.authority();
        let authority = authority.first().map_or(own.as_bytes(), |(_, value)| value);
        let target = http::Uri::builder().scheme(origin.scheme().as_str()).authority(authority);
        let target = target.path_and_query(self.target.as_slice()).build()?;
        let request =
            http::Request::builder().method(self.method.as_slice()).uri(target).version(http::Version::HTTP_2);
        let request = request.header("user-agent", USER_AGENT).header("x-probe-run", run);
        headers.into_iter().fold(request, |request, (name, value)| request.header(name, value)).body(())
    }
}
