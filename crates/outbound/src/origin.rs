//! Where somebody is: scheme, host and port, compared as a whole.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// How an origin is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The word before `://`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where nobody says another.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A name to resolve, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    /// A DNS name in lower case, without a dot at its end.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(formatter),
            Self::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]"),
        }
    }
}

/// Not an origin, or not a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Neither `http://` nor `https://` in front.
    #[error("not a URL: write `https://` or `http://` in front")]
    Scheme,
    /// No DNS name and no address; or an address in a spelling that others read differently.
    #[error("not a host: write a DNS name, an address such as `192.0.2.1`, or `[2001:db8::1]`")]
    Host,
    /// Not a number from 1 to 65535.
    #[error("not a port: write a number from 1 to 65535")]
    Port,
    /// A user in front of the host: credentials do not belong into URLs.
    #[error("a URL with a user name: credentials do not stand in URLs")]
    User,
    /// More than scheme, host and port.
    #[error("more than scheme, host and port")]
    Path,
    /// A space, a control character, a backslash or a fragment.
    #[error("a character that does not belong into a URL")]
    Character,
}

/// Scheme, host and port. Two origins are the same only where all three are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Origin {
    /// The origin of a host over TLS, given as `host` or `host:port`.
    ///
    /// # Errors
    /// [`OriginError`].
    pub fn https(authority: &str) -> Result<Self, OriginError> {
        Self::of(Scheme::Https, authority)
    }

    fn of(scheme: Scheme, authority: &str) -> Result<Self, OriginError> {
        let (host, port) = split(authority)?;
        let port = port.map_or(Ok(scheme.port()), port_number)?;
        Ok(Self { scheme, host: host.parse()?, port })
    }

    /// The same host, spoken to in another way.
    #[must_use]
    pub fn at(&self, scheme: Scheme, port: u16) -> Self {
        Self { scheme, host: self.host.clone(), port }
    }

    /// Another host, spoken to in the same way.
    #[must_use]
    pub fn of_host(&self, host: Host) -> Self {
        Self { scheme: self.scheme, host, port: self.port }
    }

    /// How it is spoken to.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Who it is.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, also where it is the scheme's own.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as they stand in a `Host` header: without the port that the scheme has anyway.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port == self.scheme.port() {
            true => self.host.to_string(),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Whether it is this machine by its spelling: a loopback address, or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Address(address) => address.to_canonical().is_loopback(),
        }
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let endpoint: Endpoint = text.parse()?;
        (endpoint.target == "/").then_some(endpoint.origin).ok_or(OriginError::Path)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

/// An origin, and what is asked of it: a path with its query, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where.
    pub origin: Origin,
    /// What: begins with a slash, and is never tidied.
    pub target: String,
}

impl Endpoint {
    /// What a `Location` means that stood on an answer of `base`: a URL, `//host/path`, or a path from the root.
    ///
    /// # Errors
    /// [`OriginError`]; a path that is relative to another path is none that registries send, and is refused.
    pub fn relative_to(base: &Origin, text: &str) -> Result<Self, OriginError> {
        if let Some(rest) = text.strip_prefix("//") {
            return format!("{}://{rest}", base.scheme.as_str()).parse();
        }
        if !text.starts_with('/') {
            return text.parse();
        }
        if !text.chars().all(is_plain) {
            return Err(OriginError::Character);
        }
        Ok(Self { origin: base.clone(), target: text.to_owned() })
    }
}

impl FromStr for Endpoint {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if !text.chars().all(is_plain) {
            return Err(OriginError::Character);
        }
        let (scheme, rest) = text.split_once("://").ok_or(OriginError::Scheme)?;
        let known = [Scheme::Http, Scheme::Https].into_iter();
        let scheme = known.into_iter().find(|known| scheme.eq_ignore_ascii_case(known.as_str()));
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let target = rest.strip_prefix(authority).unwrap_or_default();
        let origin = Origin::of(scheme.ok_or(OriginError::Scheme)?, authority)?;
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Self { origin, target })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.origin, self.target)
    }
}

/// Readers differ about a backslash, and a fragment is never sent.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_graphic() && !matches!(letter, '\\' | '#')
}

