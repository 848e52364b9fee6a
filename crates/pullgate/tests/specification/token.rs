//! 4: the token endpoint.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use testkit::http::{self, Response};

use super::{Place, header, is, json, place, problem};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn get(place: &Place, query: &str) -> Response {
    place.ask("GET", &format!("/token?{query}"), b"")
}

fn post(place: &Place, form: &str) -> Response {
    http::request(place.registry.address, "POST", "/token", &[FORM], form.as_bytes())
}

/// A part of a token, decoded: 0 is its header, 1 its claims.
fn part(reply: &Response, place: usize) -> Value {
    assert_eq!(reply.head.status, 200, "{}", reply.text());
    let token = json(reply)["token"].as_str().expect("a token").to_owned();
    let part = token.split('.').nth(place).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
}

fn access(reply: &Response) -> Value {
    part(reply, 1)["access"].clone()
}

fn pull(name: &str) -> Value {
    json!({ "type": "repository", "name": name, "actions": ["pull"] })
}

#[test]
fn s4_1_the_reply_has_what_every_client_reads() {
    let place = place();
    let reply = get(&place, "scope=repository:team/a:pull&offline_token=true&client_id=docker");
    assert_eq!(reply.head.status, 200);
    assert_eq!(header(&reply, "cache-control"), "no-store");
    assert_eq!(header(&reply, "content-type"), "application/json");
    let body = json(&reply);
    assert!(body["token"].as_str().is_some_and(|token| !token.is_empty()));
    assert_eq!(body["token"], body["access_token"]);
    assert!(body["expires_in"].as_u64().is_some_and(|seconds| seconds >= 300), "{body}");
    let issued = body["issued_at"].as_str().expect("a time");
    assert!(issued.parse::<jiff::Timestamp>().is_ok(), "{issued}");
    assert_eq!(body.get("refresh_token"), None, "a robot key begets none");
}

#[test]
fn s4_1_the_service_may_be_left_out_and_is_no_other() {
    let place = place();
    assert_eq!(get(&place, "").head.status, 200);
    assert_eq!(get(&place, "service=pullgate").head.status, 200);
    for service in ["service=", "service=registry.example", "service=pullgate&service=pullgate"] {
        assert_eq!(get(&place, service).head.status, 400, "{service}");
    }
}

#[test]
fn s4_1_scopes_are_repeated_and_joined() {
    let place = place();
    let reply = get(&place, "scope=repository:team/a:pull%20repository:team/b:pull&scope=repository:team/c:pull");
    assert_eq!(access(&reply), json!(["team/a", "team/b", "team/c"].map(pull)));
}

#[test]
fn s4_1_parameters_that_are_not_known_are_ignored() {
    let place = place();
    let reply = get(&place, "scope=repository:team/a:pull&colour=blue&colour2=");
    assert_eq!(access(&reply), json!([pull("team/a")]));
}

#[test]
fn s4_1_without_a_scope_it_is_a_login() {
    let place = place();
    for query in ["", "scope=", "scope=&account=all&offline_token=true"] {
        assert_eq!(access(&get(&place, query)), json!([]), "{query}");
        let bad = place.show(&http::basic("all", "wrong"), "GET", &format!("/token?{query}"), b"");
        assert_eq!(problem(&bad), is(401, "UNAUTHORIZED"), "{query}");
    }
}

#[test]
fn s4_1_a_bad_credential_is_401_whatever_the_scope() {
    let place = place();
    for query in
        ["scope=repository:team/a:pull", "scope=repository:other/a:pull", "scope=nonsense", "scope=registry:catalog:*"]
    {
        let answer = place.show(&http::basic("all", "wrong"), "GET", &format!("/token?{query}"), b"");
        assert_eq!(problem(&answer), is(401, "UNAUTHORIZED"), "{query}");
        assert!(header(&answer, "www-authenticate").starts_with("Basic realm=\""), "{query}");
    }
}

#[test]
fn s4_1_nobody_is_asked_for_user_and_password_where_anonymous_is_off() {
    let place = place();
    let answer = place.stranger("GET", "/token?scope=repository:team/a:pull");
    assert_eq!(problem(&answer), is(401, "UNAUTHORIZED"));
    assert_eq!(header(&answer, "www-authenticate"), "Basic realm=\"pullgate\"");
}

#[test]
fn s4_1_a_revoked_key_gets_no_token() {
    let place = place();
    let robot = place.registry.robot("gone", &["--pull", "team/**"]);
    place.registry.ok(&["revoke", "robot:gone"]);
    let answer = place.show(&robot.basic(), "GET", "/token", b"");
    assert_eq!(problem(&answer), is(401, "UNAUTHORIZED"));
}

#[test]
fn s4_1_account_is_a_hint_and_never_an_identity() {
    let place = place();
    let reply = get(&place, "account=reader&scope=repository:team/a:push");
    assert_eq!(access(&reply), json!([{ "type": "repository", "name": "team/a", "actions": ["push"] }]));
    assert_eq!(place.stranger("GET", "/token?account=all").head.status, 401);
}

