//! Where the server listens.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::quantity;

/// Not an address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address to listen on: write an IP address and a port such as `10.0.0.5:5000`, or `localhost:5000`")]
pub(crate) struct ListenAddressError;

/// Where a listener is reached.
///
/// The three names of this machine, `localhost`, `127.0.0.1` and `[::1]`, mean one another: clients resolve the first
/// to either of the others, so both are bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListenAddress {
    /// 127.0.0.1 and `[::1]`, on one port.
    Loopback(u16),
    /// That address alone.
    At(SocketAddr),
}

impl ListenAddress {
    /// The address that stands for it where one is enough.
    pub(crate) fn first(&self) -> SocketAddr {
        match self {
            Self::Loopback(port) => (Ipv4Addr::LOCALHOST, *port).into(),
            Self::At(address) => *address,
        }
    }

    /// The port, 0 for one that is free.
    pub(crate) fn port(&self) -> u16 {
        self.first().port()
    }

    /// Whether only this machine reaches it.
    pub(crate) fn is_loopback(&self) -> bool {
        self.first().ip().to_canonical().is_loopback()
    }
}

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        if let Some(port) = text.strip_prefix("localhost:") {
            return port.parse().map(Self::Loopback).map_err(|_| ListenAddressError);
        }
        let address: SocketAddr = text.parse().map_err(|_| ListenAddressError)?;
        let named = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].contains(&address.ip());
        Ok(if named { Self::Loopback(address.port()) } else { Self::At(address) })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback(port) => write!(formatter, "localhost:{port}"),
            Self::At(address) => address.fmt(formatter),
        }
    }
}

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quantity::from_text(deserializer, "an address and a port such as `localhost:5000`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_this_machine_mean_one_another() {
        for text in ["localhost:5000", "127.0.0.1:5000", "[::1]:5000"] {
            assert_eq!(text.parse(), Ok(ListenAddress::Loopback(5000)), "{text}");
        }
        assert_eq!("127.0.0.2:5000".parse::<ListenAddress>().unwrap().to_string(), "127.0.0.2:5000");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (text, loopback) in [
            ("localhost:0", true),
            ("127.0.0.2:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("10.0.0.1:1", false),
        ] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().is_loopback(), loopback, "{text}");
        }
        for bad in ["", "5000", ":5000", "localhost", "localhost:", "localhost:65536", "host:1", "127.0.0.1", "::1:5"] {
            assert_eq!(bad.parse::<ListenAddress>(), Err(ListenAddressError), "{bad}");
        }
    }
}
