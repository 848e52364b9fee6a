//! A door that is named in the wrong scheme: the answer is the line to type.
#![expect(clippy::unwrap_used, reason = "outside #[test] too, a panic is how a test fails")]

mod support;

use probe::{Answered, Intent, Outcome, Target, Thresholds};
use support::{impatient, run_with};
use testkit::raw::{Answer, Greeting, Server};

/// What the run says of `SCHEME://ADDRESS/team/app:1.0`, where whoever connects gets this.
fn named(scheme: &str, greeting: &Greeting, body: &'static str) -> String {
    let given = greeting.clone();
    let server = Server::start_greeting(
        move |_| given.clone(),
        |_| move |request: &testkit::raw::Request| Answer::http(request, 400, &[], body.as_bytes()),
    );
    let address = server.url().replace("http://", "");
    let target = Target::read(&[format!("{scheme}{address}/team/app:1.0")], &[]).unwrap().unwrap();
    let report = run_with(&Intent::of_target(target), &impatient());
    assert_eq!(report.outcome(&Thresholds::default()).exit(), Outcome::Inconclusive.exit());
    let standing = report.standings.first().unwrap();
    assert_eq!(standing.answer, Answered::CouldNotTell);
    standing.says.replace(&address, "r.example")
}

#[test]
fn a_plain_door_is_named_as_such() {
    let plain = Greeting::Says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec());
    for scheme in ["", "https://"] {
        let says = "https://r.example does not speak TLS: name it as http://r.example/team/app:1.0";
        assert_eq!(named(scheme, &plain, ""), says);
    }
}

#[test]
fn a_door_that_wants_tls_is_named_as_such() {
    let says = "http://r.example speaks TLS: name it as https://r.example/team/app:1.0";
    let alert = Greeting::Says(b"\x15\x03\x03\x00\x02\x02\x0a".to_vec());
    assert_eq!(named("http://", &alert, ""), says);
    for told in [
        "Client sent an HTTP request to an HTTPS server.\n",
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
    ] {
        assert_eq!(named("http://", &Greeting::Plain, told), says);
    }
}

#[test]
fn who_only_fails_is_not_told_to_be_something_else() {
    let alert = Greeting::Says(b"\x15\x03\x03\x00\x02\x02\x28".to_vec());
    for (scheme, greeting) in
        [("https://", &alert), ("http://", &Greeting::Plain), ("https://", &Greeting::Says(vec![]))]
    {
        let said = named(scheme, greeting, "bad request");
        assert!(!said.contains("name it as"), "{said}");
    }
}

#[test]
fn nobody_there_is_unreachable_in_either_scheme() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http://", "https://"] {
        let target = Target::read(&[format!("{scheme}{address}/team/app:1.0")], &[]).unwrap().unwrap();
        let report = run_with(&Intent::of_target(target), &impatient());
        assert_eq!(report.outcome(&Thresholds::default()), Outcome::Unreachable);
        let says = report.standings.first().unwrap().says.clone();
        assert_eq!(says, format!("{scheme}{address} is not reachable from here"));
    }
}
