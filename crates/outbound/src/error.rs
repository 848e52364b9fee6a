//! Why nothing came of it.

use std::io;
use std::net::{IpAddr, SocketAddr};

use rustls::InvalidMessage;

use crate::origin::Origin;

/// Why a message was not sent, or not answered by a single byte.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// A credential of one origin in a message for another. No byte was sent.
    #[error("a credential of `{bound}` would have gone to `{to}`")]
    ForeignCredential {
        /// Whose credential it is.
        bound: Origin,
        /// Where it would have gone.
        to: Origin,
    },
    /// A certificate of one origin in a message for another. No byte was sent.
    #[error("a certificate of `{bound}` would have gone to `{to}`")]
    ForeignCertificate {
        /// Whose certificate it is.
        bound: Origin,
        /// Where it would have gone.
        to: Origin,
    },
    /// A secret in a message for a door that nobody verifies. No byte was sent.
    #[error("a secret would have gone to `{to}`, which nobody verifies")]
    Unverified {
        /// Where it would have gone.
        to: Origin,
    },
    /// An origin that nobody typed leads into a private or reserved network. Nothing was dialled.
    #[error("`{origin}` leads to `{address}`, which is not a public address")]
    NotPublic {
        /// The origin.
        origin: Origin,
        /// Where it leads.
        address: IpAddr,
    },
    /// The resolver has no address for the name.
    #[error("cannot find the host `{host}`")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// Nobody accepts connections there.
    #[error("cannot connect to `{address}`")]
    Connect {
        /// Which address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// No TLS, or none that can be trusted.
    #[error("no trusted TLS connection to `{origin}`")]
    Tls {
        /// The origin.
        origin: Origin,
        /// What was wrong.
        source: io::Error,
    },
    /// What answers the handshake is not TLS.
    #[error("`{origin}` does not speak TLS")]
    NotTls {
        /// The origin.
        origin: Origin,
    },
    /// The connection ended while the message was being sent.
    #[error("the connection ended before the request was sent")]
    Send {
        /// What the operating system said.
        source: io::Error,
    },
    /// The time was over before the message was sent.
    #[error("no connection in time")]
    Late,
    /// The TLS library refuses its configuration.
    #[error("cannot set up TLS")]
    TlsSetup {
        /// Why.
        source: rustls::Error,
    },
}

impl OutboundError {
    /// What a failed handshake with an origin means.
    pub(crate) fn tls(origin: &Origin, source: io::Error) -> Self {
        let origin = origin.clone();
        match cause(&source) {
            Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => Self::NotTls { origin },
            _ => Self::Tls { origin, source },
        }
    }

    /// Whether somebody answered with a certificate that we do not trust.
    #[must_use]
    pub fn is_distrust(&self) -> bool {
        let Self::Tls { source, .. } = self else { return false };
        matches!(cause(source), Some(rustls::Error::InvalidCertificate(_)))
    }
}

/// What the TLS library says, where it is what has failed.
fn cause(source: &io::Error) -> Option<&rustls::Error> {
    source.get_ref().and_then(|cause| cause.downcast_ref())
}

/// Why what a door shows is not trusted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Distrust {
    /// It shows nothing.
    #[error("no certificate")]
    Nothing,
    /// No certificate can be for such a name.
    #[error("no certificate can be for this name")]
    Name,
    /// Not the right one.
    #[error("{0}")]
    Certificate(rustls::Error),
}
