//! `pullgate probe --mode active` against a running pullgate, with everybody that the checks want: low, a leaver, S and P.

mod support;

use std::fs;
use std::process::Command;

use serde_json::Value;
use support::{PULLGATE, Registry, Robot};

/// A registry that lets strangers pull what is public.
const OPEN_TO_ALL: &str = r#"
[policy]
anonymous = true

[[repository]]
name = "public/**"
visibility = "public"
"#;

fn push(registry: &Registry, robot: &Robot, repository: &str) {
    let config = registry.push_blob(robot, repository, format!("{{\"of\":\"{repository}\"}}").as_bytes());
    let layer = registry.push_blob(robot, repository, repository.repeat(1000).as_bytes());
    let size = repository.len() + 9;
    let manifest = support::manifest(&config, size, &layer, repository.len() * 1000);
    assert_eq!(registry.push_manifest(robot, repository, "1.0", &manifest).head.status, 201);
}

#[test]
fn nothing_is_found_in_pullgate() {
    let registry = Registry::configured(OPEN_TO_ALL);
    let pusher = registry.robot("pusher", &["--push", "**", "--pull", "**"]);
    for repository in ["team/app", "team/other", "public/base", "probe/low"] {
        push(&registry, &pusher, repository);
    }
    let control = registry.robot("control", &["--pull", "team/app", "--pull", "team/other"]);
    let low = registry.robot("low", &["--pull", "probe/low", "--push", "probe/low"]);
    let leaver = registry.robot("leaver", &["--pull", "probe/low"]);
    for (name, robot) in [("control", &control), ("low", &low), ("leaver", &leaver)] {
        fs::write(registry.folder.path().join(name), format!("{}:{}", robot.name, robot.key)).unwrap();
    }
    let revoke = [PULLGATE, "revoke", "robot:leaver", "--data", registry.data.to_str().unwrap()];
    let intent = format!(
        r#"
revoked_within = "2s"

[[door]]
name = "edge"
url = "http://{address}"

[[repository]]
name = "team/app"
tag = "1.0"
visibility = "private"

[[repository]]
name = "team/other"
tag = "1.0"
visibility = "private"

[[repository]]
name = "public/base"
tag = "1.0"
visibility = "public"

[[identity]]
role = "control"
credential_file = "control"
show_to = ["edge"]

[[identity]]
role = "low"
credential_file = "low"
show_to = ["edge"]
owns = "probe/low"
may = ["pull", "push"]

[[identity]]
role = "revoked"
credential_file = "leaver"
show_to = ["edge"]
owns = "probe/low"
revoke = {revoke:?}
"#,
        address = registry.address,
    );
    fs::write(registry.folder.path().join("probe.toml"), intent).unwrap();
    let mut command = Command::new(PULLGATE);
    command.args(["probe", "--mode", "active", "--intent", "probe.toml", "--format", "json"]);
    let output = command.current_dir(registry.folder.path()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", testkit::normalised(&report.to_string()));
    let checks = report["checks"].as_array().unwrap();
    let judged = |check: &&Value| check["verdict"] != "PASS" && check["verdict"] != "NOT SELECTED";
    assert_eq!(checks.iter().filter(judged).count(), 0, "{report}");
    let of_tokens = |check: &&Value| check["id"].as_str().unwrap().starts_with("TOK");
    let left_out: Vec<&Value> = checks.iter().filter(of_tokens).filter(|check| check["verdict"] != "PASS").collect();
    let ids: Vec<&str> = left_out.iter().map(|check| check["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["TOK-26"], "whoever was taken back for one repository is gone for the next: {left_out:?}");
    let told = |name: &str| report["notes"].as_array().unwrap().iter().any(|note| note["name"] == name);
    assert!(told("revocation") && told("token lifetime"), "{}", report["notes"]);
    assert!(!report.to_string().contains(&low.key));
}
