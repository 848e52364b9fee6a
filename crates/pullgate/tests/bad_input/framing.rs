//! Framing that two readers could read differently, and requests to become another protocol.

use testkit::http::Connection;

use crate::support::{Registry, Robot};

/// What is sent, with `HOST` and `KEY` standing for the registry's name and the robot's authorization.
struct Raw(&'static str, String);

fn raw(what: &'static str, text: impl Into<String>) -> Raw {
    Raw(what, text.into())
}

const PUT: &str = "PUT /v2/team/app/manifests/v1 HTTP/1.1\r\nHost: HOST\r\nAuthorization: KEY\r\n";
const GLUED: &str = "GET /v2/glued HTTP/1.1\r\nHost: HOST\r\n\r\n";

fn filled(registry: &Registry, robot: &Robot, text: &str) -> String {
    text.replace("HOST", &registry.name()).replace("KEY", &robot.basic())
}

#[test]
fn framing_that_is_refused_by_the_connection() {
    let registry = Registry::start();
    let robot = registry.robot("ci", &["--pull", "team/**", "--push", "team/**"]);
    let many: String = (0..97).map(|number| format!("X-{number}: 1\r\n")).collect();
    let cases = [
        raw("two lengths that differ", format!("{PUT}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}{GLUED}")),
        raw("a length with a sign", format!("{PUT}Content-Length: +2\r\n\r\n{{}}{GLUED}")),
        raw("a coding after chunked", format!("{PUT}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{GLUED}")),
        raw("an unknown coding", format!("{PUT}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{GLUED}")),
        raw(
            "chunks in HTTP/1.0",
            format!("{}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{GLUED}", PUT.replace("HTTP/1.1", "HTTP/1.0")),
        ),
        raw("a folded line", format!("{PUT}X-Folded: a\r\n b\r\n\r\n{GLUED}")),
        raw("a blank before the colon", format!("{PUT}X-Blank : a\r\n\r\n{GLUED}")),
        raw("a header without a colon", format!("{PUT}X-Alone\r\n\r\n{GLUED}")),
        raw("too many headers", format!("{PUT}{many}\r\n{GLUED}")),
        raw("a head without an end", format!("{PUT}X-Long: {}", "x".repeat(64 << 10))),
        raw("HTTP/2 without agreement", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        raw("TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}"),
        raw("no method", "\r\n\r\n /v2/ HTTP/1.1\r\n\r\n"),
    ];
    let count = cases.len();
    for Raw(what, text) in cases {
        let mut connection = Connection::open(registry.address);
        connection.send(filled(&registry, &robot, &text).as_bytes()).expect("sent");
        let status = connection.head().map(|head| head.status);
        assert!(status.as_ref().is_err() || matches!(status, Ok(400 | 431)), "{what}: {status:?}");
        while connection.head().is_ok_and(|head| panic!("{what}: a second answer: {head:?}")) {}
    }
    let records = registry.decisions(&[]);
    let framing = |record: &&serde_json::Value| record["decision"] == "malformed" && record["reason"] == "framing";
    assert_eq!((records.iter().filter(framing).count(), records.len()), (count, count), "one leaf for each connection");
}

#[test]
fn chunks_govern_where_a_length_is_there_too() {
    let registry = Registry::start();
    let robot = registry.robot("ci", &["--pull", "team/**", "--push", "team/**"]);
    let index = crate::support::EMPTY_INDEX;
    let chunk = format!("{:x}\r\n{index}\r\n0\r\n\r\n", index.len());
    for both in
        ["Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"]
    {
        let mut connection = Connection::open(registry.address);
        connection.send(filled(&registry, &robot, &format!("{PUT}{both}\r\n{chunk}")).as_bytes()).expect("sent");
        assert_eq!(connection.response("PUT").head.status, 201, "{both}");
        let stored = registry.ask(Some(&robot), "GET", "/v2/team/app/manifests/v1", b"");
        assert_eq!(stored.text(), index, "{both}");
    }
    assert_eq!(registry.decisions(&[]).len(), 4, "nothing was taken for another request");
}

#[test]
fn bodies_that_break_off_store_nothing() {
    let mut registry = Registry::start();
    let robot = registry.robot("ci", &["--pull", "team/**", "--push", "team/**"]);
    for (agent, body) in [
        ("a-size-that-overflows", "FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n"),
        ("a-size-that-is-no-number", "xyz\r\n{}\r\n0\r\n\r\n"),
        ("a-negative-size", "-1\r\n{}\r\n0\r\n\r\n"),
        ("a-chunk-longer-than-it-says", "1\r\n{}\r\n0\r\n\r\n"),
    ] {
        let mut connection = Connection::open(registry.address);
        let head = format!("{PUT}User-Agent: {agent}\r\nTransfer-Encoding: chunked\r\n\r\n");
        connection.send(filled(&registry, &robot, &format!("{head}{body}{GLUED}")).as_bytes()).expect("sent");
        let status = connection.head().map(|head| head.status);
        assert!(status.as_ref().is_err() || matches!(status, Ok(400)), "{agent}: {status:?}");
        let record = recorded(&mut registry, agent);
        assert_eq!((&record["decision"], &record["status"]), (&"allow".into(), &400.into()), "{agent}");
    }
    assert_eq!(registry.ask(Some(&robot), "GET", "/v2/team/app/manifests/v1", b"").head.status, 404);
    assert!(
        registry.decisions(&[]).iter().all(|record| record["method"] != "GET" || record["route"] == "read-manifest")
    );
}

/// The one decision on a request of this `User-Agent`, with its outcome.
fn recorded(registry: &mut Registry, agent: &str) -> serde_json::Value {
    let (data, config) = (registry.data.clone(), registry.folder.path().join("pullgate.toml"));
    let mut found = Vec::new();
    registry.server.wait_until(&format!("an outcome of {agent}"), || {
        let output = crate::support::verb(&data, &config, &["audit", "query", "--format", "json"]);
        found = crate::support::json_lines(&output);
        found.retain(|record| record["user_agent"] == agent);
        found.iter().all(|record| !record["status"].is_null())
    });
    assert_eq!(found.len(), 1, "one decision on {agent}");
    found.remove(0)
}

#[test]
fn heads_at_the_limit() {
    let registry = Registry::start();
    let robot = registry.robot("ci", &["--pull", "team/**"]);
    let target = "/v2/team/app/tags/list";
    let (name, basic) = (registry.name(), robot.basic());
    let lines = [("Host", name.as_str()), ("Authorization", &basic), ("X-Long", "")];
    let others: usize = lines.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len()).sum();
    for (length, status) in [(32 << 10, 404), ((32 << 10) + 1, 431)] {
        let long = "x".repeat(length - others - target.len());
        let answer = registry.ask_with(Some(&robot), "GET", target, &[("X-Long", &long)], b"");
        assert_eq!(answer.head.status, status, "{length} bytes: {}", answer.text());
    }
    let many: Vec<(String, String)> = (0..94).map(|number| (format!("X-{number}"), "1".to_owned())).collect();
    let most: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(registry.ask_with(Some(&robot), "GET", target, &most, b"").head.status, 404, "96 headers");
}

#[test]
fn no_other_protocol_is_spoken() {
    let registry = Registry::start();
    let robot = registry.robot("ci", &["--pull", "team/**", "--push", "team/**"]);
    let get = "GET /v2/team/app/tags/list HTTP/1.1\r\nHost: HOST\r\n";
    for (what, text) in [
        (
            "h2c",
            format!("{get}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"),
        ),
        ("websocket", format!("{get}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n")),
        ("CONNECT", "CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n".to_owned()),
        ("CONNECT to us", "CONNECT HOST HTTP/1.1\r\nHost: HOST\r\nAuthorization: KEY\r\n\r\n".to_owned()),
    ] {
        let mut connection = Connection::open(registry.address);
        connection.send(filled(&registry, &robot, &text).as_bytes()).expect("sent");
        let answer = connection.response("GET");
        assert!(matches!(answer.head.status, 400 | 401 | 404 | 405 | 421), "{what}: {:?}", answer.head);
        assert_eq!(answer.head.header("upgrade"), None, "{what}");
        registry.record_of(&answer);
    }
    assert_eq!(registry.decisions(&[]).len(), 4);
}
