//! Tokens that nobody handed out: a real one taken apart, changed, and put together without anything being repaired.
//!
//! A [`Mould`] keeps the parts of a real token as they were written: names, values, their order. What is made of it is
//! [`Forged`], which knows whether it still carries a part that is secret.

pub(crate) mod der;
mod key;
mod members;
pub(crate) mod pem;

use std::sync::Arc;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outbound::{Credential, Origin};
use protocol::Secret;
use serde_json::Value;

pub(crate) use key::{OwnKey, PublicKey};
pub(crate) use members::Members;

use crate::request::Request;

/// A real token in its parts. Nobody has verified it.
#[derive(Clone, Debug)]
pub(crate) struct Mould {
    /// The protected header.
    pub(crate) header: Members,
    /// The claims.
    pub(crate) claims: Members,
    /// The real token, whose signature makes a credential of the other two.
    genuine: Secret,
}

impl Mould {
    /// Takes a token apart; none where it is no JSON Web Token (RFC 7519) of three parts.
    pub(crate) fn of(token: &Secret) -> Option<Self> {
        let parts: Vec<&str> = token.expose().split('.').collect();
        let [header, claims, _] = parts[..] else { return None };
        let read = |part: &str| Members::read(&URL_SAFE_NO_PAD.decode(part).ok()?);
        Some(Self { header: read(header)?, claims: read(claims)?, genuine: token.clone() })
    }

    /// `alg`, or nothing.
    pub(crate) fn algorithm(&self) -> String {
        self.header.text("alg").unwrap_or_default()
    }

    /// The claims of this token, opening what `opens` opens: everything of it but its moment and its number. Where they
    /// speak of access, or nobody could be asked what opens, `access` is written as the specification has it.
    pub(crate) fn opening(mut self, opens: Option<&Self>, access: &Value) -> Self {
        let own = ["jti", "iat", "nbf", "exp"];
        let taken = opens.iter().flat_map(|opens| opens.claims.iter()).filter(|(name, _)| !own.contains(name));
        for (name, value) in taken {
            self.claims = self.claims.with_raw(name, value);
        }
        match opens.is_none() || self.claims.has("access") {
            true => Self { claims: self.claims.with("access", access), ..self },
            false => self,
        }
    }

    /// The same with another header.
    pub(crate) fn with_header(&self, change: impl FnOnce(Members) -> Members) -> Self {
        Self { header: change(self.header.clone()), ..self.clone() }
    }

    /// The same with other claims.
    pub(crate) fn with_claims(&self, change: impl FnOnce(Members) -> Members) -> Self {
        Self { claims: change(self.claims.clone()), ..self.clone() }
    }

    /// What is signed: the first two parts.
    pub(crate) fn signing_input(&self) -> String {
        format!("{}.{}", self.header.encoded(), self.claims.encoded())
    }

    /// With a signature of these bytes.
    pub(crate) fn signed_as(&self, name: impl Into<String>, signature: &[u8]) -> Forged {
        Forged::new(name, format!("{}.{}", self.signing_input(), URL_SAFE_NO_PAD.encode(signature)))
    }

    /// With HMAC-SHA-256 under this secret, and a header that says so.
    pub(crate) fn hashed_with(&self, name: impl Into<String>, secret: &[u8]) -> Forged {
        let mould = self.with_header(|header| header.with("alg", &Value::from("HS256")));
        let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, secret), mould.signing_input().as_bytes());
        mould.signed_as(name, tag.as_ref())
    }

    /// With a signature of a key of our own, and a header that names its algorithm.
    pub(crate) fn signed_by(&self, name: impl Into<String>, key: &OwnKey) -> Option<Forged> {
        let mould = self.with_header(|header| header.with("alg", &Value::from(key.algorithm())));
        let signature = key.sign(mould.signing_input().as_bytes())?;
        Some(mould.signed_as(name, &signature))
    }

    /// With the signature of the real token.
    pub(crate) fn signed_as_before(&self, name: impl Into<String>) -> Forged {
        Forged::new(name, format!("{}.{}", self.signing_input(), self.signature())).hidden()
    }

    /// With claims of this text, and the signature of the real token.
    pub(crate) fn claiming(&self, name: impl Into<String>, claims: &str) -> Forged {
        let claims = URL_SAFE_NO_PAD.encode(claims);
        Forged::new(name, format!("{}.{claims}.{}", self.header.encoded(), self.signature())).hidden()
    }

    /// The real token that this was made of.
    pub(crate) fn genuine(&self) -> Secret {
        self.genuine.clone()
    }

    /// As long as the real signature is, or as one of its algorithm.
    pub(crate) fn signature_length(&self) -> usize {
        let decoded = URL_SAFE_NO_PAD.decode(self.signature());
        decoded.map(|bytes| bytes.len()).ok().filter(|length| *length > 0).unwrap_or(64)
    }

    fn signature(&self) -> &str {
        self.genuine.expose().rsplit('.').next().unwrap_or_default()
    }
}

/// A token that nobody handed out, and what is wrong with it in a few words.
#[derive(Clone, Debug)]
pub(crate) struct Forged {
    /// What is wrong with it.
    pub(crate) name: String,
    text: Secret,
    hidden: bool,
}

impl Forged {
    /// Of this text, which carries nothing secret.
    pub(crate) fn new(name: impl Into<String>, text: String) -> Self {
        Self { name: name.into(), text: Secret::new(text), hidden: false }
    }

    /// It carries a part of a real token, or is too long to print: evidence has its hash alone.
    pub(crate) fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// The token.
    pub(crate) fn text(&self) -> &str {
        self.text.expose()
    }

    /// A request that shows it as clients show tokens.
    pub(crate) fn on(&self, request: Request, origin: &Origin) -> Request {
        match self.hidden {
            true => request.credential(Some(&Arc::new(Credential::bearer(origin, &self.text)))),
            false => request.header("Authorization", format!("Bearer {}", self.text())),
        }
    }
}

#[cfg(test)]
mod tests;
