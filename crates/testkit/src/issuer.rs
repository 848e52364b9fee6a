//! A token service for registries that are not ours: it signs with ES256, and shows its certificate in `x5c`, which is what
//! distribution and its kin believe.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::double::token::Asked;
use crate::http::basic;
use crate::raw::{Answer, Request, Server};
use crate::registries::{LOW, LOW_PASSWORD, PASSWORD, USER};
use crate::secure::{Pair, Shown, authority};

/// The registry that its tokens are for.
pub const SERVICE: &str = "registry.test";
/// Who signs them.
pub const ISSUER: &str = "issuer.test";
/// What anybody may pull.
pub const PUBLIC: &str = "public/base";
/// What [`LOW`] owns.
pub const OWN: &str = "probe/low";
/// How long a token is good for, in seconds.
const LIFETIME: u64 = 300;

/// How it grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grants {
    /// What each may do, and nothing else.
    WithCare,
    /// Pulling, to whoever asks, of whatever they ask for.
    PullsToAnybody,
    /// The same, to whoever has an account.
    PullsToAccounts,
}

/// A running token service.
#[derive(Debug)]
pub struct Issuer(Server);

impl Issuer {
    /// Starts one.
    pub fn start(grants: Grants) -> Self {
        let signer = Signer::new(&authority().server(Shown::Good));
        Self(Server::start(move |request| answer(request, grants, &signer)))
    }

    /// Where tokens are asked for.
    pub fn realm(&self) -> String {
        format!("{}/token", self.0.url())
    }

    /// Its origin.
    pub fn url(&self) -> String {
        self.0.url()
    }
}

fn answer(request: &Request, grants: Grants, signer: &Signer) -> Answer {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let asked = Asked::read(query);
    let user = match (path, request.method.as_str(), asked.all("service").as_slice()) {
        ("/token", "GET", [SERVICE]) => user(request.header("authorization")),
        ("/token", "GET", _) => Err(400),
        ("/token", _, _) => Err(405),
        _ => Err(404),
    };
    let headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")];
    match user {
        Ok(user) => {
            let scopes = asked.all("scope");
            let access: Vec<Value> = scopes
                .iter()
                .flat_map(|scopes| scopes.split(' '))
                .filter_map(|scope| granted(grants, user, scope))
                .collect();
            let body = json!({ "token": signer.token(user, &access), "expires_in": LIFETIME });
            Answer::http(request, 200, &headers, body.to_string().as_bytes())
        }
        Err(status) => Answer::http(request, status, &headers, b"{\"errors\":[{\"code\":\"DENIED\"}]}"),
    }
}

/// Who shows this; nobody in particular without it. Else the status of the refusal.
fn user(shown: Option<&str>) -> Result<&'static str, u16> {
    let Some(shown) = shown else { return Ok("") };
    let known =
        [(USER, PASSWORD), (LOW, LOW_PASSWORD)].into_iter().find(|(user, password)| shown == basic(user, password));
    known.map(|(user, _)| user).ok_or(401)
}

/// What comes of one scope; none where nothing does.
fn granted(grants: Grants, user: &str, scope: &str) -> Option<Value> {
    let (name, actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
    let may: &[&str] = match (user, name) {
        (USER, _) => &["pull", "push"],
        (LOW, OWN) => &["pull", "push", "delete"],
        (_, PUBLIC) => &["pull"],
        _ if grants == Grants::PullsToAnybody || (grants == Grants::PullsToAccounts && !user.is_empty()) => &["pull"],
        _ => &[],
    };
    let actions: Vec<&str> = actions.split(',').filter(|action| may.contains(action)).collect();
    (!actions.is_empty()).then(|| json!({ "type": "repository", "name": name, "actions": actions }))
}

/// A key, and the certificate that says whose it is.
struct Signer {
    key: EcdsaKeyPair,
    certificates: Vec<String>,
    random: SystemRandom,
}

impl Signer {
    fn new(pair: &Pair) -> Self {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pair.key).expect("a key on P-256");
        let certificates = pair.chain.iter().map(|certificate| STANDARD.encode(certificate)).collect();
        Self { key, certificates, random: SystemRandom::new() }
    }

    fn token(&self, user: &str, access: &[Value]) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs();
        let header = json!({ "typ": "JWT", "alg": "ES256", "x5c": self.certificates });
        let claims = json!({
            "iss": ISSUER, "aud": SERVICE, "sub": user, "jti": self.id(),
            "iat": now, "nbf": now, "exp": now + LIFETIME, "access": access,
        });
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.key.sign(&self.random, signed.as_bytes()).expect("a key signs");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn id(&self) -> String {
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id).expect("randomness");
        URL_SAFE_NO_PAD.encode(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gets_what_they_may() {
        let pulls = |grants, user, scope| granted(grants, user, scope).is_some();
        for (user, scope) in [
            (USER, "repository:team/app:pull"),
            (LOW, "repository:probe/low:push"),
            ("", "repository:public/base:pull"),
        ] {
            assert!(pulls(Grants::WithCare, user, scope), "{scope}");
        }
        for (user, scope) in [
            ("", "repository:team/app:pull"),
            (LOW, "repository:team/app:pull"),
            (LOW, "registry:catalog:*"),
            ("", "repository:public/base:push"),
        ] {
            assert!(!pulls(Grants::WithCare, user, scope), "{scope}");
        }
        assert!(pulls(Grants::PullsToAnybody, "", "repository:team/app:pull"));
        assert!(!pulls(Grants::PullsToAccounts, "", "repository:team/app:pull"));
        assert!(pulls(Grants::PullsToAccounts, LOW, "repository:team/app:pull"));
    }
}
