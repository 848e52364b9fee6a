//! An exchange that no client makes: in the session of another name.

use rustls::HandshakeKind;
use rustls::pki_types::ServerName;
use tokio::time::timeout;

use super::stream::{connect, receive, send};
use super::{Appetite, Dialer, End, Limits};
use crate::destination::Destination;
use crate::error::OutboundError;
use crate::message::Message;
use crate::tls::server_name;

impl Dialer {
    /// Sends a message as whoever it says, and then another under another name in the session of the first; none where
    /// there is no such session, or the other side does not go on with it. In a new one nothing is sent.
    ///
    /// # Errors
    /// [`OutboundError`] where the first message was not sent as a whole.
    pub async fn resume(
        &self,
        to: &Destination,
        (first, second): (&Message, &Message),
        other: &str,
        limits: Limits,
        mut take: impl FnMut(&[u8]) -> Appetite,
    ) -> Result<Option<End>, OutboundError> {
        let tls = |source| OutboundError::tls(to.origin(), source);
        let invalid = || tls(std::io::ErrorKind::InvalidInput.into());
        let shown = first.certificate().filter(|shown| shown.origin() == to.origin()).ok_or_else(invalid)?;
        let is_bare =
            first.credentials().chain(second.credentials()).next().is_none() && second.certificate().is_none();
        if !is_bare {
            return Err(OutboundError::Unverified { to: to.origin().clone() });
        }
        let own = server_name(to.origin()).ok_or_else(invalid)?;
        let other = ServerName::try_from(other.to_owned()).map_err(|_| invalid())?;
        let (connector, verifier) = self.tls.resuming(shown)?;
        let resume = async {
            let mut stream = connector.connect(own, connect(to).await?).await.map_err(tls)?;
            send(&mut stream, first).await.map_err(|source| OutboundError::Send { source })?;
            // Tickets come with the answer.
            receive(&mut stream, limits.bytes, &mut |_| Appetite::More, &mut |_| ()).await;
            verifier.enough();
            let Ok(mut stream) = connector.connect(other, connect(to).await?).await else { return Ok(None) };
            if stream.get_ref().1.handshake_kind() != Some(HandshakeKind::Resumed) {
                return Ok(None);
            }
            send(&mut stream, second).await.map_err(|source| OutboundError::Send { source })?;
            Ok(Some(receive(&mut stream, limits.bytes, &mut take, &mut |_| ()).await))
        };
        timeout(limits.time, resume).await.unwrap_or(Err(OutboundError::Late))
    }
}
