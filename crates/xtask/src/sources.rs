//! The repository's files, and the tests that stand in them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::root;
use crate::failure::Failure;

/// How the reason of an ignored test begins that only lacks rights.
pub(crate) const NEEDS_ROOT: &str = "needs root";
/// How the name of an ignored test begins that takes long.
pub(crate) const SOAK: &str = "soak_";

/// A text of the repository.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the root of the workspace.
    pub(crate) path: PathBuf,
    /// All of it.
    pub(crate) text: String,
}

/// A test function.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Test {
    /// The crate that it stands in.
    pub(crate) room: String,
    /// The function.
    pub(crate) name: String,
    /// The reason, where it is ignored; empty when none is given.
    pub(crate) ignored: Option<String>,
}

impl Source {
    /// Whether the name ends so, such as `.rs`.
    pub(crate) fn is(&self, ending: &str) -> bool {
        self.path.to_string_lossy().ends_with(ending)
    }

    /// The crate that it belongs to, if any.
    pub(crate) fn room(&self) -> Option<&str> {
        self.path.strip_prefix("crates").ok()?.iter().next()?.to_str()
    }
}

/// Every text of the repository below its root, in the order of their paths. Files that are not UTF-8 are no texts;
/// what is built, fetched or hidden is no source.
pub(crate) fn all() -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            let own = path.strip_prefix(root()).unwrap_or(&path).to_owned();
            if is_foreign(&own) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                sources.push(Source { path: own, text });
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

/// Every test of the workspace.
pub(crate) fn tests() -> Result<Vec<Test>, Failure> {
    let sources = all()?;
    Ok(sources.iter().filter(|source| source.is(".rs")).flat_map(tests_in).collect())
}

fn is_foreign(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let ours = [".ci", ".cargo"].iter().any(|ours| path == Path::new(ours));
    let made = ["target", "pullgate-data", "Cargo.lock"].iter().any(|made| path == Path::new(made));
    made || (hidden && !ours)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |source| Failure::Unreadable { path: folder.to_owned(), source };
    fs::read_dir(folder).map_err(unreadable)?.map(|entry| Ok(entry.map_err(unreadable)?.path())).collect()
}

/// The functions below a `#[test]`, or one of tokio's, with what stands between.
fn tests_in(source: &Source) -> Vec<Test> {
    let mut found = Vec::new();
    let mut test = false;
    let mut ignored = None;
    for line in source.text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            test = true;
        } else if let Some(reason) = line.strip_prefix("#[ignore") {
            ignored = Some(reason.trim_start_matches(" = \"").trim_end_matches("\"]").to_owned());
        } else if let Some(name) = function(line) {
            if test && let Some(room) = source.room() {
                found.push(Test { room: room.to_owned(), name: name.to_owned(), ignored: ignored.take() });
            }
            test = false;
            ignored = None;
        }
    }
    found
}

/// The name of a function whose head begins on this line.
pub(crate) fn function(line: &str) -> Option<&str> {
    const BEFORE: [&str; 6] = ["pub ", "pub(crate) ", "pub(super) ", "const ", "async ", "unsafe "];
    let mut rest = line.trim_start();
    while let Some(next) = BEFORE.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = next;
    }
    rest.strip_prefix("fn ")?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { path: "crates/gate/src/gate.rs".into(), text: text.into() }
    }

    fn test(name: &str, ignored: Option<&str>) -> Test {
        Test { room: "gate".into(), name: name.into(), ignored: ignored.map(str::to_owned) }
    }

    #[test]
    fn tests_are_found_with_their_reasons() {
        let found = tests_in(&source(
            "fn helper() {}\n#[test]\nfn one() {}\n#[tokio::test]\nasync fn two() {}\n\
             #[test]\n#[ignore = \"needs root: mounts\"]\nfn three() {\nfn inner() {}\n}\n#[test]\n#[ignore]\nfn four() {}",
        ));
        let expected =
            [test("one", None), test("two", None), test("three", Some("needs root: mounts")), test("four", Some("]"))];
        assert_eq!(found, expected);
    }

    #[test]
    fn heads_of_functions() {
        assert_eq!(function("    pub(crate) async fn pass<'a>(&self)"), Some("pass"));
        assert_eq!(function("/// a fn that is no function"), None);
    }

    #[test]
    fn this_file_is_read_and_what_is_built_is_not() {
        let sources = all().unwrap();
        let own = sources.iter().find(|source| source.is("xtask/src/sources.rs")).unwrap();
        assert_eq!(own.room(), Some("xtask"));
        assert!(sources.iter().any(|source| source.path == Path::new(".ci/run")));
        assert!(!sources.iter().any(|source| source.path.starts_with("target") || source.path.starts_with(".tools")));
    }
}
