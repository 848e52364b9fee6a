//! SIGHUP: what may change under a running server changes as a whole, or not at all.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "outside #[test] too, a panic is how a test fails")]

#[path = "support/bad.rs"]
mod bad;
mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use bad::{BAD, folder};
use rustix::process::Signal;
use support::{PULLGATE, Registry, health, push_image};
use testkit::process::Server;
use testkit::registries::free_address;

const PUBLIC: &str = "[policy]\nanonymous = true\n\n[[repository]]\nname = \"team/**\"\nvisibility = \"public\"\n";
const OF_FILES: &str = "[policy]\nfiles = [\"own.cedar\"]\n";
const MANIFEST: &str = "/v2/team/app/manifests/1.0";
/// What the log says of an attempt that failed.
const STAYS: &str = "the configuration stays as it was: ";
/// And of one that did not.
const TAKEN: &str = "policy and probes are those of the configuration as it stands now";

/// Files and folders in place of a configuration that a start would refuse too.
const BAD_POLICIES: [(&str, &str); 4] = [
    ("policy that does not parse", "permit (principal, action);\n"),
    ("policy of another schema", "permit (principal, action, resource) when { principal.colour == \"red\" };\n"),
    ("policy that was cut", "permit (principal, act"),
    ("policy of another language", "package policy\ndefault allow = false\n"),
];

/// What who shows nothing gets: the status of the manifest, or of the token for it where there is none.
fn strangers(registry: &Registry) -> u16 {
    let given = registry.ask(None, "GET", "/token?scope=repository:team/app:pull", b"");
    let body: serde_json::Value = serde_json::from_slice(&given.body).unwrap();
    let Some(token) = body["token"].as_str() else { return given.head.status };
    let bearer = format!("Bearer {token}");
    registry.ask_with(None, "GET", MANIFEST, &[("Authorization", &bearer)], b"").head.status
}

fn times(registry: &Registry, words: &str) -> usize {
    registry.server.output().matches(words).count()
}

/// Has the server read it again, and waits until it says what came of it.
fn read_again(registry: &mut Registry, text: impl AsRef<[u8]>, expected: &str) {
    let before = times(registry, expected);
    registry.rewrite("pullgate.toml", text);
    let output = registry.folder.path().join("output");
    registry.server.wait_until(expected, || {
        let said = String::from_utf8_lossy(&fs::read(&output).unwrap()).into_owned();
        said.matches(expected).count() == before + 1
    });
}

#[test]
fn a_policy_is_in_force_from_then_on_and_stands_in_the_journal() {
    let mut registry = Registry::configured("");
    let pusher = registry.robot("pusher", &["--push", "team/**", "--pull", "team/**"]);
    push_image(&registry, &pusher, "team/app");
    assert_eq!(strangers(&registry), 401);
    read_again(&mut registry, PUBLIC, TAKEN);
    assert_eq!(strangers(&registry), 200);
    let revision = health(registry.ops)["policy_revision"].clone();
    read_again(&mut registry, "", TAKEN);
    assert_eq!(strangers(&registry), 401);
    assert_ne!(health(registry.ops)["policy_revision"], revision);

    let leaves = registry.leaves();
    let reloads: Vec<_> = leaves.iter().filter(|leaf| leaf["command"] == "reload").collect();
    assert_eq!(reloads.len(), 2, "{leaves:?}");
    assert_eq!((&reloads[0]["object"], reloads[0]["via"].as_str()), (&revision, Some("signal")));
    let folder = registry.stop();
    Registry::launch(folder, |command| command).stop();
}

