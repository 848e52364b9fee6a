//! Makes access tokens, for admissions and nothing else.

use std::fmt;
use std::sync::Arc;

use audit::Admission;
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use policy::Principal;
use protocol::{Now, Request, Scope};
use serde::Serialize;
use serde_json::json;
use state::State;

use super::LIFETIME;
use super::claims::{ANONYMOUS, AccessClaim, Claims, Kind};
use crate::envelope::seal;

/// Why a token could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A robot's token dies with the key that it was issued for, so there must be one.
    #[error("a token for a robot is issued for a key, and none was shown")]
    NoKey,
    /// No random numbers, or no signature.
    #[error("the token cannot be signed")]
    Signing,
}

/// Makes access tokens.
#[derive(Clone)]
pub struct TokenIssuer {
    state: State,
    service: Arc<str>,
}

/// What a token is issued on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grounds<'a> {
    /// For whom.
    pub(crate) principal: &'a Principal,
    /// For which of their keys.
    pub(crate) key: Option<&'a str>,
    /// For what; refused scopes have no actions.
    pub(crate) scopes: &'a [Scope],
    /// Log and sequence of the leaf that tells of it.
    pub(crate) issued_by: (&'a str, u64),
}

impl TokenIssuer {
    /// Tokens for this service, signed by the current key of the state.
    #[must_use]
    pub fn new(state: State, service: &str) -> Self {
        Self { state, service: service.into() }
    }

    /// The body of the answer to an admitted token request (distribution, "Token Authentication Specification"; for
    /// POST also RFC 6749 section 5.1).
    ///
    /// # Errors
    /// [`TokenError`]: there is no token.
    #[expect(clippy::needless_pass_by_value, reason = "an admission is used once: it is spent here")]
    pub fn issue(&self, admission: Admission, now: Now) -> Result<Vec<u8>, TokenError> {
        let (permit, leaf) = (admission.permit(), admission.leaf());
        let key =
            admission.credential().filter(|shown| shown.kind == "robot-key").and_then(|shown| shown.id.as_deref());
        let grounds = Grounds {
            principal: permit.question().principal(),
            key,
            scopes: permit.scopes(),
            issued_by: (&leaf.log, leaf.sequence),
        };
        let token = self.sign(&grounds, now)?;
        let is_post = matches!(permit.request(), Request::Token(asked) if asked.method == Method::POST);
        reply(&token, is_post.then_some(permit.scopes()), now)
    }

    /// The public keys that verify the tokens, as a JWK set (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> Vec<u8> {
        let snapshot = self.state.snapshot();
        let keys = snapshot.key_ring().all().map(|key| {
            let (x, y) = key.coordinates();
            json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key.kid(), "x": x, "y": y })
        });
        json!({ "keys": keys.collect::<Vec<_>>() }).to_string().into_bytes()
    }

    /// The token itself.
    pub(crate) fn sign(&self, grounds: &Grounds<'_>, now: Now) -> Result<String, TokenError> {
        let payload = self.claims(grounds, now)?.payload().map_err(|_| TokenError::Signing)?;
        seal(self.state.snapshot().key_ring().current(), &payload).map_err(|_| TokenError::Signing)
    }

    pub(crate) fn claims(&self, grounds: &Grounds<'_>, now: Now) -> Result<Claims, TokenError> {
        let (kind, sub, key) = match (grounds.principal, grounds.key) {
            (Principal::Anonymous, _) => (Kind::Anonymous, ANONYMOUS, None),
            (Principal::Robot(robot), Some(key)) => (Kind::Robot, robot.id.as_str(), Some(key.to_owned())),
            (Principal::Robot(_), None) => return Err(TokenError::NoKey),
        };
        let (log, sequence) = grounds.issued_by;
        Ok(Claims {
            iss: self.service.to_string(),
            aud: self.service.to_string(),
            sub: sub.to_owned(),
            kind,
            epoch: grounds.principal.epoch().0,
            key,
            iat: now.unix_seconds(),
            nbf: now.unix_seconds(),
            exp: now.unix_seconds().saturating_add(LIFETIME),
            jti: random_id()?,
            access: grounds.scopes.iter().map(AccessClaim::of).collect(),
            issued_by: (log.to_owned(), sequence),
        })
    }
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenIssuer").field("service", &self.service).finish_non_exhaustive()
    }
}

/// The answer, with both names of the token, since clients disagree.
///
/// There is no refresh token: a robot has its key, and docker would keep the token where pull secrets cannot use it.
#[derive(Serialize)]
struct Reply<'a> {
    token: &'a str,
    access_token: &'a str,
    expires_in: i64,
    issued_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

pub(super) fn reply(token: &str, scopes: Option<&[Scope]>, now: Now) -> Result<Vec<u8>, TokenError> {
    let granted = |scopes: &[Scope]| {
        let granted = scopes.iter().filter(|scope| AccessClaim::of(scope).is_granted());
        granted.map(Scope::to_string).collect::<Vec<_>>().join(" ")
    };
    let reply = Reply {
        token,
        access_token: token,
        expires_in: LIFETIME,
        issued_at: format!("{:.0}", now.wall),
        scope: scopes.map(granted),
    };
    serde_json::to_vec(&reply).map_err(|_| TokenError::Signing)
}

fn random_id() -> Result<String, TokenError> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| TokenError::Signing)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
