//! The token service: who is there, what they may do, and what was handed out.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::forged::{CERTIFICATE, KID};
use super::{
    BARE, BESIDE, CREATOR, CREATOR_PASSWORD, Flaw, GATE, GROUP, KEPT, LEAVER, LEAVER_PASSWORD, LOW, LOW_PASSWORD, OWN,
    PASSWORD, PUBLIC, REFUSED, REFUSED_PASSWORD, REPOSITORY, Registry, SECOND, State, THROUGH, USER,
};
use crate::http::basic;
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
    /// What may be done where.
    pub(super) access: Vec<Entry>,
    /// Until when, in seconds since 1970.
    pub(super) expires: u64,
    /// For how long altogether, in seconds.
    pub(super) lifetime: u64,
    /// How often [`BESIDE`] had been made anew.
    pub(super) remade: usize,
}

/// What may be done with one thing.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// `repository`, as a rule.
    pub(super) kind: String,
    /// Its name.
    pub(super) name: String,
    /// Perhaps nothing.
    pub(super) actions: Vec<String>,
}

impl Grant {
    /// The claims, as the token says them.
    fn claims(&self, id: &str) -> Value {
        let access = self.access.iter().filter(|entry| !entry.actions.is_empty());
        let access: Vec<Value> =
            access.map(|entry| json!({ "type": entry.kind, "name": entry.name, "actions": entry.actions })).collect();
        let begins = self.expires - self.lifetime;
        let mut claims = json!({
            "iss": "double", "sub": self.user, "jti": id,
            "iat": begins, "nbf": begins, "exp": self.expires, "access": access,
        });
        if !self.audience.is_empty() {
            claims["aud"] = json!(self.audience);
        }
        claims
    }
}

/// What each may do where; nobody in particular is the empty name.
pub(super) fn entitled(user: &str, repository: &str) -> &'static [&'static str] {
    match (user, repository) {
        (_, PUBLIC) | (LOW, BARE) | (USER, REPOSITORY | SECOND | GROUP | THROUGH | GATE) | (LEAVER, OWN) => &["pull"],
        (LOW, OWN | BESIDE | KEPT) => &["pull", "push", "delete"],
        (CREATOR, OWN) => &["pull", "push"],
        _ => &[],
    }
}

impl State {
    /// The time, in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
        now.as_secs() + self.ahead.load(Ordering::Relaxed)
    }
}

impl Registry {
    /// Whether whoever asks may do this there.
    pub(super) fn may(&self, request: &Request, repository: &str, action: &str) -> bool {
        let held = self.grant(request).map(|grant| grant.access).unwrap_or_default();
        let holds = held.iter().any(|entry| self.opens(entry, repository, action));
        let admitted = repository == REPOSITORY && (self.admits(request) || self.takes(request));
        holds || admitted || entitled("", repository).contains(&action)
    }

    /// What the token that is shown is good for, here and now.
    pub(super) fn grant(&self, request: &Request) -> Option<Grant> {
        let shown = request.header("authorization").map(str::to_owned).or_else(|| self.misplaced(request))?;
        let known = shown.strip_prefix("Bearer ").and_then(|token| self.handed_out(token));
        let known = known.map(|grant| self.as_of_now(grant));
        let grant = known.or_else(|| self.deceived(&shown))?;
        let kept = self.has(Flaw::TokensOutliveRevocation) || self.keeps_while_streaming(Flaw::StreamsKeepTokens);
        let revoked = self.is_revoked(grant.user) && !kept;
        (self.serves(&grant.audience) && grant.expires + self.leeway() > self.now() && !revoked).then_some(grant)
    }

    /// A token that was handed out.
    fn handed_out(&self, token: &str) -> Option<Grant> {
        self.state.tokens.0.lock().expect("no handler has panicked").get(token).cloned()
    }

    /// Whether this token was handed out.
    pub(super) fn knows(&self, token: &str) -> bool {
        self.handed_out(token).is_some()
    }

    /// Whether a token was handed out with this signature.
    pub(super) fn has_signed(&self, signature: &str) -> bool {
        let tokens = self.state.tokens.0.lock().expect("no handler has panicked");
        !signature.is_empty() && tokens.keys().any(|token| token.ends_with(&format!(".{signature}")))
    }

    /// For how many seconds a token is good after its end.
    fn leeway(&self) -> u64 {
        if self.has(Flaw::LeewayOfMinutes) { 300 } else { 0 }
    }

