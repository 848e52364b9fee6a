//! The same server, spoken to in HTTP/2.

use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2::server::SendResponse;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::{Answer, Request};

/// The name of HTTP/2 in a handshake.
const NAME: &[u8] = b"h2";

/// Whether the beginning of a connection offers HTTP/2 in its handshake.
pub(crate) fn is_offered(first: &[u8]) -> bool {
    first.first() == Some(&22) && first.windows(3).any(|window| window == b"\x02h2")
}

/// Whether a server takes that offer.
pub(super) fn is_spoken(config: &ServerConfig) -> bool {
    config.alpn_protocols.iter().any(|protocol| protocol == NAME)
}

/// Answers until the client is gone.
pub(super) fn serve(
    stream: TcpStream,
    config: Option<Arc<ServerConfig>>,
    handle: &dyn Fn(&Request) -> Answer,
    seen: &Mutex<Vec<Request>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    stream.set_nonblocking(true).expect("a connected socket takes options");
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::from_std(stream).expect("the runtime drives sockets");
        match config {
            None => speak(stream, false, handle, seen).await,
            Some(config) => {
                // A handshake that failed has been answered by its own alert.
                if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                    speak(stream, true, handle, seen).await;
                }
            }
        }
    });
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    secure: bool,
    handle: &dyn Fn(&Request) -> Answer,
    seen: &Mutex<Vec<Request>>,
) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let request = taken(&request, secure);
        seen.lock().expect("no handler has panicked").push(request.clone());
        let Answer::Bytes(bytes) = handle(&request) else { return };
        // Whoever is gone wants no answer.
        let _ = send(respond, &bytes);
    }
}

/// A request as if it had been written in HTTP/1.1: its authority is the first host.
fn taken<T>(request: &http::Request<T>, secure: bool) -> Request {
    let uri = request.uri();
    let authority = uri.authority().map(|authority| ("host".to_owned(), authority.to_string()));
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = request.headers().iter().map(|(name, value)| (name.to_string(), text(value)));
    Request {
        method: request.method().to_string(),
        target: uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        headers: authority.into_iter().chain(headers).collect(),
        body: Vec::new(),
        secure,
        http2: true,
    }
}

/// An answer that was written in HTTP/1.1.
fn send(mut respond: SendResponse<Bytes>, bytes: &[u8]) -> Result<(), h2::Error> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
    let lines = lines.filter_map(|line| line.split_once(": ")).filter(|(name, _)| *name != "Connection");
    let answer =
        lines.fold(http::Response::builder().status(status), |answer, (name, value)| answer.header(name, value));
    let mut body = respond.send_response(answer.body(()).expect("a well-formed answer"), false)?;
    body.send_data(Bytes::copy_from_slice(&bytes[end..]), true)
}
