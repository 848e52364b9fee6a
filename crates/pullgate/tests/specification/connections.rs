//! 2.5: headers and connections.

use testkit::image::digest_of;

use super::content::absent;
use super::{header, headers, json, place};

#[test]
fn s2_5_the_api_version_stands_on_every_v2_answer() {
    let place = place();
    place.image("team/version", "v1");
    let digest = digest_of(b"x");
    let wrong = format!("/v2/team/version/blobs/uploads/?digest={}", absent());
    let missing = format!("/v2/team/version/blobs/{digest}");
    let upload = place.open("team/version");
    for (method, target, body, status) in [
        ("GET", "/v2/", "", 200),
        ("GET", "/v2/team/version/manifests/v1", "", 200),
        ("HEAD", "/v2/team/version/manifests/v1", "", 200),
        ("GET", "/v2/team/version/tags/list", "", 200),
        ("GET", &missing, "", 404),
        ("HEAD", &missing, "", 404),
        ("POST", "/v2/team/version/blobs/uploads/", "", 202),
        ("POST", &wrong, "x", 400),
        ("GET", &upload, "", 204),
        ("DELETE", &upload, "", 204),
        ("GET", "/v2/other/a/manifests/v1", "", 403),
        ("PUT", "/v2/", "", 405),
        ("GET", "/v2/Not/A/Name/manifests/v1", "", 400),
    ] {
        let answer = place.ask(method, target, body.as_bytes());
        assert_eq!(answer.head.status, status, "{method} {target}: {}", answer.text());
        assert_eq!(headers(&answer, "docker-distribution-api-version"), ["registry/2.0"], "{method} {target}");
    }
    assert_eq!(headers(&place.stranger("GET", "/v2/"), "docker-distribution-api-version"), ["registry/2.0"]);
}

#[test]
fn s2_5_a_refusal_carries_its_id_and_names_the_verb_that_explains_it() {
    let place = place();
    let refused = place.get("/v2/other/a/manifests/v1");
    let id = header(&refused, "x-request-id").to_owned();
    let error = json(&refused)["errors"][0].clone();
    assert!(error["message"].as_str().expect("a message").ends_with(&format!(" (pullgate why {id})")), "{error}");
    let why = place.registry.ok(&["why", &id]);
    assert!(why.contains("other/a"), "{why}");
}

#[test]
fn s2_5_nothing_is_compressed_whatever_the_client_would_take() {
    let place = place();
    let manifest = place.image("team/plain", "v1");
    let blob = format!("/v2/team/plain/blobs/{}", digest_of(b"layer of team/plain"));
    for (target, content) in [("/v2/team/plain/manifests/v1", manifest.as_bytes()), (&blob, b"layer of team/plain")] {
        let answer = place.ask_with("GET", target, &[("Accept-Encoding", "gzip, br, zstd, *")], b"");
        assert_eq!((answer.head.header("content-encoding"), answer.body.as_slice()), (None, content), "{target}");
    }
}

#[test]
fn s2_5_whose_key_has_long_to_live_is_warned_of_nothing() {
    let place = place();
    place.image("team/quiet", "v1");
    for target in
        ["/v2/", "/v2/team/quiet/manifests/v1", "/v2/team/quiet/tags/list", "/v2/team/quiet/manifests/v2", "/token"]
    {
        assert_eq!(place.get(target).head.header("warning"), None, "{target}");
    }
}
