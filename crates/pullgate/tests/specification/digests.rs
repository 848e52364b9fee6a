//! 7.5: content named by SHA-512.

use serde_json::json;

use super::content::{CONFIG, EMPTY_JSON, IMAGE, LAYER, image, sha512, with};
use super::{Place, header, is, json as body, place, problem};

/// The descriptor of a blob that was pushed under its SHA-512.
fn blob(place: &Place, repository: &str, media_type: &str, bytes: &[u8]) -> serde_json::Value {
    let digest = sha512(bytes);
    let pushed = place.ask("POST", &format!("/v2/{repository}/blobs/uploads/?digest={digest}"), bytes);
    assert_eq!(pushed.head.status, 201, "{}", pushed.text());
    json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
}

#[test]
fn s7_5_a_blob_is_pushed_and_read_by_sha512_in_every_way() {
    let place = place();
    let digest = sha512(b"long digest");
    let whole = place.ask("POST", &format!("/v2/team/sha-post/blobs/uploads/?digest={digest}"), b"long digest");
    let unannounced = place.open("team/sha-put");
    let finished = place.ask("PUT", &format!("{unannounced}?digest={digest}"), b"long digest");
    let opened = place.ask("POST", "/v2/team/sha-patch/blobs/uploads/?digest-algorithm=sha512", b"");
    let announced = place.location(&opened);
    assert_eq!(place.ask("PATCH", &announced, b"long ").head.status, 202);
    let patched = place.ask("PUT", &format!("{announced}?digest={digest}"), b"digest");
    for answer in [whole, finished, patched] {
        assert_eq!((answer.head.status, header(&answer, "docker-content-digest")), (201, digest.as_str()));
        let read = place.get(&place.location(&answer));
        assert_eq!((read.head.status, read.body.as_slice()), (200, b"long digest".as_slice()));
        assert_eq!(header(&read, "docker-content-digest"), digest);
    }
}

#[test]
fn s7_5_content_that_is_not_its_sha512_is_400() {
    let place = place();
    let target = format!("/v2/team/sha-bad/blobs/uploads/?digest={}", sha512(b"named"));
    assert_eq!(problem(&place.ask("POST", &target, b"other")), is(400, "DIGEST_INVALID"));
    let algorithm = place.ask("POST", "/v2/team/sha-bad/blobs/uploads/?digest-algorithm=md5", b"");
    assert_eq!(problem(&algorithm), is(400, "DIGEST_INVALID"));
}

#[test]
fn s7_5_a_mount_takes_a_sha512_blob_over_and_a_delete_removes_it() {
    let place = place();
    let digest = blob(&place, "team/sha-from", LAYER, b"mount me")["digest"].as_str().expect("a digest").to_owned();
    let mount = format!("/v2/team/sha-to/blobs/uploads/?mount={digest}&from=team/sha-from");
    assert_eq!(place.ask("POST", &mount, b"").head.status, 201);
    let target = format!("/v2/team/sha-to/blobs/{digest}");
    assert_eq!(place.ask("DELETE", &target, b"").head.status, 202);
    assert_eq!(place.get(&target).head.status, 404);
}

#[test]
fn s7_5_a_manifest_is_stored_by_sha512_with_tags_and_sha512_blobs() {
    let place = place();
    let repository = "team/sha-image";
    let config = blob(&place, repository, CONFIG, b"{}");
    let layer = blob(&place, repository, LAYER, b"layer");
    let text = image(&config, &[layer]).to_string();
    let digest = sha512(text.as_bytes());
    let stored = place.put(repository, &format!("{digest}?tag=v1&tag=v2"), &text);
    assert_eq!((stored.head.status, header(&stored, "docker-content-digest")), (201, digest.as_str()));
    for reference in [digest.as_str(), "v1", "v2"] {
        let read = place.get(&format!("/v2/{repository}/manifests/{reference}"));
        assert_eq!(
            (read.text(), header(&read, "docker-content-digest")),
            (text.clone(), digest.as_str()),
            "{reference}"
        );
    }
    assert_eq!(problem(&place.put(repository, &sha512(b"another"), &text)), is(400, "DIGEST_INVALID"));
}

#[test]
fn s7_5_a_sha512_subject_has_referrers() {
    let place = place();
    let repository = "team/sha-subject";
    let empty = blob(&place, repository, EMPTY_JSON, b"{}");
    let text = image(&empty, &[]).to_string();
    let subject = json!({ "mediaType": IMAGE, "digest": sha512(text.as_bytes()), "size": text.len() });
    let referrer = with(image(&empty, &[]), "subject", subject).to_string();
    let stored = place.put(repository, &sha512(referrer.as_bytes()), &referrer);
    assert_eq!((stored.head.status, header(&stored, "oci-subject")), (201, sha512(text.as_bytes()).as_str()));
    let list = body(&place.get(&format!("/v2/{repository}/referrers/{}", sha512(text.as_bytes()))));
    assert_eq!(list["manifests"][0]["digest"], sha512(referrer.as_bytes()));
}
