//! What clients say: the snapshots, and what is read from their words.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use testkit::Ran;

use super::refusal::Refusal;
use crate::support::Robot;

const NAMES_WHY: &str = "pullgate why ";

/// Holds a client's words against what it said before.
pub(crate) fn hold(client: &str, refusal: Refusal, ran: &Ran) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(snapshot_name(client, refusal), steady(&ran.text())));
}

/// What a client said, as its snapshot has it: exit code first.
pub(crate) fn held(client: &str, refusal: Refusal) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matrix/snapshots");
    let file = folder.join(snapshot_name(client, refusal)).with_extension("snap");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (_, said) = text.split_once("\n---\n").expect("a snapshot has a head");
    said.to_owned()
}

/// Whether a client's words lead to the record.
pub(crate) fn names_why(said: &str) -> bool {
    said.contains(NAMES_WHY)
}

/// The id that a client names last; some ask again before they give up.
pub(crate) fn printed_id(ran: &Ran) -> Option<String> {
    let (_, rest) = [&ran.stderr, &ran.stdout].into_iter().find_map(|text| text.rsplit_once(NAMES_WHY))?;
    Some(rest.chars().take_while(char::is_ascii_hexdigit).collect())
}

/// The file in which a client says it keeps a login has user and key as they are, which is the only form that
/// Kubernetes can use for pulls, and no token in their place.
pub(crate) fn keeps_user_and_key(login: &Ran, registry: &str, robot: &Robot) {
    let said = format!("{}{}", login.stdout, login.stderr);
    let mut words = said.split(|c: char| c.is_whitespace() || c == '\'').map(|word| word.trim_end_matches('.'));
    let file = words.find(|word| word.ends_with("/config.json")).unwrap_or_else(|| panic!("names no file: {said}"));
    let kept: Value = serde_json::from_slice(&fs::read(PathBuf::from(file)).expect("the file is there")).expect("JSON");
    let kept = &kept["auths"][registry];
    assert_eq!(kept["auth"].as_str().map(|auth| format!("Basic {auth}")), Some(robot.basic()));
    assert!(kept["identitytoken"].is_null(), "{kept}");
}

fn snapshot_name(client: &str, refusal: Refusal) -> String {
    format!("{client}__{}", refusal.key())
}

/// Without the random part of the names of folders that a client was given, and without warnings and progress of parts: a
/// client that copies several at once is not refused in the same order, and at the same moment, every time.
fn steady(text: &str) -> String {
    const FOLDER: &str = "[home]/.tmp";
    const PARTS: [&str; 3] = ["Failed to copy ", "Failed to retrieve blob", "Failed to push blob"];
    const PROGRESS: &str = "[id]: ";
    let warns = |line: &str| PARTS.iter().any(|part| line.contains(&format!("level=WARN msg=\"{part}")));
    let of_a_part = |line: &str| line.starts_with(PROGRESS) || warns(line);
    let text: String = text.split_inclusive('\n').filter(|line| !of_a_part(line)).collect();
    let mut parts = text.split(FOLDER);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + "[folder]" + part.trim_start_matches(|c: char| c.is_ascii_alphanumeric()))
}
