//! Reading: headers, ranges, conditions, lists.

use super::support::{Bench, digest, header, image, status, text};
use crate::served::Payload;

#[test]
fn a_blob_and_its_head() {
    let bench = Bench::new();
    let digest = bench.push("a", "hello");
    let served = bench.ask(&format!("GET /v2/a/blobs/{digest}"), ()).unwrap();
    assert_eq!((served.status, served.length), (200, Some(5)));
    assert_eq!(header(&served, "docker-content-digest"), digest);
    assert_eq!(header(&served, "etag"), format!("\"{digest}\""));
    assert_eq!(header(&served, "content-type"), "application/octet-stream");
    assert_eq!(header(&served, "accept-ranges"), "bytes");
    assert_eq!(served.digest.as_ref().unwrap().to_string(), digest);

    let head = bench.ask(&format!("HEAD /v2/a/blobs/{digest}"), ()).unwrap();
    assert_eq!((head.status, head.length, &head.headers), (200, Some(5), &served.headers));
    assert!(matches!(head.payload, Payload::Empty));
    assert_eq!(text(served), "hello");
}

#[test]
fn ranges_of_a_blob() {
    let bench = Bench::new();
    let line = format!("/v2/a/blobs/{}", bench.push("a", "0123456789"));
    for (range, expected, content_range) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=0-99", "0123456789", "bytes 0-9/10"),
    ] {
        let served = bench.ask_with(&format!("GET {line}"), &[("range", range)], ()).unwrap();
        assert_eq!((served.status, served.length), (206, Some(expected.len() as u64)), "{range}");
        assert_eq!(header(&served, "content-range"), content_range);
        assert_eq!(text(served), expected);
    }
    for range in ["bytes=10-", "bytes=5-0", "bytes=-0"] {
        let beyond = bench.ask_with(&format!("GET {line}"), &[("range", range)], ()).unwrap();
        assert_eq!((beyond.status, header(&beyond, "content-range").as_str()), (416, "bytes */10"), "{range}");
    }
    let several = bench.ask_with(&format!("GET {line}"), &[("range", "bytes=0-1,4-5")], ()).unwrap();
    assert_eq!((several.status, text(several).len()), (200, 10));
    let head = bench.ask_with(&format!("HEAD {line}"), &[("range", "bytes=0-1")], ()).unwrap();
    assert_eq!((head.status, head.length), (200, Some(10)));
}

#[test]
fn what_the_client_has_is_not_sent() {
    let bench = Bench::new();
    let manifest = bench.push_image("a", "latest", "layer");
    let blob = digest("layer");
    for (target, tag) in [(format!("blobs/{blob}"), &blob), ("manifests/latest".to_owned(), &manifest)] {
        let known = format!("\"{tag}\"");
        let same = bench.ask_with(&format!("GET /v2/a/{target}"), &[("if-none-match", &known)], ()).unwrap();
        assert_eq!((same.status, same.length, header(&same, "etag")), (304, None, known));
        let other = bench.ask_with(&format!("GET /v2/a/{target}"), &[("if-none-match", "\"x\"")], ()).unwrap();
        assert_eq!(other.status, 200);
    }
}

#[test]
fn a_manifest_byte_for_byte_by_tag_and_digest() {
    let bench = Bench::new();
    let image = image(&bench.push("a", "{}"), &[&bench.push("a", "layer")]) + "\n ";
    let stored = bench.ask("PUT /v2/a/manifests/latest", image.as_str()).unwrap();
    assert_eq!((stored.status, header(&stored, "location")), (201, format!("/v2/a/manifests/{}", digest(&image))));
    for reference in ["latest", &digest(&image)] {
        let served = bench.ask(&format!("GET /v2/a/manifests/{reference}"), ()).unwrap();
        assert_eq!(header(&served, "content-type"), "application/vnd.oci.image.manifest.v1+json");
        assert_eq!(header(&served, "docker-content-digest"), digest(&image));
        assert_eq!((served.length, text(served)), (Some(image.len() as u64), image.clone()));
    }
    let head = bench.ask("HEAD /v2/a/manifests/latest", ()).unwrap();
    assert_eq!((head.length, text(head)), (Some(image.len() as u64), String::new()));
}

