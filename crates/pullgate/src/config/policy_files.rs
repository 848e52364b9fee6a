//! The operator's policy files: names relative to the configuration, one star in the last part.

use std::io;
use std::path::{Path, PathBuf};

use policy::PolicyText;

use super::mistake::{Document, Fault};
use super::{ConfigError, text};

const MAX_BYTES: u64 = 4 << 20;

/// Reads what `policy.files` names: entries in their order, what a star stands for by name, each file once.
///
/// # Errors
/// [`ConfigError::Mistake`] at the entry that names no file, or one that cannot be read.
pub(super) fn read(document: &Document, base: &Path, entries: &[String]) -> Result<Vec<PolicyText>, ConfigError> {
    let mut texts: Vec<PolicyText> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let mistake = |fault| document.mistake(&["policy".into(), "files".into(), index.into()], fault);
        for path in named(base, entry).map_err(mistake)? {
            let name = path.display().to_string();
            if texts.iter().all(|text| text.name != name) {
                let text =
                    text::read(&path, MAX_BYTES).map_err(|source| mistake(Fault::PolicyFile { path, source }))?;
                texts.push(PolicyText { name, text });
            }
        }
    }
    Ok(texts)
}

/// The files that one entry names, in order.
fn named(base: &Path, entry: &str) -> Result<Vec<PathBuf>, Fault> {
    let (folder, last) = entry.rsplit_once('/').map_or(("", entry), |(folder, last)| (folder, last));
    match last.split_once('*') {
        _ if entry.is_empty() || last.is_empty() => Err(Fault::PolicyPattern),
        _ if folder.contains('*') => Err(Fault::PolicyPattern),
        None => Ok(vec![base.join(entry)]),
        Some((_, after)) if after.contains('*') => Err(Fault::PolicyPattern),
        Some((before, after)) => {
            // A pattern below the root has an empty folder too.
            let folder = if entry.starts_with('/') { Path::new("/").join(folder) } else { base.join(folder) };
            matching(&folder, before, after)
        }
    }
}

/// The files of a folder whose names begin and end so. Hidden ones are not meant, as in a shell.
fn matching(folder: &Path, before: &str, after: &str) -> Result<Vec<PathBuf>, Fault> {
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut paths = Vec::new();
    for entry in listed.read_dir().map_err(|source| Fault::policy_file(listed, source))? {
        let name = entry.map_err(|source| Fault::policy_file(listed, source))?.file_name();
        if name.to_str().is_some_and(|name| fits(name, before, after)) {
            paths.push(folder.join(name));
        }
    }
    paths.sort();
    if paths.is_empty() { Err(Fault::PolicyPatternEmpty) } else { Ok(paths) }
}

fn fits(name: &str, before: &str, after: &str) -> bool {
    let hidden = name.starts_with('.') && !before.starts_with('.');
    !hidden && name.strip_prefix(before).is_some_and(|rest| rest.ends_with(after))
}

impl Fault {
    fn policy_file(path: &Path, source: io::Error) -> Self {
        Self::PolicyFile { path: path.to_owned(), source: source.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(entry: &str) -> Result<Vec<String>, Fault> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("policy")).unwrap();
        for name in ["b.cedar", "a.cedar", ".hidden.cedar", "a.txt", ".cedar"] {
            std::fs::write(folder.path().join("policy").join(name), "").unwrap();
        }
        let relative = |path: &PathBuf| path.strip_prefix(folder.path()).unwrap().display().to_string();
        Ok(named(folder.path(), entry)?.iter().map(relative).collect())
    }

    #[test]
    fn a_star_stands_for_files_in_order() {
        assert_eq!(names("policy/*.cedar").unwrap(), ["policy/a.cedar", "policy/b.cedar"]);
        assert_eq!(names("policy/a*").unwrap(), ["policy/a.cedar", "policy/a.txt"]);
        assert_eq!(names("policy/none.cedar").unwrap(), ["policy/none.cedar"]);
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_a_mistake() {
        assert!(matches!(names("policy/*.rego"), Err(Fault::PolicyPatternEmpty)));
        assert!(matches!(names("nowhere/*.cedar"), Err(Fault::PolicyFile { .. })));
        for bad in ["", "policy/", "*/a.cedar", "policy/*a*.cedar", "policy/**"] {
            assert!(matches!(names(bad), Err(Fault::PolicyPattern)), "{bad}");
        }
    }
}
