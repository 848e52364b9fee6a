//! The same server over HTTP/2, one request to a connection.

use std::net::TcpStream;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Builder;
use tokio_rustls::TlsAcceptor;

use super::{Answer, Request};

/// Answers the requests of one connection, over TLS where it is told how. A client that goes away in the middle has had enough.
pub(super) fn serve(stream: TcpStream, config: Option<Arc<ServerConfig>>, handle: &dyn Fn(&Request) -> Answer) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _ = runtime.block_on(answer(stream, config, handle));
}

async fn answer(
    stream: TcpStream,
    config: Option<Arc<ServerConfig>>,
    handle: &dyn Fn(&Request) -> Answer,
) -> Result<(), Box<dyn std::error::Error>> {
    stream.set_nonblocking(true)?;
    let stream = tokio::net::TcpStream::from_std(stream)?;
    let Some(config) = config else { return speak(stream, handle, |_| ()).await };
    let stream = TlsAcceptor::from(config).accept(stream).await?;
    let name = stream.get_ref().1.server_name().map(str::to_owned);
    speak(stream, handle, |request| (request.secure, request.name) = (true, name.clone())).await
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    handle: &dyn Fn(&Request) -> Answer,
    complete: impl Fn(&mut Request),
) -> Result<(), Box<dyn std::error::Error>> {
    let mut connection = h2::server::handshake(stream).await?;
    while let Some(asked) = connection.accept().await {
        let (asked, mut respond) = asked?;
        let mut request = read(&asked);
        complete(&mut request);
        let (head, body) = parts(handle(&request))?;
        // Goes out while the next request is waited for.
        respond.send_response(head, false)?.send_data(body, true)?;
    }
    Ok(())
}

/// A request, whose authority is its first host.
fn read<T>(asked: &http::Request<T>) -> Request {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = asked.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
    let host = asked.uri().authority().map(|host| ("host".to_owned(), host.to_string()));
    Request {
        method: asked.method().to_string(),
        target: asked.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: host.into_iter().chain(headers).collect(),
        body: Vec::new(),
        secure: false,
        name: None,
        newer: true,
        early: false,
    }
}

/// An answer of HTTP/1.1 in the parts that HTTP/2 has.
fn parts(answer: Answer) -> Result<(Response<()>, Bytes), Box<dyn std::error::Error>> {
    let Answer::Bytes(mut bytes) = answer else { return Err("not a well-formed answer".into()) };
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or("no head")?;
    let body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes)?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or("no status")?;
    let headers = lines.filter_map(|line| line.split_once(": ")).filter(|(name, _)| *name != "Connection");
    let response = headers.fold(Response::builder().status(status), |head, (name, value)| head.header(name, value));
    Ok((response.body(())?, body.into()))
}
