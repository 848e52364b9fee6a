//! The names under which this registry answers. Realm, `Location` and `Link` come from here and never from a request.

use std::net::SocketAddr;

use http::Uri;

/// One name: what clients call us, and what we call ourselves in answers to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicName {
    /// `host` or `host:port` in lower case, as a `Host` header says it.
    authority: String,
    /// `scheme://authority`, without a slash at the end.
    base: String,
}

impl PublicName {
    /// `scheme://host:port`, to be put in front of a path.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The URL of the token endpoint.
    #[must_use]
    pub fn realm(&self) -> String {
        format!("{}/token", self.base)
    }
}

/// Why a public URL was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Not `https://host` or `http://host`, with nothing behind it.
    #[error("`{0}` is not a public URL: write `https://registry.example.com`, without a path")]
    Url(String),
}

/// All names, and the service that tokens are for.
#[derive(Clone, Debug)]
pub struct Hosts {
    names: Vec<PublicName>,
    service: String,
}

impl Hosts {
    /// The configured names; without any, the three of loopback with each bound port.
    ///
    /// # Errors
    /// [`HostError`] names the URL.
    pub fn new(public_urls: &[String], bound: &[SocketAddr]) -> Result<Self, HostError> {
        if public_urls.is_empty() {
            return Ok(Self { names: loopback(bound), service: "pullgate".to_owned() });
        }
        let names: Result<Vec<PublicName>, HostError> = public_urls.iter().map(|url| public(url)).collect();
        let names = names?;
        let service = names.first().map_or_else(String::new, |name| name.authority.clone());
        Ok(Self { names, service })
    }

    /// The service that tokens are for.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The name that is ours and equal to what the client asked for; case and a dot at the end do not matter.
    #[must_use]
    pub fn find(&self, asked: &str) -> Option<&PublicName> {
        let asked = asked.to_ascii_lowercase();
        let (host, port) = split(&asked);
        let host = host.strip_suffix('.').unwrap_or(host);
        self.names.iter().find(|name| {
            let (own_host, own_port) = split(&name.authority);
            let standard = if name.base.starts_with("https:") { "443" } else { "80" };
            host == own_host && port.unwrap_or(standard) == own_port.unwrap_or(standard)
        })
    }

    /// The name that stands for all where the client named none that is ours.
    #[must_use]
    pub fn first(&self) -> Option<&PublicName> {
        self.names.first()
    }
}

fn loopback(bound: &[SocketAddr]) -> Vec<PublicName> {
    let mut ports: Vec<u16> = bound.iter().map(SocketAddr::port).collect();
    ports.dedup();
    let name = |host: &str, port: u16| PublicName {
        authority: format!("{host}:{port}"),
        base: format!("http://{host}:{port}"),
    };
    ports.into_iter().flat_map(|port| ["localhost", "127.0.0.1", "[::1]"].map(|host| name(host, port))).collect()
}

fn public(url: &str) -> Result<PublicName, HostError> {
    let wrong = || HostError::Url(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https")).ok_or_else(wrong)?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(wrong());
    }
    let authority = authority.as_str().to_ascii_lowercase();
    Ok(PublicName { base: format!("{scheme}://{authority}"), authority })
}

/// Host and port; the colons of an IPv6 address in brackets are not a port's.
fn split(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(hosts: &Hosts, asked: &str) -> Option<String> {
        hosts.find(asked).map(PublicName::realm)
    }

    #[test]
    fn each_loopback_name_is_answered_with_itself() {
        let hosts = Hosts::new(&[], &["127.0.0.1:5000".parse().unwrap(), "[::1]:5000".parse().unwrap()]).unwrap();
        assert_eq!(hosts.service(), "pullgate");
        for name in ["localhost:5000", "127.0.0.1:5000", "[::1]:5000"] {
            assert_eq!(found(&hosts, name), Some(format!("http://{name}/token")));
        }
        for foreign in ["evil.test", "localhost", "localhost:5001", "127.0.0.2:5000", ""] {
            assert_eq!(found(&hosts, foreign), None, "{foreign}");
        }
    }

    #[test]
    fn case_a_last_dot_and_the_standard_port_do_not_matter() {
        let hosts = Hosts::new(&["https://Gate.test".into()], &[]).unwrap();
        assert_eq!(hosts.service(), "gate.test");
        for name in ["gate.test", "GATE.TEST", "gate.test.", "gate.test:443"] {
            assert_eq!(found(&hosts, name).as_deref(), Some("https://gate.test/token"), "{name}");
        }
        assert_eq!(found(&hosts, "gate.test:80"), None);
        assert_eq!(found(&hosts, "xgate.test"), None);
    }

    #[test]
    fn wrong_urls() {
        for wrong in ["gate.test", "ftp://gate.test", "https://gate.test/v2", "https://u@gate.test", "https://"] {
            assert_eq!(Hosts::new(&[wrong.into()], &[]).unwrap_err(), HostError::Url(wrong.into()));
        }
    }
}
