//! Many at once.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use policy::Condition;
use tokio::sync::Notify;

use super::support::{Bench, digest, image, owner, request, run, serve, status};
use crate::body::{Upload, UploadError};
use crate::store::Work;

/// A body whose second piece comes when it is told to.
struct Waiting {
    pieces: Vec<&'static str>,
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Upload for Waiting {
    async fn next(&mut self) -> Option<Result<Bytes, UploadError>> {
        if self.pieces.len() == 1 {
            self.begun.notify_one();
            self.go_on.notified().await;
        }
        self.pieces.pop().map(|piece| Ok(Bytes::from_static(piece.as_bytes())))
    }

    fn standing(&self) -> bool {
        true
    }
}

#[test]
fn one_writer_at_a_time() {
    let bench = Bench::new();
    let location = bench.begin("a");
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let body = Waiting { pieces: vec!["lo", "hel"], begun: begun.clone(), go_on: go_on.clone() };
    let patch = request(&format!("PATCH {location}"), &[]);
    let (owner, others) = (owner("r1"), ["PATCH", "PUT", "DELETE"]);
    let slow = bench.store().serve(Work { request: &patch, conditions: &[], owner: &owner, now: bench.now, body });
    let second = async {
        begun.notified().await;
        for method in others {
            let line = format!("{method} {location}?digest={}", digest("x"));
            assert_eq!(status(&serve(bench.store(), &request(&line, &[]), &[], bench.now, "x").await), 409, "{method}");
        }
        go_on.notify_one();
    };
    let (first, ()) = run(async { tokio::join!(slow, second) });
    assert_eq!(status(&first), 202);
    assert_eq!(status(&bench.ask(&format!("PUT {location}?digest={}", digest("hello")), ())), 201);
}

#[test]
fn a_request_that_is_dropped_frees_its_upload() {
    let bench = Bench::new();
    let location = bench.begin("a");
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let body = Waiting { pieces: vec!["lo", "hel"], begun: begun.clone(), go_on };
    let patch = request(&format!("PATCH {location}"), &[]);
    let owner = owner("r1");
    let slow = bench.store().serve(Work { request: &patch, conditions: &[], owner: &owner, now: bench.now, body });
    run(async {
        tokio::select! { _ = slow => panic!("it waits"), () = begun.notified() => {} }
    });
    assert_eq!(status(&bench.ask_with(&format!("PATCH {location}"), &[("content-range", "3-4")], "lo")), 202);
    assert_eq!(status(&bench.ask(&format!("PUT {location}?digest={}", digest("hello")), ())), 201);
}

#[test]
fn one_of_many_creates_a_tag_and_the_others_are_told() {
    let bench = Bench::new();
    let config = bench.push("a", "{}");
    let images: Vec<String> = (0..8).map(|i| image(&config, &[&bench.push("a", &format!("layer {i}"))])).collect();
    let absent = [Condition::TagAbsent("v1".parse().unwrap())];
    let put = |image: &String| status(&bench.ask_if("PUT /v2/a/manifests/v1", &absent, image.as_str()));
    let statuses: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = images.iter().map(|image| scope.spawn(move || put(image))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 7, "{statuses:?}");
    let won = statuses.iter().position(|status| *status == 201).unwrap();
    assert_eq!(bench.content("/v2/a/manifests/v1").as_ref(), Some(&images[won]));
}

#[test]
fn the_same_blob_from_many_at_once() {
    let bench = Bench::new();
    let content = "x".repeat(1 << 20);
    thread::scope(|scope| {
        for repository in ["a", "b", "a", "c"] {
            let (bench, content) = (&bench, content.as_str());
            scope.spawn(move || bench.push(repository, content));
        }
    });
    let found: HashSet<_> =
        ["a", "b", "c"].map(|name| bench.content(&format!("/v2/{name}/blobs/{}", digest(&content)))).into();
    assert_eq!(found, HashSet::from([Some(content)]));
    assert_eq!(std::fs::read_dir(bench.path("uploads")).unwrap().count(), 0);
}
