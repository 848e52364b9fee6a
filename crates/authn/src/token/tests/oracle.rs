//! Another implementation as the judge: it believes what we issue, and we refuse whatever it refuses.
//!
//! Where they differ we are the stricter, and right: a header or payload that we did not write was not written by us.
//! The judge reads the clock of the machine, so time is left out here.

use std::collections::HashSet;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};

use super::*;
use crate::fixture::{foreign_pair, foreign_token, sign};

/// What the judge says of a token for this world.
fn judged(world: &World, token: &str) -> Option<Value> {
    let snapshot = world.state.snapshot();
    let (x, y) = snapshot.key_ring().current().coordinates();
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[SERVICE]);
    rules.set_issuer(&[SERVICE]);
    rules.required_spec_claims = HashSet::from(["iss", "aud", "sub", "exp"].map(str::to_owned));
    rules.validate_exp = false;
    let key = DecodingKey::from_ec_components(x, y).unwrap();
    jsonwebtoken::decode::<Value>(token, &key, &rules).ok().map(|token| token.claims)
}

#[test]
fn it_believes_what_we_issue() {
    let world = World::new();
    for principal in [world.principal(), Principal::Anonymous] {
        let token = world.token_of(&principal, at(0));
        let claims: Value = serde_json::from_slice(&payload(&token)).unwrap();
        assert_eq!(judged(&world, &token), Some(claims));
    }
}

#[test]
fn it_believes_the_published_keys() {
    let world = World::new();
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_slice(&world.issuer.jwks()).unwrap();
    let token = world.token(at(0));
    let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[SERVICE]);
    rules.validate_exp = false;
    assert!(jsonwebtoken::decode::<Value>(&token, &key, &rules).is_ok());
}

#[test]
fn what_it_refuses_we_refuse() {
    let world = World::new();
    let (mut both, mut we_alone) = (0, 0);
    for (text, ours) in corpus(&world) {
        match (judged(&world, &text).is_some(), believed(&world, &text)) {
            (false, believed) => {
                assert!(!believed, "refused by the judge alone: {text}");
                both += 1;
            }
            (true, believed) => {
                assert_eq!(believed, ours, "{text}");
                we_alone += u32::from(!believed);
            }
        }
    }
    assert!(both > 1000 && we_alone > 5, "{both} refused by both, {we_alone} by us alone");
}

/// Texts, each with whether we believe it if the judge does.
fn corpus(world: &World) -> Vec<(String, bool)> {
    let token = world.token(at(0));
    let claims = String::from_utf8(payload(&token)).unwrap();
    let mut corpus = vec![(token.clone(), true)];
    for place in 0..token.len() {
        let (before, after) = token.split_at(place);
        let (first, rest) = after.split_at(1);
        corpus.push((format!("{before}{rest}"), false));
        corpus.push((format!("{before}{first}{first}{rest}"), false));
        corpus.extend(["A", "_", ".", "="].map(|other| (format!("{before}{other}{rest}"), other == first)));
    }
    for (header, payload) in strange(world, &claims) {
        corpus.push((world.forge(&header, &payload), false));
        corpus.push((sign(&foreign_pair(), &header, &payload), false));
    }
    corpus.push((foreign_token(), false));
    corpus.push((signed_by_the_judge(world, &claims), false));
    corpus
}

/// Headers and payloads that are not ours, to be signed by us and by others.
fn strange(world: &World, claims: &str) -> Vec<(String, String)> {
    let header = world.header();
    let headers = [
        header.replace("ES256", "none"),
        header.replace("ES256", "HS256"),
        header.replace("ES256", "ES384"),
        header.replace("pullgate-access+jwt", "JWT"),
        header.replace('}', r#","crit":["exp"]}"#),
        header.replace('}', r#","jku":"http://127.0.0.1:9/"}"#),
        header.replace(',', ", "),
        r#"{"alg":"ES256"}"#.to_owned(),
        "[]".to_owned(),
    ];
    let payloads = [
        claims.replace(SERVICE, "other.example.com"),
        claims.replace(r#""sub""#, r#""bus""#),
        claims.replace(r#""exp":"#, r#""exp":"x","a":"#),
        claims.replacen('{', r#"{"iss":"other","#, 1),
        claims.replacen(':', ": ", 1),
        format!("{claims} "),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        claims.get(1..).unwrap().to_owned(),
    ];
    let headers = headers.into_iter().map(|header| (header, claims.to_owned()));
    headers.chain(payloads.into_iter().map(|payload| (world.header(), payload))).collect()
}

/// Our claims, signed with our key by the judge, who writes the header in its own way.
fn signed_by_the_judge(world: &World, claims: &str) -> String {
    let snapshot = world.state.snapshot();
    let key = snapshot.key_ring().current();
    let der = key.pair().to_pkcs8v1().unwrap();
    let header = Header { kid: Some(key.kid().to_owned()), ..Header::new(Algorithm::ES256) };
    let claims: Value = serde_json::from_str(claims).unwrap();
    let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ec_der(der.as_ref())).unwrap();
    assert!(judged(world, &token).is_some());
    token
}
