//! One push, one pull, one refusal and one token, through every room.

mod support;

use support::{EMPTY_INDEX, Registry};

#[test]
fn one_push_one_pull_one_refusal_one_token() {
    let registry = Registry::start();
    let robot = registry.robot("ci", &["--pull", "team/**", "--push", "team/**"]);

    let pushed = registry.push_manifest(&robot, "team/app", "v1", EMPTY_INDEX);
    assert_eq!(pushed.head.status, 201, "{}", pushed.text());
    let digest = pushed.head.header("docker-content-digest").unwrap().to_owned();

    let pulled = registry.ask(Some(&robot), "GET", "/v2/team/app/manifests/v1", b"");
    assert_eq!((pulled.head.status, pulled.text().as_str()), (200, EMPTY_INDEX));
    assert_eq!(pulled.head.header("docker-content-digest"), Some(digest.as_str()));

    let refused = registry.ask(None, "GET", "/v2/team/app/manifests/v1", b"");
    assert_eq!(refused.head.status, 401);
    let name = registry.name();
    assert_eq!(
        refused.head.header("www-authenticate").unwrap(),
        format!(r#"Bearer realm="http://{name}/token",service="pullgate",scope="repository:team/app:pull""#)
    );
    let record = registry.record_of(&refused);
    assert_eq!((record["decision"].as_str(), record["reason"].as_str()), (Some("deny"), Some("no_credential")));
    assert_eq!(record["status"], 401);

    let form = format!(
        "grant_type=password&service=pullgate&username=ci&password={}&scope=repository:team/app:pull",
        robot.key
    );
    let content_type = ("Content-Type", "application/x-www-form-urlencoded");
    let token = registry.ask_with(None, "POST", "/token", &[content_type], form.as_bytes());
    assert_eq!(token.head.status, 200, "{}", token.text());
    let reply: serde_json::Value = serde_json::from_slice(&token.body).unwrap();
    let bearer = format!("Bearer {}", reply["access_token"].as_str().unwrap());
    let with_token = registry.ask_with(None, "GET", "/v2/team/app/manifests/v1", &[("Authorization", &bearer)], b"");
    assert_eq!(with_token.head.status, 200, "{}", with_token.text());

    let last = registry.decisions(&["--principal", "robot:ci"]).pop().unwrap();
    let issued_by = &last["credential"]["issued_by"]["sequence"];
    let issuing = registry.decisions(&[]).into_iter().find(|record| record["sequence"] == *issued_by).unwrap();
    assert_eq!(issuing["route"], "token");

    let report = registry.verb(&["audit", "verify"]);
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stderr));
}
