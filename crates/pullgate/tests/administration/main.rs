//! The verbs of administration: over the socket of a running server, and under the lock where none runs.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests may fail as tests do"
)]

#[path = "../support/mod.rs"]
mod support;

mod journal;
mod leaves;
mod owner;
mod policy;
mod recreated;
mod restored;
mod revoked;
mod robots;

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;
use support::Registry;
use tempfile::TempDir;

/// A data folder, with a server or without.
struct Desk {
    /// What a leaf says of how a verb came.
    via: &'static str,
    folder: TempDir,
    running: Option<Registry>,
}

impl Desk {
    /// Does the same with a running server, and with a folder that one has left.
    fn each(test: impl Fn(&mut Self)) {
        let mut running = Self::running();
        test(&mut running);
        drop(running);
        test(&mut Self { via: "lock", folder: Registry::start().stop(), running: None });
    }

    fn running() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { via: "socket", folder, running: Some(Registry::start()) }
    }

    /// The server, started where none runs; from here on it does.
    fn server(&mut self) -> &Registry {
        let folder = &mut self.folder;
        self.running.get_or_insert_with(|| {
            let folder = std::mem::replace(folder, tempfile::tempdir().expect("a folder"));
            Registry::launch(folder, |command| command)
        })
    }

    fn data(&self) -> PathBuf {
        self.running.as_ref().map_or_else(|| self.folder.path().join("data"), |registry| registry.data.clone())
    }

    fn verb(&self, arguments: &[&str]) -> Output {
        let data = self.data();
        let config = data.parent().expect("data lies in a folder").join("pullgate.toml");
        support::verb(&data, &config, arguments)
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.verb(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(&[arguments, &["--format", "json"]].concat());
        assert_eq!(text.lines().count(), 1, "one value on one line: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Exit code and both outputs, with what differs in every run named alike.
    fn told(&self, arguments: &[&str]) -> String {
        told(&self.verb(arguments))
    }

    /// The changes that the journal tells of.
    fn changes(&self) -> Vec<Value> {
        let mut leaves = support::leaves(&self.data());
        leaves.retain(|leaf| leaf["kind"] == "admin");
        leaves
    }
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let code = output.status.code().expect("it has ended by itself");
    normal(&format!("exit code: {code}\n--- stdout\n{}--- stderr\n{}", text(&output.stdout), text(&output.stderr)))
}

/// Ids of ours, keys and times replaced by what they are.
fn normal(text: &str) -> String {
    let text = testkit::normalised(text);
    let ids = [("pgk_", 12 + 1 + 49, "[key]"), ("g_", 12, "[grant]"), ("r_", 20, "[robot]")];
    ids.iter().fold(text, |text, (prefix, length, name)| replaced(&text, prefix, *length, name))
}

/// Replaces `prefix` and the `length` letters, digits or `_` behind it, where it begins a word.
fn replaced(text: &str, prefix: &str, length: usize, name: &str) -> String {
    let mut parts = text.split(prefix);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let word = part.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').count();
        if word == length && !out.ends_with(|letter: char| letter.is_ascii_alphanumeric()) {
            out.push_str(name);
            out.push_str(&part[length..]);
        } else {
            out.push_str(prefix);
            out.push_str(part);
        }
    }
    out
}

#[test]
fn no_verb_makes_a_data_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("pullgate.toml"), "").expect("a configuration");
    for words in [
        ["robot", "list"].as_slice(),
        &["robot", "create", "ci"],
        &["grant", "list"],
        &["revoke", "robot:ci"],
        &["policy", "show"],
        &["audit", "query"],
        &["audit", "verify"],
        &["why", "x"],
    ] {
        let output = support::verb(&folder.path().join("data"), &folder.path().join("pullgate.toml"), words);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{words:?}: {told}");
        assert!(told.contains("no pullgate data in") && told.contains("--data"), "{words:?}: {told}");
        assert!(!folder.path().join("data").exists(), "{words:?}");
    }
}

#[test]
fn two_verbs_at_once_wait_for_nobody_and_break_nothing() {
    let desk = Desk::running();
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let desk = &desk;
            scope.spawn(move || desk.ok(&["robot", "create", name, "--pull", "team/**"]));
        }
    });
    let sequences: Vec<u64> = desk.changes().iter().filter_map(|leaf| leaf["state_sequence"].as_u64()).collect();
    assert_eq!(sequences, [1, 2, 3, 4]);
}
