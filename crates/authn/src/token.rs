//! Access tokens: ES256 JWTs (RFC 7519) that carry scopes which were decided and written, and never replace the decision.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use audit::{Admission, LeafName};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use protocol::{Now, Request, Scope, WireAction};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::json;
use state::State;

use crate::envelope::{Envelope, seal};

/// How long a token lives, in seconds.
const LIFETIME: i64 = 300;
/// How far the clocks of two nodes may differ, in seconds.
const LEEWAY: i64 = 60;
/// Verified tokens that are remembered.
const REMEMBERED: usize = 10_000;

/// What a token says. Every member is mandatory, none stands twice, and nothing else may stand beside them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    /// The principal's id, or `anonymous`.
    pub(crate) sub: String,
    exp: i64,
    nbf: i64,
    pub(crate) iat: i64,
    pub(crate) jti: String,
    access: Vec<AccessClaim>,
    /// The epoch of the principal when it was issued.
    pub(crate) epoch: u64,
    /// The key that it was issued for.
    pub(crate) key: Option<String>,
    /// The leaf of the journal that tells of it.
    issued_by: (String, u64),
}

/// One scope as tokens write it; a refused one has no actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessClaim {
    r#type: String,
    name: String,
    actions: Vec<String>,
}

/// Why a token could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the token cannot be signed")]
pub struct TokenError;

/// Makes access tokens, for admissions and nothing else.
#[derive(Clone)]
pub struct TokenIssuer {
    state: State,
    service: Arc<str>,
}

impl TokenIssuer {
    /// Tokens for this service, signed by the current key of the state.
    #[must_use]
    pub fn new(state: State, service: &str) -> Self {
        Self { state, service: service.into() }
    }

    /// The body of the answer to an admitted token request (distribution, token specification; RFC 6749 section 5.1).
    ///
    /// # Errors
    /// [`TokenError`] where the signature fails.
    #[expect(clippy::needless_pass_by_value, reason = "an admission is used once: it is spent here")]
    pub fn issue(&self, admission: Admission, now: Now) -> Result<Vec<u8>, TokenError> {
        let permit = admission.permit();
        let claims = Claims {
            iss: self.service.to_string(),
            aud: self.service.to_string(),
            sub: permit.question().principal().id().map_or("anonymous", |id| id.as_str()).to_owned(),
            exp: now.unix_seconds().saturating_add(LIFETIME),
            nbf: now.unix_seconds(),
            iat: now.unix_seconds(),
            jti: random_id()?,
            access: permit.scopes().iter().map(AccessClaim::of).collect(),
            epoch: permit.question().principal().epoch().0,
            key: admission.credential().filter(|seen| seen.kind == "robot-key").and_then(|seen| seen.id.clone()),
            issued_by: (admission.leaf().log.clone(), admission.leaf().sequence),
        };
        let payload = serde_json::to_vec(&claims).map_err(|_| TokenError)?;
        let token = seal(self.state.snapshot().key_ring().current(), &payload).ok_or(TokenError)?;
        Ok(reply(permit.question().request(), permit.scopes(), &token, now).into_bytes())
    }

    /// The public keys that verify the tokens (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> Vec<u8> {
        let snapshot = self.state.snapshot();
        let key = |key: &Arc<state::SigningKey>| {
            let (x, y) = key.coordinates();
            json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key.kid(), "x": x, "y": y })
        };
        json!({ "keys": snapshot.key_ring().all().map(key).collect::<Vec<_>>() }).to_string().into_bytes()
    }
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenIssuer").field("service", &self.service).finish_non_exhaustive()
    }
}

/// Both names of the token, since clients disagree; no refresh token, since a robot has its key.
fn reply(request: &Request, scopes: &[Scope], token: &str, now: Now) -> String {
    let mut reply = json!({
        "token": token,
        "access_token": token,
        "expires_in": LIFETIME,
        "issued_at": format!("{:.0}", now.wall),
    });
    if matches!(request, Request::Token(token) if token.method == http::Method::POST)
        && let Some(members) = reply.as_object_mut()
    {
        let granted = scopes.iter().filter(|scope| !AccessClaim::of(scope).actions.is_empty());
        let granted: Vec<String> = granted.map(Scope::to_string).collect();
        members.insert("scope".to_owned(), granted.join(" ").into());
    }
    reply.to_string()
}

