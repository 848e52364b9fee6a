//! Two clients at once, again and again: one of the permitted results each time, nothing half-visible to a third who
//! looks meanwhile, and a journal that still proves itself.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "an integration test fails like a test, and says what it counted"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use support::{EMPTY_INDEX, Registry, Robot, manifest};
use testkit::http::Response;
use testkit::image::digest_of;

/// How often each pair meets.
const ROUNDS: usize = 200;
const ACCEPT: (&str, &str) =
    ("Accept", "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json");

/// A registry with somebody who may do everything there.
struct Arena {
    registry: Registry,
    robot: Robot,
}

impl Arena {
    fn open() -> Self {
        let registry = Registry::start();
        let robot = registry.robot("ci", &["--pull", "team/**", "--push", "team/**", "--delete", "team/**"]);
        Self { registry, robot }
    }

    fn ask(&self, method: &str, target: &str, body: &[u8]) -> Response {
        self.registry.ask_with(Some(&self.robot), method, target, &[ACCEPT], body)
    }

    fn status(&self, method: &str, target: &str, body: &[u8]) -> u16 {
        self.ask(method, target, body).head.status
    }

    /// The content, if it is there; else the answer must say that it is not.
    fn content(&self, target: &str) -> Option<Vec<u8>> {
        let answer = self.ask("GET", target, b"");
        match answer.head.status {
            200 => Some(answer.body),
            404 => None,
            status => panic!("{target}: {status} {}", answer.text()),
        }
    }

    fn push_blob(&self, repository: &str, bytes: &[u8]) -> u16 {
        let target = format!("/v2/{repository}/blobs/uploads/?digest={}", digest_of(bytes));
        self.status("POST", &target, bytes)
    }

    /// The other way to push a blob: an upload in two requests.
    fn upload_blob(&self, repository: &str, bytes: &[u8]) -> u16 {
        let opened = self.ask("POST", &format!("/v2/{repository}/blobs/uploads/"), b"");
        self.status("PUT", &format!("{}?digest={}", location(&opened), digest_of(bytes)), bytes)
    }

    /// Mounts a blob; where that opens an upload instead, gives it up.
    fn mount(&self, digest: &str, from: &str, to: &str) -> u16 {
        let answer = self.ask("POST", &format!("/v2/{to}/blobs/uploads/?mount={digest}&from={from}"), b"");
        if answer.head.status == 202 {
            assert_eq!(self.status("DELETE", location(&answer), b""), 204);
        }
        answer.head.status
    }

    fn put(&self, repository: &str, reference: &str, manifest: &str) -> u16 {
        self.status("PUT", &format!("/v2/{repository}/manifests/{reference}"), manifest.as_bytes())
    }

    /// Does both at once, while a third looks again and again: what they see is nothing, or one of the contents.
    fn meet(
        &self,
        first: impl Fn() -> u16 + Sync,
        second: impl Fn() -> u16 + Sync,
        looked_at: &str,
        contents: &[&[u8]],
    ) -> (u16, u16) {
        let (start, done) = (Barrier::new(3), AtomicBool::new(false));
        let begun = |work: &(dyn Fn() -> u16 + Sync)| {
            start.wait();
            work()
        };
        thread::scope(|scope| {
            let (first, second) = (scope.spawn(|| begun(&first)), scope.spawn(|| begun(&second)));
            let look = scope.spawn(|| {
                start.wait();
                while !done.load(Ordering::Acquire) {
                    let seen = self.content(looked_at);
                    let whole = |bytes: &Vec<u8>| contents.contains(&bytes.as_slice());
                    assert!(seen.as_ref().is_none_or(whole), "{looked_at} was seen half done");
                }
            });
            let results = [first, second].map(thread::ScopedJoinHandle::join);
            done.store(true, Ordering::Release);
            let looked = look.join();
            let [Ok(first), Ok(second)] = results else { panic!("one of two ended badly at {looked_at}") };
            assert!(looked.is_ok(), "whoever looked at {looked_at} ended badly");
            (first, second)
        })
    }

