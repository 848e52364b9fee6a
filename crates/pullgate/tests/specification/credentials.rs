//! 2.4: credentials as clients show them.

use testkit::http;

use super::{Place, header, is, place, problem};

#[test]
fn s2_4_an_empty_user_and_password_is_nobody() {
    let place = Place::configured("");
    let ping = place.show("Basic Og==", "GET", "/v2/", b"");
    assert_eq!(header(&ping, "www-authenticate"), header(&place.stranger("GET", "/v2/"), "www-authenticate"));
    let token = place.show("Basic Og==", "GET", "/token", b"");
    assert_eq!(problem(&token), is(401, "UNAUTHORIZED"));
    assert_eq!(place.registry.record_of(&token)["reason"], "no_credential", "and no login that failed");
}

#[test]
fn s2_4_a_key_is_good_as_basic_as_bearer_and_for_a_token() {
    let place = place();
    let key = &place.reader.key;
    let token = place.bearer(&place.reader, &["repository:team/a:pull"]);
    for authorization in [place.reader.basic(), format!("Bearer {key}"), token] {
        let target = "/v2/team/a/manifests/v1";
        assert_eq!(place.show(&authorization, "GET", target, b"").head.status, 404, "{authorization:.12}");
        assert_eq!(place.show(&authorization, "PUT", target, b"{}").head.status, 403, "{authorization:.12}");
    }
}

#[test]
fn s2_4_the_user_name_beside_a_key_is_free() {
    let place = place();
    let refused = place.show(&http::basic("anybody", &place.reader.key), "PUT", "/v2/team/a/manifests/v1", b"{}");
    assert_eq!(problem(&refused), is(403, "DENIED"));
    assert_eq!(
        place.registry.record_of(&refused)["principal"]["id"],
        place.reader.id.as_str(),
        "the key says who it is"
    );
}
