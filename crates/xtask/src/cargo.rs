//! Cargo, run in the root of the workspace.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."))
}

/// Runs `cargo` with these words; its output is ours.
pub(crate) fn run(words: &[&str]) -> Result<(), Failure> {
    let status = command(words).status().map_err(|source| Failure::NotStarted { command: line(words), source })?;
    if status.success() { Ok(()) } else { Err(Failure::Command { command: line(words), status }) }
}

/// Whether `cargo` with these words succeeds; its output is thrown away.
pub(crate) fn succeeds(words: &[&str]) -> bool {
    command(words).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs `cargo test` with these words, passes its output on, and says how many tests passed.
///
/// Fails when none ran.
pub(crate) fn test(words: &[&str]) -> Result<u64, Failure> {
    let words = [&["test"], words].concat();
    let not_started = |source| Failure::NotStarted { command: line(&words), source };
    let mut child = command(&words).stdout(Stdio::piped()).spawn().map_err(not_started)?;
    let passed = child.stdout.take().map_or(0, |output| pass_on(BufReader::new(output)));
    let status = child.wait().map_err(not_started)?;
    if !status.success() {
        return Err(Failure::Command { command: line(&words), status });
    }
    if passed == 0 {
        return Err(Failure::NoTest { command: line(&words) });
    }
    Ok(passed)
}

/// Prints every line and adds up the tests that passed.
fn pass_on(mut output: impl BufRead) -> u64 {
    let mut passed = 0;
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        passed += passed_in(&text);
        line.clear();
    }
    passed
}

/// The number of a summary such as `test result: ok. 12 passed; 0 failed; ...`; 0 for other lines.
fn passed_in(line: &str) -> u64 {
    let number = line.strip_prefix("test result: ok. ").and_then(|rest| rest.split(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn command(words: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(words).current_dir(root());
    command
}

fn line(words: &[&str]) -> String {
    format!("cargo {}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_added_up_and_nothing_else_is() {
        let output = "running 2 tests\ntest a ... ok\ntest b ... ok\n\n\
                      test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                      test result: FAILED. 7 passed; 1 failed\n\
                      test result: ok. 40 passed; 0 failed\n";
        assert_eq!(pass_on(output.as_bytes()), 42);
    }

    #[test]
    fn a_failure_names_the_command() {
        let failure = run(&["no-such-command"]).unwrap_err();
        assert!(failure.to_string().starts_with("`cargo no-such-command` failed"), "{failure}");
    }

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("crates/xtask").is_dir());
    }
}
