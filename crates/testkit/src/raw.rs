//! A server that answers whatever a test wants, byte for byte: well-formed, half, slow, endless or not at all.

mod answer;
mod http2;

use std::io::{Cursor, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub use answer::{Answer, Going};

/// The longest request head that is read.
const MAX_HEAD: usize = 256 * 1024;
/// The longest body that is read.
const MAX_BODY: usize = 16 * 1024 * 1024;
/// So many bytes of a connection tell how to speak there: a ClientHello with the suites that it offers, and the name.
const FIRST: usize = 4096;
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two bytes of an answer that drips.
const DRIP: Duration = Duration::from_millis(20);
/// What is sent at once of an answer that has a pace, and the pause between: not a megabyte in a second.
const PIECE: usize = 4096;
const PACE: Duration = Duration::from_millis(5);

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The target, as written.
    pub target: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, if its length was given.
    pub body: Vec<u8>,
    /// Whether it came over TLS.
    pub secure: bool,
    /// The name that the handshake asked for.
    pub name: Option<String>,
    /// Whether it came over HTTP/2.
    pub newer: bool,
    /// Whether it came before the handshake was over.
    pub early: bool,
}

impl Request {
    /// The first value of a header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a header, whose name is given in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn read(stream: &mut dyn Read, secure: bool) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut piece = [0; 4096];
        while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
            match stream.read(&mut piece) {
                Ok(read) if read > 0 && bytes.len() < MAX_HEAD => bytes.extend_from_slice(&piece[..read]),
                _ => return None,
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines = text.split("\r\n");
        let (method, rest) = lines.next()?.split_once(' ')?;
        let (target, _version) = rest.rsplit_once(' ')?;
        let header =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        let headers = lines.map_while(header).collect();
        let mut request = Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: Vec::new(),
            secure,
            name: None,
            newer: false,
            early: false,
        };
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        request.body = bytes.split_off(head);
        let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        // Whoever announces much and sends none of it is answered at once.
        let comes = length < MAX_HEAD || !request.body.is_empty();
        while request.body.len() < length && length < MAX_BODY && comes {
            match stream.read(&mut piece) {
                Ok(read) if read > 0 => request.body.extend_from_slice(&piece[..read]),
                _ => return None,
            }
        }
        Some(request)
    }
}

/// What a server does with a connection, once its first bytes are there.
#[derive(Clone, Debug)]
pub enum Greeting {
    /// Reads a request as it is.
    Plain,
    /// Reads one over TLS.
    Secure(Arc<ServerConfig>),
    /// Reads one over TLS and HTTP/2, if the client takes both.
    Newer(Arc<ServerConfig>),
    /// Reads HTTP/2 as it is.
    NewerPlain,
    /// Sends these bytes and closes.
    Says(Vec<u8>),
}

trait Channel: Read + Write {}

impl<T: Read + Write> Channel for T {}

