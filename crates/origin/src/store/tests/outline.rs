//! The outline is read while the store is open, and after.

use super::support::Bench;
use crate::store::outline::outline;

fn lines(bench: &Bench, most: u32) -> Vec<String> {
    let lines = outline(&bench.path(""), most).unwrap();
    lines.iter().map(|line| format!("{} {}", line.repository, line.reference)).collect()
}

#[test]
fn every_repository_with_a_manifest_is_told_of() {
    let mut bench = Bench::new();
    assert!(lines(&bench, 10).is_empty());
    bench.push("team/blobs", "nothing names it");
    bench.push_image("team/app", "1.0", "a");
    bench.push_image("team/app", "2.0", "b");
    bench.push_image("base", "latest", "c");
    assert_eq!(lines(&bench, 10), ["base latest", "team/app 2.0"]);
    assert_eq!(lines(&bench, 1), ["base latest"]);
    let digest = bench.push_image("team/bare", "gone", "d");
    bench.ask("DELETE /v2/team/bare/manifests/gone", "").unwrap();
    assert_eq!(lines(&bench, 10).last(), Some(&format!("team/bare {digest}")));
    bench.store = None;
    assert_eq!(lines(&bench, 10).len(), 3, "nobody has it open any more");
}

#[test]
fn where_there_is_no_store_there_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(outline(folder.path(), 10).unwrap(), []);
}
