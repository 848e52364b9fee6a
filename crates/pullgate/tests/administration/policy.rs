//! What the rules say: shown as Cedar, checked, and explained.

use std::fs;

use super::{normal, told};
use crate::support::Registry;

const CONFIGURATION: &str = r#"
[policy]
files = ["own.cedar"]
anonymous = true

[[repository]]
name = "public/**"
visibility = "public"

[[repository]]
name = "prod/**"
environment = "prod"
protected_tags = ["v*"]
"#;

const RULE: &str = r#"@id("no-prod-from-outside")
forbid (principal, action in Pullgate::Action::"push", resource)
when { resource has environment && resource.environment == "prod" && !context.source.isInRange(ip("10.0.0.0/8")) };
"#;

fn ruled() -> Registry {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("pullgate.toml"), CONFIGURATION).expect("a configuration");
    fs::write(folder.path().join("own.cedar"), RULE).expect("a policy");
    let registry = Registry::launch(folder, |command| command);
    registry.robot("ci", &["--pull", "team/**", "--push", "prod/app"]);
    registry.robot("dev", &["--pull", "team/**"]);
    registry
}

#[test]
fn rules_are_shown_checked_and_explained() {
    let registry = ruled();
    let shown = registry.ok(&["policy", "show"]).replace(&folder(&registry), "[folder]");
    insta::assert_snapshot!("policy_show", normal(&shown));
    insta::assert_snapshot!("policy_check", checked(&registry));
    for (name, words, code) in [
        ("explain_granted", ["robot:ci", "pull", "team/app"].as_slice(), 0),
        ("explain_not_granted", &["robot:dev", "push", "team/app"], 1),
        ("explain_forbidden", &["robot:ci", "push", "prod/app"], 1),
        ("explain_from_inside", &["robot:ci", "push", "prod/app:1.0", "--from", "10.1.2.3"], 0),
        ("explain_protected", &["robot:ci", "move-tag", "prod/app:v1", "--from", "10.1.2.3"], 1),
        ("explain_public", &["anonymous", "pull", "public/app"], 0),
        ("explain_anonymous", &["anonymous", "pull", "team/app"], 1),
    ] {
        let output = registry.verb(&[&["policy", "explain"], words].concat());
        insta::assert_snapshot!(name, told(&output));
        assert_eq!(output.status.code(), Some(code), "{name}");
    }
}

fn checked(registry: &Registry) -> String {
    told(&registry.verb(&["policy", "check"])).replace(&folder(registry), "[folder]")
}

fn folder(registry: &Registry) -> String {
    registry.folder.path().display().to_string()
}

#[test]
fn what_is_explained_is_what_is_done() {
    let registry = ruled();
    let ci = registry.robot("other", &["--push", "prod/app", "--pull", "prod/app"]);
    let refused = registry.push_manifest(&ci, "prod/app", "1.0", crate::support::EMPTY_INDEX);
    assert_eq!(refused.head.status, 403, "{}", refused.text());
    let record = registry.record_of(&refused);
    assert_eq!(record["reason"], "forbidden");
    assert!(record["rules"].to_string().contains("no-prod-from-outside"), "{record}");
    let public = registry.ask(None, "GET", "/token?scope=repository:public/app:pull", b"");
    assert_eq!(public.head.status, 200, "an anonymous token, like everybody else");
    let why = registry.ok(&["why", record["request_id"].as_str().expect("an id")]);
    insta::assert_snapshot!("why", normal(&why.replace(&ci.key_id, "[key id]")));
}
