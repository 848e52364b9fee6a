//! `[[probe]]`: a running server asks its own doors, and health, metrics and journal tell what came of it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "outside #[test] too, a panic is how a test fails")]

mod support;

use std::fs;

use serde_json::Value;
use support::{Registry, json_lines};
use testkit::double::{Double, Flaw};
use testkit::http;

/// A folder with this configuration, and a file `control` of somebody whom nobody knows yet.
fn folder(toml: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pullgate.toml"), toml).unwrap();
    fs::write(folder.path().join("control"), "control:unknown").unwrap();
    folder
}

/// Waits for a health whose first probe is of this outcome.
fn wait_for(registry: &mut Registry, outcome: &str) -> Value {
    let (mut health, ops_address) = (Value::Null, registry.ops);
    registry.server.wait_until(outcome, || {
        let answer = http::request(ops_address, "GET", "/health/ready", &[], b"");
        assert_eq!(answer.head.status, 200, "a probe never turns health");
        health = serde_json::from_slice(&answer.body).unwrap();
        health["probes"][0]["outcome"] == outcome
    });
    health
}

#[test]
fn a_server_proves_that_it_is_private() {
    // Its first runs find no control, and one that nobody knows; a later one, with a key that was rotated in, proves it.
    let toml = "[[probe]]\nprivate = [\"team/app:1.0\"]\ncredential_file = \"control\"\nevery = \"1s\"\n";
    let folder = folder(toml);
    fs::remove_file(folder.path().join("control")).unwrap();
    let mut registry = Registry::launch(folder, |command| command);
    wait_for(&mut registry, "failed");
    let unready = registry.verb(&["check"]);
    assert_eq!(unready.status.code(), Some(64), "{unready:?}");
    fs::write(registry.folder.path().join("control"), "control:unknown").unwrap();
    wait_for(&mut registry, "inconclusive");
    let pusher = registry.robot("pusher", &["--push", "team/**", "--pull", "team/**"]);
    support::push_image(&registry, &pusher, "team/app");
    let control = registry.robot("control", &["--pull", "team/app"]);
    fs::write(registry.folder.path().join("control"), format!("{}:{}", control.name, control.key)).unwrap();

    let health = wait_for(&mut registry, "pass");
    assert_eq!((&health["ready"], &health["probes"][0]["failed"]), (&Value::Bool(true), &Value::Array(Vec::new())));
    assert!(!health.to_string().contains("team/app"), "health names nothing: {health}");
    let metrics = registry.ops("/metrics");
    let door = format!("door=\"http://{}\",repository=\"team/app\"", registry.address);
    for line in [
        format!("pullgate_probe_check_status{{check=\"ANON-02\",{door}}} 0\n"),
        format!("pullgate_probe_last_conclusive_timestamp_seconds{{{door}}} "),
        "pullgate_probe_outcome{probe=\"1\"} 0\n".to_owned(),
    ] {
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
    assert!(metrics.ends_with("# EOF\n") && metrics.contains("pullgate_connections "), "{metrics}");

    let records = json_lines(&registry.verb(&["audit", "query", "--kind", "probe", "--format", "json"]));
    let (first, last) = (records.first().unwrap(), records.last().unwrap());
    assert_eq!((&first["outcome"], &last["outcome"]), (&"failed".into(), &"pass".into()));
    let answer = serde_json::json!({
        "answer": "private", "door": format!("http://{}", registry.address), "reference": "team/app:1.0",
    });
    assert_eq!(last["answers"], serde_json::json!([answer]));
    assert!(registry.ok(&["audit", "query", "--kind", "probe"]).contains("  pass  "));
    let other = registry.verb(&["audit", "query", "--kind", "probe", "--repository", "team/app"]);
    assert_eq!(other.status.code(), Some(64));

    fs::write(registry.folder.path().join("control"), "nothing").unwrap();
    wait_for(&mut registry, "failed");
    assert!(
        registry.ops("/metrics").contains(&format!("check=\"ANON-02\",{door}}} 2\n")),
        "what was known is not known"
    );
    let folder = registry.stop();
    let verified =
        support::verb(&folder.path().join("data"), &folder.path().join("pullgate.toml"), &["audit", "verify"]);
    let told = String::from_utf8(verified.stdout).unwrap();
    assert!(verified.status.success() && told.starts_with("intact") && !told.contains(" 0 probes"), "{told}");
}

#[test]
fn a_server_asks_again_whenever_its_configuration_is_read_again() {
    let closed = "[[probe]]\nprivate = [\"team/app:1.0\"]\n";
    let open = format!(
        "[policy]\nanonymous = true\n\n[[repository]]\nname = \"team/**\"\nvisibility = \"public\"\n\n{closed}"
    );
    let mut registry = Registry::configured(closed);
    let pusher = registry.robot("pusher", &["--push", "team/**", "--pull", "team/**"]);
    support::push_image(&registry, &pusher, "team/app");
    wait_for(&mut registry, "inconclusive");
    registry.rewrite("pullgate.toml", &open);
    let health = wait_for(&mut registry, "fail");
    assert!(health["probes"][0]["failed"].as_array().unwrap().contains(&"ANON-02".into()), "{health}");
    assert!(registry.ops("/metrics").contains("pullgate_probe_outcome{probe=\"1\"} 1\n"));
    registry.rewrite("pullgate.toml", closed);
    wait_for(&mut registry, "inconclusive");
    registry.rewrite("pullgate.toml", "");
    let ops = registry.ops;
    registry.server.wait_until("no probe is left", || support::health(ops)["probes"] == Value::Array(Vec::new()));
    assert!(!registry.ops("/metrics").contains("pullgate_probe_outcome{"), "nothing is known of what is not asked");
    let records = json_lines(&registry.verb(&["audit", "query", "--kind", "probe", "--format", "json"]));
    let outcomes: Vec<&Value> = records.iter().map(|record| &record["outcome"]).collect();
    assert_eq!(outcomes, ["inconclusive", "fail", "inconclusive"]);
}

#[test]
fn what_is_open_elsewhere_is_told_and_the_credential_stays_at_home() {
    let open = Double::start(&[Flaw::OpenTag]);
    let intent = format!(
        "[[door]]\nname = \"upstream\"\nurl = \"{}\"\n\n\
         [[repository]]\nname = \"team/app\"\ntag = \"1.0\"\nvisibility = \"private\"\n",
        open.url()
    );
    let toml = format!(
        "[[probe]]\nintent = \"probe.toml\"\n\n\
         [[probe]]\ndoors = [\"http://127.0.0.1:1\", \"{}\"]\nprivate = [\"team/app:1.0\"]\ncredential_file = \"control\"\n",
        open.url()
    );
    let folder = folder(&toml);
    fs::write(folder.path().join("probe.toml"), intent).unwrap();
    let mut registry = Registry::launch(folder, |command| command);
    let health = wait_for(&mut registry, "fail");
    assert!(health["probes"][0]["failed"].as_array().unwrap().contains(&"ANON-02".into()), "{health}");
    let address = registry.ops;
    registry.server.wait_until("the second run", || {
        let answer = http::request(address, "GET", "/health", &[], b"");
        answer.text().contains("\"probe\":2")
    });
    let shown = open
        .requests()
        .iter()
        .any(|request| request.header("authorization").is_some_and(|sent| sent.starts_with("Basic Y29udHJvbD")));
    assert!(!shown, "what belongs to the first door is not shown at another");
    let records = json_lines(&registry.verb(&["audit", "query", "--kind", "probe", "--format", "json"]));
    assert_eq!((&records[0]["probe"], &records[0]["outcome"]), (&1.into(), &"fail".into()));
    assert_eq!(records[0]["answers"][0]["answer"], "exposed");
}

#[test]
fn mistakes_are_told_before_anything_is_served() {
    let toml = "[[probe]]\nintent = \"probe.toml\"\n";
    let folder = folder(toml);
    let at = |verb: &[&str]| {
        let (data, config) = (folder.path().join("data"), folder.path().join("pullgate.toml"));
        let output = support::verb(&data, &config, verb);
        let told = testkit::normalised(&String::from_utf8_lossy(&output.stderr));
        (output.status.code(), told.replace(&folder.path().display().to_string(), "FOLDER"))
    };
    fs::write(folder.path().join("probe.toml"), "[[door]]\nname = \"edge\"\nurl = \"registry.example\"\n").unwrap();
    let (code, told) = at(&["check"]);
    assert_eq!(code, Some(64), "{told}");
    let serving = ["serve", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0"];
    assert_eq!(at(&serving), (Some(64), told.clone()));
    insta::assert_snapshot!("a_mistake_in_the_intent", told);
    fs::write(folder.path().join("pullgate.toml"), "[[probe]]\nprivate = [\"a:1\"]\n").unwrap();
    let valid = support::verb(&folder.path().join("data"), &folder.path().join("pullgate.toml"), &["check"]);
    assert!(String::from_utf8_lossy(&valid.stdout).contains("probes              1\n"), "{valid:?}");
}
