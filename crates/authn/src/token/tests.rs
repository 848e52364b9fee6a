//! What tokens say, who believes them, and for how long.

use policy::Principal;
use protocol::{Repository, Scope, WireAction};
use serde_json::{Value, json};

use super::*;
use crate::fixture::{SERVICE, World, at, payload, scopes};
use crate::refused::Cause;

mod claims;
mod issued;
mod oracle;
mod remembered;

fn verifier(world: &World) -> TokenVerifier {
    TokenVerifier::new(world.state.snapshot().key_ring(), SERVICE)
}

/// Whether a token is ours; whether it is in time is another question.
fn believed(world: &World, token: &str) -> bool {
    verifier(world).verify(token, world.state.snapshot().key_ring(), at(1)).is_some()
}

/// Whether a token with these claims, signed by us, is believed.
fn believed_claims(world: &World, payload: &str) -> bool {
    believed(world, &world.resign(payload))
}

/// The claims in the order in which we write them.
const ORDER: [&str; 12] =
    ["iss", "aud", "sub", "kind", "epoch", "key", "iat", "nbf", "exp", "jti", "access", "issued_by"];

/// Writes claims as we do, but for what was changed in them.
fn written(claims: &Value) -> String {
    let members = claims.as_object().unwrap();
    let known = ORDER.iter().filter_map(|name| members.get_key_value(*name));
    let unknown = members.iter().filter(|(name, _)| !ORDER.contains(&name.as_str()));
    let member = |(name, value): (&String, &Value)| {
        let value = match value.as_array().filter(|_| name == "access") {
            Some(scopes) => format!("[{}]", scopes.iter().map(written_scope).collect::<Vec<_>>().join(",")),
            None => value.to_string(),
        };
        format!("{name:?}:{value}")
    };
    format!("{{{}}}", known.chain(unknown).map(member).collect::<Vec<_>>().join(","))
}

fn written_scope(scope: &Value) -> String {
    match (&scope["type"], &scope["name"], &scope["actions"]) {
        (kind @ Value::String(_), name @ Value::String(_), actions @ Value::Array(_))
            if scope.as_object().unwrap().len() == 3 =>
        {
            format!(r#"{{"type":{kind},"name":{name},"actions":{actions}}}"#)
        }
        _ => scope.to_string(),
    }
}
