//! A promise about the words of every crate: error messages are lower case, one sentence, without a full stop.
#![expect(clippy::unwrap_used, clippy::string_slice, reason = "helpers of tests may fail as tests do")]

use std::path::{Path, PathBuf};

#[test]
fn error_messages_are_lower_case_and_end_without_a_full_stop() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seen = 0;
    let mut wrong = Vec::new();
    for file in sources(&crates) {
        let text = std::fs::read_to_string(&file).unwrap();
        for message in messages(&text) {
            seen += 1;
            if !is_well_put(message) {
                wrong.push(format!("{}: {message}", file.display()));
            }
        }
    }
    assert!(seen > 30, "only {seen} messages were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_rule_itself() {
    for good in ["cannot read `{path}`", "UTF-8 is needed", "`A` is taken", "{0}", "cut off after..."] {
        assert!(is_well_put(good), "{good}");
    }
    for bad in ["Cannot read", "cannot read.", "cannot\\nread", ""] {
        assert!(!is_well_put(bad), "{bad}");
    }
    let text = "#[error(\"one \\\"a\\\"\")]\n#[error(\n    \"two\",\n)]\n#[error(transparent)]";
    assert_eq!(messages(text).collect::<Vec<_>>(), ["one \\\"a\\\"", "two"]);
}

/// Names of the field in capitals (`UTF-8`, `TLS`) stay as they are.
fn is_well_put(message: &str) -> bool {
    let first: Vec<char> = message.chars().take(2).collect();
    let lower = !matches!(first.as_slice(), [one, two] if one.is_uppercase() && !two.is_uppercase());
    let stop = message.ends_with('.') && !message.ends_with("...");
    !message.is_empty() && lower && !stop && !message.contains("\\n")
}

/// The literals of `#[error("...")]`.
fn messages(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[error(").skip(1).filter_map(|rest| {
        let literal = rest.trim_start().strip_prefix('"')?;
        let escaped = |at: usize| literal[..at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        let (end, _) = literal.match_indices('"').find(|(at, _)| !escaped(*at))?;
        Some(&literal[..end])
    })
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests/messages.rs") {
            files.push(path);
        }
    }
    files
}
