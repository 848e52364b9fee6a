//! State and journal tell the same story, or nothing starts: an older state cannot undo a revocation.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::normal;
use crate::support::{PULLGATE, Registry, Robot};

/// What `serve` says on a folder that it refuses, with exit code 64.
fn refused(folder: &Path) -> String {
    let mut command = Command::new("timeout");
    command.args(["60", PULLGATE, "serve", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--data", "data"]);
    let output = command.current_dir(folder).output().expect("timeout");
    let told = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(64), b"".as_slice()), "{told}");
    normal(&told)
}

/// A folder that a server has left, with the state of before two revocations put back.
fn older_state() -> (TempDir, Robot, String) {
    let registry = Registry::start();
    let robot = registry.robot("ci", &["--pull", "team/**"]);
    registry.robot("other", &["--pull", "team/**"]);
    let reply = registry.token(&robot, &["repository:team/app:pull"]);
    let folder = registry.stop();
    let state = folder.path().join("data/state.db");
    let older = fs::read(&state).expect("the state");
    let registry = Registry::launch(folder, |command| command);
    registry.ok(&["revoke", "robot:ci"]);
    registry.ok(&["robot", "delete", "other"]);
    let folder = registry.stop();
    fs::write(state, older).expect("put back");
    (folder, robot, reply["token"].as_str().expect("a token").to_owned())
}

#[test]
fn an_older_state_is_refused_until_it_is_accepted() {
    let (folder, robot, token) = older_state();
    insta::assert_snapshot!("older_state", refused(folder.path()));
    let registry = Registry::launch(folder, |command| command.arg("--accept-restored-state"));
    assert_eq!(registry.ask(Some(&robot), "GET", "/v2/", b"").head.status, 401, "the key that was revoked stays so");
    let bearer = format!("Bearer {token}");
    let shown = registry.ask_with(None, "GET", "/v2/", &[("Authorization", &bearer)], b"");
    assert_eq!(shown.head.status, 401, "and so does the token");
    let last = registry.leaves().into_iter().rfind(|leaf| leaf["kind"] == "admin").expect("a change");
    assert_eq!((&last["object"], &last["state_sequence"]), (&"restored-state".into(), &5.into()));
    assert!(registry.verb(&["audit", "verify"]).status.success());
    // From here on both tell the same story again.
    let registry = Registry::launch(registry.stop(), |command| command);
    registry.robot("fresh", &["--pull", "team/**"]);
}

#[test]
fn a_lost_state_is_not_begun_anew() {
    let registry = Registry::start();
    registry.robot("ci", &["--pull", "team/**"]);
    let folder = registry.stop();
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(folder.path().join("data").join(file));
    }
    for _ in 0..2 {
        let told = refused(folder.path());
        assert!(told.contains("it stands at change 0, and the journal tells of change 1"), "{told}");
    }
    let registry = Registry::launch(folder, |command| command.arg("--accept-restored-state"));
    assert!(!registry.ok(&["robot", "list"]).contains("ci"));
    registry.robot("ci", &["--pull", "team/**"]);
}

#[test]
fn a_verb_without_a_server_refuses_an_older_state_too() {
    let (folder, ..) = older_state();
    let config = folder.path().join("pullgate.toml");
    let output = crate::support::verb(&folder.path().join("data"), &config, &["robot", "enable", "ci"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the state is older than the journal"));
}

#[test]
fn a_journal_that_was_cut_short_is_refused() {
    let registry = Registry::start();
    registry.robot("ci", &["--pull", "team/**"]);
    let folder = registry.stop();
    let journal = folder.path().join("data/journal");
    let names = ["00000000000000000000.ndjson", "checkpoint"];
    let older = names.map(|name| fs::read(journal.join(name)).expect("a file of the journal"));
    let registry = Registry::launch(folder, |command| command);
    registry.robot("other", &["--pull", "team/**"]);
    let folder = registry.stop();
    let newer = names.map(|name| fs::read(journal.join(name)).expect("a file of the journal"));
    let put = |files: [&Vec<u8>; 2]| {
        for (name, bytes) in names.iter().zip(files) {
            fs::write(journal.join(name), bytes).expect("written");
        }
    };
    put([&older[0], &newer[1]]);
    insta::assert_snapshot!("journal_without_its_end", refused(folder.path()));
    put([&older[0], &older[1]]);
    insta::assert_snapshot!("older_journal", refused(folder.path()));
    let config = folder.path().join("pullgate.toml");
    let verified = crate::support::verb(&folder.path().join("data"), &config, &["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(1), "{}", String::from_utf8_lossy(&verified.stdout));
    put([&newer[0], &newer[1]]);
    Registry::launch(folder, |command| command);
}

#[test]
fn a_change_that_never_committed_is_told_and_nothing_else() {
    let registry = Registry::start();
    registry.robot("ci", &["--pull", "team/**"]);
    let folder = registry.stop();
    let state = folder.path().join("data/state.db");
    let older = fs::read(&state).expect("the state");
    let registry = Registry::launch(folder, |command| command);
    registry.robot("lost", &["--pull", "team/**"]);
    let folder = registry.stop();
    // As if the process had ended between the leaf and the commit.
    fs::write(state, older).expect("put back");
    let registry = Registry::launch(folder, |command| command);
    let last = registry.leaves().into_iter().rfind(|leaf| leaf["kind"] == "admin").expect("a leaf");
    assert_eq!(last["object"], "the last change was not committed");
    assert!(!registry.ok(&["robot", "list"]).contains("lost"));
    registry.robot("lost", &["--pull", "team/**"]);
}
