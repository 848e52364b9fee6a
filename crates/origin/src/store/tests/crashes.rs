//! The disk fails, or the process ends, before every single step: what was acknowledged stays, and nothing is half there.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use protocol::Algorithm;

use super::support::{Bench, Body, digest, file_digest, header, image, status};
use crate::error::StoreError;
use crate::store::disk::Step;

/// What GET must find, by target.
type World = BTreeMap<String, Option<String>>;

/// One request, and what it changes if it is acknowledged.
struct Act {
    line: String,
    body: String,
    changes: World,
}

fn act(line: &str, body: &str, changes: &[(&str, Option<&str>)]) -> Act {
    let changes = changes.iter().map(|(target, content)| ((*target).to_owned(), content.map(str::to_owned)));
    Act { line: line.to_owned(), body: body.to_owned(), changes: changes.collect() }
}

/// A life of a repository, every kind of change once. `UPLOAD` stands for where the upload goes on.
fn life() -> Vec<Act> {
    let (config, layer, other) = (digest("{}"), digest("hello world"), digest("other"));
    let (first, second) = (image(&config, &[&layer]), image(&config, &[&layer, &other]));
    let blob = |name: &str, digest: &str| format!("/v2/{name}/blobs/{digest}");
    let manifest = |manifest: &str| format!("/v2/a/manifests/{}", digest(manifest));
    vec![
        act("POST /v2/a/blobs/uploads/", "", &[]),
        act("PATCH UPLOAD", "hello", &[]),
        act("PATCH UPLOAD", " wor", &[]),
        act(&format!("PUT UPLOAD?digest={layer}"), "ld", &[(&blob("a", &layer), Some("hello world"))]),
        act(&format!("POST /v2/a/blobs/uploads/?digest={config}"), "{}", &[(&blob("a", &config), Some("{}"))]),
        act(
            "PUT /v2/a/manifests/v1",
            &first,
            &[("/v2/a/manifests/v1", Some(&first)), (&manifest(&first), Some(&first))],
        ),
        act(&format!("POST /v2/a/blobs/uploads/?digest={other}"), "other", &[(&blob("a", &other), Some("other"))]),
        act(
            "PUT /v2/a/manifests/v1",
            &second,
            &[("/v2/a/manifests/v1", Some(&second)), (&manifest(&second), Some(&second))],
        ),
        act(
            &format!("POST /v2/b/blobs/uploads/?mount={layer}&from=a"),
            "",
            &[(&blob("b", &layer), Some("hello world"))],
        ),
        act(&format!("POST /v2/b/blobs/uploads/?digest={config}"), "{}", &[(&blob("b", &config), Some("{}"))]),
        act("DELETE /v2/a/manifests/v1", "", &[("/v2/a/manifests/v1", None)]),
        act(&format!("DELETE {}", manifest(&second)), "", &[(&manifest(&second), None)]),
        act(&format!("DELETE {}", blob("a", &other)), "", &[(&blob("a", &other), None)]),
        act("POST /v2/a/blobs/uploads/", "", &[]),
        act("PATCH UPLOAD", "in vain", &[]),
        act("DELETE UPLOAD", "", &[]),
    ]
}

/// How far a life came.
#[derive(Default)]
struct Lived {
    world: World,
    /// The upload that is open, and what it has been told of.
    upload: Option<(String, String)>,
    /// What the request changes that was not answered.
    pending: Option<Act>,
}

/// Lives until a request fails.
fn live(bench: &Bench) -> Lived {
    let mut lived = Lived::default();
    let mut location = String::new();
    for act in life() {
        let line = act.line.replace("UPLOAD", &location);
        match bench.ask(&line, act.body.as_str()) {
            Ok(served) => {
                if act.line == "POST /v2/a/blobs/uploads/" {
                    location = header(&served, "location");
                    lived.upload = Some((location.clone(), String::new()));
                }
                match (&mut lived.upload, act.line.as_str()) {
                    (Some((_, told)), "PATCH UPLOAD") => told.push_str(&act.body),
                    (upload, line) if line.contains(" UPLOAD") => *upload = None,
                    _ => {}
                }
                lived.world.extend(act.changes);
            }
            Err(error) => {
                assert!(matches!(error, StoreError::Disk { .. }), "{line}: {error}");
                assert_eq!(error.problem().status, 503);
                lived.pending = Some(act);
                return lived;
            }
        }
    }
    lived
}

