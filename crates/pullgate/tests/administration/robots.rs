//! Robots and grants: what the verbs print, and what scripts may rely on.

use serde_json::Value;

use super::{Desk, told};
use crate::support::Registry;

#[test]
fn a_new_key_stands_alone_on_standard_output() {
    Desk::each(|desk| {
        let words = ["robot", "create", "ci", "--pull", "team/**", "--push", "team/app", "--ttl", "1h"];
        let output = desk.verb(&[words.as_slice(), &["--owner", "platform", "--purpose", "builds"]].concat());
        let key = String::from_utf8(output.stdout.clone()).expect("text");
        assert!(is_key(key.trim_end()) && key.lines().count() == 1, "{key}");
        insta::assert_snapshot!(format!("create_over_the_{}", desk.via), told(&output));
        insta::assert_snapshot!("create_again", desk.told(&["robot", "create", "ci"]));
        assert!(desk.verb(&["robot", "create", "ci"]).stdout.is_empty(), "nothing is printed for an existing name");
    });
}

/// `\bpgk_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}\b`
fn is_key(text: &str) -> bool {
    let parts: Vec<&str> = text.split('_').collect();
    let fits = |part: &str, length: usize| part.len() == length && part.chars().all(|one| one.is_ascii_alphanumeric());
    matches!(parts.as_slice(), ["pgk", id, secret] if fits(id, 12) && fits(secret, 49))
}

fn members(value: &Value) -> Vec<&str> {
    let mut members: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    members.sort_unstable();
    members
}

#[test]
fn what_scripts_read_of_keys() {
    Desk::each(|desk| {
        let create = ["robot", "create", "ci", "--pull", "team/**", "--push", "team/**", "--ttl", "1h"];
        let made = desk.json(&create);
        assert_eq!(members(&made), ["expires_at", "id", "key", "key_id", "name"]);
        assert_eq!(made["name"], "ci");
        assert!(made["key"].as_str().is_some_and(is_key), "{made}");
        let expires: jiff::Timestamp = made["expires_at"].as_str().expect("a text").parse().expect("RFC 3339");
        let listed = desk.json(&["robot", "list"]);
        let created: jiff::Timestamp = listed[0]["created_at"].as_str().expect("a text").parse().expect("RFC 3339");
        assert_eq!(expires.duration_since(created).as_secs(), 3600);
        assert!(!listed.to_string().contains("pgk_"), "an array without keys: {listed}");

        let there = desk.json(&[create.as_slice(), &["--if-absent"]].concat());
        assert_eq!(there["id"], made["id"]);
        assert!(there.get("key").is_none(), "{there}");
        assert_eq!(desk.changes().len(), 1, "and nothing was changed");

        let rotated = desk.json(&["robot", "rotate", "ci", "--ttl", "2h"]);
        assert_eq!(members(&rotated), ["expires_at", "id", "key", "key_id", "name"]);
        assert_ne!(rotated["key_id"], made["key_id"]);
        let shown = desk.ok(&["robot", "show", "ci"]);
        assert!(!shown.contains(made["key"].as_str().expect("a key")), "{shown}");
    });
}

#[test]
fn rotating_two_live_keys_revokes_the_older() {
    Desk::each(|desk| {
        let key = |made: Value| made["key"].as_str().expect("a key").to_owned();
        let first = key(desk.json(&["robot", "create", "ci", "--pull", "team/**"]));
        let second = key(desk.json(&["robot", "rotate", "ci"]));
        let third = key(desk.json(&["robot", "rotate", "ci"]));
        let registry = desk.server();
        let status = |key: &str| {
            let bearer = format!("Bearer {key}");
            registry.ask_with(None, "GET", "/v2/", &[("Authorization", &bearer)], b"").head.status
        };
        assert_eq!([&first, &second, &third].map(|key| status(key)), [401, 200, 200]);
        let refused = registry.decisions(&["--decision", "unidentified"]);
        assert_eq!(refused[0]["reason"], "revoked_key");
        assert_eq!(refused[0]["principal"]["name"], "ci", "a revoked key is recognised");
    });
}

#[test]
fn tables_for_people() {
    Desk::each(|desk| {
        desk.ok(&[
            "robot",
            "create",
            "ci",
            "--pull",
            "team/**",
            "--no-list",
            "--owner",
            "platform",
            "--purpose",
            "builds",
        ]);
        desk.ok(&["robot", "create", "deploy", "--read-manifest", "prod/app", "--owner", "ops"]);
        desk.ok(&["grant", "add", "robot:ci", "--delete", "team/old", "--reason", "clean up", "--until", "2099-01-31"]);
        desk.ok(&["robot", "disable", "deploy"]);
        insta::assert_snapshot!("robot_list", columns(&desk.told(&["robot", "list"])));
        insta::assert_snapshot!("grant_list", columns(&desk.told(&["grant", "list"])));
        insta::assert_snapshot!("grant_list_of_one", columns(&desk.told(&["grant", "list", "robot:deploy"])));
        let grants = desk.json(&["grant", "list", "robot:ci"]);
        assert_eq!(members(&grants[0]), ["actions", "id", "reason", "repositories", "until", "who"]);
        let shown = desk.json(&["robot", "show", "ci"]);
        assert_eq!((&shown["robot"]["name"], &shown["grants"]), (&"ci".into(), &grants));
    });
}

/// Columns are as wide as the ids in them, which are not the same after they were replaced.
fn columns(text: &str) -> String {
    let words =
        |line: &str| line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" | ");
    text.lines().map(|line| words(line) + "\n").collect()
}

#[test]
fn words_that_are_refused() {
    Desk::each(|desk| {
        desk.ok(&["robot", "create", "builder"]);
        for (name, words) in [
            ("reserved_name", ["robot", "create", "anonymous"].as_slice()),
            ("malformed_name", &["robot", "create", "-x"]),
            ("name_with_a_control_character", &["robot", "create", "a\u{1b}[2Jb"]),
            ("unknown_robot", &["robot", "rotate", "bulider"]),
            ("malformed_glob", &["robot", "create", "ci", "--pull", "team/*"]),
            ("too_long_a_life", &["robot", "create", "ci", "--ttl", "91d"]),
            ("a_grant_of_nothing", &["grant", "add", "robot:builder"]),
            ("a_grant_to_anonymous", &["grant", "add", "anonymous", "--pull", "team/**"]),
            ("unknown_grant", &["grant", "remove", "g_doesnotexist"]),
            ("unknown_key", &["revoke", "key", "000000000000"]),
            ("malformed_key", &["revoke", "key", "x"]),
        ] {
            let told = desk.told(words);
            insta::assert_snapshot!(name, told);
            assert!(told.starts_with("exit code: 1\n") || told.starts_with("exit code: 64\n"), "{told}");
        }
        assert_eq!(desk.changes().len(), 1, "what was refused left no change");
    });
}

#[test]
fn a_grant_of_everything_warns() {
    Desk::each(|desk| {
        for words in [["robot", "create", "all", "--pull", "**"], ["grant", "add", "robot:all", "--push", "**"]] {
            let told = String::from_utf8(desk.verb(&words).stderr).expect("text");
            assert!(told.starts_with("warning: this reaches every repository of the registry"), "{told}");
        }
    });
}

#[test]
fn static_keys_may_be_switched_off() {
    let registry = Registry::configured("[robots]\nmax_ttl = \"0\"\n");
    insta::assert_snapshot!("no_static_keys", told(&registry.verb(&["robot", "create", "ci"])));
}