#[test]
fn a_file_that_no_start_would_take_changes_nothing() {
    let mut registry = Registry::launch(folder(PUBLIC), |command| command);
    let pusher = registry.robot("pusher", &["--push", "team/**", "--pull", "team/**"]);
    push_image(&registry, &pusher, "team/app");
    let revision = health(registry.ops)["policy_revision"].clone();
    let stays = |registry: &Registry, name: &str| {
        let told = health(registry.ops);
        assert_eq!((&told["config_reload_failed"], &told["policy_revision"]), (&true.into(), &revision), "{name}");
        assert!(registry.ops("/metrics").contains("pullgate_config_reload_failed 1\n"), "{name}");
        assert_eq!(strangers(registry), 200, "{name}");
    };
    for (name, text) in BAD {
        read_again(&mut registry, text, STAYS);
        stays(&registry, name);
    }
    for (name, text) in BAD_POLICIES {
        fs::write(registry.folder.path().join("own.cedar"), text).unwrap();
        read_again(&mut registry, OF_FILES, STAYS);
        stays(&registry, name);
    }
    read_again(&mut registry, PUBLIC, TAKEN);
    assert_eq!(health(registry.ops)["config_reload_failed"], false);
    assert!(registry.ops("/metrics").contains("pullgate_config_reload_failed 0\n"));
}

#[test]
fn a_file_that_is_not_there_changes_nothing_and_one_that_was_swapped_is_read() {
    let mut registry = Registry::configured(PUBLIC);
    let pusher = registry.robot("pusher", &["--push", "team/**", "--pull", "team/**"]);
    push_image(&registry, &pusher, "team/app");
    let path = registry.folder.path().join("pullgate.toml");
    fs::remove_file(&path).unwrap();
    let output = registry.folder.path().join("output");
    registry.server.signal(Signal::HUP);
    registry.server.wait_until(STAYS, || fs::read_to_string(&output).unwrap().contains(STAYS));
    assert_eq!(strangers(&registry), 200);
    // As a mounted ConfigMap does it.
    fs::write(registry.folder.path().join("second.toml"), "").unwrap();
    symlink("second.toml", &path).unwrap();
    registry.server.signal(Signal::HUP);
    registry.server.wait_until(TAKEN, || fs::read_to_string(&output).unwrap().contains(TAKEN));
    assert_eq!(strangers(&registry), 401);
}

#[test]
fn an_empty_file_denies_everything_and_what_takes_a_new_start_is_said() {
    let mut registry = Registry::configured(PUBLIC);
    let pusher = registry.robot("pusher", &["--push", "team/**", "--pull", "team/**"]);
    push_image(&registry, &pusher, "team/app");
    read_again(&mut registry, "", TAKEN);
    assert_eq!(strangers(&registry), 401);
    let changed = "data = \"elsewhere\"\npublic_urls = [\"https://registry.example.com\"]\n\
        [listen]\naddress = \"localhost:5001\"\n[audit]\nstrict = true\n[store]\nsparse_indexes = true\n\
        [robots]\nmax_ttl = \"1h\"\n[limits]\nconnections = 7\n";
    read_again(&mut registry, changed, TAKEN);
    let output = registry.server.output();
    let keys = ["data", "public_urls", "listen", "audit", "store", "robots", "limits"];
    let unsaid: Vec<_> = keys
        .into_iter()
        .filter(|key| !output.contains(&format!("`{key}` has changed: that takes a new start")))
        .collect();
    assert!(unsaid.is_empty(), "{unsaid:?}: {output}");
    assert_eq!(registry.ask(Some(&pusher), "GET", MANIFEST, b"").head.status, 200, "and none of it is in force");
}

#[test]
fn what_others_would_reach_unasked_is_refused_again() {
    let folder = tempfile::tempdir().unwrap();
    let (file, output) = (folder.path().join("pullgate.toml"), folder.path().join("output"));
    fs::write(&file, format!("[listen]\naddress = \"{}\"\n", free_address())).unwrap();
    let mut command = Command::new(PULLGATE);
    command.args(["serve", "--ops", "127.0.0.1:0", "--data", "data"]).current_dir(folder.path());
    let mut server = Server::start(command, &output);
    server.wait_for_file(&folder.path().join("data/listening.json"));
    fs::write(&file, "[listen]\naddress = \"0.0.0.0:5000\"\n").unwrap();
    server.signal(Signal::HUP);
    server.wait_until(STAYS, || fs::read_to_string(&output).unwrap().contains(STAYS));
    assert!(server.output().contains("can be reached by others"), "{}", server.output());
    assert!(server.terminate().success());
}
