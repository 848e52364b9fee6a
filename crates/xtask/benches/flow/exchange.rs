//! A request, and the answer that every repetition must give.

use std::net::SocketAddr;
use std::sync::Arc;

use testkit::http::{self, Connection, Head, Response};

/// What a client of a registry sends besides its credential.
const HEADERS: &str = "Accept: */*\r\nUser-Agent: flow\r\n";

/// One kind of request.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// For the reader.
    pub(crate) name: &'static str,
    /// The request as it is sent.
    pub(crate) request: Vec<u8>,
    /// The answer that was given once.
    pub(crate) answer: Response,
    /// What may differ between two answers.
    pub(crate) body: Body,
}

/// How the body of an answer is compared, and where the bare server takes it from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// The same bytes each time, from memory.
    Memory,
    /// The same bytes each time, from a file that is open already and read for each request.
    File,
    /// As many bytes each time: it names the request. From memory.
    NamesRequest,
}

impl Exchange {
    /// Asks once, and expects this status.
    pub(crate) fn asked(
        name: &'static str,
        address: SocketAddr,
        (target, token): (&str, Option<&str>),
        (status, body): (u16, Body),
    ) -> Self {
        let credential = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n{HEADERS}{credential}\r\n").into_bytes();
        let mut connection = Connection::open(address);
        connection.send(&request).expect("a request is sent");
        let answer = connection.response("GET");
        assert_eq!(answer.head.status, status, "{name}: {}", answer.text());
        Self { name, request, answer, body }
    }

    /// One of each kind, that no server has answered yet.
    pub(crate) fn canned() -> [Arc<Self>; 3] {
        let headers = [("content-type", "text/plain"), ("x-request-id", "01JD0000000000000000000000")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let canned = |name, status, size, body| {
            let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{HEADERS}\r\n").into_bytes();
            let head = Head { status, headers: headers.clone() };
            Arc::new(Self { name, request, answer: Response { head, body: vec![b'.'; size] }, body })
        };
        [
            canned("1 KB from memory", 200, 1024, Body::Memory),
            canned("20 KB from a file", 200, 20 * 1024, Body::File),
            canned("refusal", 401, 200, Body::NamesRequest),
        ]
    }

    /// Panics where this is not the answer.
    pub(crate) fn check(&self, status: u16, body: &[u8]) {
        let expected = &self.answer;
        let same = match self.body {
            Body::Memory | Body::File => body == expected.body,
            Body::NamesRequest => body.len() == expected.body.len(),
        };
        let text = String::from_utf8_lossy(body);
        assert!(status == expected.head.status && same, "{}: another answer ({status}): {text}", self.name);
    }
}

/// The headers of an answer that a server sets by itself, from its clock and from the body.
pub(crate) fn is_of_the_server(header: &str) -> bool {
    matches!(header, "date" | "content-length" | "connection" | "transfer-encoding")
}

/// A token for these scopes, with a robot's key.
pub(crate) fn token(address: SocketAddr, (robot, key): (&str, &str), scope: &str) -> String {
    let challenge = http::request(address, "GET", "/v2/", &[], &[]);
    let challenge = challenge.head.header("www-authenticate").expect("a refusal says where to ask").to_owned();
    let service = challenge.split("service=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a service");
    let target = format!("/token?service={service}&scope={scope}");
    let answer = http::request(address, "GET", &target, &[("Authorization", &http::basic(robot, key))], &[]);
    let answer: serde_json::Value = serde_json::from_slice(&answer.body).expect("an answer in JSON");
    answer["token"].as_str().unwrap_or_else(|| panic!("no token in {answer}")).to_owned()
}
