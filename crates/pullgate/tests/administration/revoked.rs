//! What each way of ending something ends, and what it leaves.

use serde_json::Value;

use super::Desk;
use crate::support::{Registry, Robot};

const TAGS: &str = "/v2/team/app/tags/list";

fn with_token(registry: &Registry, token: &str) -> u16 {
    registry.ask_with(None, "GET", "/v2/", &[("Authorization", &format!("Bearer {token}"))], b"").head.status
}

fn token(registry: &Registry, robot: &Robot) -> String {
    let reply = registry.token(robot, &["repository:team/app:pull"]);
    reply["token"].as_str().expect("a token").to_owned()
}

fn with_key(registry: &Registry, robot: &Robot) -> u16 {
    registry.ask(Some(robot), "GET", "/v2/", b"").head.status
}

#[test]
fn a_disabled_robot_comes_back_as_it_was() {
    let registry = Registry::start();
    let ci = registry.robot("ci", &["--pull", "team/**"]);
    let issued = token(&registry, &ci);
    registry.ok(&["robot", "disable", "ci"]);
    assert_eq!((with_key(&registry, &ci), with_token(&registry, &issued)), (401, 401));
    let reasons = registry.decisions(&["--decision", "unidentified"]);
    assert!(reasons.iter().all(|record| record["reason"] == "disabled" && record["principal"]["name"] == "ci"));
    registry.ok(&["robot", "enable", "ci"]);
    assert_eq!((with_key(&registry, &ci), with_token(&registry, &issued)), (200, 200));
}

#[test]
fn a_revoked_robot_keeps_name_and_grants() {
    let registry = Registry::start();
    let ci = registry.robot("ci", &["--pull", "team/**"]);
    let issued = token(&registry, &ci);
    registry.ok(&["revoke", "robot:ci"]);
    assert_eq!((with_key(&registry, &ci), with_token(&registry, &issued)), (401, 401));
    let made: Value = serde_json::from_str(&registry.ok(&["robot", "rotate", "ci", "--format", "json"])).expect("JSON");
    let fresh = Robot { key: made["key"].as_str().expect("a key").to_owned(), ..ci.clone() };
    assert_eq!(made["id"], ci.id);
    assert_eq!(registry.ask(Some(&fresh), "GET", TAGS, b"").head.status, 404, "the grants are those it had");
    assert_eq!((with_key(&registry, &ci), with_token(&registry, &issued)), (401, 401), "and the old stays dead");
}

#[test]
fn a_revoked_key_takes_its_tokens_and_no_others() {
    let registry = Registry::start();
    let ci = registry.robot("ci", &["--pull", "team/**"]);
    let made: Value = serde_json::from_str(&registry.ok(&["robot", "rotate", "ci", "--format", "json"])).expect("JSON");
    let other = Robot { key: made["key"].as_str().expect("a key").to_owned(), ..ci.clone() };
    let [issued, others] = [&ci, &other].map(|robot| token(&registry, robot));
    registry.ok(&["revoke", "key", &ci.key_id]);
    assert_eq!((with_key(&registry, &ci), with_token(&registry, &issued)), (401, 401));
    assert_eq!((with_key(&registry, &other), with_token(&registry, &others)), (200, 200));
}

#[test]
fn a_revoked_token_goes_alone() {
    let registry = Registry::start();
    let ci = registry.robot("ci", &["--pull", "team/**"]);
    let [issued, others] = [token(&registry, &ci), token(&registry, &ci)];
    assert_eq!(with_token(&registry, &issued), 200);
    let used = registry.decisions(&["--principal", "robot:ci"]).pop().expect("a record");
    registry.ok(&["revoke", "token", used["credential"]["id"].as_str().expect("the id that the journal tells")]);
    assert_eq!((with_token(&registry, &issued), with_token(&registry, &others)), (401, 200));
    assert_eq!(with_key(&registry, &ci), 200);
}

#[test]
fn ids_that_begin_like_a_flag_are_ids() {
    let registry = Registry::start();
    for id in ["-VtmRh6AMHhVsDwhne5UKw", "--luLZzRsIZYqf6p_fJD7Q", "-hVtmRh6"] {
        registry.ok(&["revoke", "token", id]);
        assert!(registry.decisions(&["--credential", id]).is_empty());
    }
    let objects: Vec<Value> = registry.leaves().iter().map(|leaf| leaf["object"].clone()).collect();
    assert_eq!(objects, ["token:-VtmRh6AMHhVsDwhne5UKw", "token:--luLZzRsIZYqf6p_fJD7Q", "token:-hVtmRh6"]);
}

#[test]
fn all_before_a_moment_ends_older_keys_and_every_token() {
    let registry = Registry::start();
    let ci = registry.robot("ci", &["--pull", "team/**"]);
    let made: Value = serde_json::from_str(&registry.ok(&["robot", "list", "--format", "json"])).expect("JSON");
    let created: jiff::Timestamp = made[0]["created_at"].as_str().expect("a time").parse().expect("RFC 3339");
    let later = registry.robot("later", &["--pull", "team/**"]);
    let tokens = [&ci, &later].map(|robot| token(&registry, robot));
    let future = registry.verb(&["revoke", "all-before", "2099-01-01"]);
    assert_eq!(future.status.code(), Some(1), "{}", String::from_utf8_lossy(&future.stderr));
    registry.ok(&["revoke", "all-before", &created.to_string()]);
    assert_eq!(with_key(&registry, &ci), 200, "a key of that very moment stays");
    let after = created + jiff::SignedDuration::from_nanos(1);
    registry.ok(&["revoke", "all-before", &after.to_string()]);
    assert_eq!((with_key(&registry, &ci), with_key(&registry, &later)), (401, 200));
    assert_eq!(tokens.map(|token| with_token(&registry, &token)), [401; 2], "tokens are asked for again");
}

#[test]
fn a_revocation_without_a_server_holds_when_it_comes() {
    let registry = Registry::start();
    let [ci, other] = ["ci", "other"].map(|name| registry.robot(name, &["--pull", "team/**"]));
    let issued = token(&registry, &ci);
    let folder = registry.stop();
    let mut desk = Desk { via: "lock", folder, running: None };
    desk.ok(&["revoke", "robot", "ci"]);
    let registry = desk.server();
    assert_eq!((with_key(registry, &ci), with_token(registry, &issued), with_key(registry, &other)), (401, 401, 200));
}
