//! One exchange: dial the checked address, send the message, hand on what comes back, within limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{IpAddr, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::destination::Destination;
use crate::error::OutboundError;
use crate::message::{Message, Part};
use crate::origin::{Host, Origin, Scheme};

/// What one read asks for.
const CHUNK: usize = 16 * 1024;

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
    tls: TlsConnector,
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
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| OutboundError::TlsSetup { source })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
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
        if let Some(foreign) = message.credentials().find(|credential| credential.origin() != to.origin()) {
            let bound = foreign.origin().clone();
            return Err(OutboundError::ForeignCredential { bound, to: to.origin().clone() });
        }
        let mut sent = false;
        let exchange = async {
            let mut stream = self.dial(to).await?;
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

    async fn dial(&self, to: &Destination) -> Result<Box<dyn Stream>, OutboundError> {
        let connect = |source| OutboundError::Connect { address: to.address(), source };
        let stream = TcpStream::connect(to.address()).await.map_err(connect)?;
        stream.set_nodelay(true).map_err(connect)?;
        match to.origin().scheme() {
            Scheme::Http => Ok(Box::new(stream)),
            Scheme::Https => {
                let tls = |source| OutboundError::Tls { origin: to.origin().clone(), source };
                let name = server_name(to.origin()).ok_or_else(|| tls(std::io::ErrorKind::InvalidInput.into()))?;
                Ok(Box::new(self.tls.connect(name, stream).await.map_err(tls)?))
            }
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

fn server_name(origin: &Origin) -> Option<ServerName<'static>> {
    match origin.host() {
        Host::Name(name) => ServerName::try_from(name.clone()).ok(),
        Host::Address(address) => Some(ServerName::IpAddress(IpAddr::from(*address))),
    }
}

async fn send(stream: &mut dyn Stream, message: &Message) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(message.length());
    for part in message.parts() {
        match part {
            Part::Bytes(plain) => bytes.extend_from_slice(plain),
            Part::Credential(credential) => bytes.extend_from_slice(credential.header_value()),
        }
    }
    let bytes = zeroize::Zeroizing::new(bytes);
    stream.write_all(&bytes).await?;
    stream.flush().await
}

async fn receive(
    stream: &mut dyn Stream,
    mut left: usize,
    take: &mut impl FnMut(&[u8]) -> Appetite,
    reached: &mut impl FnMut(Stage),
) -> End {
    let mut buffer = vec![0; CHUNK];
    let mut first = true;
    while left > 0 {
        let room = buffer.len().min(left);
        let Some(window) = buffer.get_mut(..room) else { return End::Full };
        let read = match stream.read(window).await {
            Ok(0) => return End::Closed,
            Ok(read) => read,
            // Many servers close a TLS connection without saying so.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return End::Closed,
            Err(_) => return End::Broken,
        };
        if std::mem::take(&mut first) {
            reached(Stage::First);
        }
        left -= read;
        if take(buffer.get(..read).unwrap_or_default()) == Appetite::Enough {
            return End::Enough;
        }
    }
    End::Full
}

#[cfg(test)]
mod tests;
