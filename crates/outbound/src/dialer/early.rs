//! Early data (RFC 8446 section 2.3): a message that goes out with the first bytes of a resumed session, once or twice.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustls::ClientConnection;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::stream::{CHUNK, connect, pieces, receive, send};
use super::{Appetite, Dialer, End, Limits};
use crate::destination::Destination;
use crate::error::OutboundError;
use crate::message::Message;
use crate::tls::server_name;

impl Dialer {
    /// Sends a message, and another as early data of the session that it leaves; none where there is no such session, or
    /// the other side does not take that. Replayed, the bytes of the second connection go out over one more before, and what
    /// is taken is the answer to those that came last.
    ///
    /// # Errors
    /// [`OutboundError`] where the first message was not sent as a whole, or nobody is there for the second.
    pub async fn early(
        &self,
        to: &Destination,
        (first, second): (&Message, &Message),
        is_replayed: bool,
        limits: Limits,
        mut take: impl FnMut(&[u8]) -> Appetite,
    ) -> Result<Option<End>, OutboundError> {
        first.may_go_to(to.origin())?;
        second.may_go_to(to.origin())?;
        let tls = |source| OutboundError::tls(to.origin(), source);
        let name = server_name(to.origin()).ok_or_else(|| tls(std::io::ErrorKind::InvalidInput.into()))?;
        let config = Arc::new(self.tls.early(first.certificate())?);
        let early = async {
            let connector = TlsConnector::from(Arc::clone(&config));
            let mut stream = connector.connect(name.clone(), connect(to).await?).await.map_err(tls)?;
            send(&mut stream, first).await.map_err(|source| OutboundError::Send { source })?;
            // Tickets come with the answer.
            receive(&mut stream, limits.bytes, &mut |_| Appetite::More, &mut |_| ()).await;
            let session = ClientConnection::new(config, name).map_err(|source| OutboundError::TlsSetup { source })?;
            let Some((mut session, flight)) = departing(session, second) else { return Ok(None) };
            let mut earlier = None;
            if is_replayed {
                let mut stream = connect(to).await?;
                stream.write_all(&flight).await.map_err(|source| OutboundError::Send { source })?;
                // Whoever answers has read it. Nobody can understand that answer but in place of the next one.
                let _ = stream.read(&mut [0; CHUNK]).await;
                earlier = Some(stream);
            }
            let mut stream = connect(to).await?;
            stream.write_all(&flight).await.map_err(|source| OutboundError::Send { source })?;
            let end = answered(&mut stream, &mut session, limits.bytes, &mut take).await;
            drop(earlier);
            Ok(end)
        };
        timeout(limits.time, early).await.unwrap_or(Err(OutboundError::Late))
    }
}

/// The session and its first bytes, with a message in them as early data; none where nothing may be sent so early.
fn departing(mut session: ClientConnection, message: &Message) -> Option<(ClientConnection, Vec<u8>)> {
    let mut early = session.early_data()?;
    pieces(message).try_for_each(|piece| early.write_all(piece)).ok()?;
    let mut flight = Vec::new();
    while session.wants_write() {
        session.write_tls(&mut flight).ok()?;
    }
    Some((session, flight))
}

/// Feeds the answer to early data to `take`; none where the handshake goes on without that data.
async fn answered(
    stream: &mut TcpStream,
    session: &mut ClientConnection,
    mut left: usize,
    take: &mut impl FnMut(&[u8]) -> Appetite,
) -> Option<End> {
    let mut came = vec![0; CHUNK];
    loop {
        let read = match stream.read(&mut came).await {
            Ok(read) if read > 0 => read,
            _ if session.is_handshaking() => return None,
            Ok(_) => return Some(End::Closed),
            Err(_) => return Some(End::Broken),
        };
        let mut rest = came.get(..read).unwrap_or_default();
        while !rest.is_empty() {
            session.read_tls(&mut rest).ok()?;
            let Ok(state) = session.process_new_packets() else {
                return (!session.is_handshaking()).then_some(End::Broken);
            };
            let mut plain = vec![0; state.plaintext_bytes_to_read()];
            if session.reader().read_exact(&mut plain).is_err() || plain.len() > left {
                return Some(End::Full);
            }
            left -= plain.len();
            if !plain.is_empty() && take(&plain) == Appetite::Enough {
                return Some(End::Enough);
            }
        }
        if !session.is_handshaking() && !session.is_early_data_accepted() {
            return None;
        }
        let mut ours = Vec::new();
        while session.wants_write() {
            session.write_tls(&mut ours).ok()?;
        }
        if stream.write_all(&ours).await.is_err() {
            return Some(End::Broken);
        }
    }
}