    /// How often each pair of answers came; the journal proves itself at the end.
    fn close(self, what: &str, counted: &BTreeMap<(u16, u16), usize>) {
        println!("{what}: {counted:?}");
        assert_eq!(counted.values().sum::<usize>(), ROUNDS);
        let verified = self.registry.verb(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    }
}

/// The path of the upload that was opened.
fn location(opened: &Response) -> &str {
    let location = opened.head.header("location").unwrap_or_else(|| panic!("{}", opened.text()));
    let (_, authority_and_path) = location.split_once("://").unwrap_or_else(|| panic!("{location}"));
    authority_and_path.find('/').map_or(location, |path| authority_and_path.split_at(path).1)
}

/// An index with nothing in it, like no other.
fn marked(mark: &str) -> String {
    EMPTY_INDEX.replace("\"manifests\"", &format!("\"annotations\":{{\"mark\":\"{mark}\"}},\"manifests\""))
}

fn index_of(child: &str, size: usize) -> String {
    EMPTY_INDEX.replace(
        "[]",
        &format!(r#"[{{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{child}","size":{size}}}]"#),
    )
}

#[test]
fn the_same_tag() {
    let arena = Arena::open();
    let mut counted = BTreeMap::new();
    for round in 0..ROUNDS {
        let [one, two] = ["one", "two"].map(|side| marked(&format!("{side} {round}")));
        let tag = format!("/v2/team/app/manifests/t{}", round / 2);
        let before = arena.content(&tag).unwrap_or_default();
        let put = |manifest: &str| arena.put("team/app", &format!("t{}", round / 2), manifest);
        let contents = [one.as_bytes(), two.as_bytes(), &before];
        let results = arena.meet(|| put(&one), || put(&two), &tag, &contents);
        assert_eq!(results, (201, 201));
        let tagged = arena.content(&tag).unwrap_or_default();
        assert!(tagged == one.as_bytes() || tagged == two.as_bytes(), "the tag names neither");
        for manifest in [&one, &two] {
            let by_digest = arena.content(&format!("/v2/team/app/manifests/{}", digest_of(manifest.as_bytes())));
            assert_eq!(by_digest.as_deref(), Some(manifest.as_bytes()));
        }
        *counted.entry(results).or_default() += 1;
    }
    arena.close("two push the same tag", &counted);
}

#[test]
fn the_same_blob() {
    let arena = Arena::open();
    let mut counted = BTreeMap::new();
    for round in 0..ROUNDS {
        let bytes = format!("blob {round} ").repeat(5_000).into_bytes();
        let target = format!("/v2/team/app/blobs/{}", digest_of(&bytes));
        let whole = || arena.push_blob("team/app", &bytes);
        let in_two = || arena.upload_blob("team/app", &bytes);
        let results = arena.meet(whole, in_two, &target, &[&bytes]);
        assert_eq!(results, (201, 201));
        assert_eq!(arena.content(&target), Some(bytes));
        *counted.entry(results).or_default() += 1;
    }
    arena.close("two push the same blob", &counted);
}

#[test]
fn an_index_before_its_children() {
    let arena = Arena::open();
    let mut counted = BTreeMap::new();
    for round in 0..ROUNDS {
        let child = marked(&format!("child {round}"));
        let digest = digest_of(child.as_bytes());
        let index = index_of(&digest, child.len());
        let target = format!("/v2/team/app/manifests/many{round}");
        let results = arena.meet(
            || arena.put("team/app", &format!("many{round}"), &index),
            || arena.put("team/app", &digest, &child),
            &target,
            &[index.as_bytes()],
        );
        assert!(matches!(results, (201 | 400, 201)), "{results:?}");
        let expected = (results.0 == 201).then(|| index.clone().into_bytes());
        assert_eq!(arena.content(&target), expected, "{results:?}");
        assert!(arena.content(&format!("/v2/team/app/manifests/{digest}")).is_some());
        *counted.entry(results).or_default() += 1;
    }
    arena.close("an index and its child", &counted);
}

#[test]
fn deleting_what_another_mounts() {
    let arena = Arena::open();
    let mut counted = BTreeMap::new();
    for round in 0..ROUNDS {
        let bytes = format!("layer {round} ").repeat(100).into_bytes();
        let digest = digest_of(&bytes);
        assert_eq!(arena.push_blob("team/base", &bytes), 201);
        let target = format!("/v2/team/app/blobs/{digest}");
        let results = arena.meet(
            || arena.mount(&digest, "team/base", "team/app"),
            || arena.status("DELETE", &format!("/v2/team/base/blobs/{digest}"), b""),
            &target,
            &[&bytes],
        );
        assert!(matches!(results, (201 | 202, 202)), "{results:?}");
        assert_eq!(arena.content(&target), (results.0 == 201).then_some(bytes), "{results:?}");
        assert_eq!(arena.content(&format!("/v2/team/base/blobs/{digest}")), None);
        *counted.entry(results).or_default() += 1;
    }
    arena.close("a mount and a delete", &counted);
}

#[test]
fn deleting_what_another_names() {
    let arena = Arena::open();
    let mut counted = BTreeMap::new();
    assert_eq!(arena.push_blob("team/app", b"{}"), 201);
    for round in 0..ROUNDS {
        let bytes = format!("layer {round}").into_bytes();
        let layer = digest_of(&bytes);
        assert_eq!(arena.push_blob("team/app", &bytes), 201);
        let image = manifest(&digest_of(b"{}"), 2, &layer, bytes.len());
        let target = format!("/v2/team/app/manifests/v{round}");
        let results = arena.meet(
            || arena.put("team/app", &format!("v{round}"), &image),
            || arena.status("DELETE", &format!("/v2/team/app/blobs/{layer}"), b""),
            &target,
            &[image.as_bytes()],
        );
        let here = arena.content(&format!("/v2/team/app/blobs/{layer}")).is_some();
        match results {
            (201, 405) => assert!(here && arena.content(&target).is_some(), "an image that is there is whole"),
            (400, 202) => {
                assert!(!here && arena.content(&target).is_none(), "an image that lacks a layer is not there")
            }
            other => panic!("{other:?}"),
        }
        *counted.entry(results).or_default() += 1;
    }
    arena.close("a manifest and the delete of its layer", &counted);
}
