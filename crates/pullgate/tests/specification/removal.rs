//! 5.3: deleting tags, manifests and blobs.

use testkit::image::digest_of;

use super::content::absent;
use super::{Place, is, json, place, problem};

#[test]
fn s5_3_push_does_not_include_delete() {
    let place = place();
    let text = place.image("team/undeleted", "v1");
    let manifest = digest_of(text.as_bytes());
    for what in ["manifests/v1".to_owned(), format!("manifests/{manifest}"), format!("blobs/{}", absent())] {
        let target = format!("/v2/team/undeleted/{what}");
        assert_eq!(problem(&place.registry.ask(Some(&place.writer), "DELETE", &target, b"")), is(403, "DENIED"));
    }
    assert_eq!(place.get("/v2/team/undeleted/manifests/v1").head.status, 200);
}

#[test]
fn s5_3_a_tag_goes_and_its_manifest_stays() {
    let place = place();
    let text = place.image("team/untagged", "v1");
    let tag = "/v2/team/untagged/manifests/v1";
    assert_eq!(place.ask("DELETE", tag, b"").head.status, 202);
    assert_eq!(problem(&place.get(tag)), is(404, "MANIFEST_UNKNOWN"));
    assert_eq!(problem(&place.ask("DELETE", tag, b"")), is(404, "MANIFEST_UNKNOWN"));
    assert_eq!(place.get(&format!("/v2/team/untagged/manifests/{}", digest_of(text.as_bytes()))).text(), text);
    assert_eq!(json(&place.get("/v2/team/untagged/tags/list"))["tags"], serde_json::json!([]));
}

#[test]
fn s5_3_a_manifest_goes_with_every_tag_on_it() {
    let place = place();
    let text = place.image("team/deleted", "v1");
    assert_eq!(place.put("team/deleted", "v2", &text).head.status, 201);
    assert_eq!(place.put("team/deleted", "other", &format!("{text} ")).head.status, 201);
    let digest = format!("/v2/team/deleted/manifests/{}", digest_of(text.as_bytes()));
    assert_eq!(place.ask("DELETE", &digest, b"").head.status, 202);
    for target in [digest.as_str(), "/v2/team/deleted/manifests/v1", "/v2/team/deleted/manifests/v2"] {
        assert_eq!(problem(&place.get(target)), is(404, "MANIFEST_UNKNOWN"), "{target}");
        assert_eq!(place.ask("HEAD", target, b"").head.status, 404, "{target}");
    }
    assert_eq!(json(&place.get("/v2/team/deleted/tags/list"))["tags"], serde_json::json!(["other"]));
    assert_eq!(problem(&place.ask("DELETE", &digest, b"")), is(404, "MANIFEST_UNKNOWN"));
}

#[test]
fn s5_3_a_repository_that_does_not_exist_is_404() {
    let place = place();
    for what in [format!("manifests/{}", absent()), "manifests/v1".into(), format!("blobs/{}", absent())] {
        assert_eq!(place.ask("DELETE", &format!("/v2/team/never/{what}"), b"").head.status, 404, "{what}");
    }
}

#[test]
fn s5_3_a_protected_tag_is_deleted_neither_by_name_nor_with_its_manifest() {
    let place = Place::configured("[[repository]]\nname = \"team/kept\"\nprotected_tags = [\"v*\"]\n");
    let text = place.image("team/kept", "v1");
    for reference in ["v1".to_owned(), digest_of(text.as_bytes())] {
        let target = format!("/v2/team/kept/manifests/{reference}");
        assert_eq!(problem(&place.ask("DELETE", &target, b"")), is(403, "DENIED"), "{reference}");
        assert_eq!(place.get(&target).head.status, 200, "{reference}");
    }
}

#[test]
fn s5_3_a_blob_goes_from_its_repository_and_from_no_other() {
    let place = place();
    let digest = place.push("team/blob-here", b"in both");
    place.push("team/blob-there", b"in both");
    let [here, there] = ["here", "there"].map(|name| format!("/v2/team/blob-{name}/blobs/{digest}"));
    assert_eq!(place.ask("DELETE", &here, b"").head.status, 202);
    assert_eq!(problem(&place.get(&here)), is(404, "BLOB_UNKNOWN"));
    assert_eq!(place.ask("HEAD", &here, b"").head.status, 404);
    assert_eq!(problem(&place.ask("DELETE", &here, b"")), is(404, "BLOB_UNKNOWN"));
    assert_eq!(place.get(&there).body, b"in both");
}

#[test]
fn s5_3_a_blob_that_a_manifest_needs_stays_until_the_manifest_is_gone() {
    let place = place();
    let text = place.image("team/needed", "v1");
    let blob = format!("/v2/team/needed/blobs/{}", digest_of(b"layer of team/needed"));
    assert_eq!(problem(&place.ask("DELETE", &blob, b"")), is(405, "UNSUPPORTED"));
    assert_eq!(place.get(&blob).head.status, 200);
    let manifest = format!("/v2/team/needed/manifests/{}", digest_of(text.as_bytes()));
    assert_eq!(place.ask("DELETE", &manifest, b"").head.status, 202);
    assert_eq!(place.ask("DELETE", &blob, b"").head.status, 202);
}