/// A running server; dropped, it stops.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// Starts a server on loopback.
    pub fn start(handle: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_with(|_| handle)
    }

    /// The same, for a server that must know its address to answer.
    pub fn start_with<H: Fn(&Request) -> Answer + Send + Sync + 'static>(make: impl FnOnce(SocketAddr) -> H) -> Self {
        Self::start_greeting(|_| Greeting::Plain, make)
    }

    /// The same, for a server that decides by the first bytes of each connection how to speak there.
    pub fn start_greeting<H: Fn(&Request) -> Answer + Send + Sync + 'static>(
        greet: impl Fn(&[u8]) -> Greeting + Send + Sync + 'static,
        make: impl FnOnce(SocketAddr) -> H,
    ) -> Self {
        let greet = Arc::new(greet);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("a bound socket has an address");
        let handle = Arc::new(make(address));
        let (requests, stop) = (Arc::<Mutex<Vec<Request>>>::default(), Arc::<AtomicBool>::default());
        let (seen, stopped) = (Arc::clone(&requests), Arc::clone(&stop));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let (handle, seen, stopped) = (Arc::clone(&handle), Arc::clone(&seen), Arc::clone(&stopped));
                let greet = Arc::clone(&greet);
                thread::spawn(move || receive(stream, &*greet, &*handle, &seen, &stopped));
            }
        });
        Self { address, requests, stop }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no handler has panicked").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn receive(
    mut stream: TcpStream,
    greet: &dyn Fn(&[u8]) -> Greeting,
    handle: &dyn Fn(&Request) -> Answer,
    seen: &Mutex<Vec<Request>>,
    stopped: &AtomicBool,
) {
    stream.set_read_timeout(Some(PATIENCE)).expect("a connected socket takes options");
    stream.set_write_timeout(Some(PATIENCE)).expect("a connected socket takes options");
    let noted = |request: &Request| {
        seen.lock().expect("no handler has panicked").push(request.clone());
        handle(request)
    };
    let mut first = [0; FIRST];
    let length = stream.peek(&mut first).unwrap_or_default();
    match greet(&first[..length]) {
        Greeting::Plain => {
            if serve(&mut stream, |stream| Request::read(stream, false), handle, seen, stopped) {
                http2::serve(stream, None, &noted);
            }
        }
        Greeting::Secure(config) => {
            let connection = ServerConnection::new(config).expect("a configuration makes connections");
            let mut stream = StreamOwned::new(connection, stream);
            let shaken = stream.conn.complete_io(&mut stream.sock);
            let name = stream.conn.server_name().map(str::to_owned);
            let early = early(&mut stream.conn);
            let read = |stream: &mut dyn Channel| {
                let is_early = !early.is_empty();
                let request = Request::read(&mut After { first: Cursor::new(early), stream }, true)?;
                Some(Request { name, early: is_early, ..request })
            };
            if shaken.is_ok() {
                serve(&mut stream, read, handle, seen, stopped);
            }
            // A handshake that failed has no end of its own.
            if !stream.conn.is_handshaking() {
                stream.conn.send_close_notify();
                // Whoever has read enough is gone.
                let _ = stream.flush();
            }
        }
        Greeting::Newer(config) => http2::serve(stream, Some(config), &noted),
        Greeting::NewerPlain => http2::serve(stream, None, &noted),
        Greeting::Says(bytes) => {
            let _ = stream.write_all(&bytes);
        }
    }
}

/// What came before the handshake was over.
fn early(connection: &mut ServerConnection) -> Vec<u8> {
    let mut early = Vec::new();
    if let Some(mut came) = connection.early_data() {
        came.read_to_end(&mut early).expect("memory is read");
    }
    early
}

/// A connection of which the first bytes were read already.
struct After<'a> {
    first: Cursor<Vec<u8>>,
    stream: &'a mut dyn Channel,
}

impl Read for After<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        match self.first.read(to)? {
            0 => self.stream.read(to),
            read => Ok(read),
        }
    }
}

/// Answers one request, and says whether the client goes on in HTTP/2.
fn serve(
    stream: &mut dyn Channel,
    read: impl FnOnce(&mut dyn Channel) -> Option<Request>,
    handle: &dyn Fn(&Request) -> Answer,
    seen: &Mutex<Vec<Request>>,
    stopped: &AtomicBool,
) -> bool {
    let Some(request) = read(stream) else { return false };
    seen.lock().expect("no handler has panicked").push(request.clone());
    match handle(&request) {
        Answer::Bytes(bytes) => {
            // Whoever has read enough goes away.
            let _ = stream.write_all(&bytes);
        }
        Answer::Drip(bytes) => {
            let slowly = |byte: &u8| {
                thread::sleep(DRIP);
                !stopped.load(Ordering::Relaxed) && stream.write_all(&[*byte]).is_ok()
            };
            let _ = bytes.iter().all(slowly);
        }
        Answer::Paced(bytes, going) => {
            let paced = |piece: &[u8]| {
                thread::sleep(PACE);
                going.goes_on() && !stopped.load(Ordering::Relaxed) && stream.write_all(piece).is_ok()
            };
            let _ = bytes.chunks(PIECE).all(paced);
        }
        Answer::Endless(first, again) => {
            let mut sent = stream.write_all(&first).is_ok();
            while sent && !stopped.load(Ordering::Relaxed) {
                sent = stream.write_all(&again).is_ok();
            }
        }
        Answer::Upgrade(bytes) => return stream.write_all(&bytes).is_ok(),
        Answer::Silence => {
            let _ = stream.read(&mut [0]);
        }
    }
    false
}