#[test]
fn content_of_another_repository_is_not_there() {
    let bench = Bench::new();
    let manifest = bench.push_image("a", "latest", "secret");
    bench.push("b", "other");
    for target in [
        format!("blobs/{}", digest("secret")),
        format!("blobs/{}", digest("random")),
        format!("manifests/{manifest}"),
        "manifests/latest".to_owned(),
        // A manifest is no blob, and a blob no manifest.
        format!("manifests/{}", digest("other")),
    ] {
        assert_eq!(status(&bench.ask(&format!("GET /v2/b/{target}"), ())), 404, "{target}");
        assert_eq!(status(&bench.ask(&format!("HEAD /v2/b/{target}"), ())), 404, "{target}");
    }
    assert_eq!(status(&bench.ask(&format!("GET /v2/a/blobs/{manifest}"), ())), 404);
}

#[test]
fn tags_are_paged_in_ascii_order() {
    let bench = Bench::new();
    bench.push_image("a", "b", "layer");
    for tag in ["a", "B", "_1"] {
        bench.push_image("a", tag, "layer");
    }
    let list = |query: &str| bench.ask(&format!("GET /v2/a/tags/list{query}"), ()).unwrap();
    assert_eq!(text(list("")), r#"{"name":"a","tags":["B","_1","a","b"]}"#);
    assert!(list("").headers.get("link").is_none());

    let first = list("?n=3");
    assert_eq!(header(&first, "link"), r#"</v2/a/tags/list?n=3&last=a>; rel="next""#);
    assert_eq!(text(first), r#"{"name":"a","tags":["B","_1","a"]}"#);
    let last = list("?n=3&last=a");
    assert!(last.headers.get("link").is_none());
    assert_eq!(text(last), r#"{"name":"a","tags":["b"]}"#);
    assert!(list("?n=4").headers.get("link").is_none());
    assert_eq!(text(list("?last=C")), r#"{"name":"a","tags":["_1","a","b"]}"#);
    for empty in ["?n=0", "?last=zz"] {
        assert_eq!(text(list(empty)), r#"{"name":"a","tags":[]}"#);
        assert!(list(empty).headers.get("link").is_none());
    }
}

#[test]
fn a_page_has_at_most_ten_thousand_tags() {
    let bench = Bench::new();
    let manifest = bench.push_image("a", "tag", "layer");
    bench
        .store()
        .database()
        .execute_batch(&format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             INSERT INTO tag SELECT 'a', format('%05d', i), '{manifest}' FROM n"
        ))
        .unwrap();
    for query in ["", "?n=20000", "?n=18446744073709551615"] {
        let served = bench.ask(&format!("GET /v2/a/tags/list{query}"), ()).unwrap();
        assert_eq!(header(&served, "link"), r#"</v2/a/tags/list?n=10000&last=10000>; rel="next""#, "{query}");
    }
}

#[test]
fn a_name_with_nothing_under_it_is_unknown() {
    let bench = Bench::new();
    bench.begin("a");
    let unknown = bench.ask("GET /v2/a/tags/list", ()).unwrap_err();
    assert_eq!((unknown.problem().status, unknown.problem().code.as_str()), (404, "NAME_UNKNOWN"));
    bench.push("a", "blob");
    assert_eq!(bench.content("/v2/a/tags/list").unwrap(), r#"{"name":"a","tags":[]}"#);
}

#[test]
fn damaged_content_is_not_served() {
    let bench = Bench::new();
    let line = format!("GET /v2/a/blobs/{}", bench.push("a", "hello"));
    let hex = digest("hello").replace("sha256:", "");
    let path = bench.path(&format!("blobs/sha256/{}/{hex}", hex.split_at(2).0));
    std::fs::write(&path, "hell").unwrap();
    let damaged = bench.ask(&line, ()).unwrap_err();
    assert!(damaged.to_string().contains(&hex) && !damaged.problem().message.contains(&hex));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(status(&bench.ask(&line, ())), 503);
    // Pushed again it is whole again.
    bench.push("a", "hello");
    assert_eq!(status(&bench.ask(&line, ())), 200);
}
