//! 6.2: taking a blob over from another repository.

use super::content::{CONFIG, LAYER, descriptor, image};
use super::{Place, header, is, place, problem};
use testkit::http::Response;

fn mount(place: &Place, authorization: &str, to: &str, digest: &str, from: &str) -> Response {
    place.show(authorization, "POST", &format!("/v2/{to}/blobs/uploads/?mount={digest}&from={from}"), b"")
}

/// A plain upload was begun, and nothing was taken over.
fn is_plain_upload(place: &Place, answer: &Response, repository: &str, digest: &str) {
    assert_eq!(answer.head.status, 202, "{}", answer.text());
    let upload = place.location(answer);
    assert!(upload.starts_with(&format!("/v2/{repository}/blobs/uploads/")), "{upload}");
    assert_eq!(place.get(&format!("/v2/{repository}/blobs/{digest}")).head.status, 404);
}

#[test]
fn s6_2_a_mount_with_pull_on_the_source_is_201() {
    let place = place();
    let digest = place.push("team/source", b"mounted");
    let answer = mount(&place, &place.all.basic(), "team/target", &digest, "team/source");
    assert_eq!(answer.head.status, 201, "{}", answer.text());
    assert_eq!(header(&answer, "docker-content-digest"), digest);
    assert_eq!(place.location(&answer), format!("/v2/team/target/blobs/{digest}"));
    assert_eq!(place.get(&place.location(&answer)).body, b"mounted");
}

#[test]
fn s6_2_a_token_of_the_one_challenge_is_enough_for_a_mount() {
    let place = place();
    let digest = place.push("team/source-two", b"mounted by token");
    let target = format!("/v2/team/target-two/blobs/uploads/?mount={digest}&from=team/source-two");
    let challenge = header(&place.stranger("POST", &target), "www-authenticate").to_owned();
    let scope = challenge.split("scope=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a scope");
    let bearer = place.bearer(&place.all, &[&scope.replace(' ', "%20")]);
    assert_eq!(place.show(&bearer, "POST", &target, b"").head.status, 201);
}

#[test]
fn s6_2_a_mount_without_from_is_a_plain_upload() {
    let place = place();
    let digest = place.push("team/known", b"known elsewhere");
    let answer = place.ask("POST", &format!("/v2/team/anonymous/blobs/uploads/?mount={digest}"), b"");
    is_plain_upload(&place, &answer, "team/anonymous", &digest);
}

#[test]
fn s6_2_a_mount_of_what_the_source_does_not_have_is_a_plain_upload() {
    let place = place();
    let digest = place.push("team/third", b"in a third repository");
    let answer = mount(&place, &place.all.basic(), "team/lacking", &digest, "team/empty");
    is_plain_upload(&place, &answer, "team/lacking", &digest);
    let finished = place.ask("PUT", &format!("{}?digest={digest}", place.location(&answer)), b"in a third repository");
    assert_eq!(finished.head.status, 201, "and it goes on as one");
}

#[test]
fn s6_2_a_refused_mount_is_202_and_tells_nothing() {
    let place = place();
    let digest = place.push("team/secret", b"secret");
    let robot = place.registry.robot("mounter", &["--push", "team/outside"]);
    let scopes = "repository:team/outside:pull,push&scope=repository:team/secret:pull";
    let refused = place.bearer(&robot, &[scopes]);
    let absent = place.bearer(&robot, &["repository:team/outside:pull,push"]);
    for authorization in [robot.basic(), refused, absent] {
        let there = mount(&place, &authorization, "team/outside", &digest, "team/secret");
        is_plain_upload(&place, &there, "team/outside", &digest);
        let missing = mount(&place, &authorization, "team/outside", &super::content::absent(), "team/secret");
        assert_eq!(missing.head.status, 202);
    }
}

#[test]
fn s6_2_a_manifest_that_names_a_foreign_blob_mounts_nothing() {
    let place = place();
    place.push("team/hidden", b"hidden");
    let config = place.blob("team/trick", CONFIG, b"{}");
    let refused = place.put("team/trick", "v1", &image(&config, &[descriptor(LAYER, b"hidden")]).to_string());
    assert_eq!(problem(&refused), is(400, "MANIFEST_BLOB_UNKNOWN"));
}
