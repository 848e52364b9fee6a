//! Token requests outside the grammar, and scopes that grant nothing.

use serde_json::Value;

use super::{Case, Expected, Place, check_in_parts};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const UNPARSABLE: Expected = Expected(400, "UNSUPPORTED", "malformed", "unparsable");

#[test]
fn token_requests_that_contradict_themselves() {
    let scopes = |count: usize| -> String {
        (0..count).map(|number| format!("&scope=repository:team/a{number}:pull")).collect()
    };
    let foreign = Expected(400, "UNSUPPORTED", "malformed", "foreign_service");
    let get = |query: &str, expected| Case::new("GET", format!("/token?{query}"), expected);
    let post = |form: String, expected| Case::new("POST", "/token", expected).header(FORM.0, FORM.1).body(form);
    let large = Expected(413, "UNSUPPORTED", "malformed", "unparsable");
    check_in_parts(vec![
        get(&scopes(33)[1..], UNPARSABLE),
        get("service=registry.example.com", foreign),
        get("service=", UNPARSABLE),
        get("service=pullgate&service=pullgate", UNPARSABLE),
        get("account=a&account=b", UNPARSABLE),
        post(scopes(33)[1..].to_owned(), UNPARSABLE),
        post("grant_type=refresh_token&refresh_token=x".to_owned(), UNPARSABLE),
        post("grant_type=".to_owned(), UNPARSABLE),
        post("grant_type=password&username=ci&password=x".to_owned(), UNPARSABLE),
        post("username=a&username=b".to_owned(), UNPARSABLE),
        post("password=a&password=b".to_owned(), UNPARSABLE),
        post("service=other".to_owned(), foreign),
        post(format!("scope={}", "x".repeat(64 << 10)), large),
    ]);
}

#[test]
fn token_requests_at_the_limit() {
    let mut place = Place::new();
    let most: Vec<String> = (0..32).map(|number| format!("scope=repository:team/a{number}:pull")).collect();
    let target = format!("/token?{}", most.join("&"));
    assert_eq!(place.registry.ask(Some(&place.robot), "GET", &target, b"").head.status, 200);
    let form = format!("scope={}", "x".repeat((64 << 10) - "scope=".len()));
    let answer = place.registry.ask_with(Some(&place.robot), "POST", "/token", &[FORM], form.as_bytes());
    assert_eq!(answer.head.status, 200, "{}", answer.text());
    place.decisions += 2;
    place.stands();
}

#[test]
fn scopes_outside_the_grammar_grant_nothing() {
    let mut place = Place::new();
    for scope in [
        "repository:team/*:pull",
        "repository:team/**:pull",
        "repository:team/app:pull:push",
        "repository:TEAM/app:pull",
        "repository:team/app/../other:pull",
        "repository:team/app",
        "repository::pull",
        "repository:team/app:admin",
        "registry:catalog:*",
        "nonsense",
        ":::",
        "repository:acme/priv:pull,push,delete,*",
    ] {
        let reply = place.registry.token(&place.robot, &[&scope.replace('*', "%2A").replace('/', "%2F")]);
        assert_eq!(granted(&reply), Vec::<String>::new(), "{scope}");
        place.decisions += 1;
    }
    let reply = place.registry.token(&place.robot, &["nonsense", "repository:team/app:pull,admin"]);
    assert_eq!(granted(&reply), ["team/app: pull"], "the known part of a request is granted");
    place.decisions += 1;
    place.stands();
}

#[test]
fn nobody_is_asked_for_a_password() {
    let mut place = Place::new();
    let unauthorized = Expected(401, "UNAUTHORIZED", "deny", "no_credential");
    place.check([Case::new("GET", "/token?scope=repository:team/app:pull", unauthorized).header("Authorization", "")]);
    let answer = place.registry.ask(None, "GET", "/token", b"");
    assert_eq!(answer.head.header("www-authenticate"), Some(r#"Basic realm="pullgate""#));
}

/// Entries of `access` that have actions.
fn granted(reply: &Value) -> Vec<String> {
    use base64::Engine as _;
    let token = reply["token"].as_str().expect("a token");
    let claims = token.split('.').nth(1).expect("three parts");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("claims");
    let entries = claims["access"].as_array().expect("a list").iter();
    let shown = entries.map(|entry| {
        let actions =
            entry["actions"].as_array().expect("a list").iter().map(|action| action.as_str().expect("a word"));
        (entry["name"].as_str().expect("a name"), actions.collect::<Vec<_>>().join(","))
    });
    shown.filter(|(_, actions)| !actions.is_empty()).map(|(name, actions)| format!("{name}: {actions}")).collect()
}
