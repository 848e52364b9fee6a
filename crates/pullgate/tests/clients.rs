//! The clients that need no root, against a real pullgate.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "outside #[test] too, a panic is how a test fails"
)]

mod matrix;
mod support;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use matrix::exercise;
use serde_json::{Value, json};
use support::{Registry, Robot};
use testkit::Home;
use testkit::clients::{Buildah, Client, Crane, Oras, Podman, Regctl, Scheme, Skopeo};
use testkit::image::{Layout, digest_of};

#[test]
fn podman() {
    exercise(Podman::new());
}

#[test]
fn skopeo() {
    exercise(Skopeo::new());
}

#[test]
fn buildah() {
    exercise(Buildah::new());
}

#[test]
fn crane() {
    exercise(Crane::new());
}

#[test]
fn regctl() {
    exercise(Regctl::new());
}

#[test]
fn oras() {
    exercise(Oras::new(Scheme::Basic));
}

#[test]
fn a_reader_of_manifests_inspects_and_gets_no_blob_for_its_token() {
    let registry = Registry::start();
    let (_folder, image) = pushed(&registry, "team/app:1");
    let robot = registry.robot("reader", &["--read-manifest", "team/**"]);
    let mut skopeo = Skopeo::new();
    skopeo.login(&registry.name(), &robot.name, &robot.key).expect("it has a login").ok();
    let raw = skopeo.inspect_raw(&format!("{}/team/app:1", registry.name())).ok().stdout;
    assert_eq!(digest_of(raw.as_bytes()), image.digest());

    let token = registry.token(&robot, &["repository:team/app:pull"]);
    let bearer = format!("Bearer {}", token["access_token"].as_str().expect("a token"));
    assert_eq!(claims(&bearer)["access"], json!([{ "type": "repository", "name": "team/app", "actions": ["pull"] }]));
    let get = |what: &str| {
        registry.ask_with(None, "GET", &format!("/v2/team/app/{what}"), &[("Authorization", &bearer)], b"")
    };
    assert_eq!(get("manifests/1").head.status, 200);
    for digest in [&image.images()[0].config, &image.images()[0].layer] {
        let refused = get(&format!("blobs/{digest}"));
        assert_eq!(refused.head.status, 403, "{}", refused.text());
        let record = registry.record_of(&refused);
        assert_eq!((&record["decision"], &record["reason"]), (&json!("deny"), &json!("not_granted")));
        assert_eq!(record["principal"]["id"], robot.id.as_str());
    }
    registry.ok(&["audit", "verify"]);
}

/// The library shows the first token of a run with every later request, and a 401 does not change its mind: it can read
/// with tokens, and push only with Basic.
#[test]
fn oras_reads_with_tokens() {
    let registry = Registry::start();
    let (_folder, image) = pushed(&registry, "team/app:1");
    let robot = registry.robot("ci", &["--pull", "team/**", "--push", "team/**"]);
    let mut oras = Oras::new(Scheme::Token);
    oras.login(&registry.name(), &robot.name, &robot.key).expect("it has a login").ok();
    let reference = format!("{}/team/app:1", registry.name());
    assert_eq!(oras.pull(&reference).unwrap_or_else(|ran| panic!("{ran}")), image.digest());
    assert_eq!(decided(&registry, &robot, "token"), ("allow".to_owned(), "granted".to_owned()));
    assert_eq!(decided(&registry, &robot, "read-blob"), ("allow".to_owned(), "granted".to_owned()));

    let said = oras.push(&image, &format!("{}/team/new:1", registry.name())).refused().text();
    assert!(said.contains("the token does not reach this far (pullgate why [ID])"), "{said}");
    assert_eq!(decided(&registry, &robot, "open-upload"), ("deny".to_owned(), "scope_narrower".to_owned()));
    registry.ok(&["audit", "verify"]);
}

/// An image that somebody has pushed, and the folder that holds it.
fn pushed(registry: &Registry, name: &str) -> (Home, Layout) {
    let folder = Home::new();
    let image = Layout::image(&folder.path("image"), "app", 4096);
    let robot = registry.robot("writer", &["--push", "team/**"]);
    let mut skopeo = Skopeo::new();
    skopeo.login(&registry.name(), &robot.name, &robot.key).expect("it has a login").ok();
    skopeo.push(&image, &format!("{}/{name}", registry.name())).ok();
    (folder, image)
}

/// Decision and reason of the last request of a robot on a route.
fn decided(registry: &Registry, robot: &Robot, route: &str) -> (String, String) {
    let decisions = registry.decisions(&["--principal", &format!("robot:{}", robot.name)]);
    let last = decisions.iter().rfind(|record| record["route"] == route).expect("a decision on the route");
    let word = |field: &str| last[field].as_str().expect("a word").to_owned();
    (word("decision"), word("reason"))
}

fn claims(bearer: &str) -> Value {
    let payload = bearer.split('.').nth(1).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64")).expect("JSON")
}
