//! Disks that are full: pushes stop and pulls go on; where the journal cannot write, nothing is allowed.

use std::fs;
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use testkit::http;
use testkit::process::Server;

use super::{Expected, Place, told};
use crate::support::{PULLGATE, Registry};

#[test]
fn below_the_reserve_pushes_are_refused_and_pulls_go_on() {
    let place = Place::new();
    let Place { registry, robot, blob, manifest, .. } = place;
    let folder = registry.stop();
    fs::write(folder.path().join("pullgate.toml"), "[store]\nkeep_free = \"100TiB\"\n").expect("a configuration");
    let place = Place { registry: Registry::launch(folder, |command| command), robot, blob, manifest, decisions: 4 };
    let registry = &place.registry;
    let before = registry.decisions(&[]).len();
    let other = testkit::image::digest_of(b"more");
    for (method, target, body) in [
        ("POST", "/v2/team/app/blobs/uploads/".to_owned(), ""),
        ("POST", format!("/v2/team/app/blobs/uploads/?digest={other}"), "more"),
        ("PUT", "/v2/team/app/manifests/v2".to_owned(), crate::support::EMPTY_INDEX),
    ] {
        let answer = registry.ask(Some(&place.robot), method, &target, body.as_bytes());
        assert_eq!(answer.head.status, 507, "{method} {target}: {}", answer.text());
        told(&answer, "UNAVAILABLE", &target);
        assert!(answer.head.header("retry-after").is_some(), "{target}");
    }
    assert_eq!(registry.decisions(&[]).len(), before + 3);
    let mut place = Place { decisions: before + 3, ..place };
    place.stands();
    let deleted = place.registry.ask(Some(&place.robot), "DELETE", "/v2/team/app/manifests/v1", b"");
    assert_eq!(deleted.head.status, 202, "what frees space is not refused");
}

/// Blocks of 512 bytes that one file may have: the journal is the first to get there.
const BLOCKS: u32 = 512;

#[test]
fn a_journal_that_cannot_write_allows_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("pullgate.toml"), "").expect("a configuration");
    let registry = Registry::launch(folder, |command| limited(command));
    let mut place = Place::of(registry);
    let mut allowed = 0;
    let first = loop {
        let answer = place.registry.ask(Some(&place.robot), "GET", "/v2/team/app/manifests/v1", b"");
        match answer.head.status {
            200 => allowed += 1,
            _ => break answer,
        }
        assert!(allowed < 20_000, "the journal never filled");
    };
    println!("{allowed} pulls until the journal had {} bytes", BLOCKS * 512);
    assert_eq!(first.head.status, 503, "{}", first.text());
    told(&first, "UNAVAILABLE", "a pull");
    fill(&place);
    for (method, target) in [
        ("GET", "/token"),
        ("GET", "/v2/team/app/tags/list"),
        ("GET", "/v2/team/app/manifests/v1"),
        ("POST", "/v2/team/app/blobs/uploads/"),
    ] {
        let answer = place.registry.ask(Some(&place.robot), method, target, b"");
        assert_eq!(answer.head.status, 503, "{method} {target}");
    }
    let stranger = place.registry.ask(None, "GET", "/v2/", b"");
    assert_eq!(stranger.head.status, 401, "a refusal stays a refusal");
    no_change_is_made(&place);
    let ops = place.registry.ops;
    let ready = move || http::request(ops, "GET", "/health/ready", &[], b"").head.status;
    place.registry.server.wait_until("health tells of it", || ready() == 503);
    unlimited(&place.registry.server);
    place.registry.server.wait_until("the journal writes again", || ready() == 200);
    let pulls = place.registry.decisions(&["--action", "read-manifest", "--decision", "allow"]).len();
    assert_eq!(pulls, allowed, "each pull that was answered has its record, and no other");
    place.decisions = place.registry.decisions(&[]).len();
    place.stands();
}

/// The record of a ping is the shortest of an allow: where it finds no room, no other does.
fn fill(place: &Place) {
    let ping = || place.registry.ask(Some(&place.robot), "GET", "/v2/", b"").head.status;
    let last = (0..20).map(|_| ping()).find(|status| *status != 200);
    assert_eq!(last, Some(503), "a ping");
}

/// The line of a change is short: a few may still find room.
fn no_change_is_made(place: &Place) {
    let last = (0..20).map(|_| place.registry.verb(&["robot", "enable", "ci"])).find(|output| !output.status.success());
    let last = last.expect("a journal that is full takes no change");
    assert_eq!(last.status.code(), Some(1));
    let told = String::from_utf8(last.stderr).expect("text");
    assert!(told.contains("the change is not made, because it cannot be written"), "{told}");
}

/// The same server under a limit that its own signal handler does not see.
fn limited(command: &mut Command) -> &mut Command {
    let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let mut shell = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -S -f {BLOCKS}; exec \"$0\" \"$@\"");
    shell.arg("-c").arg(script).arg(PULLGATE).args(arguments);
    *command = shell;
    command
}

fn unlimited(server: &Server) {
    let id = i32::try_from(server.id()).ok().and_then(Pid::from_raw).expect("a process");
    prlimit(Some(id), Resource::Fsize, Rlimit { current: None, maximum: None }).expect("the limit is lifted");
}

#[test]
fn a_full_place_for_content_is_told_as_such() {
    let full = Expected(507, "UNAVAILABLE", "allow", "granted");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("pullgate.toml"), "").expect("a configuration");
    let mut place = Place::of(Registry::launch(folder, |command| limited(command)));
    let large = vec![7; 1 << 20];
    let digest = testkit::image::digest_of(&large);
    place.check([
        super::Case::new("POST", format!("/v2/team/app/blobs/uploads/?digest={digest}"), full).body(large),
        super::Case::new(
            "GET",
            format!("/v2/team/app/blobs/{digest}"),
            Expected(404, "BLOB_UNKNOWN", "allow", "granted"),
        ),
    ]);
}
