//! `pullgate probe` against a running pullgate, and against registries that are not as closed as they look.

mod support;

use std::fs;
use std::process::Output;

use serde_json::Value;
use support::probe::{closed, probe, said, stdout};
use testkit::double::{Double, Flaw, PASSWORD, USER};

#[test]
fn pullgate_is_private_and_the_probe_proves_it() {
    let (registry, control) = closed();
    let (folder, url) = (tempfile::tempdir().unwrap(), format!("http://{}", registry.address));
    let words = [url.as_str(), "--private", "team/app:1.0"];
    let login = format!("{}:{}", control.name, control.key);

    let nobody = probe(folder.path(), &words, &[]);
    assert_eq!(nobody.status.code(), Some(2), "{}", said(&nobody));
    let sentence = "refused everywhere, but nothing shows that team/app:1.0 exists: add --as docker-login";
    assert!(stdout(&nobody).contains(sentence), "{}", said(&nobody));

    let secure = format!("{}/team/app:1.0", registry.address);
    let unspoken = probe(folder.path(), &[&secure], &[]);
    assert_eq!(unspoken.status.code(), Some(1), "passwords are looked at in the clear: {}", said(&unspoken));
    let line = format!("https://{} does not speak TLS: name it as {url}/team/app:1.0\n", registry.address);
    assert!(stdout(&unspoken).contains(&line), "{}", said(&unspoken));

    let typed = format!("{url}/team/app:1.0");
    let proved = probe(folder.path(), &[&typed], &[("PULLGATE_PROBE_CREDENTIAL", &login)]);
    assert_eq!(proved.status.code(), Some(0), "{}", said(&proved));
    assert!(stdout(&proved).starts_with("private: team/app:1.0 at "), "{}", said(&proved));
    assert!(!said(&proved).contains(&control.key));

    fs::write(folder.path().join("control"), &login).unwrap();
    let json = probe(folder.path(), &[&words[..], &["--credential-file", "control", "--format", "json"]].concat(), &[]);
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((json.status.code(), report["outcome"].as_str()), (Some(0), Some("pass")), "{}", said(&json));
    let asked = report["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] != "NOT SELECTED");
    for check in asked {
        assert_eq!(check["verdict"], "PASS", "{check}");
        assert!(!check["evidence"]["controls"].as_array().unwrap().is_empty(), "{check}");
    }
    assert!(!stdout(&json).contains(&control.key));
}

#[test]
fn the_login_of_docker_is_found() {
    let (registry, control) = closed();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".docker")).unwrap();
    let auth = control.basic().replace("Basic ", "");
    let logins = format!(r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#, registry.address);
    fs::write(folder.path().join(".docker/config.json"), logins).unwrap();
    let url = format!("http://{}", registry.address);
    let words = [url.as_str(), "--private", "team/app:1.0", "--as", "docker-login"];
    let proved = probe(folder.path(), &words, &[]);
    assert_eq!(proved.status.code(), Some(0), "{}", said(&proved));
    let other = probe(folder.path(), &["localhost:1/team/app:1.0", "--as", "docker-login"], &[]);
    assert_eq!(other.status.code(), Some(64), "{}", said(&other));
}

#[test]
fn an_open_registry_is_exposed_without_any_credential() {
    let folder = tempfile::tempdir().unwrap();
    let double = Double::start(&[Flaw::OpenTag, Flaw::OpenDigest, Flaw::OpenLayer, Flaw::OpenConfig]);
    let found = probe(folder.path(), &[&double.url(), "--private", "team/app:1.0"], &[]);
    assert_eq!(found.status.code(), Some(1), "{}", said(&found));
    assert!(
        stdout(&found).contains("a stranger gets team/app:1.0: ANON-02, ANON-03, ANON-05, ANON-06"),
        "{}",
        said(&found)
    );
}

#[test]
fn a_token_for_anybody_is_red_behind_every_401() {
    let folder = tempfile::tempdir().unwrap();
    let double = Double::start(&[Flaw::TokenForAnybody]);
    let login = format!("{USER}:{PASSWORD}");
    let words = [&double.url(), "--private", "team/app:1.0"];
    let found = probe(folder.path(), &words, &[("PULLGATE_PROBE_CREDENTIAL", &login)]);
    assert_eq!(found.status.code(), Some(1), "{}", said(&found));
    insta::assert_snapshot!("a_token_for_anybody", report(&found));
    assert!(!said(&found).contains(PASSWORD));
}