/// What is there is all that was acknowledged, and of the last request everything or nothing.
fn check(bench: &Bench, lived: &Lived) {
    let pending = lived.pending.as_ref().map(|act| &act.changes);
    let changed = pending.into_iter().flatten().all(|(target, content)| bench.content(target) == *content);
    let mut expected = lived.world.clone();
    for (target, content) in pending.into_iter().flatten() {
        let before = lived.world.get(target).cloned().flatten();
        expected.insert(target.clone(), if changed { content.clone() } else { before });
    }
    for (target, content) in &expected {
        assert_eq!(bench.content(target), *content, "{target}");
    }
    for path in files(&bench.path("blobs")) {
        let hash = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(file_digest(Algorithm::Sha256, &path).hex(), hash);
    }
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// An upload that was not being finished or cancelled goes on where it was acknowledged, or behind it.
fn check_upload(bench: &Bench, lived: &Lived) {
    let ending = |act: &Act| act.line.contains("UPLOAD") && !act.line.starts_with("PATCH");
    let Some((location, told)) = &lived.upload else { return };
    let status_line = format!("GET {location}");
    match bench.ask(&status_line, ()) {
        Err(_) => assert!(lived.pending.as_ref().is_some_and(ending), "the upload is lost"),
        Ok(_) => {
            let path = bench.path("uploads").join(location.rsplit_once('/').unwrap().1);
            let found = fs::read_to_string(path).unwrap();
            assert!(found.starts_with(told.as_str()));
            let whole = format!("{found} and on");
            bench.ask(&format!("PATCH {location}"), " and on").unwrap();
            assert_eq!(status(&bench.ask(&format!("PUT {location}?digest={}", digest(&whole)), ())), 201);
            assert_eq!(bench.content(&format!("/v2/a/blobs/{}", digest(&whole))), Some(whole));
        }
    }
}

/// Fails the `at`-th step, and with `forever` every one after it; `true` where the step was reached.
fn fail(bench: &mut Bench, at: usize, forever: bool) -> Arc<AtomicBool> {
    let (count, failed) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
    let reached = failed.clone();
    bench.reopen_on(move |_| {
        // The folders that are made while it opens are not counted: the store is there already.
        let number = count.fetch_add(1, Ordering::Relaxed);
        if number < STEPS_OF_OPENING || number - STEPS_OF_OPENING < at {
            return Ok(());
        }
        let first = !failed.swap(true, Ordering::Relaxed);
        if first || forever { Err(io::Error::other("the disk is gone")) } else { Ok(()) }
    });
    reached
}

/// Fails the step that came so often before.
fn nth(step: Step, before: usize, kind: io::ErrorKind) -> impl Fn(Step) -> io::Result<()> {
    let count = AtomicUsize::new(0);
    move |next| if next == step && count.fetch_add(1, Ordering::Relaxed) == before { Err(kind.into()) } else { Ok(()) }
}

/// Three folders made and two synced.
const STEPS_OF_OPENING: usize = 5;

#[test]
fn the_process_may_end_before_any_step() {
    let mut reached = 0;
    for at in 0.. {
        let mut bench = Bench::new();
        let failed = fail(&mut bench, at, true);
        let lived = live(&bench);
        bench.reopen();
        check(&bench, &lived);
        let rows = "SELECT count(*) FROM upload";
        let rows: usize = bench.store().database().query_row(rows, [], |row| row.get(0)).unwrap();
        assert_eq!(fs::read_dir(bench.path("uploads")).unwrap().count(), rows);
        check_upload(&bench, &lived);
        if !failed.load(Ordering::Relaxed) {
            break;
        }
        reached = at;
    }
    assert!(reached > 50, "{reached}");
}

#[test]
fn the_disk_may_fail_at_any_step_and_the_store_goes_on() {
    for at in 0.. {
        let mut bench = Bench::new();
        let failed = fail(&mut bench, at, false);
        let lived = live(&bench);
        check(&bench, &lived);
        check_upload(&bench, &lived);
        if !failed.load(Ordering::Relaxed) {
            break;
        }
        bench.push("c", "afterwards");
    }
}

#[test]
fn a_first_opening_may_end_before_any_step() {
    for at in 0.. {
        let mut bench = Bench::new();
        bench.store = None;
        fs::remove_dir_all(bench.path("")).unwrap();
        let left = AtomicUsize::new(at);
        let before = move |_| {
            let alive = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            alive.map(drop).map_err(|_| io::Error::other("the process is gone"))
        };
        let opened = bench.open(crate::store::disk::Disk { before: Some(Arc::new(before)) });
        let done = opened.is_ok();
        drop(opened);
        bench.reopen();
        bench.push("a", "hello");
        if done {
            break;
        }
    }
}

#[test]
fn a_failed_sync_publishes_nothing_and_is_not_tried_again() {
    let mut bench = Bench::new();
    let location = bench.begin("a");
    bench.reopen_on(nth(Step::Sync, 0, io::ErrorKind::Other));
    let put = format!("PUT {location}?digest={}", digest("hello"));
    assert_eq!(status(&bench.ask(&put, "hello")), 503);
    assert_eq!(bench.content(&format!("/v2/a/blobs/{}", digest("hello"))), None);
    assert_eq!(status(&bench.ask(&put, "hello")), 404);
    assert!(files(&bench.path("blobs")).is_empty() && files(&bench.path("uploads")).is_empty());
}

#[test]
fn a_full_disk_is_told_apart() {
    let mut bench = Bench::new();
    let location = bench.begin("a");
    bench.reopen_on(nth(Step::Write, 0, io::ErrorKind::StorageFull));
    assert_eq!(status(&bench.ask(&format!("PATCH {location}"), "hello")), 507);
    bench.reopen();
    assert_eq!(status(&bench.ask(&format!("PUT {location}?digest={}", digest("hello")), "hello")), 201);
}

#[test]
fn a_blob_is_on_the_disk_before_it_is_visible() {
    let mut bench = Bench::new();
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = steps.clone();
    bench.reopen_on(move |step| {
        seen.lock().unwrap().push(step);
        Ok(())
    });
    steps.lock().unwrap().clear();
    bench.push("a", "hello");
    let folders = [Step::Create, Step::SyncFolder, Step::SyncFolder];
    let mut expected = vec![Step::Measure, Step::Create, Step::Measure, Step::Write, Step::Sync];
    expected.extend(folders);
    expected.extend([Step::Rename, Step::SyncFolder, Step::Commit, Step::Remove]);
    assert_eq!(*steps.lock().unwrap(), expected);
}

#[test]
fn space_that_runs_out_on_the_way_ends_the_push_and_keeps_what_came() {
    let mut bench = Bench::new();
    let location = bench.begin("a");
    bench.reopen_on(nth(Step::Measure, 1, io::ErrorKind::StorageFull));
    let piece = "x".repeat(1 << 20);
    let nine = Body::pieces([piece.as_str(); 9]);
    assert_eq!(status(&bench.ask(&format!("PATCH {location}"), nine)), 507);
    let reached = format!("0-{}", (8 << 20) - 1);
    assert_eq!(header(&bench.ask(&format!("GET {location}"), ()).unwrap(), "range"), reached);
    bench.reopen();
    let whole = digest(&piece.repeat(9));
    assert_eq!(status(&bench.ask(&format!("PUT {location}?digest={whole}"), piece.as_str())), 201);
    assert_eq!(bench.ask(&format!("HEAD /v2/a/blobs/{whole}"), ()).unwrap().length, Some(9 << 20));
}
