//! The names under which clients reach the server.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use serde::{Deserialize, Deserializer};

use super::quantity;

/// Not a public URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a public URL: write scheme and host, and a port if there is one, such as `https://registry.example.com`")]
pub(crate) struct PublicUrlError;

/// `http` or `https`, a host and perhaps a port: no path, no user, no query. Host names are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl PublicUrl {
    /// Host and port as a client sends them in its `Host` header.
    pub(crate) fn host(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let uri: Uri = text.parse().map_err(|_| PublicUrlError)?;
        let scheme = uri.scheme_str().ok_or(PublicUrlError)?.to_owned();
        let authority = uri.authority().ok_or(PublicUrlError)?;
        let host = authority.host().to_ascii_lowercase();
        let url = Self { port: port(&scheme, authority)?, scheme, host };
        let known = matches!(url.scheme.as_str(), "http" | "https") && !url.host.is_empty();
        let plain = uri.path() == "/" && uri.query().is_none() && !authority.as_str().contains('@');
        // `Uri` forgets a fragment.
        (known && plain && !text.contains('#')).then_some(url).ok_or(PublicUrlError)
    }
}

/// The port, unless it is the one that the scheme has anyway: clients leave that out.
fn port(scheme: &str, authority: &http::uri::Authority) -> Result<Option<u16>, PublicUrlError> {
    let Some((_, digits)) = authority.as_str().rsplit_once(authority.host()).and_then(|(_, port)| port.split_once(':'))
    else {
        return Ok(None);
    };
    let port: u16 = digits.parse().map_err(|_| PublicUrlError)?;
    Ok(Some(port).filter(|port| !matches!((scheme, port), ("http", 80) | ("https", 443))))
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme, self.host())
    }
}

impl<'de> Deserialize<'de> for PublicUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quantity::from_text(deserializer, "a URL such as `https://registry.example.com`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_scheme_host_and_port() {
        for (text, url) in [
            ("https://registry.example.com", "https://registry.example.com"),
            ("https://Registry.Example.com/", "https://registry.example.com"),
            ("http://registry:5000", "http://registry:5000"),
            ("https://registry:443", "https://registry"),
            ("http://[::1]:5000", "http://[::1]:5000"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().to_string(), url);
        }
    }

    #[test]
    fn nothing_else_parses() {
        for bad in [
            "",
            "registry.example.com",
            "registry:5000",
            "//registry",
            "ftp://registry",
            "https://",
            "https://user@registry",
            "https://registry/v2",
            "https://registry?a",
            "https://registry#a",
            "https://registry:",
            "https://registry:x",
            "https://registry:65536",
            "/",
            "*",
        ] {
            assert_eq!(bad.parse::<PublicUrl>(), Err(PublicUrlError), "{bad}");
        }
    }
}
