//! Health and metrics for those who run it, and the few constants that everybody may read.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::answer::{Answer, Download};
use crate::gate::Gate;
use crate::listener::Shutdown;
use crate::metrics::Metrics;

/// The health of the process in words, asked each time; it holds no names of principals or repositories.
pub type Health = Arc<dyn Fn() -> (bool, serde_json::Value) + Send + Sync>;

/// The operations listener: no authentication, loopback unless told otherwise.
pub struct Operations {
    metrics: Arc<Metrics>,
    health: Health,
}

impl Operations {
    /// Shows these metrics and this health.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, health: Health) -> Self {
        Self { metrics, health }
    }

    /// Serves until told to stop.
    ///
    /// # Errors
    /// Where the socket cannot be used.
    pub async fn run(self, socket: std::net::TcpListener, mut shutdown: Shutdown) -> io::Result<()> {
        socket.set_nonblocking(true)?;
        let listener = TcpListener::from_std(socket)?;
        let this = Arc::new(self);
        loop {
            tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => return Ok(()),
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    let this = this.clone();
                    tokio::task::spawn_local(async move {
                        let service = service_fn(|request| this.respond(request));
                        let connection = http1::Builder::new()
                            .timer(TokioTimer::new())
                            .serve_connection(TokioIo::new(stream), service);
                        // Whoever asked has gone away; there is nobody to tell.
                        let _ = connection.await;
                    });
                }
            }
        }
    }

    async fn respond(&self, request: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, Infallible> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let (status, kind, text) = match request.uri().path() {
            _ if !reads => (StatusCode::METHOD_NOT_ALLOWED, "text/plain", String::new()),
            "/metrics" => {
                (StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", self.metrics.text())
            }
            "/health/live" => (StatusCode::OK, "text/plain", "live\n".to_owned()),
            "/health/ready" | "/health" => {
                let (ready, detail) = (self.health)();
                let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                (status, "application/json", format!("{detail}\n"))
            }
            _ => (StatusCode::NOT_FOUND, "text/plain", String::new()),
        };
        let mut response = http::Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Ok(response)
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Operations").finish_non_exhaustive()
    }
}

/// The constants of the main listener: nothing in them depends on who asks, so nothing is decided or written.
pub(crate) fn constant(gate: &Gate, parts: &http::request::Parts) -> Option<Answer> {
    let (kind, body) = match parts.uri.path() {
        "/health/live" => ("text/plain", Bytes::from_static(b"live\n")),
        "/health/ready" => ("text/plain", Bytes::from_static(b"ready\n")),
        "/token/jwks.json" => ("application/jwk-set+json", Bytes::from(gate.behind.tokens.jwks())),
        _ => return None,
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    let (status, body) = if reads { (StatusCode::OK, body) } else { (StatusCode::METHOD_NOT_ALLOWED, Bytes::new()) };
    Some(Answer { status, headers, download: Download::words(body), digest: None })
}
