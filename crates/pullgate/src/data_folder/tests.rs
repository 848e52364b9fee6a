use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn a_new_folder_is_private() {
    let above = tempfile::tempdir().unwrap();
    let path = above.path().join("a/b");
    let folder = DataFolder::create(&path).unwrap();
    let _lock = folder.lock().unwrap();
    assert_eq!((mode(&path), mode(&path.join(LOCK))), (0o700, 0o600));
}

#[test]
fn an_empty_folder_is_made_private() {
    let folder = open_folder();
    fs::create_dir(folder.path().join("lost+found")).unwrap();
    DataFolder::create(folder.path()).unwrap();
    assert_eq!(mode(folder.path()), 0o700);
}

#[test]
fn a_folder_of_other_things_is_left_alone() {
    let folder = open_folder();
    fs::write(folder.path().join("letter.txt"), "").unwrap();
    let error = DataFolder::create(folder.path()).unwrap_err();
    assert!(matches!(error, DataFolderError::Foreign { .. }), "{error}");
    assert_eq!(mode(folder.path()), 0o755);
}

#[test]
fn verbs_never_make_a_folder() {
    let above = tempfile::tempdir().unwrap();
    for path in [above.path().join("missing"), above.path().to_owned()] {
        let error = DataFolder::existing(&path).unwrap_err();
        assert!(matches!(error, DataFolderError::Absent { .. }), "{error}");
    }
    assert!(!above.path().join("missing").exists());
    let folder = DataFolder::create(&above.path().join("data")).unwrap();
    drop(folder.lock().unwrap());
    assert!(DataFolder::existing(folder.path()).is_ok());
}

#[test]
fn the_second_is_told_who_was_first() {
    let above = tempfile::tempdir().unwrap();
    let folder = DataFolder::create(above.path()).unwrap();
    let lock = folder.lock().unwrap();
    let error = folder.lock().unwrap_err();
    let expected =
        format!("`{}` is already in use by pullgate (process {})", above.path().display(), std::process::id());
    assert_eq!(error.to_string(), expected);
    drop(lock);
    assert!(folder.lock().is_ok(), "a lock ends with its holder");
}

#[test]
fn the_ports_are_written_whole_and_cleared() {
    let above = tempfile::tempdir().unwrap();
    let folder = DataFolder::create(above.path()).unwrap();
    Listening::clear(&folder).unwrap();
    assert_eq!(Listening::read(above.path()), None);
    let [listen, ops] = ["127.0.0.1:5000", "127.0.0.1:9501"].map(|text| text.parse().unwrap());
    let listening = Listening { listen: vec![listen], ops, process: 7 };
    listening.write(&folder).unwrap();
    assert_eq!(Listening::read(above.path()), Some(listening));
    let path = above.path().join("listening.json");
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text, "{\"listen\":[\"127.0.0.1:5000\"],\"ops\":\"127.0.0.1:9501\",\"process\":7}\n");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(above.path()).unwrap().count(), 1, "nothing else is left behind");
    Listening::clear(&folder).unwrap();
    assert!(!path.exists());
}
