//! The binary as a script sees it: exit code, standard output, standard error.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Exit code and both outputs of one call in an empty folder with this configuration.
fn pullgate(configuration: Option<&str>, words: &[&str]) -> String {
    let folder = TempDir::new().unwrap();
    if let Some(text) = configuration {
        std::fs::write(folder.path().join("pullgate.toml"), text).unwrap();
    }
    let printed = call(folder.path(), words, &[]);
    assert!(!folder.path().join("pullgate-data").exists(), "{words:?} made a data folder");
    printed
}

fn call(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pullgate"));
    command.args(words).current_dir(folder).env_clear().envs(variables.iter().copied());
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    format!("exit code: {}\n--- stdout\n{out}--- stderr\n{err}", output.status.code().unwrap())
}

#[test]
fn check_without_a_file() {
    insta::assert_snapshot!(pullgate(None, &["check"]));
}

#[test]
fn check_of_a_file() {
    let configuration = "public_urls = [\"http://registry.example.com:5000\"]\n[listen]\naddress = \"0.0.0.0:5000\"\n";
    insta::assert_snapshot!(pullgate(Some(configuration), &["check"]));
}

#[test]
fn check_of_a_file_with_a_mistake() {
    insta::assert_snapshot!(pullgate(Some("[listen]\nadress = \"localhost:5000\"\n"), &["check"]));
}

#[test]
fn check_of_a_file_that_others_could_reach_without_a_name() {
    insta::assert_snapshot!(pullgate(Some("[listen]\naddress = \"0.0.0.0:5000\"\n"), &["check"]));
}

#[test]
fn a_file_that_leads_nowhere_is_not_absent() {
    let folder = TempDir::new().unwrap();
    std::os::unix::fs::symlink("missing.toml", folder.path().join("pullgate.toml")).unwrap();
    insta::assert_snapshot!(call(folder.path(), &["check"], &[]));
}

#[test]
fn an_unknown_verb() {
    insta::assert_snapshot!(pullgate(None, &["robots", "list"]));
}

#[test]
fn help_is_an_answer_and_no_error() {
    let printed = pullgate(None, &["--help"]);
    assert!(printed.starts_with("exit code: 0\n--- stdout\nthe registry"), "{printed}");
    assert!(printed.ends_with("--- stderr\n"), "{printed}");
}

#[test]
fn the_environment_names_the_file() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("other.toml"), "data = \"kept\"\n").unwrap();
    let printed = call(folder.path(), &["check"], &[("PULLGATE_CONFIG", "other.toml")]);
    assert!(printed.contains("other.toml") && printed.contains("kept"), "{printed}");
    let printed = call(folder.path(), &["check"], &[("PULLGATE_DATA", "")]);
    assert!(printed.starts_with("exit code: 64\n") && printed.contains("`PULLGATE_DATA`"), "{printed}");
}

#[test]
fn no_file_and_no_variable_repeats_a_password() {
    let place = "https://ci:hunter2@r.example";
    let ours = |key: &str| (Some(key.replace("PLACE", place)), vec!["check"], vec![]);
    for (configuration, words, variables) in [
        ours("public_urls = [\"PLACE\"]\n"),
        ours("public_urls = [\"PLACE\"\n"),
        ours("[listen]\naddress = \"PLACE\"\n"),
        ours("[[probe]]\nprivate = [\"team/app\"]\ndoors = [\"PLACE\"]\n"),
        ours("[[probe]]\nintent = \"PLACE\"\n"),
        ours("\"PLACE\" = 1\n"),
        (None, vec!["check"], vec![("PULLGATE_CONFIG", place)]),
        (None, vec!["probe", "https://ci:hunter2@r.example/team/app:1.0"], vec![]),
        (None, vec!["probe", "ci:hunter2@r.example/team/app:1.0", "--format", "json"], vec![]),
        (None, vec!["probe", "r.example/team/app:1.0", "--private", "ci:hunter2@r.example/a"], vec![]),
        (None, vec!["probe", "--intent", place], vec![]),
        (None, vec!["probe", "r.example/a", "--door", place, "--format", "json"], vec![]),
    ] {
        let folder = TempDir::new().unwrap();
        if let Some(text) = &configuration {
            std::fs::write(folder.path().join("pullgate.toml"), text).unwrap();
        }
        let printed = call(folder.path(), &words, &variables);
        assert!(printed.starts_with("exit code: 64\n"), "{printed}");
        assert!(!printed.contains("hunter2") && printed.contains("*@r.example"), "{printed}");
    }
}

#[test]
fn no_intent_repeats_a_password() {
    let whole = "[[door]]\nname = \"edge\"\nurl = \"https://r.example\"\n\n\
                 [[repository]]\nname = \"team/app\"\nvisibility = \"private\"\n";
    for (old, new) in [
        ("https://r.example", "https://ci:hunter2@r.example"),
        ("url =", "realms = [\"https://ci:hunter2@r.example\"]\nurl ="),
        ("team/app", "ci:hunter2@r.example/team/app"),
    ] {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("probe.toml"), whole.replacen(old, new, 1)).unwrap();
        let printed = call(folder.path(), &["probe", "--intent", "probe.toml", "--format", "json"], &[]);
        assert!(printed.starts_with("exit code: 64\n"), "{printed}");
        assert!(!printed.contains("hunter2") && printed.contains("*@r.example"), "{printed}");
    }
}
