//! Tokens of another issuer, which are exchanged for one of the registry, and who reads them carelessly.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::forged::Shown;
use super::issued::Pair;
use super::token::{Asked, Grant};
use super::{Double, Flaw, Registry};
use crate::raw::{Answer, Request};
use crate::secure::pem;

/// How the other issuer names its key.
pub const FEDERATED_KID: &str = "federated";
/// The other issuer.
pub const FEDERATED_ISSUER: &str = "https://issuer.invalid";
/// What redirects to it.
pub const REDIRECTED_ISSUER: &str = "https://short.invalid/issuer";
/// Whom its tokens are for.
pub const FEDERATED_AUDIENCE: &str = "registry.invalid";
/// Who is let in.
pub const FEDERATED_SUBJECT: &str = "repo:team/app:main";
/// Who is not.
pub const FEDERATED_STRANGER: &str = "repo:other/app:main";

static ISSUER: LazyLock<Pair> = LazyLock::new(Pair::new);

impl Double {
    /// The key of the other issuer, as PEM.
    pub fn federated_key() -> String {
        pem("PRIVATE KEY", &ISSUER.private)
    }
}

impl Registry {
    /// Exchanges a token of the other issuer (RFC 8693); none where none is shown.
    pub(super) fn federate(&self, request: &Request, asked: &Asked) -> Option<Answer> {
        let shown = asked.all("subject_token").first().map(|token| (*token).to_owned())?;
        let token = Shown::read(&shown).filter(|token| self.is_federated(token));
        let taken = token.is_some_and(|token| self.is_new(&token.claims["jti"]));
        let headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")];
        if !taken {
            return Some(Answer::http(request, 400, &headers, br#"{"error":"invalid_request"}"#));
        }
        let (expires, lifetime) = (self.now() + 300, 300);
        let (user, audience) = ("", self.service.to_owned());
        let token = self.hand_out(Grant { user, audience, access: Vec::new(), expires, lifetime, remade: 0 });
        let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": lifetime }).to_string();
        Some(Answer::http(request, 200, &headers, body.as_bytes()))
    }

    fn is_federated(&self, token: &Shown<'_>) -> bool {
        let signed = token.text("alg") == "ES256" && token.text("kid") == FEDERATED_KID;
        let claims = &token.claims;
        let text = |name: &str| claims[name].as_str().unwrap_or_default();
        let now = i64::try_from(self.now()).unwrap_or(i64::MAX);
        let at = |name: &str, fits: &dyn Fn(i64) -> bool| claims[name].as_i64().is_some_and(fits);
        let has = |flaw: Flaw| self.has(flaw);
        signed
            && token.is_signed_by(Some(ISSUER.point.clone()))
            && self.is_issuer(text("iss"))
            && self.is_subject(text("sub"))
            && (text("aud") == FEDERATED_AUDIENCE || has(Flaw::FederatesAnyAudience))
            && (at("exp", &|ends| ends > now) || has(Flaw::FederatesExpired))
            && (at("nbf", &|begins| begins <= now) || has(Flaw::FederatesEarly))
    }

    fn is_issuer(&self, issuer: &str) -> bool {
        let ways = [
            (Flaw::FederatesAnyIssuer, !issuer.starts_with(FEDERATED_ISSUER) && issuer != REDIRECTED_ISSUER),
            (Flaw::FederatesSlashes, issuer.trim_end_matches('/') == FEDERATED_ISSUER),
            (Flaw::FederatesUserInfo, issuer.split('@').next() == Some(FEDERATED_ISSUER)),
            (Flaw::FederatesRedirects, issuer == REDIRECTED_ISSUER),
        ];
        issuer == FEDERATED_ISSUER || ways.into_iter().any(|(flaw, fits)| fits && self.has(flaw))
    }

    fn is_subject(&self, subject: &str) -> bool {
        let ways = [
            (Flaw::FederatesEnds, subject.ends_with(FEDERATED_SUBJECT)),
            (Flaw::FederatesBeginnings, subject.starts_with(FEDERATED_SUBJECT)),
            (Flaw::FederatesTenants, subject == FEDERATED_STRANGER),
        ];
        subject == FEDERATED_SUBJECT || ways.into_iter().any(|(flaw, fits)| fits && self.has(flaw))
    }

    /// Whether a token of this number was not exchanged before.
    fn is_new(&self, number: &Value) -> bool {
        let number = number.as_str().unwrap_or_default().to_owned();
        self.state.redeem(number) || self.has(Flaw::FederatesAgain)
    }
}
