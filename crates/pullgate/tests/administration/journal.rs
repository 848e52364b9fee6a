//! Reading the journal while a server runs, as scripts and people do.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use testkit::process::Server;

use super::told;
use crate::support::{EMPTY_INDEX, PULLGATE, Registry, Robot};

/// The members that scripts rely on, in no order.
const PROMISED: [&str; 21] = [
    "sequence",
    "time",
    "request_id",
    "origin",
    "decision",
    "reason",
    "rules",
    "principal",
    "credential",
    "source",
    "user_agent",
    "method",
    "route",
    "action",
    "repository",
    "tag",
    "digest",
    "status",
    "bytes",
    "duration_us",
    "ended",
];

/// A push, a pull by a named client, a refusal of policy and one of a stranger.
fn used() -> (Registry, Robot) {
    let mut registry = Registry::start();
    let robot = registry.robot("ci", &["--pull", "team/**", "--push", "team/**"]);
    registry.push_manifest(&robot, "team/app", "v1", EMPTY_INDEX);
    registry.ask_with(Some(&robot), "GET", "/v2/team/app/manifests/v1", &[("User-Agent", "docker/29.0")], b"");
    registry.push_manifest(&robot, "prod/app", "v1", EMPTY_INDEX);
    registry.ask(None, "GET", "/v2/team/app/tags/list", b"");
    registry.outcome(&["--action", "read-manifest"]);
    (registry, robot)
}

#[test]
fn what_scripts_read_of_decisions() {
    let (registry, robot) = used();
    let text = registry.ok(&["audit", "query", "--format", "json"]);
    assert_eq!(text.lines().count(), 4);
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).expect("JSON");
        let members: BTreeSet<&str> = record.as_object().expect("an object").keys().map(String::as_str).collect();
        assert!(PROMISED.iter().all(|member| members.contains(member)), "{line}");
        let whole: BTreeSet<&str> = PROMISED
            .iter()
            .copied()
            .chain(["answer", "client", "connection", "omitted", "policy", "request"])
            .collect();
        assert!(members.is_subset(&whole), "{line}");
        assert!(!line.contains(&robot.key), "a secret in the journal");
        assert_eq!(line.len(), serde_json::to_string(&record).expect("JSON").len(), "compact: {line}");
    }
    let pull = registry.decisions(&["--action", "read-manifest"]).remove(0);
    assert_eq!(pull["principal"], serde_json::json!({ "kind": "robot", "id": robot.id, "name": "ci" }));
    assert_eq!(pull["credential"], serde_json::json!({ "kind": "robot-key", "id": robot.key_id, "issued_by": null }));
    let found = ["decision", "route", "repository", "tag", "user_agent", "status", "bytes", "ended"]
        .map(|name| pull[name].clone());
    let digest = testkit::image::digest_of(EMPTY_INDEX.as_bytes());
    let expected: [Value; 8] = [
        "allow".into(),
        "read-manifest".into(),
        "team/app".into(),
        "v1".into(),
        "docker/29.0".into(),
        200.into(),
        EMPTY_INDEX.len().into(),
        "complete".into(),
    ];
    assert_eq!((found, &pull["digest"]), (expected, &digest.as_str().into()));
}

#[test]
fn every_filter_finds_its_own() {
    let (registry, robot) = used();
    let stranger = registry.decisions(&["--principal", "anonymous"]).remove(0);
    let id = stranger["request_id"].as_str().expect("an id");
    let digest = testkit::image::digest_of(EMPTY_INDEX.as_bytes());
    for (filter, count) in [
        (["--principal", "robot:ci"], 3),
        (["--principal", "nobody"], 0),
        (["--repository", "team/app"], 3),
        (["--action", "push"], 2),
        (["--action", "list-tags"], 1),
        (["--decision", "deny"], 2),
        (["--source", "127.0.0.1"], 4),
        (["--source", "127.0.0.2"], 0),
        (["--digest", &digest], 2),
        (["--tag", "v1"], 3),
        (["--credential", &robot.key_id], 3),
        (["--request-id", id], 1),
        (["--since", "1h"], 4),
        (["--until", "1h"], 0),
    ] {
        assert_eq!(registry.decisions(&filter).len(), count, "{filter:?}");
    }
}

#[test]
fn tail_prints_decisions_as_they_are_made() {
    let mut registry = Registry::start();
    let robot = registry.robot("ci", &["--pull", "team/**"]);
    let mut command = Command::new(PULLGATE);
    command.args(["audit", "tail", "--format", "json", "--data"]).arg(&registry.data);
    let tail = Server::start(command, &registry.folder.path().join("tail"));
    let address = registry.address;
    let ask = || {
        let headers = [("Authorization", &robot.basic())].map(|(name, value)| (name, value.clone()));
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let refused = testkit::http::request(address, "GET", "/v2/prod/app/manifests/v1", &headers, b"");
        refused.head.header("x-request-id").expect("an id").to_owned()
    };
    // It begins behind what is there, so the first ones may come before it has begun.
    registry.server.wait_until("tail has begun", || {
        ask();
        !tail.output().is_empty()
    });
    let id = ask();
    registry.server.wait_until("tail has it", || tail.output().contains(&id));
    let output = tail.output();
    let lines: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.iter().all(|record| record["reason"] == "not_granted" && record["principal"]["name"] == "ci"));
    assert_eq!(lines.iter().filter(|record| record["request_id"] == id.as_str()).count(), 1);
}

#[test]
fn why_tells_the_administrator_what_a_stranger_does_not_learn() {
    let registry = Registry::start();
    insta::assert_snapshot!("why_nothing", told(&registry.verb(&["why", "0000000000000000"])));
    let refused = registry.ask(None, "GET", "/v2/team/app/manifests/v1", b"");
    let id = refused.head.header("x-request-id").expect("an id");
    insta::assert_snapshot!("why_a_stranger", told(&registry.verb(&["why", id])).replace(id, "[ID]"));
}

#[test]
fn verify_names_the_place_of_a_change() {
    let (registry, _) = used();
    let folder = registry.stop();
    let segment = folder.path().join("data/journal/00000000000000000000.ndjson");
    let text = std::fs::read_to_string(&segment).expect("a segment");
    std::fs::write(&segment, text.replacen("docker/29.0", "docker/29.1", 1)).expect("written");
    let config = folder.path().join("pullgate.toml");
    let output = crate::support::verb(&folder.path().join("data"), &config, &["audit", "verify"]);
    let told = told(&output).replace(&folder.path().display().to_string(), "[folder]");
    assert!(told.starts_with("exit code: 1\n") && told.contains(".ndjson` line "), "{told}");
}
