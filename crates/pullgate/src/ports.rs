//! Taking the ports, and saying who has one that is taken.

mod occupant;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use occupant::Occupant;

use crate::config::ListenAddress;
use crate::output::Failure;

/// How often another free port is asked for when the one of 127.0.0.1 is taken on `[::1]`.
const ATTEMPTS: usize = 16;

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on `{address}`")]
pub(crate) struct PortError {
    address: SocketAddr,
    source: io::Error,
    occupant: Option<Occupant>,
}

impl PortError {
    fn new(address: SocketAddr, source: io::Error) -> Self {
        let taken = source.kind() == io::ErrorKind::AddrInUse;
        Self { address, source, occupant: taken.then(|| Occupant::of(address.port())).flatten() }
    }

    fn hint(&self) -> Option<String> {
        let other = "choose another port with --listen or --ops";
        match (&self.occupant, self.source.kind()) {
            (Some(occupant), _) => Some(format!("{occupant} listens there: stop it, or {other}")),
            (None, io::ErrorKind::AddrInUse) => Some(format!("another program listens there: stop it, or {other}")),
            (None, io::ErrorKind::PermissionDenied) => Some(format!("{other}: those below 1024 are for root")),
            _ => None,
        }
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        let hint = error.hint();
        Self::usage(error).hints(hint)
    }
}

/// Takes the port: one listener for each address, none of which blocks.
///
/// # Errors
/// [`PortError`].
pub(crate) fn listen(address: ListenAddress) -> Result<Vec<TcpListener>, PortError> {
    match address {
        ListenAddress::At(address) => Ok(vec![bind(address)?]),
        ListenAddress::Loopback(0) => free_on_loopback(),
        ListenAddress::Loopback(port) => loopback(port),
    }
}

/// A port that is free on both addresses of this machine.
fn free_on_loopback() -> Result<Vec<TcpListener>, PortError> {
    let mut last = loopback(0);
    for _ in 1..ATTEMPTS {
        match last {
            Err(error) if error.source.kind() == io::ErrorKind::AddrInUse => last = loopback(0),
            _ => return last,
        }
    }
    last
}

/// Both addresses of this machine; where it has no IPv6, one.
fn loopback(port: u16) -> Result<Vec<TcpListener>, PortError> {
    let asked = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let first = bind(asked)?;
    let port = first.local_addr().map_err(|source| PortError::new(asked, source))?.port();
    match bind(SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port)) {
        Ok(second) => Ok(vec![first, second]),
        Err(error) if is_without_ipv6(&error.source) => Ok(vec![first]),
        Err(error) => Err(error),
    }
}

fn is_without_ipv6(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT))
}

/// Takes one address.
///
/// # Errors
/// [`PortError`].
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, PortError> {
    let listener = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|source| PortError::new(address, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_one_port_on_each_address() {
        let listeners = listen("localhost:0".parse().unwrap()).unwrap();
        let addresses: Vec<SocketAddr> = listeners.iter().map(|listener| listener.local_addr().unwrap()).collect();
        assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == addresses[0].port()));
        assert!(addresses[0].is_ipv4() && addresses[0].port() != 0);
    }

    #[test]
    fn a_port_in_use_names_its_owner() {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = listen(ListenAddress::At(first.local_addr().unwrap())).unwrap_err();
        let hint = error.hint().unwrap();
        assert!(hint.contains(&format!("(process {})", std::process::id())), "{hint}");
        let text = anstream::adapter::strip_str(&Failure::from(error).render()).to_string();
        let expected = format!("error: cannot listen on `{}`\ncaused by: address", first.local_addr().unwrap());
        assert!(text.starts_with(&expected), "{text}");
    }
}
