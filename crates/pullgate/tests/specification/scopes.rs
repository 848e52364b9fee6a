//! 2.3: what a token is asked for, and how far it reaches.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::support::Robot;
use super::{Place, place};

/// The accesses that a token for these scopes carries.
fn granted(place: &Place, robot: &Robot, scopes: &[&str]) -> Value {
    let bearer = place.bearer(robot, scopes);
    let claims = bearer.split('.').nth(1).expect("a token has three parts");
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON");
    claims["access"].clone()
}

fn repository(name: &str, actions: &[&str]) -> Value {
    json!({ "type": "repository", "name": name, "actions": actions })
}

#[test]
fn s2_3_a_class_is_read_and_ignored() {
    let place = place();
    let scope = "repository(plugin):team/a:pull";
    assert_eq!(granted(&place, &place.all, &[scope]), json!([repository("team/a", &["pull"])]));
}

#[test]
fn s2_3_a_star_is_every_action_that_is_allowed() {
    let place = place();
    let star = ["repository:team/a:*"];
    assert_eq!(granted(&place, &place.all, &star), json!([repository("team/a", &["pull", "push", "delete"])]));
    assert_eq!(granted(&place, &place.reader, &star), json!([repository("team/a", &["pull"])]));
}

#[test]
fn s2_3_an_empty_list_of_actions_is_legal() {
    let place = place();
    assert_eq!(granted(&place, &place.all, &["repository:team/a:"]), json!([repository("team/a", &[])]));
}

#[test]
fn s2_3_what_is_not_known_is_granted_nothing_and_spoils_nothing() {
    let place = place();
    let scopes = ["nonsense", "repository:host:5000/a:pull", "package:x:pull", "repository:team/a:pull,fly"];
    assert_eq!(granted(&place, &place.all, &scopes), json!([repository("team/a", &["pull"])]));
}

#[test]
fn s2_3_push_is_not_pull_nor_pull_push() {
    let place = place();
    place.image("team/scopes-apart", "v1");
    let both = ["repository:team/scopes-apart:pull,push"];
    assert_eq!(granted(&place, &place.writer, &both), json!([repository("team/scopes-apart", &["push"])]));
    let ask = |robot, method, target: &str| place.show(&place.bearer(robot, &both), method, target, b"").head.status;
    assert_eq!(ask(&place.writer, "GET", "/v2/team/scopes-apart/manifests/v1"), 403);
    assert_eq!(ask(&place.writer, "POST", "/v2/team/scopes-apart/blobs/uploads/"), 202);
    assert_eq!(ask(&place.reader, "GET", "/v2/team/scopes-apart/manifests/v1"), 200);
    assert_eq!(ask(&place.reader, "POST", "/v2/team/scopes-apart/blobs/uploads/"), 403);
}

#[test]
fn s2_3_a_token_asked_for_pull_does_not_push() {
    let place = place();
    let bearer = place.bearer(&place.all, &["repository:team/a:pull"]);
    assert_eq!(place.show(&bearer, "POST", "/v2/team/a/blobs/uploads/", b"").head.status, 401);
    assert_eq!(place.show(&bearer, "DELETE", "/v2/team/a/manifests/v1", b"").head.status, 401);
}

#[test]
fn s2_3_names_are_compared_whole() {
    let place = place();
    let bearer = place.bearer(&place.all, &["repository:team/whole:pull"]);
    assert_eq!(place.show(&bearer, "GET", "/v2/team/whole/manifests/v1", b"").head.status, 404);
    for other in ["team/whole/b", "team/whole-b", "team/whol", "team"] {
        assert_eq!(place.show(&bearer, "GET", &format!("/v2/{other}/manifests/v1"), b"").head.status, 401, "{other}");
    }
}

#[test]
fn s2_3_one_token_reaches_several_repositories() {
    let place = place();
    let scopes = ["repository:team/first:pull", "repository:team/second:pull"];
    let bearer = place.bearer(&place.all, &scopes);
    for name in ["team/first", "team/second"] {
        assert_eq!(place.show(&bearer, "GET", &format!("/v2/{name}/manifests/v1"), b"").head.status, 404, "{name}");
    }
}
