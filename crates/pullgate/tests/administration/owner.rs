//! Root administrates a folder of somebody else: as its owner, with root's own id in the record, leaving no file behind.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use crate::support::Registry;

const NOBODY: u32 = 65534;

#[test]
#[ignore = "needs root: it works on a folder that belongs to another user"]
fn root_leaves_no_files_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    // Where that user may read it; copied by another process, or children of other tests would hold it open for
    // writing, and it could not be started.
    let copied = std::process::Command::new("cp").arg(crate::support::PULLGATE).arg(folder.path()).status();
    assert!(copied.is_ok_and(|status| status.success()));
    fs::write(folder.path().join("pullgate.toml"), "").expect("a configuration");
    chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("given away");
    let own = folder.path().join("pullgate");
    let as_owner = |command: &mut std::process::Command| {
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        *command = std::process::Command::new(&own);
        command.args(arguments).uid(NOBODY).gid(NOBODY);
    };
    let registry = Registry::launch(folder, |command| {
        as_owner(command);
        command
    });
    registry.robot("over-the-socket", &["--pull", "team/**"]);
    assert_eq!(changed(&registry.data), ("socket".to_owned(), 0, 0));
    let folder = registry.stop();
    let data = folder.path().join("data");
    let output =
        crate::support::verb(&data, &folder.path().join("pullgate.toml"), &["robot", "create", "under-the-lock"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(changed(&data), ("lock".to_owned(), 0, NOBODY));
    for reading in [["audit", "query"], ["audit", "verify"], ["robot", "list"], ["policy", "show"]] {
        let output = crate::support::verb(&data, &folder.path().join("pullgate.toml"), &reading);
        assert!(output.status.success(), "{reading:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let foreign: Vec<PathBuf> = files(&data).into_iter().filter(|path| owner(path) != NOBODY).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    let registry = Registry::launch(folder, |command| {
        as_owner(command);
        command
    });
    assert!(registry.ok(&["robot", "list"]).contains("under-the-lock"), "the owner goes on with it");
}

/// How the last change came, who asked for it, and as whom it was made.
fn changed(data: &Path) -> (String, u64, u32) {
    let leaves = crate::support::leaves(data);
    let last = leaves.iter().rfind(|leaf| leaf["kind"] == "admin").expect("a change");
    let number = |member: &str| last[member].as_u64().expect("a number");
    let via = last["via"].as_str().expect("a word").to_owned();
    (via, number("actor"), u32::try_from(number("working_as")).expect("a user id"))
}

fn owner(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").uid()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}
