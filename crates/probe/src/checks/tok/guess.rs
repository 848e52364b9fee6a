//! The keys that people choose, tried on a token without asking anybody.

use aws_lc_rs::hmac::{self, Algorithm, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};

use crate::token::Token;

/// What secrets are made of.
const WORDS: [&str; 50] = [
    "secret",
    "password",
    "passw0rd",
    "changeme",
    "change-me",
    "changeit",
    "default",
    "admin",
    "administrator",
    "root",
    "token",
    "jwt",
    "jwtsecret",
    "jwtkey",
    "jwt_secret",
    "key",
    "mykey",
    "secretkey",
    "secret-key",
    "secret_key",
    "supersecret",
    "super-secret",
    "topsecret",
    "mysecret",
    "my-secret",
    "signing-key",
    "private",
    "hmac",
    "hs256",
    "registry",
    "docker",
    "harbor",
    "gitea",
    "gitlab",
    "quay",
    "nexus",
    "artifactory",
    "zot",
    "auth",
    "login",
    "test",
    "testing",
    "demo",
    "dev",
    "development",
    "prod",
    "production",
    "example",
    "qwerty",
    "letmein",
];
/// What is put behind them.
const ENDINGS: [&str; 20] = [
    "", "1", "12", "123", "1234", "12345", "123456", "!", "!1", "?", "0", "00", "01", "2023", "2024", "2025", "2026",
    "#", "@123", "-secret",
];

/// The empty key and a thousand others.
fn keys() -> impl Iterator<Item = String> {
    let combined = WORDS.into_iter().flat_map(|word| ENDINGS.into_iter().map(move |ending| format!("{word}{ending}")));
    [String::new()].into_iter().chain(combined)
}

/// The key under a token, if it is one that people choose; in words that a report may show.
pub(super) fn key_of(token: &Token, algorithm: &str) -> Option<String> {
    let algorithm = match algorithm.to_ascii_uppercase().as_str() {
        "HS256" => HMAC_SHA256,
        "HS384" => HMAC_SHA384,
        "HS512" => HMAC_SHA512,
        _ => return None,
    };
    let (signed, signature) = token.signed()?;
    let found = keys().find(|key| fits(algorithm, key, &signed, &signature))?;
    Some(if found.is_empty() { "empty".to_owned() } else { format!("a common word of {} letters", found.len()) })
}

fn fits(algorithm: Algorithm, key: &str, signed: &[u8], signature: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(algorithm, key.as_bytes()), signed, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_thousand_keys_and_the_empty_one() {
        let all: BTreeSet<String> = keys().collect();
        assert_eq!(all.len(), 1001, "none twice");
        assert!(["", "secret", "changeme123", "jwt-secret"].iter().all(|key| all.contains(*key)));
    }

    #[test]
    fn a_signature_gives_its_key_away() {
        let key = hmac::Key::new(HMAC_SHA256, b"registry123");
        let tag = hmac::sign(&key, b"a.b");
        let found = keys().find(|key| fits(HMAC_SHA256, key, b"a.b", tag.as_ref()));
        assert_eq!(found.as_deref(), Some("registry123"));
    }
}
