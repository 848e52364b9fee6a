//! 6.1: reading blobs.

use super::content::absent;
use super::{header, is, place, problem};

#[test]
fn s6_1_a_blob_comes_with_its_digest_and_length() {
    let place = place();
    let digest = place.push("team/read", b"some bytes");
    let target = format!("/v2/team/read/blobs/{digest}");
    let (get, head) = (place.get(&target), place.ask("HEAD", &target, b""));
    assert_eq!((get.head.status, get.body.as_slice()), (200, b"some bytes".as_slice()));
    assert_eq!((head.head.status, head.body.as_slice()), (200, b"".as_slice()));
    for answer in [get, head] {
        assert_eq!(header(&answer, "docker-content-digest"), digest);
        assert_eq!(header(&answer, "content-length"), "10");
        assert_eq!(header(&answer, "content-type"), "application/octet-stream");
    }
}

#[test]
fn s6_1_a_blob_needs_membership_in_the_repository() {
    let place = place();
    let digest = place.push("team/member", b"only here");
    assert_eq!(place.get(&format!("/v2/team/member/blobs/{digest}")).head.status, 200);
    for missing in [format!("/v2/team/other/blobs/{digest}"), format!("/v2/team/member/blobs/{}", absent())] {
        assert_eq!(problem(&place.get(&missing)), is(404, "BLOB_UNKNOWN"), "{missing}");
        assert_eq!(place.ask("HEAD", &missing, b"").head.status, 404, "{missing}");
        let record = place.registry.record_of(&place.get(&missing));
        assert_eq!(record["decision"], "allow", "membership is existence, not policy");
    }
}

#[test]
fn s6_1_what_was_deleted_is_no_member_any_more() {
    let place = place();
    let digest = place.push("team/stale", b"stale");
    let target = format!("/v2/team/stale/blobs/{digest}");
    assert_eq!(place.get(&target).head.status, 200);
    assert_eq!(place.ask("DELETE", &target, b"").head.status, 202);
    assert_eq!(place.get(&target).head.status, 404);
    let mount = format!("/v2/team/fresh/blobs/uploads/?mount={digest}&from=team/stale");
    assert_eq!(place.ask("POST", &mount, b"").head.status, 202, "nor can it be mounted");
}

#[test]
fn s6_1_no_read_is_redirected() {
    let place = place();
    let digest = place.push("team/direct", b"direct");
    let answer = place.get(&format!("/v2/team/direct/blobs/{digest}"));
    assert_eq!((answer.head.status, answer.head.header("location")), (200, None));
}