/// The report without what differs from run to run: what was spent follows from how long answers took.
fn report(output: &Output) -> String {
    let text = testkit::normalised(&stdout(output));
    let lines = text.lines().map(|line| match line.split_once(" of at most ") {
        Some((_, rest)) => format!("[spent] of at most {}", rest.split(',').next().unwrap_or_default()),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_dry_run_asks_nothing() {
    let (folder, double) = (tempfile::tempdir().unwrap(), Double::start(&[]));
    let dry = probe(folder.path(), &[&double.url(), "--private", "team/app:1.0", "--dry-run"], &[]);
    assert_eq!((dry.status.code(), double.requests().len()), (Some(0), 0), "{}", said(&dry));
    insta::assert_snapshot!("a_dry_run", report(&dry));
}

#[test]
fn an_intent_file_is_followed_and_its_mistakes_have_a_line() {
    let (folder, double) = (tempfile::tempdir().unwrap(), Double::start(&[]));
    support::probe::intent(folder.path(), &double.url());
    let written = fs::read_to_string(folder.path().join("probe.toml")).unwrap();
    let intent = written.replace("[[repository]]", "vantage = \"office\"\n\n[[repository]]");
    fs::write(folder.path().join("probe.toml"), &intent).unwrap();
    let words = ["--intent", "probe.toml"];
    let proved = probe(folder.path(), &words, &[]);
    assert_eq!(proved.status.code(), Some(0), "{}", said(&proved));
    assert!(stdout(&proved).starts_with("private: team/app:1.0 at edge, seen from office"), "{}", said(&proved));
    let elsewhere = probe(folder.path(), &["--intent", "probe.toml", "--vantage", "home"], &[]);
    assert_eq!(elsewhere.status.code(), Some(64), "{}", said(&elsewhere));

    let before = double.requests().len();
    let mut mistakes = String::new();
    for (old, new) in
        [("vantage", "vantege"), ("\"edge\"]", "\"egde\"]"), ("\"control\"\nshow", "\"nothing\"\nshow"), (&intent, "")]
    {
        fs::write(folder.path().join("probe.toml"), intent.replace(old, new)).unwrap();
        let refused = probe(folder.path(), &words, &[]);
        assert_eq!(refused.status.code(), Some(64), "{}", said(&refused));
        mistakes += &said(&refused);
    }
    insta::assert_snapshot!("mistakes_in_an_intent", mistakes);
    assert_eq!(double.requests().len(), before, "wrong usage asks nothing");
}

#[test]
fn wrong_usage_is_64_and_says_what_to_type() {
    let folder = tempfile::tempdir().unwrap();
    let mut messages = String::new();
    for words in [
        vec!["team/app:1.0"],
        vec!["http://127.0.0.1:1"],
        vec!["registry.example.com/Team/app"],
        vec!["a.example/x", "b.example/x"],
        vec!["a.example/x", "--credential-file", "missing"],
        vec!["--intent", "missing"],
    ] {
        let refused = probe(folder.path(), &words, &[]);
        assert_eq!(refused.status.code(), Some(64), "{}", said(&refused));
        messages += &format!("$ pullgate probe {}{}", words.join(" "), said(&refused));
    }
    let empty = probe(folder.path(), &["a.example/x"], &[("PULLGATE_PROBE_CREDENTIAL", "")]);
    assert_eq!(empty.status.code(), Some(64), "empty is not absent: {}", said(&empty));
    insta::assert_snapshot!("wrong_usage", messages);
}

#[test]
fn wrong_usage_is_one_object_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("probe.toml"), "[[door]]\nnme = \"edge\"\n").unwrap();
    for (words, says) in [
        (vec!["team/app:1.0", "--format", "json"], "team/app"),
        (vec!["--intent", "probe.toml", "--format=json"], "line 2"),
        (vec!["a.example/x", "--mod", "active", "--format", "json"], "--mode"),
    ] {
        let refused = probe(folder.path(), &words, &[]);
        assert_eq!(refused.status.code(), Some(64), "{}", said(&refused));
        let told: Value = serde_json::from_slice(&refused.stdout).unwrap();
        assert_eq!((told["outcome"].as_str(), told["schema"].as_u64()), (Some("usage"), Some(1)), "{told}");
        assert!(told["message"].as_str().is_some_and(|message| message.contains(says)), "{told}");
        assert!(!refused.stderr.is_empty(), "and people are told as well");
    }
    let plain = probe(folder.path(), &["team/app:1.0"], &[]);
    assert!(plain.stdout.is_empty(), "{}", said(&plain));
}
