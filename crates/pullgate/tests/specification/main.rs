//! What specifications and clients ask of a registry, asked of a whole server. Names begin with the section of
//! `docs/reference/distribution-spec.md` that they show.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may fail as tests do"
)]

#[path = "../support/mod.rs"]
mod support;

mod blobs;
mod catalog;
mod challenge;
mod connections;
mod content;
mod credentials;
mod digests;
mod manifests;
mod mounts;
mod names;
mod ping;
mod ranges;
mod reference;
mod referrers;
mod removal;
mod scopes;
mod status;
mod tags;
mod token;
mod uploads;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;
use support::{Registry, Robot};
use testkit::http::{self, Response};

/// A registry, and robots on `team/**` that may do everything, only pull, and only push.
struct Place {
    registry: Registry,
    all: Robot,
    reader: Robot,
    writer: Robot,
}

/// The server that the tests running at the moment share; each test has repositories of its own on it. It ends with
/// the last of them.
fn place() -> Arc<Place> {
    static SHARED: Mutex<Weak<Place>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let place = Arc::new(Place::configured(""));
        *shared = Arc::downgrade(&place);
        place
    })
}

impl Place {
    /// A server of the test's own.
    fn configured(toml: &str) -> Self {
        let registry = Registry::configured(toml);
        let all = registry.robot("all", &["--pull", "team/**", "--push", "team/**", "--delete", "team/**"]);
        let reader = registry.robot("reader", &["--pull", "team/**"]);
        let writer = registry.robot("writer", &["--push", "team/**"]);
        Self { registry, all, reader, writer }
    }

    /// As the robot that may do everything.
    fn ask(&self, method: &str, target: &str, body: &[u8]) -> Response {
        self.registry.ask(Some(&self.all), method, target, body)
    }

    fn ask_with(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        self.registry.ask_with(Some(&self.all), method, target, headers, body)
    }

    fn get(&self, target: &str) -> Response {
        self.ask("GET", target, b"")
    }

    /// With this `Authorization` and nothing else.
    fn show(&self, authorization: &str, method: &str, target: &str, body: &[u8]) -> Response {
        http::request(self.registry.address, method, target, &[("Authorization", authorization)], body)
    }

    /// As nobody.
    fn stranger(&self, method: &str, target: &str) -> Response {
        self.registry.ask(None, method, target, b"")
    }

    /// The value of an `Authorization` header with a token for these scopes.
    fn bearer(&self, robot: &Robot, scopes: &[&str]) -> String {
        format!("Bearer {}", self.registry.token(robot, scopes)["token"].as_str().expect("a token"))
    }

    /// Begins an upload and gives the path where it goes on.
    fn open(&self, repository: &str) -> String {
        let opened = self.ask("POST", &format!("/v2/{repository}/blobs/uploads/"), b"");
        assert_eq!(opened.head.status, 202, "{}", opened.text());
        self.location(&opened)
    }

    /// The path that `Location` names on this very registry.
    fn location(&self, answer: &Response) -> String {
        let base = format!("http://{}", self.registry.name());
        header(answer, "location").strip_prefix(&base).expect("a place on this registry").to_owned()
    }
}

/// The only value of a header.
fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    let values: Vec<&str> = headers(answer, name);
    let [value] = values.as_slice() else { panic!("one `{name}`, not {values:?}: {}", answer.text()) };
    value
}

fn headers<'a>(answer: &'a Response, name: &str) -> Vec<&'a str> {
    let same = answer.head.headers.iter().filter(|(header, _)| header == name);
    same.map(|(_, value)| value.as_str()).collect()
}

fn json(answer: &Response) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.text()))
}

/// Status and error code: what a client acts on.
fn problem(answer: &Response) -> (u16, String) {
    (answer.head.status, json(answer)["errors"][0]["code"].as_str().expect("a code").to_owned())
}

/// A problem as it is written in an assertion.
fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
