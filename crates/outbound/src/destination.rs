//! An address of an origin: resolved once, checked, and the one that is dialled.

use std::net::SocketAddr;

use crate::address::is_public;
use crate::error::OutboundError;
use crate::origin::{Host, Origin};

/// Who named an origin, and so where it may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The user typed it: it may be anywhere, loopback and private networks included.
    Typed,
    /// It came from elsewhere: only where everybody may go.
    Public,
}

/// One checked address of an origin. Only [`Destination::resolve`] makes one, so no name is asked twice: a second answer
/// of the resolver would be another address than the one that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    origin: Origin,
    address: SocketAddr,
}

impl Destination {
    /// All addresses of an origin, in the order in which the resolver gave them.
    ///
    /// # Errors
    /// [`OutboundError::Resolve`] and [`OutboundError::NotPublic`]: one address that may not be dialled spoils the name.
    pub async fn resolve(origin: &Origin, reach: Reach) -> Result<Vec<Self>, OutboundError> {
        let addresses = match origin.host() {
            Host::Address(address) => vec![SocketAddr::new(*address, origin.port())],
            Host::Name(name) => {
                let found = tokio::net::lookup_host((name.as_str(), origin.port())).await;
                found.map_err(|source| OutboundError::Resolve { host: name.clone(), source })?.collect()
            }
        };
        let closed = addresses.iter().find(|address| reach == Reach::Public && !is_public(address.ip()));
        if let Some(address) = closed {
            return Err(OutboundError::NotPublic { origin: origin.clone(), address: address.ip() });
        }
        Ok(addresses.into_iter().map(|address| Self { origin: origin.clone(), address }).collect())
    }

    /// Whose address it is.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What is dialled.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
