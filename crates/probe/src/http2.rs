//! One question and its answer over HTTP/2: from the start, or after a connection has been upgraded.

use std::io::Cursor;

use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use outbound::Connection;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::reception::{Garbled, MAX_BODY, MAX_HEAD};
use crate::response::{Body, Ended, Headers, Response};

/// What a client says first has so many bytes.
const PREFACE: usize = 24;
/// The longest frame that anybody sends unasked (RFC 9113 section 4.2).
const MAX_FRAME: u32 = 16_384;
/// Where the head of an answer ends.
const END: &[u8] = b"\r\n\r\n";

/// Asks over a connection that speaks HTTP/2.
pub(crate) async fn ask(connection: Connection, request: Request<()>) -> Result<Response, Garbled> {
    converse(connection, request).await
}

/// Asks to go on in HTTP/2 and, where that is granted, asks there.
pub(crate) async fn upgrade(
    mut connection: Connection,
    head: &[u8],
    request: Request<()>,
) -> Result<Response, Garbled> {
    connection.write_all(head).await.map_err(|_| Garbled::Nothing)?;
    let mut came = Vec::new();
    let end = loop {
        if let Some(at) = came.windows(END.len()).position(|window| window == END) {
            break at + END.len();
        }
        match connection.read_buf(&mut came).await {
            Ok(read) if read > 0 && came.len() < MAX_HEAD => {}
            _ if came.is_empty() => return Err(Garbled::Nothing),
            _ => return Err(Garbled::HalfHead),
        }
    };
    if !came.starts_with(b"HTTP/1.1 101") {
        return Err(Garbled::NotUpgraded);
    }
    let early = Cursor::new(came.split_off(end));
    let (reader, mut writer) = tokio::io::split(connection);
    let (ours, theirs) = tokio::io::duplex(MAX_BODY);
    let (mut said, heard) = tokio::io::split(theirs);
    let inward =
        tokio::spawn(pass(early.chain(reader), heard, |id| if id % 2 == 0 { Some(id) } else { id.checked_sub(2) }));
    let outward = tokio::spawn(async move {
        let mut preface = [0; PREFACE];
        said.read_exact(&mut preface).await?;
        writer.write_all(&preface).await?;
        pass(said, writer, |id| if id % 2 == 0 { Some(id) } else { id.checked_add(2) }).await
    });
    let answer = converse(ours, request).await;
    inward.abort();
    outward.abort();
    // Whoever has agreed to go on and then hangs up has not refused.
    answer.map_err(|_| Garbled::HalfHead)
}

/// Passes frames on, each with another stream, or not at all. The first stream of an upgraded connection is the question
/// that came before (RFC 7540 section 3.2), and a client that knows nothing of it begins with the first itself.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    other: fn(u32) -> Option<u32>,
) -> std::io::Result<()> {
    loop {
        let mut head = [0; 9];
        from.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, id @ ..] = head;
        let length = u32::from_be_bytes([0, a, b, c]);
        if length > MAX_FRAME {
            return Ok(());
        }
        let mut frame = Vec::new();
        (&mut from).take(length.into()).read_to_end(&mut frame).await?;
        let id = other(u32::from_be_bytes(id));
        if let Some([d, e, f, g]) = id.map(u32::to_be_bytes) {
            to.write_all(&[a, b, c, kind, flags, d, e, f, g]).await?;
            to.write_all(&frame).await?;
        }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<()>,
) -> Result<Response, Garbled> {
    let (send, connection) = h2::client::handshake(stream).await.map_err(|error| garbled(&error))?;
    let driver = tokio::spawn(connection);
    let answer = exchange(send, request).await.map_err(|error| garbled(&error));
    driver.abort();
    answer
}

async fn exchange(send: SendRequest<Bytes>, request: Request<()>) -> Result<Response, h2::Error> {
    let (answer, _) = send.ready().await?.send_request(request, true)?;
    let (head, mut body) = answer.await?.into_parts();
    let headers: Headers = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let (mut bytes, mut ended) = (Vec::new(), Ended::Whole);
    while let Some(piece) = body.data().await {
        let Ok(piece) = piece else {
            ended = Ended::Early;
            break;
        };
        let room = MAX_BODY.saturating_sub(bytes.len()).min(piece.len());
        bytes.extend_from_slice(piece.get(..room).unwrap_or_default());
        if room < piece.len() {
            ended = Ended::Cut;
            break;
        }
        body.flow_control().release_capacity(piece.len())?;
    }
    Ok(Response { status: head.status.as_u16(), interim: Vec::new(), headers, body: Body { bytes, ended } })
}

/// Who speaks HTTP/2 and hangs up is another one than who does not speak it.
fn garbled(error: &h2::Error) -> Garbled {
    match error.is_remote() || error.is_io() {
        true => Garbled::Nothing,
        false => Garbled::NotHttp2,
    }
}
