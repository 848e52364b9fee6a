//! A small HTTP/1.1 client that sends what it is told and nothing else, so that tests can say anything.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How long one read or write may wait.
const PATIENCE: Duration = Duration::from_secs(30);
/// What one write of a streamed body holds.
const SLICE: usize = 64 * 1024;

/// One connection, which may carry many requests.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

/// Status and headers of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Names in lower case and values, in the order received.
    pub headers: Vec<(String, String)>,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status and headers.
    pub head: Head,
    /// The body without transfer coding.
    pub body: Vec<u8>,
}

/// How far a streamed request body came.
#[derive(Debug)]
pub struct Sent {
    /// Bytes that the kernel took.
    pub bytes: u64,
    /// What ended it early.
    pub error: Option<io::Error>,
}

/// Sends one request on a connection of its own and reads the answer; see [`Connection::request`].
pub fn request(address: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let mut connection = Connection::open(address);
    connection.request(method, target, headers, body);
    connection.response(method)
}

/// The value of an `Authorization` header with user and password.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"));
        stream.set_nodelay(true).expect("a connected socket takes options");
        let mut connection = Self { stream: BufReader::new(stream), address };
        connection.set_patience(PATIENCE);
        connection
    }

    /// How long one read or write may wait before it fails with `WouldBlock`; 30 s unless said.
    pub fn set_patience(&mut self, patience: Duration) {
        let stream = self.stream.get_ref();
        stream.set_read_timeout(Some(patience)).expect("a connected socket takes options");
        stream.set_write_timeout(Some(patience)).expect("a connected socket takes options");
    }

    /// Sends exactly these bytes.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Sends a request line, the headers as given, and the body. `Host` and, for a body, `Content-Length` are added
    /// unless given; panics when the connection does not take it.
    pub fn request(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) {
        let length = (!body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH")).then_some(body.len() as u64);
        self.start(method, target, headers, length);
        self.send(body).expect("the body is sent");
    }

    /// Sends a request without its body, of which `length` bytes are announced; what follows is up to the test.
    pub fn start(&mut self, method: &str, target: &str, headers: &[(&str, &str)], length: Option<u64>) {
        let given = |name: &str| headers.iter().any(|(header, _)| header.eq_ignore_ascii_case(name));
        let mut head = format!("{method} {target} HTTP/1.1\r\n");
        if !given("host") {
            head += &format!("Host: {}\r\n", self.address);
        }
        if let Some(length) = length.filter(|_| !given("content-length") && !given("transfer-encoding")) {
            head += &format!("Content-Length: {length}\r\n");
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        self.send((head + "\r\n").as_bytes()).expect("the head is sent");
    }

    /// Sends all of `source` and tells how far it came; a connection cut meanwhile is no panic.
    pub fn stream(&mut self, mut source: impl Read) -> Sent {
        let mut bytes = 0;
        let mut slice = vec![0; SLICE];
        loop {
            let read = source.read(&mut slice).expect("the source is read");
            if read == 0 {
                return Sent { bytes, error: None };
            }
            if let Err(error) = self.send(&slice[..read]) {
                return Sent { bytes, error: Some(error) };
            }
            bytes += read as u64;
        }
    }

    /// Reads a whole answer to a request with `method`; panics when it does not come whole.
    pub fn response(&mut self, method: &str) -> Response {
        let head = self.head().expect("an answer comes");
        let mut body = Vec::new();
        self.body(method, &head).read_to_end(&mut body).expect("the body comes whole");
        Response { head, body }
    }

    /// Reads status and headers; interim answers (1xx) are answers too.
    pub fn head(&mut self) -> io::Result<Head> {
        let line = self.line()?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| malformed("status line", &line))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(Head { status, headers });
            }
            let (name, value) = line.split_once(':').ok_or_else(|| malformed("header", &line))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The body that follows `head` as a stream. It ends with `UnexpectedEof` where the connection is cut in the middle.
    pub fn body(&mut self, method: &str, head: &Head) -> Body<'_> {
        let framing = if method == "HEAD" || head.status < 200 || matches!(head.status, 204 | 304) {
            Framing::Length(0)
        } else if head.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            Framing::Chunks { left: 0, first: true }
        } else {
            head.header("content-length")
                .map_or(Framing::UntilClose, |length| Framing::Length(length.parse().expect("a length is a number")))
        };
        Body { connection: self, framing, received: 0 }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Head {
    /// The first value of a header, its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

impl Response {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// An answer's body, read as it comes.
#[derive(Debug)]
pub struct Body<'a> {
    connection: &'a mut Connection,
    framing: Framing,
    received: u64,
}

#[derive(Debug)]
enum Framing {
    Length(u64),
    Chunks { left: u64, first: bool },
    UntilClose,
    Ended,
}

impl Body<'_> {
    /// Bytes read so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Reads until `bytes` have been received since the start, the end has come, or the connection fails.
    pub fn receive(&mut self, bytes: u64) -> io::Result<()> {
        let mut slice = vec![0; SLICE];
        while self.received < bytes {
            let wanted = usize::try_from(bytes - self.received).map_or(SLICE, |left| left.min(SLICE));
            if self.read(&mut slice[..wanted])? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// How many bytes of the framing's current part may be read; 0 at the end.
    fn allowed(&mut self) -> io::Result<u64> {
        match self.framing {
            Framing::Length(left) => Ok(left),
            Framing::UntilClose => Ok(u64::MAX),
            Framing::Ended => Ok(0),
            Framing::Chunks { left: 0, first } => self.next_chunk(first),
            Framing::Chunks { left, .. } => Ok(left),
        }
    }

    fn next_chunk(&mut self, first: bool) -> io::Result<u64> {
        if !first {
            self.connection.line()?;
        }
        let line = self.connection.line()?;
        let size = line.split(';').next().and_then(|size| u64::from_str_radix(size.trim(), 16).ok());
        let left = size.ok_or_else(|| malformed("chunk", &line))?;
        self.framing = Framing::Chunks { left, first: false };
        if left == 0 {
            while !self.connection.line()?.is_empty() {}
            self.framing = Framing::Ended;
        }
        Ok(left)
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowed = self.allowed()?;
        let wanted = usize::try_from(allowed).map_or(buffer.len(), |allowed| allowed.min(buffer.len()));
        if wanted == 0 {
            return Ok(0);
        }
        let read = self.connection.stream.read(&mut buffer[..wanted])?;
        match &mut self.framing {
            Framing::UntilClose | Framing::Ended => {}
            Framing::Length(_) | Framing::Chunks { .. } if read == 0 => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Framing::Length(left) | Framing::Chunks { left, .. } => *left -= read as u64,
        }
        self.received += read as u64;
        Ok(read)
    }
}

fn malformed(what: &str, line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no {what}: `{line}`"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use super::*;

    /// Answers one connection with `answer`, closes it, and returns what it was sent up to then.
    fn serve(answer: &'static str) -> (SocketAddr, JoinHandle<String>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("a request");
                head.extend(byte);
            }
            stream.write_all(answer.as_bytes()).expect("the answer is sent");
            String::from_utf8(head).expect("text")
        });
        (address, seen)
    }

    #[test]
    fn a_request_is_sent_as_it_is_told() {
        let (address, seen) = serve("HTTP/1.1 204 No Content\r\n\r\n");
        let headers = [("Host", "elsewhere"), ("X-Odd", " two  blanks ")];
        let response = request(address, "GET", "/v2/../%2e%2E//a", &headers, b"");
        assert_eq!(response.head.status, 204);
        let expected = "GET /v2/../%2e%2E//a HTTP/1.1\r\nHost: elsewhere\r\nX-Odd:  two  blanks \r\n\r\n";
        assert_eq!(seen.join().expect("the server ends"), expected);
    }

    #[test]
    fn every_framing_of_a_body_is_read() {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: t\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nhello",
        ] {
            let (address, _seen) = serve(answer);
            let response = request(address, "GET", "/", &[], b"");
            assert_eq!((response.head.status, response.text().as_str()), (200, "hello"), "{answer}");
        }
    }

    #[test]
    fn a_cut_body_is_an_error_and_its_bytes_are_counted() {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        ] {
            let (address, _seen) = serve(answer);
            let mut connection = Connection::open(address);
            connection.request("GET", "/", &[], b"");
            let head = connection.head().expect("a head");
            let mut body = connection.body("GET", &head);
            let error = body.receive(9).expect_err("it was cut");
            assert_eq!((error.kind(), body.received()), (io::ErrorKind::UnexpectedEof, 5), "{answer}");
        }
    }

    #[test]
    fn a_streamed_body_tells_how_far_it_came() {
        let (address, _seen) = serve("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        let mut connection = Connection::open(address);
        connection.start("PUT", "/", &[], Some(1 << 30));
        let sent = connection.stream(crate::image::Noise::new(1, 1 << 30));
        assert!(sent.error.is_some() && sent.bytes < 1 << 30, "{sent:?}");
    }
}
