//! Opening: permissions, what is tidied, what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::support::{Bench, digest, header, status};
use crate::error::{Fault, StoreError};
use crate::store::disk::Disk;

fn fault(bench: &mut Bench) -> Fault {
    bench.store = None;
    match bench.open(Disk::default()) {
        Err(StoreError::Open { path, fault }) => {
            assert_eq!(path, bench.path(""));
            *fault
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_else_may_look() {
    let bench = Bench::new();
    bench.push("a", "hello");
    bench.begin("a");
    let mut open = vec![bench.path("")];
    let mut seen = 0;
    while let Some(path) = open.pop() {
        let metadata = fs::metadata(&path).unwrap();
        let expected = if metadata.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(metadata.permissions().mode() & 0o777, expected, "{}", path.display());
        if metadata.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        seen += 1;
    }
    assert!(seen >= 9, "{seen}");
}

#[test]
fn uploads_are_tidied() {
    let mut bench = Bench::new();
    let (kept, lost) = (bench.begin("a"), bench.begin("a"));
    bench.ask(&format!("PATCH {kept}"), "hello").unwrap();
    fs::remove_file(bench.path("uploads").join(lost.rsplit_once('/').unwrap().1)).unwrap();
    fs::write(bench.path("uploads/stray"), "x").unwrap();
    bench.reopen();
    assert_eq!(status(&bench.ask(&format!("GET {lost}"), ())), 404);
    assert_eq!(header(&bench.ask(&format!("GET {kept}"), ()).unwrap(), "range"), "0-4");
    assert_eq!(fs::read_dir(bench.path("uploads")).unwrap().count(), 1);

    bench.now = bench.now.after(Duration::from_hours(25));
    bench.reopen();
    assert_eq!(status(&bench.ask(&format!("GET {kept}"), ())), 404);
    assert_eq!(fs::read_dir(bench.path("uploads")).unwrap().count(), 0);
}

#[test]
fn an_upload_whose_file_is_gone_is_gone() {
    let bench = Bench::new();
    let location = bench.begin("a");
    fs::remove_file(bench.path("uploads").join(location.rsplit_once('/').unwrap().1)).unwrap();
    for method in ["GET", "PATCH", "DELETE"] {
        assert_eq!(status(&bench.ask(&format!("{method} {location}"), "x")), 404, "{method}");
    }
}

#[test]
fn a_damaged_database_is_refused() {
    let mut bench = Bench::new();
    bench.push_image("a", "x", &"layer".repeat(1000));
    bench.store = None;
    let path = bench.path("store.db");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, "not a database at all, but long enough to be looked at".repeat(100)).unwrap();
    assert!(matches!(fault(&mut bench), Fault::Database(_)));
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(fault(&mut bench), Fault::Database(_) | Fault::Pages { .. }));
    fs::write(&path, &whole).unwrap();
    bench.reopen();
    assert!(bench.content(&format!("/v2/a/blobs/{}", digest("{}"))).is_some());
}

#[test]
fn content_without_its_database_is_refused() {
    let mut bench = Bench::new();
    bench.push("a", "hello");
    bench.store = None;
    let path = bench.path("store.db");
    fs::remove_file(&path).unwrap();
    assert!(matches!(fault(&mut bench), Fault::Headless));
    fs::write(&path, "").unwrap();
    assert!(matches!(fault(&mut bench), Fault::Headless));
}

#[test]
fn a_later_schema_and_rows_without_their_parents_are_refused() {
    let mut bench = Bench::new();
    bench.store().database().execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(fault(&mut bench), Fault::Version { found: 99, known: 3 }));

    let mut bench = Bench::new();
    let orphan = "PRAGMA foreign_keys = OFF; INSERT INTO tag VALUES ('a', 'x', 'sha256:none')";
    bench.store().database().execute_batch(orphan).unwrap();
    assert!(matches!(fault(&mut bench), Fault::Orphan { table } if table == "tag"));
}
