//! 2.6 and 7.4: names and paths, and a parameter that names nothing.

use testkit::image::digest_of;

use super::{is, place, problem};

#[test]
fn s2_6_names_as_the_grammar_has_them() {
    let place = place();
    for good in ["team/a.b", "team/a_b", "team/a__b", "team/a---b", "team/0", "team/a/b/c/d", "team/manifests/blobs"] {
        assert_eq!(problem(&place.get(&format!("/v2/{good}/manifests/v1"))), is(404, "MANIFEST_UNKNOWN"), "{good}");
    }
    for bad in ["team/A", "team/a..b", "team/a___b", "team/a._b", "team/-a", "team/a-", "team/a+b", "team/a~b"] {
        assert_eq!(problem(&place.get(&format!("/v2/{bad}/manifests/v1"))), is(400, "NAME_INVALID"), "{bad}");
    }
}

#[test]
fn s2_6_tags_as_the_grammar_has_them() {
    let place = place();
    for good in ["a", "_", "A.b-C_d", &"t".repeat(128)] {
        let target = format!("/v2/team/a/manifests/{good}");
        assert_eq!(problem(&place.get(&target)), is(404, "MANIFEST_UNKNOWN"), "{good}");
        assert_eq!(problem(&place.ask("PUT", &target, b"{}")), is(400, "MANIFEST_INVALID"), "{good}");
    }
    for bad in [".a", "-a", "a+b", &"t".repeat(129)] {
        let target = format!("/v2/team/a/manifests/{bad}");
        assert_eq!(problem(&place.get(&target)), is(404, "MANIFEST_UNKNOWN"), "{bad}");
        assert_eq!(problem(&place.ask("DELETE", &target, b"")), is(400, "MANIFEST_INVALID"), "{bad}");
    }
}

#[test]
fn s2_6_a_path_that_is_not_canonical_is_refused_and_not_repaired() {
    let place = place();
    place.image("team/canonical", "v1");
    assert_eq!(place.get("/v2/team/canonical/manifests/v1").head.status, 200);
    for path in [
        "/v2/team%2Fcanonical/manifests/v1",
        "/v2/team%252Fcanonical/manifests/v1",
        "/v2/team//canonical/manifests/v1",
        "/v2/team/./canonical/manifests/v1",
        "/v2/other/../team/canonical/manifests/v1",
        "//v2/team/canonical/manifests/v1",
        "/v2//team/canonical/manifests/v1",
        "/V2/team/canonical/manifests/v1",
        "/v2/team/canonical/manifests/v1/",
        "/v2/team/canonical/manifests/v%31",
        "/api/v2/team/canonical/manifests/v1",
    ] {
        let status = place.get(path).head.status;
        assert!(status == 400 || status == 404, "{path}: {status}");
    }
}

#[test]
fn s2_6_the_colon_of_a_digest_may_be_encoded() {
    let place = place();
    let digest = place.push("team/colon", b"colon");
    let encoded = digest.replace(':', "%3A");
    assert_eq!(place.get(&format!("/v2/team/colon/blobs/{encoded}")).body, b"colon");
    assert_eq!(digest, digest_of(b"colon"));
}

#[test]
fn s7_4_ns_changes_nothing() {
    let place = place();
    let manifest = place.image("team/ns", "v1");
    assert_eq!(place.get("/v2/team/ns/manifests/v1?ns=docker.io").text(), manifest);
    assert_eq!(problem(&place.get("/v2/other/ns/manifests/v1?ns=team")), is(403, "DENIED"));
    let stored = place.ask("PUT", "/v2/team/ns/manifests/v2?ns=other", manifest.as_bytes());
    assert_eq!((stored.head.status, place.location(&stored).starts_with("/v2/team/ns/manifests/")), (201, true));
}
