//! 6.1: parts of a blob.

use super::{header, is, place, problem};

const CONTENT: &[u8] = b"0123456789";

#[test]
fn s6_1_one_range_is_206() {
    let place = place();
    let target = format!("/v2/team/range/blobs/{}", place.push("team/range", CONTENT));
    for (range, part, content_range) in [
        ("bytes=2-5", "2345", "bytes 2-5/10"),
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=8-99", "89", "bytes 8-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=-99", "0123456789", "bytes 0-9/10"),
    ] {
        let answer = place.ask_with("GET", &target, &[("Range", range)], b"");
        assert_eq!((answer.head.status, answer.text().as_str()), (206, part), "{range}");
        assert_eq!(header(&answer, "content-range"), content_range, "{range}");
        assert_eq!(header(&answer, "content-length"), part.len().to_string(), "{range}");
    }
}

#[test]
fn s6_1_a_range_that_holds_nothing_is_416() {
    let place = place();
    let target = format!("/v2/team/beyond/blobs/{}", place.push("team/beyond", CONTENT));
    for range in ["bytes=10-", "bytes=50-99", "bytes=-0", "bytes=5-0"] {
        let answer = place.ask_with("GET", &target, &[("Range", range)], b"");
        assert_eq!(problem(&answer), is(416, "SIZE_INVALID"), "{range}");
        assert_eq!(header(&answer, "content-range"), "bytes */10", "{range}");
    }
}

#[test]
fn s6_1_several_ranges_and_other_units_are_ignored() {
    let place = place();
    let target = format!("/v2/team/several/blobs/{}", place.push("team/several", CONTENT));
    for range in ["bytes=0-1,4-5", "lines=0-1", "bytes=a-b"] {
        let answer = place.ask_with("GET", &target, &[("Range", range)], b"");
        assert_eq!((answer.head.status, answer.body.as_slice()), (200, CONTENT), "{range}");
    }
    let head = place.ask_with("HEAD", &target, &[("Range", "bytes=0-1")], b"");
    assert_eq!((head.head.status, header(&head, "content-length")), (200, "10"));
}
