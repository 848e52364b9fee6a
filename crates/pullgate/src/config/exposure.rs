//! Plain HTTP stays on this machine unless somebody says otherwise.

use std::net::SocketAddr;

use super::{ConfigError, Configuration, ListenAddress};

/// What `serve` was told about where to listen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServeFlags {
    /// `--listen`, before `listen.address`.
    pub(crate) listen: Option<ListenAddress>,
    /// `--ops`, before `listen.ops`.
    pub(crate) ops: Option<ListenAddress>,
    /// `--plain-http`.
    pub(crate) plain_http: bool,
}

/// Where the server listens, and for whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exposure {
    /// For clients.
    pub(crate) listen: ListenAddress,
    /// For health and metrics.
    pub(crate) ops: SocketAddr,
    /// Whether others reach it over plain HTTP: reported wherever the state of the server is.
    pub(crate) plain_http: bool,
}

impl Configuration {
    /// Where `serve` listens once the flags have had their say.
    ///
    /// # Errors
    /// [`ConfigError::PlainHttp`] and [`ConfigError::Nameless`] where others would reach it unasked or without a name.
    pub(crate) fn exposure(&self, flags: ServeFlags) -> Result<Exposure, ConfigError> {
        let listen = flags.listen.unwrap_or(self.settings.listen.address);
        let ops = flags.ops.unwrap_or(self.settings.listen.ops).first();
        if listen.is_loopback() {
            return Ok(Exposure { listen, ops, plain_http: false });
        }
        match (flags.plain_http, !self.settings.public_urls.is_empty()) {
            (true, true) => Ok(Exposure { listen, ops, plain_http: true }),
            (true, false) => Err(ConfigError::Nameless { address: listen }),
            (false, named) => Err(ConfigError::PlainHttp { address: listen, named }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposure(listen: &str, plain_http: bool, urls: &[&str]) -> Result<Exposure, ConfigError> {
        let mut configuration = Configuration::default();
        configuration.settings.public_urls = urls.iter().map(|url| url.parse().unwrap()).collect();
        let listen = Some(listen.parse().unwrap());
        configuration.exposure(ServeFlags { listen, ops: None, plain_http })
    }

    #[test]
    fn loopback_needs_nothing() {
        let open = exposure("127.0.0.1:0", false, &[]).unwrap();
        assert!(!open.plain_http && open.ops.to_string() == "127.0.0.1:9501");
        assert!(!exposure("127.0.0.1:0", true, &[]).unwrap().plain_http);
    }

    #[test]
    fn others_are_served_only_when_it_was_said_and_named() {
        let urls = ["http://registry:5000"];
        assert!(matches!(exposure("0.0.0.0:5000", false, &urls), Err(ConfigError::PlainHttp { .. })));
        assert!(matches!(exposure("[::]:5000", true, &[]), Err(ConfigError::Nameless { .. })));
        assert!(exposure("0.0.0.0:5000", true, &urls).unwrap().plain_http);
    }
}