    /// The time, in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.state.now()
    }

    /// Hands out a token.
    pub(super) fn token(&self, request: &Request, query: &str) -> Answer {
        let form = String::from_utf8_lossy(&request.body);
        let asked = Asked::read(if request.method == "POST" { &form } else { query });
        if let Some(answer) = self.federate(request, &asked) {
            return answer;
        }
        let user = match self.user(self.shown(request, &asked).as_deref()) {
            Ok(user) => user,
            Err(answer) => return refused(request, answer),
        };
        if self.tells_at_realm(query) {
            return refused(request, 404);
        }
        let Some(audience) = self.audience(&asked.all("service")) else { return refused(request, 400) };
        let accounts = asked.all("account");
        let access = self.access(self.judged_as(request, user, &accounts), &asked.all("scope"));
        let lifetime = if self.has(Flaw::TokensLastHours) { 7200 } else { LIFETIME };
        let user = self.named(user, &accounts);
        let (expires, remade) = (self.now() + lifetime, self.state.remade());
        let grant = Grant { user, audience, access, expires, lifetime, remade };
        let expires_in = if self.has(Flaw::TokensLastLonger) { 1000 } else { lifetime };
        let mut body = json!({ "token": self.hand_out(grant), "expires_in": expires_in });
        let may_come_back = !user.is_empty() || self.has(Flaw::EndlessRefresh);
        if may_come_back && !asked.all("offline_token").is_empty() {
            body["refresh_token"] = json!(self.refresh_token(user));
        }
        let kept = if self.has(Flaw::TokensAreCached) { "public, max-age=60" } else { "no-store" };
        let headers = [("Content-Type", "application/json"), ("Cache-Control", kept)];
        Answer::http(request, 200, &headers, body.to_string().as_bytes())
    }

    /// The login that is shown: in the header, or in a form.
    fn shown(&self, request: &Request, asked: &Asked) -> Option<String> {
        let first = |name: &str| asked.all(name).first().map(|value| (*value).to_owned());
        let read = request.method == "POST" || self.has(Flaw::RealmReadsUrls);
        let fields = first("username").zip(first("password")).filter(|_| read);
        let header = request.header("authorization").map(str::to_owned);
        header.or_else(|| fields.map(|(user, password)| basic(&user, &password)))
    }

    /// Who shows a login; nobody in particular without one. Else the status of the refusal.
    fn user(&self, shown: Option<&str>) -> Result<&'static str, u16> {
        let Some(shown) = shown else { return Ok("") };
        let logins = [
            (USER, PASSWORD),
            (LOW, LOW_PASSWORD),
            (LEAVER, LEAVER_PASSWORD),
            (CREATOR, CREATOR_PASSWORD),
            (REFUSED, REFUSED_PASSWORD),
        ];
        let by_manual = self.has(Flaw::DefaultPassword) && shown == basic("admin", "Harbor12345");
        let known = logins.into_iter().find(|(user, password)| shown == basic(user, password)).map(|(user, _)| user);
        let kept = self.has(Flaw::LoginOutlivesRevocation) || self.keeps_while_streaming(Flaw::StreamsKeepLogins);
        let welcome = |user: &&str| !self.is_locked_out(user) && (!self.is_revoked(user) || kept);
        let known = if by_manual { Some(USER) } else { known };
        known.filter(welcome).ok_or_else(|| self.refused_login(shown))
    }

    fn is_revoked(&self, user: &str) -> bool {
        user == LEAVER && self.state.revoked.load(Ordering::Relaxed)
    }

    /// The text of a token: of the form of a JWT, unless it is opaque. It is known by its text, so nothing signs it.
    pub(super) fn hand_out(&self, grant: Grant) -> String {
        let mut tokens = self.state.tokens.0.lock().expect("no handler has panicked");
        let id = digest_of(format!("{} {}", self.base, tokens.len()).as_bytes());
        let id = id.trim_start_matches("sha256:");
        let text = match self.has(Flaw::OpaqueTokenForAnybody) || self.has(Flaw::OpaqueCatalogForAnybody) {
            true => format!("opaque-{id}"),
            false => {
                let claims = self.flawed_claims(grant.claims(id), tokens.len());
                let key = self.shared_key();
                let header = match key {
                    Some(_) => json!({ "alg": "HS256", "typ": "JWT", "kid": KID }),
                    None => json!({ "alg": "ES256", "typ": "JWT", "kid": KID, "x5c": [CERTIFICATE] }),
                };
                let signed = format!("{}.{}", part(&header), part(&claims));
                let signature = key.map_or(id.as_bytes().to_vec(), |key| hmac_of(&key, signed.as_bytes()));
                format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
            }
        };
        tokens.insert(text.clone(), grant);
        text
    }
}

fn refused(request: &Request, status: u16) -> Answer {
    Answer::http(request, status, &[("Cache-Control", "no-store")], br#"{"errors":[{"code":"DENIED"}]}"#)
}

/// A part of a token.
pub(super) fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// What is asked for, by query or by form.
pub(crate) struct Asked(Vec<(String, String)>);

impl Asked {
    pub(crate) fn read(fields: &str) -> Self {
        Self(fields.split('&').filter_map(parameter).collect())
    }

    pub(crate) fn all(&self, wanted: &str) -> Vec<&str> {
        self.0.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).collect()
    }
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

/// HMAC with SHA-256.
fn hmac_of(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}
