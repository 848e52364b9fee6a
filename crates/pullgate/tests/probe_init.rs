//! `pullgate probe init`: what it writes, from the policy of a pullgate and from what a registry and its operator say, is
//! read and followed by the probe.
#![expect(clippy::unwrap_used, reason = "outside #[test] too, a panic is how a test fails")]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::probe::{probe, said, stdout};
use support::{EMPTY_INDEX, OPEN_TO_ALL, PULLGATE, Registry};
use testkit::double::{Double, Flaw, PASSWORD, USER};

/// The file without its comments, with ports taken out.
fn written(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join("probe.toml")).unwrap();
    testkit::normalised(&text)
}

/// Runs the file that was written, and gives the report.
fn run(folder: &Path, code: i32) -> String {
    let run = probe(folder, &["--intent", "probe.toml"], &[]);
    assert_eq!(run.status.code(), Some(code), "{}", said(&run));
    stdout(&run)
}

/// Runs the verb with these answers on its standard input.
fn answering(folder: &Path, words: &[&str], answers: &str) -> Output {
    let mut command = Command::new(PULLGATE);
    command.args(["probe", "init"]).args(words).current_dir(folder).env_clear().env("HOME", folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn the_policy_says_what_is_closed() {
    let mut registry = Registry::configured(OPEN_TO_ALL);
    let pusher = registry.robot("pusher", &["--push", "**", "--pull", "**"]);
    for (repository, tag) in [("team/app", "1.0"), ("team/other", "2.0"), ("public/base", "latest")] {
        assert_eq!(registry.push_manifest(&pusher, repository, tag, EMPTY_INDEX).head.status, 201);
    }
    let control = registry.robot("control", &["--pull", "team/**"]);
    let folder = registry.folder.path().to_owned();
    fs::write(folder.join("control"), format!("{}:{}", control.name, control.key)).unwrap();
    let at = ["init", "--config", "pullgate.toml", "--data", "data", "--credential-file", "control"];
    let made = probe(&folder, &at, &[]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    insta::assert_snapshot!("from_the_policy", format!("{}{}", written(&folder), said(&made)));
    let report = run(&folder, 0);
    assert!(
        report.contains("private: team/app:1.0 at http") && report.contains("private: team/other:2.0 at"),
        "{report}"
    );

    let again = probe(&folder, &at, &[]);
    assert_eq!(again.status.code(), Some(64), "{}", said(&again));
    assert!(said(&again).contains("`probe.toml` is there already"), "{}", said(&again));

    // Without a server the verb opens the house itself; the name of the door comes from the configuration.
    let status = registry.server.terminate();
    assert!(status.success(), "{status}");
    let named = format!("public_urls = [\"https://registry.example.com\"]\n{OPEN_TO_ALL}");
    fs::write(folder.join("named.toml"), named).unwrap();
    let words = [
        "init",
        "--config",
        "named.toml",
        "--data",
        "data",
        "--limit",
        "1",
        "-o",
        "other.toml",
        "--private",
        "team/none",
    ];
    let made = probe(&folder, &words, &[]);
    assert_eq!(made.status.code(), Some(2), "{}", said(&made));
    assert!(said(&made).contains("`team/none` cannot be asked for: the store holds nothing of it"), "{}", said(&made));
    let made = probe(&folder, &words[..9], &[]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    let other = fs::read_to_string(folder.join("other.toml")).unwrap();
    assert!(other.contains("url = \"https://registry.example.com\"") && other.contains("public/base"), "{other}");
    assert!(other.contains("1 more private repositories are left out") && !other.contains("\n[[identity]]"), "{other}");
}

#[test]
fn a_registry_and_flags_say_what_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (double, mirror) = (Double::start(&[]), Double::start(&[]));
    let login = [("PULLGATE_PROBE_CREDENTIAL", &*format!("{USER}:{PASSWORD}"))];
    let url = double.url();
    let words = ["init", &url, "--private", "team/app:1.0", "--private", "team/other", "--public", "public/base:1.0"];
    let made = probe(folder, &[&words[..], &["--door", &mirror.url()]].concat(), &login);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    insta::assert_snapshot!("from_flags", format!("{}{}", written(folder), said(&made)));
    assert!(mirror.requests().is_empty(), "a door more is written down and not asked");
    let run = probe(folder, &["--intent", "probe.toml"], &login);
    assert!(stdout(&run).contains(&format!("private: team/other:1.0 at {url}")), "{}", said(&run));
    assert!(!fs::read_to_string(folder.join("probe.toml")).unwrap().contains(PASSWORD));
}

#[test]
fn a_registry_and_its_operator_say_what_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("control"), format!("{USER}:{PASSWORD}")).unwrap();
    let listing = Double::start(&[Flaw::OpenCatalog]);
    let made = answering(folder, &[&listing.url(), "--ask"], "control\npublic/base\n");
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    insta::assert_snapshot!("from_answers", format!("{}{}", written(folder), said(&made)));
    let report = run(folder, 1);
    assert!(report.contains("ANON-11"), "{report}");
}

#[test]
fn where_nobody_is_asked_it_says_what_to_add() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let double = Double::start(&[]);
    let url = double.url();
    let silent = answering(folder, &[&url], "control\npublic/base\n");
    assert_eq!(silent.status.code(), Some(2), "{}", said(&silent));
    let ended = answering(folder, &[&url, "--ask"], "");
    assert_eq!(ended.status.code(), Some(2), "{}", said(&ended));
    let nonsense = answering(folder, &[&url, "--ask"], "\nTeam/App\n");
    assert_eq!(nonsense.status.code(), Some(64), "{}", said(&nonsense));
    let nowhere = probe(folder, &["init"], &[]);
    assert_eq!(nowhere.status.code(), Some(64), "{}", said(&nowhere));
    let words = ["init", &url, "--private", "team/app:1.0", "--credential-file", "missing"];
    let missing = probe(folder, &words, &[]);
    assert_eq!(missing.status.code(), Some(64), "{}", said(&missing));
    let told = [silent, ended, nonsense, nowhere, missing].map(|output| said(&output));
    insta::assert_snapshot!("what_to_add", told.join("---\n"));
    assert!(!folder.join("probe.toml").exists());
}
