//! Bad input, sent to a whole server: each gets one clear answer and one record, and nothing is lost by it.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests may fail as tests do"
)]

#[path = "../support/mod.rs"]
mod support;

mod credentials;
mod early;
mod framing;
mod hosts;
mod manifests;
mod requests;
mod space;
mod start;
mod tokens;
mod uploads;

use serde_json::Value;
use support::{Registry, Robot, manifest};
use testkit::http::{self, Response};

/// A request that gets a refusal or an error.
struct Case {
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    expected: Expected,
}

/// Status and code of the answer; decision and reason of the record.
#[derive(Clone, Copy)]
struct Expected(u16, &'static str, &'static str, &'static str);

impl Case {
    fn new(method: &'static str, target: impl Into<String>, expected: Expected) -> Self {
        Self { method, target: target.into(), headers: Vec::new(), body: Vec::new(), expected }
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

/// A registry with one image in it, a robot that may do everything below `team`, and what the journal should hold.
struct Place {
    registry: Registry,
    robot: Robot,
    blob: String,
    manifest: String,
    decisions: usize,
}

const CONTENT: &[u8] = b"some content";

impl Place {
    fn new() -> Self {
        Self::of(Registry::start())
    }

    fn of(registry: Registry) -> Self {
        let reach = ["--pull", "team/**", "--push", "team/**", "--delete", "team/**"];
        let robot = registry.robot("ci", &reach);
        let blob = registry.push_blob(&robot, "team/app", CONTENT);
        let manifest = manifest(&blob, CONTENT.len(), &blob, CONTENT.len());
        let pushed = registry.push_manifest(&robot, "team/app", "v1", &manifest);
        assert_eq!(pushed.head.status, 201, "{}", pushed.text());
        Self { registry, robot, blob, manifest, decisions: 2 }
    }

    /// Sends each case with the robot's key, unless it has a credential of its own, and looks at answer and record.
    fn check(&mut self, cases: impl IntoIterator<Item = Case>) {
        for case in cases {
            self.refused(&case);
            self.decisions += 1;
        }
        self.stands();
    }

    fn refused(&mut self, case: &Case) {
        let basic = self.robot.basic();
        let mut headers: Vec<(&str, &str)> = case.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        match headers.iter().position(|(name, _)| *name == "Authorization") {
            None => headers.push(("Authorization", &basic)),
            // An empty one says that nothing is to be shown.
            Some(place) if headers[place].1.is_empty() => drop(headers.remove(place)),
            Some(_) => {}
        }
        let answer = http::request(self.registry.address, case.method, &case.target, &headers, &case.body);
        let what = format!("{} {:.200} {:.200}", case.method, case.target, format!("{:?}", case.headers));
        let Expected(status, code, decision, reason) = case.expected;
        assert_eq!(answer.head.status, status, "{what}: {}", answer.text());
        assert_eq!(answer.head.header("docker-distribution-api-version"), Some("registry/2.0"), "{what}");
        let id = answer.head.header("x-request-id").unwrap_or_else(|| panic!("{what}: no request id")).to_owned();
        if case.method != "HEAD" {
            let message = told(&answer, code, &what);
            assert!(message.ends_with(&format!("(pullgate why {id})")), "{what}: {message}");
        }
        let record = self.registry.outcome(&["--request-id", &id]);
        let found = ["decision", "reason"].map(|member| record[member].as_str().unwrap_or_default());
        assert_eq!(found, [decision, reason], "{what}");
        assert_eq!(record["status"], status, "{what}");
    }

    /// The server is there, what was pushed is what it was, and the journal holds what was asked and nothing else.
    fn stands(&mut self) {
        let pulled = self.registry.ask(Some(&self.robot), "GET", "/v2/team/app/manifests/v1", b"");
        assert_eq!((pulled.head.status, pulled.text()), (200, self.manifest.clone()));
        let pulled = self.registry.ask(Some(&self.robot), "GET", &format!("/v2/team/app/blobs/{}", self.blob), b"");
        assert_eq!((pulled.head.status, pulled.body.as_slice()), (200, CONTENT));
        self.decisions += 2;
        assert_eq!(self.registry.decisions(&[]).len(), self.decisions, "decisions in the journal");
        let verified = self.registry.verb(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    }
}

/// The message of an error, whose code must be this one.
fn told(answer: &Response, code: &str, what: &str) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(body["errors"][0]["code"], code, "{what}: {body}");
    body["errors"][0]["message"].as_str().expect("a message").to_owned()
}

/// Strangers have twenty refusals a minute in full, so that many cases share one server.
fn check_in_parts(cases: Vec<Case>) {
    let mut cases = cases.into_iter().peekable();
    while cases.peek().is_some() {
        Place::new().check(cases.by_ref().take(20));
    }
}