fn random_id() -> Result<String, TokenError> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| TokenError)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// Not ours, or changed.
    Bad,
    /// Once ours.
    Expired,
}

/// Verifies access tokens; each signature once.
pub(crate) struct TokenVerifier {
    service: Arc<str>,
    ring: ArcSwap<(Vec<String>, Envelope)>,
    /// SHA-256 of the token -> what it says. Only its end and another key ring can make that untrue.
    verified: Cache<[u8; 32], Arc<Verified>>,
}

/// A token whose signature, parties and form are right.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) claims: Claims,
    pub(crate) scopes: Arc<[Scope]>,
}

impl Verified {
    /// The leaf that issued it.
    pub(crate) fn issued_by(&self) -> LeafName {
        let (log, sequence) = &self.claims.issued_by;
        LeafName { log: log.clone(), sequence: *sequence }
    }
}

impl TokenVerifier {
    pub(crate) fn new(state: &State, service: &str) -> Self {
        let snapshot = state.snapshot();
        let ring = (names(&snapshot), Envelope::new(snapshot.key_ring()));
        Self { service: service.into(), ring: ArcSwap::from_pointee(ring), verified: Cache::new(REMEMBERED) }
    }

    /// What the token says, if it is ours and in time.
    pub(crate) fn verify(
        &self,
        token: &str,
        snapshot: &state::Snapshot,
        now: Now,
    ) -> Result<Arc<Verified>, TokenFault> {
        self.follow(snapshot);
        let hash = digest(&SHA256, token.as_bytes());
        let key: [u8; 32] = hash.as_ref().try_into().map_err(|_| TokenFault::Bad)?;
        let verified = match self.verified.get(&key) {
            Some(verified) => verified,
            None => {
                let verified = Arc::new(self.read(token).ok_or(TokenFault::Bad)?);
                self.verified.insert(key, verified.clone());
                verified
            }
        };
        let now = now.unix_seconds();
        if verified.claims.exp <= now {
            return Err(TokenFault::Expired);
        }
        if verified.claims.nbf > now.saturating_add(LEEWAY) || verified.claims.iat > now.saturating_add(LEEWAY) {
            return Err(TokenFault::Bad);
        }
        Ok(verified)
    }

    /// Takes over another key ring, and forgets what the old one has verified.
    fn follow(&self, snapshot: &state::Snapshot) {
        if !snapshot.key_ring().all().map(|key| key.kid()).eq(self.ring.load().0.iter().map(String::as_str)) {
            self.ring.store(Arc::new((names(snapshot), Envelope::new(snapshot.key_ring()))));
            self.verified.clear();
        }
    }

    fn read(&self, token: &str) -> Option<Verified> {
        let payload = self.ring.load().1.open(token)?;
        let claims: Claims = serde_json::from_slice(&payload).ok()?;
        let ours = claims.iss == *self.service && claims.aud == *self.service;
        let short = claims.exp.checked_sub(claims.iat).is_some_and(|life| (0..=LIFETIME).contains(&life));
        let scopes: Option<Vec<Scope>> = claims.access.iter().map(AccessClaim::scope).collect();
        (ours && short).then_some(Verified { scopes: scopes?.into(), claims })
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenVerifier").field("service", &self.service).finish_non_exhaustive()
    }
}

fn names(snapshot: &state::Snapshot) -> Vec<String> {
    snapshot.key_ring().all().map(|key| key.kid().to_owned()).collect()
}

impl AccessClaim {
    fn of(scope: &Scope) -> Self {
        match scope {
            Scope::Repository { name, actions } => Self {
                r#type: "repository".to_owned(),
                name: name.to_string(),
                actions: actions.iter().map(|action| WireAction::as_str(action).to_owned()).collect(),
            },
            Scope::Catalog { granted } => Self {
                r#type: "registry".to_owned(),
                name: "catalog".to_owned(),
                actions: granted.then(|| "*".to_owned()).into_iter().collect(),
            },
        }
    }

    fn scope(&self) -> Option<Scope> {
        let scope = Scope::parse(&format!("{}:{}:{}", self.r#type, self.name, self.actions.join(",")))?;
        (Self::of(&scope) == *self).then_some(scope)
    }
}

/// The moment a token was issued, for comparison with "all before".
pub(crate) fn issued(claims: &Claims) -> Timestamp {
    Timestamp::from_second(claims.iat).unwrap_or(Timestamp::MIN)
}
