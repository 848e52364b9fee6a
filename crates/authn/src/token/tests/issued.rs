//! What is issued, from the admission to the bytes of the answer.

use std::sync::Arc;

use audit::{CheckpointKey, Circumstances, CredentialSeen, Journal, LogName};
use http::Method;
use policy::{Bound, Context, Policy, Question, Settings};
use protocol::Request;
use state::{Change, NewGrant};

use super::issuer::reply;
use super::*;
use crate::fixture::{head, post};

#[test]
fn claims_as_they_are_written() {
    let world = World::new();
    let written = String::from_utf8(payload(&world.token(at(0)))).unwrap();
    let claims: Value = serde_json::from_str(&written).unwrap();
    let (robot, key) = (world.robot().robot.id.clone(), world.key.id());
    let jti = claims["jti"].as_str().unwrap();
    assert_eq!(jti.len(), 22, "128 random bits");
    let access = concat!(
        r#"[{"type":"repository","name":"team/app","actions":["pull","push"]},"#,
        r#"{"type":"repository","name":"team/other","actions":[]}]"#
    );
    assert_eq!(
        written,
        format!(
            concat!(
                r#"{{"iss":"registry.example.com","aud":"registry.example.com","sub":"{}","kind":"robot","epoch":0,"#,
                r#""key":"{}","iat":1780000000,"nbf":1780000000,"exp":1780000300,"jti":"{}","access":{},"#,
                r#""issued_by":["example/one",7]}}"#
            ),
            robot, key, jti, access
        )
    );
    assert_ne!(world.claims(at(0))["jti"], claims["jti"], "no two tokens share an id");
}

#[test]
fn tokens_of_nobody() {
    let world = World::new();
    let token = world.token_of(&Principal::Anonymous, at(0));
    let claims: Value = serde_json::from_slice(&payload(&token)).unwrap();
    assert_eq!((&claims["sub"], &claims["kind"]), (&json!("anonymous"), &json!("anonymous")));
    assert_eq!((&claims["epoch"], &claims["key"]), (&json!(0), &json!(null)));
    assert!(believed(&world, &token));
}

#[test]
fn a_robot_without_a_key_gets_none() {
    let world = World::new();
    let principal = world.principal();
    let grounds = Grounds { key: None, ..world.grounds(&principal, &[]) };
    assert_eq!(world.issuer.sign(&grounds, at(0)), Err(TokenError::NoKey));
}

#[test]
fn the_largest_token_fits() {
    let world = World::new();
    let principal = world.principal();
    let scope = |number: u32| {
        let name: Repository = format!("{number:0>255}").parse().unwrap();
        Scope::of(&name, &WireAction::ALL)
    };
    let scopes: Vec<Scope> = (0..32).map(scope).collect();
    let token = world.issuer.sign(&world.grounds(&principal, &scopes), at(0)).unwrap();
    assert!(token.len() > 13_000, "{}", token.len());
    assert!(believed(&world, &token), "{}", token.len());
}

