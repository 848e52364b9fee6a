//! One question over HTTP/2, for whoever asks whether it is decided as over HTTP/1.1.

use h2::client::handshake;
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::dialer::End;

/// What a TLS client offers, and what a server takes (RFC 7301).
pub(crate) const PROTOCOL: &[u8] = b"h2";

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
    /// How it ended: closed, or full.
    pub end: End,
}

/// Asks over a connection that has just been made.
pub(crate) async fn ask<S>(stream: S, request: Request<()>, most: usize) -> Result<Reply, h2::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sender, connection) = handshake(stream).await?;
    let asking = async {
        let (response, _) = sender.ready().await?.send_request(request, true)?;
        let (head, mut body) = response.await?.into_parts();
        let (mut came, mut end) = (Vec::new(), End::Closed);
        while let Some(piece) = body.data().await {
            let piece = piece?;
            body.flow_control().release_capacity(piece.len())?;
            came.extend(piece.iter().take(most - came.len()));
            if came.len() == most {
                end = End::Full;
                break;
            }
        }
        let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_owned()));
        Ok(Reply { status: head.status.as_u16(), headers: headers.collect(), body: came, end })
    };
    tokio::pin!(asking);
    tokio::select! {
        biased;
        reply = &mut asking => reply,
        // What has come by then is still to be read.
        ended = connection => match ended {
            Ok(()) => asking.await,
            Err(error) => Err(error),
        },
    }
}
