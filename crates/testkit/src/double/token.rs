//! The token service: who is there, what they may do, and what was handed out.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    Flaw, LEAVER, LEAVER_PASSWORD, LOW, LOW_PASSWORD, OWN, PASSWORD, PUBLIC, REPOSITORY, Registry, SECOND, USER,
};
use crate::image::digest_of;
use crate::raw::{Answer, Request};

/// How long a token is good for, in seconds.
const LIFETIME: u64 = 300;

/// Every token that was handed out, by its text.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<HashMap<String, Grant>>);

/// What a token is good for.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    /// Whose it is; nobody's in particular where it is empty.
    pub(super) user: &'static str,
    /// For which door.
    pub(super) audience: String,
    /// Repositories, and what may be done there.
    pub(super) access: Vec<(String, Vec<String>)>,
    /// Until when, in seconds since 1970.
    pub(super) expires: u64,
}

impl Grant {
    /// The claims, as the token says them.
    fn claims(&self, id: &str) -> Value {
        let access = self.access.iter().filter(|(_, actions)| !actions.is_empty());
        let access: Vec<Value> =
            access.map(|(name, actions)| json!({ "type": "repository", "name": name, "actions": actions })).collect();
        json!({
            "iss": "double", "sub": self.user, "aud": self.audience, "jti": id,
            "iat": self.expires - LIFETIME, "nbf": self.expires - LIFETIME, "exp": self.expires, "access": access,
        })
    }
}

/// What each may do where; nobody in particular is the empty name.
fn entitled(user: &str, repository: &str) -> &'static [&'static str] {
    match (user, repository) {
        (_, PUBLIC) | (USER, REPOSITORY | SECOND) | (LEAVER, OWN) => &["pull"],
        (LOW, OWN) => &["pull", "push", "delete"],
        _ => &[],
    }
}

impl Registry {
    /// Whether whoever asks may do this there.
    pub(super) fn may(&self, request: &Request, repository: &str, action: &str) -> bool {
        let held = self.grant(request).map(|grant| grant.access).unwrap_or_default();
        let holds =
            held.iter().any(|(name, actions)| name == repository && actions.iter().any(|known| known == action));
        let admitted = repository == REPOSITORY && self.admits(request);
        holds || admitted || entitled("", repository).contains(&action)
    }

    /// What the token that is shown is good for, here and now.
    pub(super) fn grant(&self, request: &Request) -> Option<Grant> {
        let token = request.header("authorization")?.strip_prefix("Bearer ")?;
        let grant = self.state.tokens.0.lock().expect("no handler has panicked").get(token).cloned()?;
        let revoked = self.is_revoked(grant.user);
        (grant.audience == self.service && grant.expires > now() && !revoked).then_some(grant)
    }

    /// Hands out a token.
    pub(super) fn token(&self, request: &Request, query: &str) -> Answer {
        let Ok(user) = self.user(request) else { return refused(request, 401) };
        if self.tells_at_realm(query) {
            return refused(request, 404);
        }
        let asked: Vec<(String, String)> = query.split('&').filter_map(parameter).collect();
        let values = |wanted: &str| {
            asked.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
        };
        let audience = match values("service")[..] {
            [] => self.service,
            [service] if service == self.service => self.service,
            _ => return refused(request, 400),
        };
        let scopes = values("scope").into_iter().flat_map(|value| value.split(' '));
        let access = scopes.filter_map(|scope| self.granted(user, scope)).collect();
        let grant = Grant { user, audience: audience.to_owned(), access, expires: now() + LIFETIME };
        let body = json!({ "token": self.hand_out(grant), "expires_in": LIFETIME }).to_string();
        let headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")];
        Answer::http(request, 200, &headers, body.as_bytes())
    }

    /// Who shows a login; nobody in particular without one.
    fn user(&self, request: &Request) -> Result<&'static str, ()> {
        let Some(shown) = request.header("authorization") else { return Ok("") };
        let known = [(USER, PASSWORD), (LOW, LOW_PASSWORD), (LEAVER, LEAVER_PASSWORD)]
            .into_iter()
            .find(|(user, password)| shown == format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
        known.map(|(user, _)| user).filter(|user| !self.is_revoked(user)).ok_or(())
    }

    fn is_revoked(&self, user: &str) -> bool {
        user == LEAVER && self.state.revoked.load(Ordering::Relaxed)
    }

    /// What of one scope is granted.
    fn granted(&self, user: &str, scope: &str) -> Option<(String, Vec<String>)> {
        let (name, actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
        let anybody = self.has(Flaw::TokenForAnybody) || self.has(Flaw::OpaqueTokenForAnybody);
        let may = |action: &str| match user {
            USER if self.has(Flaw::ControlRefused) => false,
            "" if anybody && action == "pull" => true,
            _ => entitled(user, name).contains(&action),
        };
        Some((name.to_owned(), actions.split(',').filter(|action| may(action)).map(str::to_owned).collect()))
    }

    /// The text of a token: of the form of a JWT, unless it is opaque. It is known by its text, so nothing signs it.
    fn hand_out(&self, grant: Grant) -> String {
        let mut tokens = self.state.tokens.0.lock().expect("no handler has panicked");
        let id = digest_of(format!("{} {}", self.address, tokens.len()).as_bytes());
        let id = id.trim_start_matches("sha256:");
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = match self.has(Flaw::OpaqueTokenForAnybody) {
            true => format!("opaque-{id}"),
            false => {
                let header = json!({ "alg": "ES256", "typ": "JWT", "kid": "double" });
                format!("{}.{}.{}", part(&header), part(&grant.claims(id)), URL_SAFE_NO_PAD.encode(id))
            }
        };
        tokens.insert(text.clone(), grant);
        text
    }
}

fn refused(request: &Request, status: u16) -> Answer {
    Answer::http(request, status, &[("Cache-Control", "no-store")], br#"{"errors":[{"code":"DENIED"}]}"#)
}

/// A name and its value, decoded.
fn parameter(part: &str) -> Option<(String, String)> {
    let (name, value) = part.split_once('=')?;
    let mut bytes = value.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            _ => byte,
        });
    }
    Some((name.to_owned(), String::from_utf8(decoded).ok()?))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs()
}