#[test]
fn answers() {
    let now = at(0).after(std::time::Duration::from_millis(999));
    let text = |scopes: Option<&[Scope]>| String::from_utf8(reply("a.b.c", scopes, now).unwrap()).unwrap();
    let both = r#"{"token":"a.b.c","access_token":"a.b.c","expires_in":300,"issued_at":"2026-05-28T20:26:40Z""#;
    assert_eq!(text(None), format!("{both}}}"));
    assert_eq!(text(Some(&scopes())), format!(r#"{both},"scope":"repository:team/app:pull,push"}}"#));
    assert_eq!(text(Some(&[])), format!(r#"{both},"scope":""}}"#));
}

#[test]
fn public_keys() {
    let world = World::new();
    let keys: Value = serde_json::from_slice(&world.issuer.jwks()).unwrap();
    let snapshot = world.state.snapshot();
    let key = snapshot.key_ring().current();
    let (x, y) = key.coordinates();
    let jwk = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key.kid(), "x": x, "y": y });
    assert_eq!(keys, json!({ "keys": [jwk] }));
}

#[test]
fn prints_neither_key_nor_claims() {
    let world = World::new();
    for printed in [format!("{:?}", world.issuer), format!("{:?}", verifier(&world))] {
        assert!(printed.ends_with("{ service: \"registry.example.com\", .. }"), "{printed}");
    }
}

/// Asks for a token with the robot's key.
fn asked(world: &World, head: &protocol::Head) -> Result<Value, TokenError> {
    asked_by(world, world.principal(), "robot-key", head)
}

/// Asks for a token as the gate does: question, decision, record, token.
fn asked_by(
    world: &World,
    principal: Principal,
    kind: &'static str,
    head: &protocol::Head,
) -> Result<Value, TokenError> {
    let folder = tempfile::tempdir().unwrap();
    let name = LogName::new("example", "one").unwrap();
    let key = CheckpointKey::new(name.clone(), &[7; 32]).unwrap();
    let (journal, _) =
        Journal::open(&audit::Settings::default(), folder.path().join("journal"), &name, key, at(0)).unwrap();
    let context = Context::new([192, 0, 2, 7].into());
    let request = Request::parse(head).unwrap();
    let question = Arc::new(Question::new(principal, Bound::Everything, request, context));
    let policy = Policy::build(&Settings::default(), Vec::new(), &[]).unwrap();
    let permit = policy.decide(&question, world.state.snapshot().grants(), at(0)).unwrap();
    let id = Some(world.key.id().to_owned());
    let credential = CredentialSeen { kind, id, issued_by: None, claimed_user: None };
    let circumstances = circumstances(credential);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let admission = runtime.block_on(journal.admit(permit, &circumstances)).unwrap();
    Ok(serde_json::from_slice(&world.issuer.issue(admission, at(0))?).unwrap())
}

fn circumstances(credential: CredentialSeen) -> Circumstances {
    Circumstances {
        received: at(0).wall,
        request_id: "0123456789abcdef".to_owned(),
        source: [192, 0, 2, 7].into(),
        peer: ([192, 0, 2, 7], 40_000).into(),
        listener: ([192, 0, 2, 1], 5000).into(),
        host: None,
        user_agent: None,
        method: Method::GET.to_string(),
        range: None,
        credential: Some(credential),
    }
}

#[test]
fn for_an_admission() {
    let world = World::new();
    let grant = NewGrant {
        pattern: "team/app".parse().unwrap(),
        actions: policy::ActionSet::of(protocol::Group::Pull),
        until: None,
        reason: None,
    };
    world.change(Change::AddGrant { holder: "ci".parse().unwrap(), grant }, at(0));
    let wanted = "repository:team/app:pull,push";
    let got = asked(&world, &head(&format!("/token?scope={wanted}&scope=repository:prod/app:pull"), &[])).unwrap();
    assert_eq!(got["token"], got["access_token"]);
    assert_eq!((got.get("scope"), got.get("refresh_token")), (None, None));
    assert_eq!((&got["expires_in"], &got["issued_at"]), (&json!(300), &json!("2026-05-28T20:26:40Z")));
    let claims: Value = serde_json::from_slice(&payload(got["token"].as_str().unwrap())).unwrap();
    assert_eq!(claims["key"], json!(world.key.id()));
    assert_eq!(claims["issued_by"], json!(["example/one", 0]));
    assert_eq!(
        claims["access"],
        json!([
            { "type": "repository", "name": "team/app", "actions": ["pull"] },
            { "type": "repository", "name": "prod/app", "actions": [] },
        ])
    );
    assert!(world.show(got["token"].as_str().unwrap(), at(1)).is_ok());
    let got = asked(&world, &post(&format!("grant_type=password&access_type=offline&scope={wanted}"))).unwrap();
    assert_eq!(got["scope"], json!("repository:team/app:pull"));
    assert_eq!(got.get("refresh_token"), None);
}

#[test]
fn nothing_but_a_key_gets_a_robot_a_token() {
    let world = World::new();
    for kind in ["token", "anonymous"] {
        assert_eq!(asked_by(&world, world.principal(), kind, &head("/token", &[])), Err(TokenError::NoKey), "{kind}");
    }
    let got = asked_by(&world, Principal::Anonymous, "anonymous", &head("/token", &[])).unwrap();
    let token = got["token"].as_str().unwrap();
    assert_eq!(world.show(token, at(1)).unwrap().principal, Principal::Anonymous);
}