#[test]
fn s4_1_a_partial_grant_is_no_error() {
    let place = place();
    let query = "scope=repository:team/a:pull,push&scope=repository:other/b:pull&scope=registry:catalog:*&scope=x";
    let reply = place.registry.ask(Some(&place.reader), "GET", &format!("/token?{query}"), b"");
    let refused = json!({ "type": "repository", "name": "other/b", "actions": [] });
    let catalog = json!({ "type": "registry", "name": "catalog", "actions": [] });
    assert_eq!(access(&reply), json!([pull("team/a"), refused, catalog]));
}

#[test]
fn s4_1_a_token_is_es256_and_carries_no_key() {
    let place = place();
    let head = part(&get(&place, ""), 0);
    assert_eq!((&head["alg"], &head["typ"]), (&json!("ES256"), &json!("pullgate-access+jwt")));
    assert!(head["kid"].as_str().is_some_and(|kid| !kid.is_empty()), "{head}");
    assert_eq!(head.as_object().expect("an object").len(), 3, "neither `x5c` nor `jwk`: {head}");
    let keys = http::request(place.registry.address, "GET", "/token/jwks.json", &[], b"");
    assert!(json(&keys)["keys"].as_array().expect("keys").iter().any(|key| key["kid"] == head["kid"]));
}

#[test]
fn s4_1_the_largest_reply_is_small_enough_for_every_client() {
    let place = place();
    let scope = |number| format!("scope=repository:team/{}{number}:pull,push", "a".repeat(200));
    let scopes = |count| (0..count).map(scope).collect::<Vec<_>>().join("&");
    let asked = scopes(30);
    assert!(asked.len() < 8 << 10, "{} bytes", asked.len());
    let reply = get(&place, &asked);
    assert_eq!(access(&reply).as_array().expect("accesses").len(), 30);
    assert!(reply.body.len() < 64 << 10, "{} bytes", reply.body.len());
    let token = json(&reply)["token"].as_str().expect("a token").to_owned();
    let used = place.show(&format!("Bearer {token}"), "GET", "/v2/", b"");
    assert_eq!(used.head.status, 200, "a token of {} bytes is taken back", token.len());
    let short = |count| (0..count).map(|number| format!("scope=repository:team/r{number}:pull")).collect::<Vec<_>>();
    assert_eq!(get(&place, &short(32).join("&")).head.status, 200);
    assert_eq!(get(&place, &short(33).join("&")).head.status, 400);
}

#[test]
fn s4_2_post_takes_user_and_password_in_a_form() {
    let place = place();
    let form = |password: &str| {
        format!(
            "grant_type=password&service=pullgate&client_id=x&username=all&password={password}&scope=repository:team/a:pull"
        )
    };
    let reply = post(&place, &form(&place.all.key));
    assert_eq!(access(&reply), json!([pull("team/a")]));
    let body = json(&reply);
    assert_eq!(body["token"], body["access_token"]);
    assert_eq!(body["scope"], "repository:team/a:pull");
    assert!(body["expires_in"].is_u64());
    assert_eq!(problem(&post(&place, &form("wrong"))), is(401, "UNAUTHORIZED"));
}

#[test]
fn s4_2_the_scope_of_a_form_is_joined_or_repeated() {
    let place = place();
    for scopes in [
        "scope=repository:team/a:pull+repository:team/b:pull",
        "scope=repository:team/a:pull&scope=repository:team/b:pull",
    ] {
        let reply = post(&place, &format!("grant_type=password&username=all&password={}&{scopes}", place.all.key));
        assert_eq!(access(&reply), json!([pull("team/a"), pull("team/b")]), "{scopes}");
        assert_eq!(json(&reply)["scope"], "repository:team/a:pull repository:team/b:pull");
    }
}

#[test]
fn s4_2_post_works_without_a_grant_type() {
    let place = place();
    assert_eq!(problem(&post(&place, "service=pullgate&client_id=regclient")), is(401, "UNAUTHORIZED"));
    let headers = [FORM, ("Authorization", &place.all.basic())];
    let reply = http::request(place.registry.address, "POST", "/token", &headers, b"scope=repository:team/a:pull");
    assert_eq!(access(&reply), json!([pull("team/a")]));
}

#[test]
fn s4_2_a_robot_key_gets_no_refresh_token() {
    let place = place();
    let form = format!("grant_type=password&access_type=offline&username=all&password={}", place.all.key);
    assert_eq!(json(&post(&place, &form)).get("refresh_token"), None);
    // 400 lets clients fall back to GET.
    assert_eq!(post(&place, "grant_type=refresh_token&refresh_token=x&service=pullgate").head.status, 400);
}

#[test]
fn s4_2_credentials_in_header_and_form_are_400() {
    let place = place();
    let form = format!("grant_type=password&username=all&password={}", place.all.key);
    let headers = [FORM, ("Authorization", &place.all.basic())];
    assert_eq!(http::request(place.registry.address, "POST", "/token", &headers, form.as_bytes()).head.status, 400);
}
