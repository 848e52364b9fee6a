//! 6.3: uploads.

use testkit::http::{Connection, Response};
use testkit::image::digest_of;

use super::content::absent;
use super::{Place, header, is, place, problem};

/// The blob was stored: the answer says where, and it is read back from there.
fn is_stored(place: &Place, answer: &Response, content: &[u8]) {
    assert_eq!(answer.head.status, 201, "{}", answer.text());
    assert_eq!(header(answer, "docker-content-digest"), digest_of(content));
    let read = place.get(&place.location(answer));
    assert_eq!((read.head.status, read.body.as_slice()), (200, content));
}

fn patch(place: &Place, upload: &str, range: &str, bytes: &[u8]) -> Response {
    place.ask_with("PATCH", upload, &[("Content-Range", range), ("Content-Type", "application/octet-stream")], bytes)
}

fn finish(place: &Place, upload: &str, whole: &[u8], last: &[u8]) -> Response {
    place.ask("PUT", &format!("{upload}?digest={}", digest_of(whole)), last)
}

#[test]
fn s6_3_post_then_put() {
    let place = place();
    let upload = place.open("team/post-put");
    is_stored(&place, &finish(&place, &upload, b"two steps", b"two steps"), b"two steps");
}

#[test]
fn s6_3_one_post() {
    let place = place();
    let target = format!("/v2/team/post/blobs/uploads/?digest={}", digest_of(b"one step"));
    is_stored(&place, &place.ask("POST", &target, b"one step"), b"one step");
}

#[test]
fn s6_3_chunks_in_order() {
    let place = place();
    let mut upload = place.open("team/chunks");
    for (range, bytes, so_far) in [("0-2", b"abc".as_slice(), "0-2"), ("3-3", b"d", "0-3"), ("4-5", b"ef", "0-5")] {
        let answer = patch(&place, &upload, range, bytes);
        assert_eq!((answer.head.status, header(&answer, "range")), (202, so_far), "{}", answer.text());
        upload = place.location(&answer);
        let state = place.get(&upload);
        assert_eq!((state.head.status, header(&state, "range")), (204, so_far));
        upload = place.location(&state);
    }
    is_stored(&place, &finish(&place, &upload, b"abcdef", b""), b"abcdef");
}

#[test]
fn s6_3_the_last_chunk_may_come_with_the_put() {
    let place = place();
    let upload = place.open("team/last");
    assert_eq!(patch(&place, &upload, "0-2", b"abc").head.status, 202);
    let target = format!("{upload}?digest={}", digest_of(b"abcdef"));
    is_stored(&place, &place.ask_with("PUT", &target, &[("Content-Range", "3-5")], b"def"), b"abcdef");
}

