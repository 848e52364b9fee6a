//! Every change has its leaf, with who made it, before the verb answers; who only looks leaves none.

use rustix::process::getuid;
use serde_json::json;

use super::Desk;

#[test]
fn every_change_has_its_leaf() {
    Desk::each(|desk| {
        let made = desk.json(&["robot", "create", "ci", "--pull", "team/**"]);
        let key = made["key_id"].as_str().expect("an id");
        let uid = getuid().as_raw();
        let mut written = 1;
        let grant =
            |desk: &Desk| desk.json(&["grant", "list", "robot:ci"])[0]["id"].as_str().expect("an id").to_owned();
        let first = grant(desk);
        for (words, command, object) in [
            (["robot", "rotate", "ci"].as_slice(), "robot rotate", "robot:ci"),
            (&["robot", "disable", "ci"], "robot disable", "robot:ci"),
            (&["robot", "enable", "ci"], "robot enable", "robot:ci"),
            (&["grant", "add", "robot:ci", "--push", "team/**"], "grant add", "robot:ci"),
            (&["grant", "remove", &first], "grant remove", first.as_str()),
            (&["revoke", "key", key], "revoke key", key),
            (&["revoke", "token", "t_0123"], "revoke token", "t_0123"),
            (&["revoke", "all-before", "1h"], "revoke all-before", "all-before"),
            (&["revoke", "robot", "ci"], "revoke robot", "robot:ci"),
            (&["robot", "delete", "ci"], "robot delete", "robot:ci"),
        ] {
            desk.ok(words);
            let changes = desk.changes();
            written += 1;
            assert_eq!(changes.len(), written, "{words:?}");
            let leaf = changes.last().expect("a leaf");
            let found =
                ["command", "kind", "via", "actor", "working_as", "state_sequence"].map(|name| leaf[name].clone());
            let expected = [json!(command), json!("admin"), json!(desk.via), json!(uid), json!(uid), json!(written)];
            assert_eq!(found, expected, "{words:?}");
            let about = leaf["object"].as_str().expect("a text");
            assert!(about.contains(object), "{words:?}: {about}");
        }
    });
}

#[test]
fn who_only_looks_leaves_nothing() {
    Desk::each(|desk| {
        desk.ok(&["robot", "create", "ci", "--pull", "team/**"]);
        let before = crate::support::leaves(&desk.data()).len();
        for words in [
            ["robot", "list"].as_slice(),
            &["robot", "show", "ci"],
            &["grant", "list"],
            &["policy", "show"],
            &["policy", "check"],
            &["policy", "explain", "robot:ci", "pull", "team/app"],
            &["audit", "query"],
            &["audit", "verify"],
        ] {
            desk.ok(words);
        }
        assert_eq!(crate::support::leaves(&desk.data()).len(), before);
    });
}
