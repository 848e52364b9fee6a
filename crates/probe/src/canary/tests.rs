use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::*;

fn listener() -> (Listener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (Listener::start(listener).unwrap(), address)
}

/// Sends this, and has what comes back.
fn call(address: SocketAddr, parts: &[&str]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    for part in parts {
        stream.write_all(part.as_bytes()).unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_call_is_kept_by_its_path() {
    let (listener, address) = listener();
    listener.put("/one", Reply { kind: "application/json", bytes: b"{}".to_vec() });
    listener.put("/two", Reply::default());
    let answer = call(address, &["GET /one?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"]);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n") && answer.ends_with("\r\n{}"));
    let answer = call(address, &["HEAD http://a/one HTTP/1.1\r\n\r\n"]);
    assert!(answer.contains("Content-Length: 2\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(call(address, &["GET /three HTTP/1.1\r\n\r\n"]).starts_with("HTTP/1.1 404 "));
    let lines: Vec<String> = listener.take("/one").into_iter().map(|call| call.line).collect();
    assert_eq!(lines, ["GET /one?x=1", "HEAD /one"]);
    assert!(listener.take("/one").is_empty() && listener.take("/two").is_empty() && listener.take("/three").is_empty());
}

#[test]
fn a_body_is_kept_however_it_comes() {
    let (listener, address) = listener();
    listener.put("/alert", Reply::default());
    let post = "POST /alert HTTP/1.1\r\n";
    call(address, &[post, "Content-Length: 5\r\n\r\nal", "ert"]);
    call(address, &[post, "Transfer-Encoding: chunked\r\n\r\n", "5\r\nalert\r\n", "0\r\n\r\n"]);
    let calls = listener.take("/alert");
    assert!(
        calls.len() == 2 && calls.iter().all(|call| call.text.contains("alert\r\n") || call.text.ends_with("alert"))
    );
}

#[test]
fn what_is_kept_is_bounded() {
    let (listener, address) = listener();
    listener.put("/one", Reply::default());
    for _ in 0..=MAX_KEPT {
        call(address, &["GET /one HTTP/1.1\r\n\r\n"]);
    }
    assert_eq!(listener.take("/one").len(), MAX_KEPT);
    let (query, body) = ("q".repeat(MAX_LINE), "b".repeat(MAX_TEXT));
    call(address, &[&format!("POST /one?{query} HTTP/1.1\r\nContent-Length: {MAX_TEXT}\r\n\r\n{body}")]);
    let calls = listener.take("/one");
    assert_eq!(calls.iter().map(|call| (call.line.len(), call.text.len())).collect::<Vec<_>>(), [(MAX_LINE, MAX_TEXT)]);
}

#[test]
fn who_goes_away_keeps_nobody_waiting() {
    let (listener, address) = listener();
    listener.put("/one", Reply::default());
    let silent: Vec<TcpStream> = (1..MOST_AT_ONCE).map(|_| TcpStream::connect(address).unwrap()).collect();
    call(address, &["GET /one HTTP/1.1\r\n\r\n"]);
    assert_eq!(listener.take("/one").len(), 1);
    drop((listener, silent));
    assert!(TcpStream::connect(address).is_err(), "it has ended");
}
