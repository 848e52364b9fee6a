//! Tokens that a key has signed which the registry knows, and who reads their claims carelessly.

use std::sync::LazyLock;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::Value;

use super::forged::{KID, Shown};
use super::token::{Entry, Grant};
use super::{Double, Flaw, Registry};
use crate::secure::pem;

/// How the issuer names its key for tests.
pub const TEST_KID: &str = "double-test";
/// How the issuer of another environment names its key.
pub const OTHER_KID: &str = "other";
/// Who that issuer is.
pub const OTHER_ISSUER: &str = "https://other.invalid";

/// A key pair on P-256: PKCS #8, and the public point.
pub(super) struct Pair {
    pub(super) private: Vec<u8>,
    pub(super) point: Vec<u8>,
}

impl Pair {
    pub(super) fn new() -> Self {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let private =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("keys can be made");
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.as_ref()).expect("a key is a key");
        Self { private: private.as_ref().to_vec(), point: pair.public_key().as_ref().to_vec() }
    }
}

static TEST: LazyLock<Pair> = LazyLock::new(Pair::new);
static OTHER: LazyLock<Pair> = LazyLock::new(Pair::new);

impl Double {
    /// A key that every double believes under the name [`TEST_KID`], as PEM.
    pub fn test_key() -> String {
        pem("PRIVATE KEY", &TEST.private)
    }

    /// The key of another environment, which none believes, as PEM.
    pub fn other_key() -> String {
        pem("PRIVATE KEY", &OTHER.private)
    }
}

impl Registry {
    /// What a token is good for that a known key has signed.
    pub(super) fn issued(&self, token: &Shown<'_>) -> Option<Grant> {
        let (kid, issuer) = (token.text("kid"), &token.claims["iss"]);
        let by = |pair: &Pair| token.text("alg") == "ES256" && token.is_signed_by(Some(pair.point.clone()));
        let is_typed = token.text("typ") == "JWT" || self.has(Flaw::TypesOfTokensAreNotRead);
        let own = kid == TEST_KID && is_typed && by(&TEST);
        let other = [
            (Flaw::KidIsIdentity, kid == KID && issuer == "double"),
            (Flaw::KeysAreShared, kid == OTHER_KID && issuer == "double"),
            (Flaw::IssuersAreShared, kid == OTHER_KID && issuer == OTHER_ISSUER),
        ];
        if other.into_iter().any(|(flaw, fits)| fits && self.has(flaw)) && by(&OTHER) {
            return self.granted_by(&token.claims);
        }
        let good = own && self.is_now(&token.claims) && self.is_here(&token.claims);
        good.then(|| self.granted_by(&token.claims)).flatten()
    }

    /// Whether claims are good at this time.
    fn is_now(&self, claims: &Value) -> bool {
        let now = i64::try_from(self.now()).unwrap_or(i64::MAX);
        let ends = &claims["exp"];
        let lasts = match ends {
            Value::Number(number) if number.is_f64() => {
                ends.as_f64().is_some_and(|ends| ends > now as f64) || self.has(Flaw::FractionsAreNoEnd)
            }
            Value::Number(_) if ends.as_i64().is_some_and(|ends| ends < 0) => self.has(Flaw::NegativeEndsWrap),
            Value::Number(_) => ends.as_i64().is_some_and(|ends| ends > now),
            Value::String(_) => self.has(Flaw::TextsAreNoEnd),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => self.has(Flaw::NoEndIsForEver),
        };
        let begun =
            |name: &str, flaw: Flaw| claims[name].as_i64().is_some_and(|begins| begins <= now) || self.has(flaw);
        lasts && begun("nbf", Flaw::NobodyReadsNbf) && begun("iat", Flaw::NobodyReadsIat)
    }

    /// Whether claims are for this door, of its issuer, about somebody.
    fn is_here(&self, claims: &Value) -> bool {
        let (service, audience, issuer) = (self.service, &claims["aud"], claims["iss"].as_str().unwrap_or_default());
        let has = |flaw: Flaw| self.has(flaw);
        let listed = |names: &Vec<Value>| names.iter().any(|name| name == service);
        let here = match audience {
            Value::String(name) if name == service => true,
            Value::String(name) if service.starts_with(name.as_str()) => has(Flaw::AudienceBegins),
            Value::String(name) if name.starts_with(service) => has(Flaw::AudienceEnds),
            Value::String(_) => has(Flaw::NobodyReadsAudience),
            Value::Array(names) => listed(names) && has(Flaw::AudiencesAreLists),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => has(Flaw::NoAudienceIsAll),
        };
        let own = match issuer {
            "double" => true,
            "double/" => has(Flaw::IssuerLosesSlash),
            _ if issuer.eq_ignore_ascii_case("double") => has(Flaw::IssuerLosesCase),
            _ => has(Flaw::NobodyReadsIssuer),
        };
        let somebody = claims["sub"].as_str().is_some_and(|sub| !sub.is_empty());
        here && own && (somebody || has(Flaw::NobodyIsSomebody))
    }

    /// What claims grant.
    fn granted_by(&self, claims: &Value) -> Option<Grant> {
        let access = Shown::access(claims)?;
        let expires = self.now() + 60;
        Some(Grant { user: "", audience: self.service.to_owned(), access, expires, lifetime: 0, remade: 0 })
    }

    /// Whether an entry opens a repository that it does not name.
    pub(super) fn is_misread(&self, entry: &Entry, repository: &str, action: &str) -> bool {
        let name = entry.name.as_str();
        let is_kind = entry.kind == "repository";
        let dotted = name.contains("/../") && name.rsplit('/').next() == repository.rsplit('/').next();
        let ways = [
            (Flaw::StarIsEveryName, is_kind && name == "*"),
            (Flaw::NamesArePaths, is_kind && dotted),
            (Flaw::NamesAreExpressions, is_kind && name == ".*"),
            (Flaw::NoNameIsEveryName, is_kind && name.is_empty()),
            (Flaw::TypesAreNotRead, name == repository),
        ];
        let pulls = entry.actions.iter().any(|known| known == action);
        let all = is_kind && name == repository && entry.actions.iter().any(|known| known == "*");
        (pulls && ways.into_iter().any(|(flaw, fits)| fits && self.has(flaw)))
            || (all && self.has(Flaw::StarIsEveryAction))
    }
}
