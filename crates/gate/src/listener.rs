//! Sockets: who may connect, how a connection is read, and how it ends.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use audit::{Circumstances, Decision, Reason, Refused};
use http::header::{EXPECT, HOST, HeaderValue};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use protocol::{ErrorCode, Head, Problem};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::answer::{Answer, Download};
use crate::connection::{Armed, Arrival, Heard, Wire};
use crate::gate::Gate;
use crate::operations;
use crate::request_body::RequestBody;

/// Pause after the kernel refused to hand out a connection, so that a lack of descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Says when to stop taking requests.
pub type Shutdown = watch::Receiver<bool>;

/// One runtime's share of the listening sockets.
#[derive(Debug)]
pub struct Listener {
    gate: Arc<Gate>,
    places: Arc<Places>,
}

/// How many connections there are, in all and from each address.
#[derive(Debug, Default)]
pub struct Places(Mutex<HashMap<IpAddr, usize>>);

/// One connection's place; given back when it ends.
struct Place {
    places: Arc<Places>,
    gate: Arc<Gate>,
    address: IpAddr,
}

impl Listener {
    /// A listener in front of the gate; all runtimes share the places.
    #[must_use]
    pub fn new(gate: Arc<Gate>, places: Arc<Places>) -> Self {
        Self { gate, places }
    }

    /// Serves connections until told to stop; then lets the running ones finish, for at most `grace`. It wants a
    /// current-thread runtime and a `LocalSet`.
    ///
    /// # Errors
    /// Where the sockets cannot be used.
    pub async fn run(self, sockets: Vec<std::net::TcpListener>, shutdown: Shutdown, grace: Duration) -> io::Result<()> {
        let this = Rc::new(self);
        let mut accepting = JoinSet::new();
        for socket in sockets {
            socket.set_nonblocking(true)?;
            let listener = TcpListener::from_std(socket)?;
            accepting.spawn_local(this.clone().accept(listener, shutdown.clone()));
        }
        let mut connections = Vec::new();
        while let Some(accepted) = accepting.join_next().await {
            connections.extend(accepted.map_err(io::Error::other)?);
        }
        let finish = async {
            for mut set in connections {
                while set.join_next().await.is_some() {}
            }
        };
        // What is still running when the time is over is dropped.
        let _ = tokio::time::timeout(grace, finish).await;
        Ok(())
    }

    async fn accept(self: Rc<Self>, listener: TcpListener, shutdown: Shutdown) -> Option<JoinSet<()>> {
        let address = listener.local_addr().ok()?;
        let mut stopping = shutdown.clone();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => return Some(connections),
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = listener.accept() => match accepted {
                    Err(error) => {
                        tracing::warn!("cannot accept a connection: {error}");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                    Ok((stream, peer)) => {
                        if let Some(place) = self.place(peer) {
                            let arrival = Arrival { peer, listener: address };
                            let serving = serve(self.gate.clone(), stream, arrival, place, shutdown.clone());
                            connections.spawn_local(serving);
                        }
                    }
                },
            }
        }
    }

    /// A place for one more connection, if there is one.
    fn place(&self, peer: SocketAddr) -> Option<Place> {
        let limits = &self.gate.limits;
        let address = peer.ip().to_canonical();
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        let total: usize = taken.values().sum();
        let here = taken.entry(address).or_default();
        if total >= limits.connections || *here >= limits.connections_per_address {
            return None;
        }
        *here = here.saturating_add(1);
        self.gate.metrics.connections.inc();
        Some(Place { places: self.places.clone(), gate: self.gate.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = taken.get_mut(&self.address) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                taken.remove(&self.address);
            }
        }
        self.gate.metrics.connections.dec();
    }
}

async fn serve(gate: Arc<Gate>, stream: TcpStream, arrival: Arrival, place: Place, mut shutdown: Shutdown) {
    let _place = place;
    // A socket without it still serves, only slower.
    let _ = stream.set_nodelay(true);
    let limits = gate.limits.clone();
    let armed = Armed::default();
    let heard = Heard::default();
    let wire = Wire::new(stream, armed.clone(), heard.clone(), limits.idle);
    let service = service_fn(|request| respond(&gate, arrival, &armed, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_headers(limits.headers)
        .max_buf_size(limits.head_bytes.saturating_add(limits.target_bytes))
        .serve_connection(wire, service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = shutdown.wait_for(|stop| *stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended
        && (is_malformed(&error) || error.is_timeout() && heard.anything())
    {
        note_framing(&gate, arrival);
    }
}

async fn respond(
    gate: &Arc<Gate>,
    arrival: Arrival,
    armed: &Armed,
    request: http::Request<Incoming>,
) -> Result<http::Response<Download>, Infallible> {
    let (parts, incoming) = request.into_parts();
    if let Some(answer) = operations::constant(gate, &parts) {
        return Ok(response(answer));
    }
    let expects = parts.headers.contains_key(EXPECT);
    let body = RequestBody::new(incoming, gate.limits.idle, expects);
    let (mut answer, ending) = gate.answer(&arrival, head(parts), body).await;
    answer.download.begin(armed, ending);
    Ok(response(answer))
}

/// Our own head. What an absolute target says of the host must be what `Host` says; two hosts are none.
fn head(parts: http::request::Parts) -> Head {
    let mut headers = parts.headers;
    let hosts: Vec<HeaderValue> = headers.get_all(HOST).iter().cloned().collect();
    let differs = |host: &HeaderValue| {
        let authority = parts.uri.authority().map(http::uri::Authority::as_str);
        authority.is_some_and(|authority| !host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()))
    };
    if hosts.len() != 1 || hosts.iter().any(differs) {
        headers.remove(HOST);
    }
    Head {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers,
        form: None,
    }
}

fn response(answer: Answer) -> http::Response<Download> {
    let mut response = http::Response::new(answer.download);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

/// What hyper answered by itself, or gave up on: framing, and limits of the head.
fn is_malformed(error: &hyper::Error) -> bool {
    error.is_parse() || error.is_parse_too_large() || error.is_parse_status()
}

/// Such a connection leaves one leaf, since no request of it was ever seen.
fn note_framing(gate: &Gate, arrival: Arrival) {
    let problem = Problem::new(400, ErrorCode::Unsupported, "the connection holds no readable request");
    let circumstances = Circumstances {
        received: (gate.clock)().wall,
        request_id: crate::seen::request_id(),
        source: arrival.peer.ip().to_canonical(),
        peer: arrival.peer,
        listener: arrival.listener,
        host: None,
        user_agent: None,
        method: "-".to_owned(),
        range: None,
        credential: None,
    };
    let (decision, reason) = (Decision::Malformed, Reason::FRAMING);
    let refused = Refused { decision, reason, problem: &problem, request: None, principal: None, denial: None };
    gate.metrics.decided(None, decision);
    if let Err(error) = gate.behind.journal.note(&refused, &circumstances) {
        tracing::error!("cannot write a refusal: {error}");
    }
}
