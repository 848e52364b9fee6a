//! `pullgate probe watch`: asks again, tells what changed to whoever listens, and ends when it is told to.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "outside #[test] too, a panic is how a test fails")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;
use serde_json::Value;
use support::PULLGATE;
use support::probe::{intent, probe, said};
use testkit::double::{Double, Flaw, LOW, LOW_PASSWORD, PASSWORD};
use testkit::process::Server;
use testkit::raw::{self, Answer, Request};

const SECRET: &str = "s3cret-of-the-webhook";

/// Starts to watch what the intent of the folder says.
fn watch(folder: &Path, words: &[&str]) -> Server {
    let mut command = Command::new(PULLGATE);
    command.args(["probe", "watch", "--intent", "probe.toml", "--every", "1s"]).args(words);
    command.current_dir(folder).env_clear().env("HOME", folder).env("PULLGATE_PROBE_WEBHOOK_SECRET", SECRET);
    Server::start(command, &folder.join("output"))
}

/// Whether the events of a listener are signed with the secret.
fn is_signed(event: &Request) -> bool {
    let [id, time, signature] =
        ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| event.header(name).unwrap());
    let signed = [format!("{id}.{time}.").as_bytes(), &event.body].concat();
    let signature = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
    hmac::verify(&hmac::Key::new(HMAC_SHA256, SECRET.as_bytes()), &signed, &signature).is_ok()
}

/// The checks of an event, each with its change.
fn told(event: &Request) -> Vec<String> {
    let event: Value = serde_json::from_slice(&event.body).unwrap();
    assert_eq!((&event["specversion"], &event["type"]), (&"1.0".into(), &"pullgate.probe.change.v1".into()));
    let checks = event["data"]["checks"].as_array().unwrap().iter();
    checks
        .map(|check| format!("{} {}", check["id"].as_str().unwrap(), check["change"]["kind"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_change_is_told_once_and_signed_and_the_figures_follow() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (safe, open) = (Double::start(&[]), Double::start(&[Flaw::OpenLayer]));
    let elsewhere = raw::Server::start(|request| Answer::http(request, 200, &[], b""));
    let redirect = elsewhere.url();
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    // The first attempt is sent elsewhere, which is not followed; the next one is taken.
    let listener = raw::Server::start(move |request| match counted.fetch_add(1, Ordering::Relaxed) {
        0 => Answer::http(request, 307, &[("Location", redirect.as_str())], b""),
        _ => Answer::http(request, 204, &[], b""),
    });
    intent(folder, &safe.url());
    let hook = format!("{}/hook?of=probe", listener.url());
    let mut server = watch(folder, &["--webhook", &hook, "--metrics", "probe.prom"]);
    let figures = || fs::read_to_string(folder.join("probe.prom")).unwrap_or_default();
    let status = r#"pullgate_probe_check_status{check="ANON-05",door="edge",repository="team/app"} "#;
    server.wait_until("the first figures", || figures().contains(&format!("{status}0\n")));
    assert!(figures().contains("pullgate_probe_outcome{probe=\"watch\"} 0\n"), "{}", figures());
    assert!(figures().contains("pullgate_probe_last_conclusive_timestamp_seconds{door=\"edge\""), "{}", figures());
    assert!(listener.requests().is_empty(), "nothing has changed");

    intent(folder, &open.url());
    server.wait_until("the change", || listener.requests().len() >= 2);
    assert!(figures().contains(&format!("{status}1\n")), "{}", figures());
    let asked = open.requests().len();
    server.wait_until("another run", || open.requests().len() > asked + 20);

    fs::remove_file(folder.join("control")).unwrap();
    server.wait_until("a run that cannot begin", || figures().contains(&format!("{status}2\n")));
    assert!(server.terminate().success(), "{}", server.output());

    let events = listener.requests();
    assert!(events.iter().all(is_signed) && events.iter().all(|event| event.target == "/hook?of=probe"));
    assert_eq!(told(&events[1]), ["ANON-05 new", "ANON-07 new", "LEAK-01 new"]);
    assert_eq!(events.len(), 2, "what stays as it is, is told once: {:?}", events.iter().map(told).collect::<Vec<_>>());
    assert!(elsewhere.requests().is_empty(), "only the URL that was given is told");
    assert!(!server.output().contains(PASSWORD) && !server.output().contains(SECRET));
}

#[test]
fn what_was_not_delivered_is_told_again_after_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let open = Double::start(&[Flaw::OpenLayer]);
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let listener = raw::Server::start(move |request| {
        let status = if counted.fetch_add(1, Ordering::Relaxed) < 3 { 500 } else { 200 };
        Answer::http(request, status, &[], b"")
    });
    intent(folder, &open.url());
    let mut server = watch(folder, &["--webhook", &listener.url()]);
    server.wait_until("the fourth attempt", || listener.requests().len() == 4);
    server.signal(Signal::INT);
    assert!(server.wait().success(), "Ctrl-C is no failure: {}", server.output());
    let ids: Vec<String> =
        listener.requests().iter().map(|event| event.header("webhook-id").unwrap().to_owned()).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3], "three attempts, then the next run: {ids:?}");
    assert!(server.output().contains("the change was not delivered"), "{}", server.output());
}

#[test]
fn what_is_wrong_at_the_start_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let double = Double::start(&[]);
    intent(folder, &double.url());
    for words in [
        ["--intent", "missing"],
        ["--baseline", "missing"],
        ["--metrics", "no/where"],
        ["--webhook", "ftp://listener"],
        ["--every", "0s"],
        ["--every", "often"],
    ] {
        let words = match words[0] {
            "--intent" => vec!["watch", words[0], words[1]],
            _ => vec!["watch", "--intent", "probe.toml", words[0], words[1]],
        };
        let refused = probe(folder, &words, &[]);
        assert_eq!(refused.status.code(), Some(64), "{words:?}: {}", said(&refused));
    }
    let words = ["watch", "--intent", "probe.toml", "--webhook", "http://127.0.0.1:1"];
    let empty = probe(folder, &words, &[("PULLGATE_PROBE_WEBHOOK_SECRET", "")]);
    assert_eq!(empty.status.code(), Some(64), "an empty secret is none: {}", said(&empty));
    assert!(double.requests().is_empty());
}

#[test]
fn a_run_that_writes_takes_it_away_before_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let double = Double::start(&[]);
    intent(folder, &double.url());
    let low = "\n[[identity]]\nrole = \"low\"\ncredential_file = \"low\"\nshow_to = [\"edge\"]\nowns = \"probe/low\"\n";
    let text = fs::read_to_string(folder.join("probe.toml")).unwrap();
    fs::write(folder.join("probe.toml"), text + low).unwrap();
    fs::write(folder.join("low"), format!("{LOW}:{LOW_PASSWORD}")).unwrap();
    for words in [vec!["probe"], vec!["probe", "watch", "--every", "1h"]] {
        let before = double.requests().len();
        let mut command = Command::new(PULLGATE);
        command.args(&words).args(["--intent", "probe.toml", "--mode", "write"]).current_dir(folder);
        let mut server = Server::start(command, &folder.join("output"));
        let writes = |request: &Request| request.method == "POST" && request.target.contains("/blobs/uploads/");
        server.wait_until("something is written", || double.requests().iter().skip(before).any(writes));
        let status = server.terminate();
        let code = if words.len() == 1 { 2 } else { 0 };
        assert_eq!(status.code(), Some(code), "{words:?}: {}", server.output());
        assert_eq!(double.left_behind(), 0, "{words:?}: {}", server.output());
    }
}
