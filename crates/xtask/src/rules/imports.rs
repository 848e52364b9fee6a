//! Who may import whom: the table of the rooms, read against `cargo metadata`. Normal and build dependencies count.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

use crate::cargo::root;

/// A room and the rooms that it may import.
const MAY_IMPORT: [(&str, &[&str]); 13] = [
    ("protocol", &[]),
    ("policy", &["protocol"]),
    ("state", &["policy", "protocol"]),
    ("audit", &["policy", "protocol"]),
    ("authn", &["state", "audit", "policy", "protocol"]),
    ("origin", &["audit", "policy", "protocol"]),
    ("outbound", &["protocol"]),
    ("probe", &["protocol", "outbound"]),
    ("gate", &["protocol", "policy", "state", "audit", "authn", "origin"]),
    ("admin", &["state", "audit", "policy", "authn", "protocol"]),
    ("pullgate", &["protocol", "policy", "state", "audit", "authn", "origin", "gate", "admin", "outbound", "probe"]),
    ("testkit", &["protocol"]),
    ("xtask", &[]),
];

/// The rooms that decide, and do nothing else.
const PURE: [&str; 2] = ["protocol", "policy"];

/// What no pure room may be linked with, however far down: runtimes, network, files and databases, randomness, logging.
const IMPURE: [&str; 17] = [
    "tokio",
    "async-io",
    "mio",
    "socket2",
    "hyper",
    "hyper-util",
    "rusqlite",
    "libsqlite3-sys",
    "rustix",
    "tempfile",
    "aws-lc-rs",
    "getrandom",
    "rand",
    "fastrand",
    "log",
    "tracing",
    "tracing-subscriber",
];

/// Crates of others that one room alone may name, and as what.
const AT_HOME: [(&str, &str, &[DependencyKind]); 2] =
    [("cedar-policy", "policy", &[DependencyKind::Normal]), ("jsonwebtoken", "authn", &[DependencyKind::Development])];

#[test]
fn rooms_import_what_the_table_says() {
    let metadata = workspace();
    let members = metadata.workspace_packages();
    let rooms: BTreeSet<&str> = members.iter().map(|package| package.name.as_str()).collect();
    let table: BTreeMap<&str, &[&str]> = MAY_IMPORT.into_iter().collect();
    assert_eq!(rooms, table.keys().copied().collect(), "the rooms, and those of the table");
    let trespasses: Vec<String> = members.iter().flat_map(|package| trespasses(package, &rooms, &table)).collect();
    assert!(trespasses.is_empty(), "{}", trespasses.join("\n"));
}

#[test]
fn pure_rooms_are_linked_with_nothing_impure() {
    for room in PURE {
        let linked = linked(room);
        assert!(linked.contains("serde"), "`{room}` is linked with what it names");
        let impure: Vec<&&str> = IMPURE.iter().filter(|name| linked.contains(**name)).collect();
        assert!(impure.is_empty(), "`{room}` is linked with {impure:?}");
    }
    assert!(linked("gate").contains("tokio"), "`gate` is not pure, and this test sees it");
}

#[test]
fn some_crates_have_one_home() {
    let metadata = workspace();
    for (name, home, kinds) in AT_HOME {
        let mut named = 0;
        for package in metadata.workspace_packages() {
            for dependency in package.dependencies.iter().filter(|dependency| dependency.name == name) {
                assert_eq!(package.name.as_str(), home, "who names `{name}`");
                assert!(kinds.contains(&dependency.kind), "`{name}` as {:?}", dependency.kind);
                named += 1;
            }
        }
        assert!(named > 0, "`{home}` names `{name}`");
    }
}

#[test]
fn a_trespass_is_seen() {
    let metadata = workspace();
    let gate = metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == "gate").unwrap();
    let rooms = BTreeSet::from(["origin", "policy"]);
    let table: BTreeMap<&str, &[&str]> = BTreeMap::from([("gate", ["policy"].as_slice())]);
    assert_eq!(trespasses(gate, &rooms, &table), ["`gate` imports `origin`"]);
}

fn workspace() -> Metadata {
    MetadataCommand::new().current_dir(root()).no_deps().exec().unwrap()
}

fn trespasses(package: &Package, rooms: &BTreeSet<&str>, table: &BTreeMap<&str, &[&str]>) -> Vec<String> {
    let built = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
    let ours = built.map(|dependency| dependency.name.as_str()).filter(|name| rooms.contains(name));
    let refused = ours.filter(|name| !table[package.name.as_str()].contains(name));
    refused.map(|name| format!("`{}` imports `{name}`", package.name)).collect()
}

/// Names of all crates that are linked into a room, which `cargo metadata` cannot tell: it knows no features.
fn linked(room: &str) -> BTreeSet<String> {
    let words = ["tree", "--locked", "--package", room, "--edges", "normal,no-proc-macro", "--prefix", "none"];
    let output = Command::new(env!("CARGO")).args(words).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}
