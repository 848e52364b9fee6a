//! The listener of a run: whoever calls it was led there by something that a check has planted.
//!
//! Every URL that is planted has a path of its own that nobody can guess, so a call says which question led to it. The
//! listener speaks plain HTTP/1.1, answers a known path with what was put there and every other one with 404, and keeps
//! calls of known paths alone. Connections, bytes, time and kept calls are bounded.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use outbound::{Endpoint, Origin};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

/// The most callers at the same time.
const MOST_AT_ONCE: usize = 32;
/// The most that is read of one call, in bytes.
const MAX_CALL: usize = 64 * 1024;
/// The most calls of one path that are kept.
const MAX_KEPT: usize = 64;
/// How much of a call is kept, in bytes.
const MAX_TEXT: usize = 16 * 1024;
/// How much of its first line, in bytes.
const MAX_LINE: usize = 200;
/// How long a caller may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long no caller is taken where this machine has no room for one.
const BREATH: Duration = Duration::from_millis(100);
/// The most headers of a call that are understood.
const MAX_HEADERS: usize = 64;

/// What a caller gets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    /// Its type.
    pub(crate) kind: &'static str,
    /// Its body.
    pub(crate) bytes: Vec<u8>,
}

/// Somebody called.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// From where.
    pub(crate) from: IpAddr,
    /// The beginning of the first line; hostile text.
    pub(crate) line: String,
    /// The beginning of everything that was sent; hostile text.
    pub(crate) text: String,
}

/// A URL that was handed out once.
#[derive(Clone, Debug)]
pub(crate) struct Bait {
    /// Where the listener is reached.
    pub(crate) origin: Origin,
    /// The path that nobody else knows.
    pub(crate) path: String,
}

impl Bait {
    /// As URLs are written.
    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// With somebody else in front, whom a careless reader takes for the host.
    pub(crate) fn behind(&self, other: &str) -> String {
        format!("{}://{other}@{}{}", self.origin.scheme().as_str(), self.origin.authority(), self.path)
    }

    /// Without its scheme.
    pub(crate) fn without_scheme(&self) -> String {
        format!("//{}{}", self.origin.authority(), self.path)
    }
}

/// A path, what is there, and who came.
#[derive(Debug, Default)]
struct Place {
    reply: Reply,
    calls: Vec<Call>,
}

/// Every path that is known.
type Places = Mutex<HashMap<String, Place>>;

/// It listens until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    places: Arc<Places>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Begins.
    ///
    /// # Errors
    /// Where this machine gives no thread or no runtime.
    pub(crate) fn start(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (end, ended) = oneshot::channel::<()>();
        let places = Arc::<Places>::default();
        let known = Arc::clone(&places);
        let thread = thread::Builder::new().name("canary".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::spawn(accept(listener, known));
                // The other end is dropped, and never says anything.
                let _ = ended.await;
            });
        })?;
        Ok(Self { places, end: Some(end), thread: Some(thread) })
    }

    /// From now on a path is known.
    pub(crate) fn put(&self, path: &str, reply: Reply) {
        lock(&self.places).insert(path.to_owned(), Place { reply, calls: Vec::new() });
    }

    /// Who has called a path since it was last asked for.
    pub(crate) fn take(&self, path: &str) -> Vec<Call> {
        lock(&self.places).get_mut(path).map(|place| std::mem::take(&mut place.calls)).unwrap_or_default()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

/// Whoever has panicked meanwhile has left nothing half done.
fn lock(places: &Places) -> MutexGuard<'_, HashMap<String, Place>> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: tokio::net::TcpListener, places: Arc<Places>) {
    let room = Arc::new(Semaphore::new(MOST_AT_ONCE));
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        let Ok((stream, from)) = listener.accept().await else {
            sleep(BREATH).await;
            continue;
        };
        let places = Arc::clone(&places);
        tokio::spawn(async move {
            // Whoever is too slow, or goes away, has called all the same.
            let _ = timeout(2 * PATIENCE, serve(stream, from.ip(), &places)).await;
            drop(permit);
        });
    }
}

/// Takes one call and answers it.
async fn serve(mut stream: TcpStream, from: IpAddr, places: &Places) -> io::Result<()> {
    let mut bytes = Vec::new();
    // What came until then is a call, if it says where to.
    let _ = timeout(PATIENCE, fill(&mut stream, &mut bytes)).await;
    let Some(asked) = Asked::read(&bytes) else { return Ok(()) };
    let reply = answer(places, from, &asked, &bytes);
    stream.write_all(&reply).await?;
    stream.shutdown().await
}

/// Reads until everything is there that was announced, or there is too much of it.
async fn fill(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut piece = [0; 4096];
    while bytes.len() < MAX_CALL && !Asked::read(bytes).is_some_and(|asked| asked.is_whole(bytes)) {
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(piece.get(..read).unwrap_or_default());
    }
    Ok(())
}

/// Keeps the call, and has the bytes of the answer.
fn answer(places: &Places, from: IpAddr, asked: &Asked, bytes: &[u8]) -> Vec<u8> {
    let mut places = lock(places);
    let (status, reply) = match places.get_mut(&asked.path) {
        Some(place) => {
            if place.calls.len() < MAX_KEPT {
                place.calls.push(Call { from, line: asked.line.clone(), text: beginning(bytes, MAX_TEXT) });
            }
            ("200 OK", place.reply.clone())
        }
        None => ("404 Not Found", Reply::default()),
    };
    let kind = if reply.kind.is_empty() { "text/plain" } else { reply.kind };
    let length = reply.bytes.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let body = if asked.is_head { Vec::new() } else { reply.bytes };
    [head.into_bytes(), body].concat()
}

fn beginning(bytes: &[u8], most: usize) -> String {
    String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)).into_owned()
}

/// What stands in front of a call.
struct Asked {
    line: String,
    path: String,
    is_head: bool,
    /// How long all of it is; none where it ends with an empty chunk.
    length: Option<usize>,
}

impl Asked {
    /// None where the head is not whole, or is none.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let Ok(httparse::Status::Complete(head)) = request.parse(bytes) else { return None };
        let (method, target) = (request.method?, request.path?);
        let value = |name: &str| {
            let header = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            header.and_then(|header| std::str::from_utf8(header.value).ok())
        };
        let chunked = value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        let body: usize = value("content-length").and_then(|length| length.trim().parse().ok()).unwrap_or_default();
        // Whoever goes through a proxy writes the whole URL.
        let target = target.parse::<Endpoint>().map_or_else(|_| target.to_owned(), |url| url.target);
        Some(Self {
            line: beginning(format!("{method} {target}").as_bytes(), MAX_LINE),
            path: target.split('?').next().unwrap_or_default().to_owned(),
            is_head: method == "HEAD",
            length: (!chunked).then(|| head.saturating_add(body)),
        })
    }

    fn is_whole(&self, bytes: &[u8]) -> bool {
        match self.length {
            Some(length) => bytes.len() >= length,
            None => bytes.ends_with(b"0\r\n\r\n"),
        }
    }
}

#[cfg(test)]
mod tests;
