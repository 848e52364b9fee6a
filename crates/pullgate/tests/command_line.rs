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
