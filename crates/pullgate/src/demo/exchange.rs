//! As much of an HTTP client as the demonstration needs: one request for each connection, nothing tidied.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::output::Failure;

const PATIENCE: Duration = Duration::from_secs(10);

/// The registry under demonstration.
#[derive(Debug)]
pub(super) struct Registry {
    address: SocketAddr,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A download that nobody has read yet.
#[derive(Debug)]
pub(super) struct Download(TcpStream);

impl Registry {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    pub(super) fn get(&self, path: &str, credential: Option<&str>) -> Result<Answer, Failure> {
        let mut stream = self.request("GET", path, credential, None, &[]).map_err(Failure::no)?;
        answer(&mut stream).map_err(Failure::no)
    }

    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        credential: &str,
        media_type: Option<&str>,
        body: &[u8],
    ) -> Result<Answer, Failure> {
        let mut stream = self.request(method, path, Some(credential), media_type, body).map_err(Failure::no)?;
        answer(&mut stream).map_err(Failure::no)
    }

    /// Asks for content and leaves it in the wire.
    pub(super) fn open(&self, path: &str, credential: &str) -> Result<Download, Failure> {
        let mut stream = self.request("GET", path, Some(credential), None, &[]).map_err(Failure::no)?;
        let mut first = [0; 12];
        stream.read_exact(&mut first).map_err(Failure::no)?;
        if first != *b"HTTP/1.1 200" {
            return Err(Failure::no("the download did not begin"));
        }
        Ok(Download(stream))
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        credential: Option<&str>,
        media_type: Option<&str>,
        body: &[u8],
    ) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        head.extend(credential.map(|credential| format!("Authorization: {credential}\r\n")));
        head.extend(media_type.map(|media_type| format!("Content-Type: {media_type}\r\n")));
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        Ok(stream)
    }
}

impl Answer {
    /// The value of a header, or nothing.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Download {
    /// Reads until nothing more comes, and counts the bytes.
    pub(super) fn read_until_cut(&mut self, patience: Duration) -> io::Result<usize> {
        self.0.set_read_timeout(Some(patience))?;
        let mut buffer = vec![0; 64 * 1024];
        let mut received = 0_usize;
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return Ok(received),
                Ok(length) => received = received.saturating_add(length),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(received),
                Err(error) => return Err(error),
            }
        }
    }
}

fn answer(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let (head, body) = bytes.split_at(end);
    let head = String::from_utf8_lossy(head).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers = lines.filter_map(header).collect();
    let status = status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer"))?;
    Ok(Answer { status, headers, body: body.get(4..).unwrap_or_default().to_vec() })
}
