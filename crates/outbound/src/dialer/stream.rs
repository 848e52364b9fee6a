//! What goes over a connection: a message as a whole, and whatever comes back, piece by piece.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::{Appetite, End, Stage};
use crate::connection::Stream;
use crate::destination::Destination;
use crate::error::OutboundError;
use crate::message::{Message, Part};

/// What one read asks for.
pub(super) const CHUNK: usize = 16 * 1024;
/// The most of a message that is sent at once.
const AT_ONCE: usize = 256 * 1024;

pub(super) async fn connect(to: &Destination) -> Result<TcpStream, OutboundError> {
    let connect = |source| OutboundError::Connect { address: to.address(), source };
    let stream = TcpStream::connect(to.address()).await.map_err(connect)?;
    stream.set_nodelay(true).map_err(connect)?;
    Ok(stream)
}

/// In one go, unless it is long: then it is not copied as a whole.
pub(super) async fn send(stream: &mut dyn Stream, message: &Message) -> std::io::Result<()> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(message.length().min(AT_ONCE)));
    for piece in pieces(message).flat_map(|piece| piece.chunks(CHUNK)) {
        if bytes.len() + piece.len() > AT_ONCE {
            stream.write_all(&bytes).await?;
            bytes.clear();
        }
        bytes.extend_from_slice(piece);
    }
    stream.write_all(&bytes).await?;
    stream.flush().await
}

/// The bytes of a message, with every secret in its place.
pub(super) fn pieces(message: &Message) -> impl Iterator<Item = &[u8]> {
    message.parts().iter().map(|part| match part {
        Part::Bytes(plain) => plain.as_slice(),
        Part::Credential(credential) => credential.header_value(),
    })
}

pub(super) async fn receive(
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
