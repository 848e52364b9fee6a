//! Uploads: of somebody else, out of order, and content that is not what it was called.

use super::{Case, Expected, Place};
use testkit::image::digest_of;

#[test]
fn an_upload_of_somebody_else_is_refused_and_unharmed() {
    let mut place = Place::new();
    let other = place.registry.robot("other", &["--pull", "team/**", "--push", "team/**", "--delete", "team/**"]);
    let location = open(&mut place);
    let digest = digest_of(b"ab");
    let sent = place.registry.ask(Some(&place.robot), "PATCH", &location, b"a");
    assert_eq!(sent.head.status, 202, "{}", sent.text());
    place.decisions += 1;
    let foreign = Expected(403, "DENIED", "deny", "foreign_upload");
    let by_other = |case: Case| case.header("Authorization", other.basic());
    place.check([
        by_other(Case::new("GET", location.clone(), foreign)),
        by_other(Case::new("PATCH", location.clone(), foreign).body("evil")),
        by_other(Case::new("PUT", format!("{location}?digest={digest}"), foreign).body("b")),
        by_other(Case::new("DELETE", location.clone(), foreign)),
        Case::new(
            "PATCH",
            location.replace("team/app", "team/elsewhere"),
            Expected(404, "BLOB_UPLOAD_UNKNOWN", "allow", "granted"),
        ),
        Case::new(
            "PATCH",
            "/v2/team/app/blobs/uploads/not-an-id",
            Expected(404, "BLOB_UPLOAD_UNKNOWN", "malformed", "unparsable"),
        ),
    ]);
    let finished = place.registry.ask(Some(&place.robot), "PUT", &format!("{location}?digest={digest}"), b"b");
    assert_eq!(finished.head.status, 201, "{}", finished.text());
    let stored = place.registry.ask(Some(&place.robot), "GET", &format!("/v2/team/app/blobs/{digest}"), b"");
    assert_eq!(stored.body, b"ab");
}

#[test]
fn content_that_is_not_what_it_was_called() {
    let mut place = Place::new();
    let named = digest_of(b"named");
    let mismatch = Expected(400, "DIGEST_INVALID", "allow", "granted");
    let location = open(&mut place);
    place.check([
        Case::new("POST", format!("/v2/team/app/blobs/uploads/?digest={named}"), mismatch).body("other"),
        Case::new("PUT", format!("{location}?digest={named}"), mismatch).body("other"),
        Case::new("GET", format!("/v2/team/app/blobs/{named}"), Expected(404, "BLOB_UNKNOWN", "allow", "granted")),
        // After a mismatch the upload is over.
        Case::new("GET", location.clone(), Expected(404, "BLOB_UPLOAD_UNKNOWN", "allow", "granted")),
        Case::new(
            "PUT",
            "/v2/team/app/blobs/uploads/0123456789abcdef0123456789abcdef",
            Expected(400, "DIGEST_INVALID", "malformed", "unparsable"),
        ),
    ]);
}

#[test]
fn chunks_out_of_order() {
    let mut place = Place::new();
    let location = open(&mut place);
    let chunk = |range: &'static str, expected| {
        Case::new("PATCH", location.clone(), expected).header("Content-Range", range).body("four")
    };
    let unparsable = Expected(416, "BLOB_UPLOAD_INVALID", "malformed", "unparsable");
    let length = Expected(400, "SIZE_INVALID", "allow", "granted");
    place.check([
        chunk("x", unparsable),
        chunk("3-0", unparsable),
        chunk("0-", unparsable),
        chunk("0-99999999999999999999", unparsable),
        chunk("0-3", Expected(400, "UNSUPPORTED", "malformed", "unparsable")).header("Content-Range", "0-3"),
        chunk("0-7", length),
    ]);
    let skips = place.registry.ask_with(Some(&place.robot), "PATCH", &location, &[("Content-Range", "8-11")], b"four");
    assert_eq!(skips.head.status, 416, "{}", skips.text());
    place.decisions += 1;
    place.stands();
}

fn open(place: &mut Place) -> String {
    let opened = place.registry.ask(Some(&place.robot), "POST", "/v2/team/app/blobs/uploads/", b"");
    assert_eq!(opened.head.status, 202, "{}", opened.text());
    place.decisions += 1;
    let location = opened.head.header("location").expect("an upload has a place");
    location.split_once(&place.registry.name()).expect("a place on this registry").1.to_owned()
}