fn split(authority: &str) -> Result<(&str, Option<&str>), OriginError> {
    if authority.contains('@') {
        return Err(OriginError::User);
    }
    let colon = match authority.rfind(']') {
        Some(end) => authority.get(end..).and_then(|rest| rest.find(':')).map(|at| end + at),
        None => authority.rfind(':'),
    };
    let Some((host, port)) = colon.and_then(|at| authority.split_at_checked(at)) else { return Ok((authority, None)) };
    Ok((host, port.strip_prefix(':')))
}

fn port_number(digits: &str) -> Result<u16, OriginError> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| plain && *port > 0).ok_or(OriginError::Port)
}

impl FromStr for Host {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return inner
                .parse::<Ipv6Addr>()
                .map(|address| Self::Address(address.into()))
                .map_err(|_| OriginError::Host);
        }
        if let Ok(address) = text.parse::<std::net::Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        let name = text.to_ascii_lowercase();
        let last = name.rsplit('.').next().unwrap_or_default();
        // `2130706433`, `0x7f.1` and `0177.0.0.1` are loopback to some resolvers and names to others.
        let ambiguous = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
        (name.len() <= 253 && name.split('.').all(is_label) && !ambiguous)
            .then_some(Self::Name(name))
            .ok_or(OriginError::Host)
    }
}

fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&label.len()) && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (text, shown, port) in [
            ("https://registry.example", "https://registry.example", 443),
            ("HTTPS://Registry.Example:443/", "https://registry.example", 443),
            ("http://registry:5000", "http://registry:5000", 5000),
            ("http://127.0.0.1:80", "http://127.0.0.1", 80),
            ("http://[::1]:5000", "http://[::1]:5000", 5000),
            ("https://[2001:db8::1]", "https://[2001:db8::1]", 443),
        ] {
            let origin: Origin = text.parse().unwrap();
            assert_eq!((origin.to_string().as_str(), origin.port()), (shown, port), "{text}");
        }
    }

    #[test]
    fn what_readers_read_differently_is_no_origin() {
        for (text, error) in [
            ("registry.example", OriginError::Scheme),
            ("ftp://registry", OriginError::Scheme),
            ("https://", OriginError::Host),
            ("https://user@registry", OriginError::User),
            ("https://trusted@evil/", OriginError::User),
            ("https://registry/v2", OriginError::Path),
            ("https://registry?x", OriginError::Path),
            ("https://registry#x", OriginError::Character),
            ("https://registry\\@evil", OriginError::Character),
            ("https://reg istry", OriginError::Character),
            ("https://registry:", OriginError::Port),
            ("https://registry:0", OriginError::Port),
            ("https://registry:+5", OriginError::Port),
            ("https://registry:65536", OriginError::Port),
            ("https://registry.", OriginError::Host),
            ("http://2130706433", OriginError::Host),
            ("http://0177.0.0.1", OriginError::Host),
            ("http://127.1", OriginError::Host),
            ("http://0x7f000001", OriginError::Host),
            ("http://[::1", OriginError::Host),
            ("http://[127.0.0.1]", OriginError::Host),
            ("http://-a", OriginError::Host),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_location_is_read_against_where_it_stood() {
        let base: Origin = "https://registry.example:5000".parse().unwrap();
        let at = |text: &str| Endpoint::relative_to(&base, text).map(|endpoint| endpoint.to_string());
        assert_eq!(at("/v2/a?b=c"), Ok("https://registry.example:5000/v2/a?b=c".to_owned()));
        assert_eq!(at("//cdn.example/x"), Ok("https://cdn.example/x".to_owned()));
        assert_eq!(at("http://registry.example:5000/x"), Ok("http://registry.example:5000/x".to_owned()));
        assert_eq!(at("https://cdn.example?sig=1"), Ok("https://cdn.example/?sig=1".to_owned()));
        assert_eq!(at("x/y"), Err(OriginError::Scheme));
        assert_eq!(at("/\\evil"), Err(OriginError::Character));
    }

    #[test]
    fn loopback_is_told_by_its_spelling() {
        for (text, loopback) in [
            ("http://localhost:5000", true),
            ("http://127.9.9.9", true),
            ("http://[::1]", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://localhost.example", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().is_loopback(), loopback, "{text}");
        }
    }
}
