//! The load: as many requests as fit in a round, over connections that stay, each answer checked.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::exchange::Exchange;
use crate::subject::Subject;

/// Connections that ask at the same time.
pub(crate) const CONNECTIONS: usize = 64;
/// How long a round is measured.
pub(crate) const ROUND: Duration = Duration::from_secs(2);
const WARM_UP: Duration = Duration::from_millis(500);
/// Process times come in steps of 10 ms; below this a step would be more than 2 %.
const LEAST: Duration = Duration::from_millis(500);

/// The runtime that the load runs on.
#[derive(Debug)]
pub(crate) struct Load(Runtime);

/// What one round showed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figure {
    /// CPU time of the server's process for one request, in µs.
    pub(crate) cpu: f64,
    /// Requests per second.
    pub(crate) rate: f64,
}

impl Load {
    pub(crate) fn new() -> Self {
        Self(tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime is made"))
    }

    /// One round, after a warm-up over the same connections.
    pub(crate) fn measure(&self, subject: &Subject, exchange: &Arc<Exchange>) -> Figure {
        self.0.block_on(async {
            let (connections, _) = driven(connected(subject.address).await, exchange, WARM_UP).await;
            let (before, start) = (subject.server.cpu_time(), Instant::now());
            let (_, answers) = driven(connections, exchange, ROUND).await;
            let (cpu, time) = (subject.server.cpu_time() - before, start.elapsed());
            assert!(cpu >= LEAST, "{}: {cpu:?} of CPU are too few to measure", exchange.name);
            let answers = f64::from(answers);
            Figure { cpu: cpu.as_secs_f64() * 1e6 / answers, rate: answers / time.as_secs_f64() }
        })
    }
}

async fn connected(address: SocketAddr) -> Vec<Connection> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        stream.set_nodelay(true).expect("a socket takes options");
        connections.push(Connection { stream, received: BytesMut::with_capacity(64 * 1024) });
    }
    connections
}

/// Asks on all connections for so long, and counts the answers.
async fn driven(connections: Vec<Connection>, exchange: &Arc<Exchange>, time: Duration) -> (Vec<Connection>, u32) {
    let end = Instant::now() + time;
    let mut tasks: JoinSet<_> =
        connections.into_iter().map(|connection| connection.asked(Arc::clone(exchange), end)).collect();
    let (mut connections, mut answers) = (Vec::new(), 0);
    while let Some(task) = tasks.join_next().await {
        let (connection, own) = task.expect("every answer is as expected").expect("every connection stays");
        connections.push(connection);
        answers += own;
    }
    (connections, answers)
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    received: BytesMut,
}

impl Connection {
    async fn asked(mut self, exchange: Arc<Exchange>, end: Instant) -> io::Result<(Self, u32)> {
        let mut answers = 0;
        while Instant::now() < end {
            self.stream.write_all(&exchange.request).await?;
            let (status, head, length) = self.head().await?;
            self.receive(head + length).await?;
            exchange.check(status, &self.received[head..head + length]);
            self.received.advance(head + length);
            answers += 1;
        }
        Ok((self, answers))
    }

    /// Status, length of the head and length of the body of the next answer.
    async fn head(&mut self) -> io::Result<(u16, usize, usize)> {
        loop {
            if let Some(end) = self.received.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.received[..end]);
                let (status, length) = parsed(&head).ok_or(io::ErrorKind::InvalidData)?;
                return Ok((status, end + 4, length));
            }
            self.receive(self.received.len() + 1).await?;
        }
    }

    /// Waits until as many bytes are there.
    async fn receive(&mut self, bytes: usize) -> io::Result<()> {
        while self.received.len() < bytes {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

/// Status and `Content-Length` of a head; none where one of them is missing.
fn parsed(head: &str) -> Option<(u16, usize)> {
    let (first, headers) = head.split_once("\r\n")?;
    let mut headers = headers.split("\r\n").filter_map(|line| line.split_once(": "));
    let (_, length) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    Some((first.split(' ').nth(1)?.parse().ok()?, length.parse().ok()?))
}
