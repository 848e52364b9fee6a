//! The process `pullgate probe` against targets that mean it harm: it ends, within its bounds, is never green, and the
//! credential reaches nobody but the door.
#![expect(clippy::unwrap_used, reason = "outside #[test] too, a panic is how a test fails")]

mod probing;
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use probing::Run;
use testkit::http::basic;
use testkit::raw::{Answer, Request, Server};

/// Whose login it is.
const USER: &str = "control";
/// What nobody else may learn.
const PASSWORD: &str = "n0b0dy-else";
/// What a run may take besides the answers that it has read, whose bytes are bounded by its budget.
const MAX_MEMORY: u64 = 64 << 20;

/// Runs the probe against a server that answers so; the run says nothing secret and is not green.
fn against(handle: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> (Run, Vec<Request>) {
    let (folder, server) = (tempfile::tempdir().unwrap(), Server::start(handle));
    let (url, login) = (server.url(), format!("{USER}:{PASSWORD}"));
    let words = [url.as_str(), "--private", "team/app:1.0", "--mode", "active"];
    let run = Run::of(folder.path(), &words, &[("PULLGATE_PROBE_CREDENTIAL", &login)]);
    assert!(matches!(run.code, Some(1 | 2)), "{:?}: {}", run.code, run.said);
    assert!(!run.said.contains(PASSWORD) && !run.said.contains(&basic(USER, PASSWORD)), "{}", run.said);
    let number = |at: &str| run.report.pointer(at).and_then(serde_json::Value::as_u64).unwrap();
    let (requests, bytes) = (number("/spent/requests"), number("/spent/bytes"));
    assert!(requests <= number("/budget/requests") && bytes <= number("/budget/bytes"), "{requests}, {bytes}");
    assert!(run.peak.is_none_or(|peak| peak <= MAX_MEMORY + bytes), "{:?} bytes, {bytes} read", run.peak);
    (run, server.requests())
}

#[test]
fn redirects_without_end() {
    against(|request| Answer::http(request, 302, &[("Location", "/v2/team/app/manifests/1.0")], b""));
    let step = AtomicUsize::new(0);
    against(move |request| {
        let next = format!("/v2/{}", step.fetch_add(1, Ordering::Relaxed));
        Answer::http(request, 307, &[("Location", &next)], b"")
    });
}

#[test]
fn bodies_without_end_and_heads_of_ten_megabytes() {
    let endless = b"HTTP/1.1 200 -\r\nContent-Type: application/json\r\n\r\n{".to_vec();
    against(move |_| Answer::Endless(endless.clone(), vec![b' '; 4096]));
    let chunked =
        b"HTTP/1.1 401 -\r\nWWW-Authenticate: Basic realm=\"x\"\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    against(move |_| Answer::Endless(chunked.clone(), b"1\r\na\r\n".to_vec()));
    let head = [b"HTTP/1.1 401 -\r\nX: ".to_vec(), vec![b'a'; 10 << 20], b"\r\n\r\n".to_vec()].concat();
    against(move |_| Answer::Bytes(head.clone()));
}

#[test]
fn whoever_is_slow_is_left() {
    // Ten seconds for an answer, and three questions without one.
    let (run, requests) = against(|_| Answer::Drip(vec![b'H'; 4096]));
    assert!(requests.len() <= 3 && run.took.as_secs() < 60, "{} requests, {:?}", requests.len(), run.took);
}

#[test]
fn what_is_packed_stays_packed() {
    let bomb = packed(64 << 20);
    let (_, requests) = against(move |request| {
        let headers = [("Content-Encoding", "gzip"), ("Content-Type", "application/vnd.oci.image.manifest.v1+json")];
        Answer::http(request, 200, &headers, &bomb)
    });
    assert!(!requests.is_empty());
}

/// So many blanks, by gzip.
fn packed(blanks: u64) -> Vec<u8> {
    let mut packed = Vec::new();
    let blanks = std::io::Read::take(std::io::repeat(b' '), blanks);
    std::io::copy(&mut flate2::read::GzEncoder::new(blanks, flate2::Compression::best()), &mut packed).unwrap();
    packed
}

#[test]
fn a_realm_elsewhere_never_hears_of_the_credential() {
    let thief = Server::start(|request| Answer::http(request, 200, &[], br#"{"token":"abcdefgh"}"#));
    let realm = format!("Bearer realm=\"{}/token\",service=\"x\",scope=\"repository:team/app:pull\"", thief.url());
    let elsewhere = thief.url();
    let (_, requests) = against(move |request| match request.target.as_str() {
        // By redirect too.
        target if target.contains("/blobs/") => Answer::http(request, 307, &[("Location", &elsewhere)], b""),
        _ => Answer::http(request, 401, &[("WWW-Authenticate", &realm)], b"{}"),
    });
    assert!(thief.requests().is_empty(), "{:?}", thief.requests());
    let shown = basic(USER, PASSWORD);
    assert!(requests.iter().all(|request| request.all("authorization").all(|value| value != shown)));
}

#[test]
fn answers_that_change_from_one_question_to_the_next() {
    let count = AtomicUsize::new(0);
    let answers =
        [(401, "WWW-Authenticate: Basic realm=\"x\""), (200, "X: y"), (404, "X: y"), (403, "X: y"), (500, "X: y")];
    against(move |request| {
        let turn = count.fetch_add(1, Ordering::Relaxed) % answers.len();
        let (status, header) = answers.get(turn).copied().unwrap_or((404, "X: y"));
        let header = header.split_once(": ").unwrap();
        Answer::http(request, status, &[header], format!("{{\"schemaVersion\":2,\"turn\":{turn}}}").as_bytes())
    });
}
