//! One exchange: dial the checked address, send the message, hand on what comes back, within limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use tokio::time::timeout;

use crate::certificate::{Chain, ClientCertificate};
use crate::connection::{Connection, HTTP_2, Stream};
use crate::destination::Destination;
use crate::error::{Distrust, OutboundError};
use crate::message::Message;
use crate::origin::{Origin, Scheme};
use crate::tls::{Tls, server_name};
use stream::{connect, receive, send};

/// The most that one exchange may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first packet to the last byte.
    pub time: Duration,
    /// Bytes that are read, head and body together.
    pub bytes: usize,
}

/// Whether the reader wants more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appetite {
    /// The answer is not whole yet.
    More,
    /// The answer is whole, or it makes no sense to go on.
    Enough,
}

/// How what came back ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The reader had enough.
    Enough,
    /// The other side closed.
    Closed,
    /// The connection broke.
    Broken,
    /// The time was over.
    Late,
    /// The bytes were used up.
    Full,
}

/// How far an exchange got; told so that whoever measures can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The message has been handed to the wire.
    Sent,
    /// The first byte came back.
    First,
}

/// Whom we trust, and how we dial.
#[derive(Clone)]
pub struct Dialer {
    tls: Arc<Tls>,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Dialer")
    }
}

impl Dialer {
    /// A dialer that trusts what this machine trusts. Without any certificate authority plain HTTP still works, and
    /// every TLS connection fails as untrusted.
    ///
    /// # Errors
    /// [`OutboundError::TlsSetup`].
    pub fn new() -> Result<Self, OutboundError> {
        let mut roots = RootCertStore::empty();
        // What cannot be read is trusted by nobody: the rest is used as it is.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::trusting(roots)
    }

    /// A dialer that trusts these authorities alone.
    ///
    /// # Errors
    /// [`OutboundError::TlsSetup`].
    pub fn trusting(roots: RootCertStore) -> Result<Self, OutboundError> {
        Ok(Self { tls: Arc::new(Tls::trusting(roots)?) })
    }

    /// What a door shows, trusted or not. Nothing is sent there but the handshake.
    ///
    /// # Errors
    /// [`OutboundError`] where the handshake did not come so far.
    pub async fn chain(&self, to: &Destination, time: Duration) -> Result<Chain, OutboundError> {
        let tls = |source| OutboundError::tls(to.origin(), source);
        let name = server_name(to.origin()).ok_or_else(|| tls(std::io::ErrorKind::InvalidInput.into()))?;
        let (connector, looking) = self.tls.looking()?;
        let connecting = async { connector.connect(name, connect(to).await?).await.map_err(tls) };
        let connected = timeout(time, connecting).await.unwrap_or(Err(OutboundError::Late));
        // Who asks for a certificate of ours shows its own before it hangs up.
        let chain = looking.chain();
        match connected {
            Err(error) if chain.is_empty() => Err(error),
            _ => Ok(chain),
        }
    }

    /// Whether a chain is trusted for an origin, at a time since 1970.
    ///
    /// # Errors
    /// [`Distrust`]: why not.
    pub fn trusts(&self, chain: &Chain, origin: &Origin, at: Duration) -> Result<(), Distrust> {
        self.tls.trusts(chain, origin, at)
    }

    /// Sends one message and feeds what comes back to `take`, on a connection of its own. What was taken before an
    /// early end stays taken: the end says how it came. Redirects are answers like any other.
    ///
    /// # Errors
    /// [`OutboundError`] where the message was not sent as a whole.
    pub async fn exchange(
        &self,
        to: &Destination,
        message: &Message,
        limits: Limits,
        mut take: impl FnMut(&[u8]) -> Appetite,
        mut reached: impl FnMut(Stage),
    ) -> Result<End, OutboundError> {
        message.may_go_to(to.origin())?;
        let mut sent = false;
        let exchange = async {
            let mut stream = self.dial(to, message).await?;
            send(&mut stream, message).await.map_err(|source| OutboundError::Send { source })?;
            sent = true;
            reached(Stage::Sent);
            Ok(receive(&mut stream, limits.bytes, &mut take, &mut reached).await)
        };
        match timeout(limits.time, exchange).await {
            Ok(ended) => ended,
            Err(_) if sent => Ok(End::Late),
            Err(_) => Err(OutboundError::Late),
        }
    }

    /// Opens a connection for whoever speaks over it by themselves, and offers HTTP/2 where it is over TLS. No secret can be
    /// written there but the certificate.
    ///
    /// # Errors
    /// [`OutboundError`] where there is no connection, and where the certificate belongs elsewhere.
    pub async fn open(
        &self,
        to: &Destination,
        shown: Option<&ClientCertificate>,
        time: Duration,
    ) -> Result<Connection, OutboundError> {
        if let Some(foreign) = shown.filter(|shown| shown.origin() != to.origin()) {
            let bound = foreign.origin().clone();
            return Err(OutboundError::ForeignCertificate { bound, to: to.origin().clone() });
        }
        let opening = async {
            let stream = connect(to).await?;
            if to.origin().scheme() == Scheme::Http {
                return Ok(Connection::new(stream, None));
            }
            let tls = |source| OutboundError::tls(to.origin(), source);
            let name = server_name(to.origin()).ok_or_else(|| tls(std::io::ErrorKind::InvalidInput.into()))?;
            let stream = self.tls.offering(HTTP_2, shown)?.connect(name, stream).await.map_err(tls)?;
            let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
            Ok(Connection::new(stream, protocol))
        };
        timeout(time, opening).await.unwrap_or(Err(OutboundError::Late))
    }

    /// Sends one message, and leaves the connection to whoever sends or reads more.
    ///
    /// # Errors
    /// [`OutboundError`] where the message was not sent as a whole.
    pub async fn begin(
        &self,
        to: &Destination,
        message: &Message,
        time: Duration,
    ) -> Result<Connection, OutboundError> {
        message.may_go_to(to.origin())?;
        let begin = async {
            let mut stream = self.dial(to, message).await?;
            send(&mut *stream, message).await.map_err(|source| OutboundError::Send { source })?;
            Ok(Connection::new(stream, None))
        };
        timeout(time, begin).await.unwrap_or(Err(OutboundError::Late))
    }

    async fn dial(&self, to: &Destination, message: &Message) -> Result<Box<dyn Stream>, OutboundError> {
        let stream = connect(to).await?;
        if to.origin().scheme() == Scheme::Http {
            return Ok(Box::new(stream));
        }
        let tls = |source| OutboundError::tls(to.origin(), source);
        let asked = message.greeting().and_then(|greeting| greeting.name.as_ref());
        let name = match asked {
            Some(name) => ServerName::try_from(name.clone()).ok(),
            None => server_name(to.origin()),
        };
        let name = name.ok_or_else(|| tls(std::io::ErrorKind::InvalidInput.into()))?;
        let connector = match message.greeting() {
            Some(greeting) => self.tls.greeting(greeting)?,
            None => self.tls.connector(message.certificate())?,
        };
        Ok(Box::new(connector.connect(name, stream).await.map_err(tls)?))
    }
}

mod early;
mod odd;
mod stream;
#[cfg(test)]
mod tests;
