//! Refusals that come before the body: nobody is told to send a gigabyte, and who has begun still reads the answer.

use testkit::http::Connection;
use testkit::image::Noise;

use crate::support::Registry;

/// Every route that takes a body, and those that should have none.
fn writes() -> Vec<(&'static str, String)> {
    let digest = format!("sha256:{}", "0".repeat(64));
    let upload = "/v2/team/app/blobs/uploads/0123456789abcdef0123456789abcdef";
    vec![
        ("POST", "/v2/team/app/blobs/uploads/".to_owned()),
        ("POST", format!("/v2/team/app/blobs/uploads/?digest={digest}")),
        ("PATCH", upload.to_owned()),
        ("PUT", format!("{upload}?digest={digest}")),
        ("PUT", "/v2/team/app/manifests/v1".to_owned()),
        ("PUT", format!("/v2/team/app/manifests/{digest}")),
        ("DELETE", "/v2/team/app/manifests/v1".to_owned()),
        ("DELETE", format!("/v2/team/app/blobs/{digest}")),
        ("DELETE", upload.to_owned()),
    ]
}

#[test]
fn nobody_is_told_to_send_a_gigabyte() {
    let registry = Registry::start();
    for (method, target) in writes() {
        let mut connection = Connection::open(registry.address);
        connection.start(method, &target, &[("Expect", "100-continue")], Some(1 << 30));
        let answer = connection.response(method);
        assert_eq!(answer.head.status, 401, "{method} {target}: no `100 Continue` comes first");
        let record = registry.record_of(&answer);
        assert_eq!((&record["decision"], &record["reason"]), (&"deny".into(), &"no_credential".into()), "{target}");
        assert!(connection.head().is_err(), "{method} {target}: the connection is closed");
    }
}

#[test]
fn a_client_that_sends_first_still_reads_the_answer() {
    let registry = Registry::start();
    for (method, target) in writes() {
        let mut connection = Connection::open(registry.address);
        connection.start(method, &target, &[], Some(1 << 30));
        let sent = connection.stream(Noise::new(1, 10 << 20));
        let answer = connection.response(method);
        assert_eq!(answer.head.status, 401, "{method} {target} after {sent:?}");
        registry.record_of(&answer);
    }
    assert_eq!(registry.decisions(&[]).len(), writes().len());
}

#[test]
fn a_refused_body_is_not_taken_for_the_next_request() {
    let registry = Registry::start();
    let robot = registry.robot("ci", &["--pull", "team/**"]);
    let smuggled =
        format!("GET /v2/ HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\r\n", registry.name(), robot.basic());
    let mut connection = Connection::open(registry.address);
    connection.request("PUT", "/v2/team/app/manifests/v1", &[], smuggled.as_bytes());
    assert_eq!(connection.response("PUT").head.status, 401);
    // Whether the connection goes on or not: what was a body is never a request.
    let next = format!("GET /v2/ HTTP/1.1\r\nHost: {}\r\nUser-Agent: next\r\n\r\n", registry.name());
    if connection.send(next.as_bytes()).is_ok() && connection.head().is_ok() {
        println!("the connection went on");
    }
    let gets = registry.decisions(&[]).into_iter().filter(|record| record["method"] == "GET");
    assert!(gets.into_iter().all(|record| record["user_agent"] == "next"));
}