#[test]
fn s6_3_a_body_may_come_in_pieces_without_a_length() {
    let place = place();
    let upload = place.open("team/stream");
    let basic = place.all.basic();
    let mut connection = Connection::open(place.registry.address);
    let headers = [("Authorization", basic.as_str()), ("Transfer-Encoding", "chunked")];
    connection.start("PATCH", &upload, &headers, None);
    connection.send(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").expect("the body is sent");
    let answer = connection.response("PATCH");
    assert_eq!((answer.head.status, header(&answer, "range")), (202, "0-4"), "{}", answer.text());
    is_stored(&place, &finish(&place, &upload, b"abcde", b""), b"abcde");
}

#[test]
fn s6_3_a_chunk_out_of_order_is_416_and_says_where_to_go_on() {
    let place = place();
    let upload = place.open("team/order");
    for (range, bytes) in [("3-5", b"def"), ("1-3", b"bcd")] {
        assert_eq!(problem(&patch(&place, &upload, range, bytes)), is(416, "BLOB_UPLOAD_INVALID"), "{range}");
    }
    assert_eq!(patch(&place, &upload, "0-2", b"abc").head.status, 202);
    let again = patch(&place, &upload, "0-2", b"abc");
    assert_eq!((again.head.status, header(&again, "range")), (416, "0-2"));
    assert_eq!(place.location(&again), upload);
    let target = format!("{upload}?digest={}", digest_of(b"abcdef"));
    let skips = place.ask_with("PUT", &target, &[("Content-Range", "4-6")], b"efg");
    assert_eq!(problem(&skips), is(416, "BLOB_UPLOAD_INVALID"));
    let state = place.get(&target);
    assert_eq!((state.head.status, header(&state, "range")), (204, "0-2"), "nothing of it was kept");
    is_stored(&place, &finish(&place, &upload, b"abcdef", b"def"), b"abcdef");
}

#[test]
fn s6_3_content_range_is_read_as_clients_write_it() {
    let place = place();
    for range in ["0-2", "bytes=0-2", "bytes 0-2/3"] {
        let upload = place.open("team/written");
        assert_eq!(patch(&place, &upload, range, b"abc").head.status, 202, "{range}");
    }
    let upload = place.open("team/written");
    assert_eq!(place.ask("PATCH", &upload, b"abc").head.status, 202, "docker sends none");
    assert_eq!(
        problem(&patch(&place, &upload, "3-9", b"def")),
        is(400, "SIZE_INVALID"),
        "another length than announced"
    );
}

#[test]
fn s6_3_content_that_is_not_what_it_is_called_is_400_and_not_stored() {
    let place = place();
    let named = digest_of(b"named");
    let upload = place.open("team/called");
    let streamed = place.open("team/called");
    assert_eq!(place.ask("PATCH", &streamed, b"other").head.status, 202);
    for (method, target, body) in [
        ("POST", format!("/v2/team/called/blobs/uploads/?digest={named}"), b"other".as_slice()),
        ("PUT", format!("{upload}?digest={named}"), b"other"),
        ("PUT", format!("{streamed}?digest={named}"), b""),
    ] {
        assert_eq!(problem(&place.ask(method, &target, body)), is(400, "DIGEST_INVALID"), "{method} {target}");
    }
    assert_eq!(place.get(&format!("/v2/team/called/blobs/{named}")).head.status, 404);
    assert_eq!(place.get(&format!("/v2/team/called/blobs/{}", digest_of(b"other"))).head.status, 404);
}

#[test]
fn s6_3_the_last_put_names_the_digest() {
    let place = place();
    let upload = place.open("team/unnamed");
    assert_eq!(problem(&place.ask("PUT", &upload, b"x")), is(400, "DIGEST_INVALID"));
    assert_eq!(problem(&place.ask("PUT", &format!("{upload}?digest=sha256:x"), b"x")), is(400, "DIGEST_INVALID"));
    is_stored(&place, &finish(&place, &upload, b"x", b"x"), b"x");
}

#[test]
fn s6_3_a_cancelled_upload_is_gone() {
    let place = place();
    let upload = place.open("team/cancelled");
    assert_eq!(place.ask("PATCH", &upload, b"half").head.status, 202);
    assert_eq!(place.ask("DELETE", &upload, b"").head.status, 204);
    for (method, target) in [
        ("GET", upload.clone()),
        ("PATCH", upload.clone()),
        ("DELETE", upload.clone()),
        ("PUT", format!("{upload}?digest={}", absent())),
    ] {
        assert_eq!(problem(&place.ask(method, &target, b"")), is(404, "BLOB_UPLOAD_UNKNOWN"), "{method}");
    }
}

#[test]
fn s6_3_a_finished_upload_is_gone_and_its_blob_may_come_again() {
    let place = place();
    let upload = place.open("team/again");
    is_stored(&place, &finish(&place, &upload, b"again", b"again"), b"again");
    assert_eq!(problem(&place.get(&upload)), is(404, "BLOB_UPLOAD_UNKNOWN"));
    let upload = place.open("team/again");
    is_stored(&place, &finish(&place, &upload, b"again", b"again"), b"again");
}

#[test]
fn s6_3_a_location_is_ours_opaque_and_never_the_same() {
    let place = place();
    let locations: Vec<String> = (0..8).map(|_| place.open("team/location")).collect();
    for location in &locations {
        let id = location.strip_prefix("/v2/team/location/blobs/uploads/").expect("our own path");
        assert!(id.len() == 22 && id.chars().all(|one| one.is_ascii_alphanumeric() || "-_".contains(one)), "{id}");
        assert_eq!(locations.iter().filter(|other| *other == location).count(), 1);
    }
}

#[test]
fn s6_3_an_upload_belongs_to_who_opened_it_in_its_repository() {
    let place = place();
    let upload = place.open("team/owned");
    let elsewhere = upload.replace("team/owned", "team/other");
    let target = format!("{upload}?digest={}", digest_of(b"mine"));
    for (method, target) in [("PATCH", &upload), ("PUT", &target), ("GET", &upload), ("DELETE", &upload)] {
        let other = place.registry.ask(Some(&place.writer), method, target, b"evil");
        assert_eq!(problem(&other), is(403, "DENIED"), "{method}");
    }
    assert_eq!(problem(&place.ask("PATCH", &elsewhere, b"x")), is(404, "BLOB_UPLOAD_UNKNOWN"));
    is_stored(&place, &place.ask("PUT", &target, b"mine"), b"mine");
}

#[test]
fn s6_3_sixty_four_uploads_are_open_at_once_and_no_more() {
    let place = place();
    let robot = place.registry.robot("eager", &["--push", "team/many"]);
    let open = || place.registry.ask(Some(&robot), "POST", "/v2/team/many/blobs/uploads/", b"");
    let opened: Vec<Response> = (0..64).map(|_| open()).collect();
    assert!(opened.iter().all(|answer| answer.head.status == 202));
    let refused = open();
    assert_eq!(problem(&refused), is(429, "TOOMANYREQUESTS"));
    assert!(refused.head.header("retry-after").is_some());
    let first = place.location(&opened[0]);
    assert_eq!(place.registry.ask(Some(&robot), "DELETE", &first, b"").head.status, 204);
    assert_eq!(open().head.status, 202);
}

#[test]
fn s6_3_an_empty_blob_is_a_blob() {
    let place = place();
    let upload = place.open("team/empty-blob");
    is_stored(&place, &finish(&place, &upload, b"", b""), b"");
    let target = format!("/v2/team/empty-blob/blobs/{}", digest_of(b""));
    assert_eq!(header(&place.ask("HEAD", &target, b""), "content-length"), "0");
    let posted = format!("/v2/team/empty-post/blobs/uploads/?digest={}", digest_of(b""));
    is_stored(&place, &place.ask("POST", &posted, b""), b"");
    is_stored(&place, &place.ask("POST", &posted.replace(&digest_of(b""), &digest_of(b"{}")), b"{}"), b"{}");
}

#[test]
fn s6_3_no_smallest_chunk_is_asked_for() {
    let place = place();
    let opened = place.ask("POST", "/v2/team/smallest/blobs/uploads/", b"");
    assert_eq!(opened.head.header("oci-chunk-min-length"), None);
    assert_eq!(patch(&place, &place.location(&opened), "0-0", b"x").head.status, 202);
}

#[test]
fn s6_3_a_token_for_deleting_is_widened_for_a_cancel() {
    let place = place();
    let upload = place.open("team/widened");
    // A client that keeps one token for each method shows the one that it deleted blobs with.
    let kept = place.bearer(&place.all, &["repository:team/widened:delete"]);
    let refused = place.show(&kept, "DELETE", &upload, b"");
    assert_eq!(refused.head.status, 401);
    let challenge = header(&refused, "www-authenticate");
    assert!(
        challenge.contains("scope=\"repository:team/widened:pull,push\",error=\"insufficient_scope\""),
        "{challenge}"
    );
    let wider = place.bearer(&place.all, &["repository:team/widened:pull,push"]);
    assert_eq!(place.show(&wider, "DELETE", &upload, b"").head.status, 204);
}
