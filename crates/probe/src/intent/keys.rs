//! `[test_key]`, `[other_environment]` and `[leaf]`: keys of the user's that sign tokens which must not be good.

use std::fmt;
use std::sync::Arc;

use protocol::Secret;
use serde::Deserialize;
use toml::Spanned;

use super::error::{IntentError, Why};
use crate::forge::{OwnKey, pem};

/// A private key of somebody's, and how tokens name it.
#[derive(Clone)]
pub struct SigningKey {
    pub(crate) key: Arc<OwnKey>,
    /// `kid`, if tokens name it.
    pub kid: Option<String>,
    /// `iss` of the tokens that it is for, if that is somebody else.
    pub issuer: Option<String>,
    /// `x5c`: the certificates for it, in base64.
    pub chain: Vec<String>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Not a key that signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No key, or one of another kind.
    #[error("not a private key for this `alg`: PKCS #8 as PEM is expected (openssl pkcs8 -topk8 -nocrypt)")]
    NoKey,
    /// Nothing that says whose key it is.
    #[error("no certificate as PEM")]
    NoCertificate,
}

impl SigningKey {
    /// A private key (PKCS #8) as PEM, for an algorithm of RFC 7518 section 3.1 or RFC 8037.
    ///
    /// # Errors
    /// [`KeyError::NoKey`], which shows nothing of what was read.
    pub fn read(key: &Secret, algorithm: &str) -> Result<Self, KeyError> {
        let own = pem::blocks("PRIVATE KEY", key.expose()).first().and_then(|key| OwnKey::read(algorithm, key));
        let key = Arc::new(own.ok_or(KeyError::NoKey)?);
        Ok(Self { key, kid: None, issuer: None, chain: Vec::new() })
    }

    /// The same under this `kid`.
    #[must_use]
    pub fn named(self, kid: &str) -> Self {
        Self { kid: Some(kid.to_owned()), ..self }
    }

    /// The same with the certificates that say whose it is, as PEM.
    ///
    /// # Errors
    /// [`KeyError::NoCertificate`].
    pub fn certified(self, chain: &str) -> Result<Self, KeyError> {
        let chain = pem::encoded_blocks("CERTIFICATE", chain);
        if chain.is_empty() { Err(KeyError::NoCertificate) } else { Ok(Self { chain, ..self }) }
    }
}

/// The keys that a run may sign with.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// One that the registry believes, for tests.
    pub test: Option<SigningKey>,
    /// One that the issuer of another environment signs with.
    pub other: Option<SigningKey>,
    /// One with a certificate that the registry's authority has issued for another purpose.
    pub leaf: Option<SigningKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerEntry {
    file: Spanned<String>,
    alg: String,
    kid: String,
    iss: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeafEntry {
    key_file: Spanned<String>,
    certificate_file: Spanned<String>,
    alg: String,
}

/// Reads `[test_key]` or `[other_environment]`.
pub(super) fn issuer(
    entry: &IssuerEntry,
    read: &impl Fn(&str) -> Result<Secret, Why>,
) -> Result<SigningKey, IntentError> {
    let key = key(&entry.file, &entry.alg, read)?;
    Ok(SigningKey { issuer: entry.iss.clone(), ..key.named(&entry.kid) })
}

/// Reads `[leaf]`.
pub(super) fn leaf(entry: &LeafEntry, read: &impl Fn(&str) -> Result<Secret, Why>) -> Result<SigningKey, IntentError> {
    let error = |why| IntentError::Key { span: entry.certificate_file.span(), why };
    let chain = read(entry.certificate_file.get_ref()).map_err(error)?;
    key(&entry.key_file, &entry.alg, read)?.certified(chain.expose()).map_err(|why| error(why.into()))
}

pub(super) fn key(
    file: &Spanned<String>,
    algorithm: &str,
    read: &impl Fn(&str) -> Result<Secret, Why>,
) -> Result<SigningKey, IntentError> {
    let error = |why| IntentError::Key { span: file.span(), why };
    SigningKey::read(&read(file.get_ref()).map_err(error)?, algorithm).map_err(|why| error(why.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_fits_its_algorithm() {
        let pair = rcgen::KeyPair::generate().unwrap();
        let text = Secret::new(pem::block("PRIVATE KEY", &pair.serialize_der()));
        let known = SigningKey::read(&text, "ES256").unwrap();
        assert_eq!((known.key.algorithm(), known.certified("none").unwrap_err()), ("ES256", KeyError::NoCertificate));
        for algorithm in ["ES384", "RS256", "EdDSA", "HS256", "none"] {
            assert_eq!(SigningKey::read(&text, algorithm).unwrap_err(), KeyError::NoKey, "{algorithm}");
        }
        assert!(SigningKey::read(&Secret::new("no key".to_owned()), "ES256").is_err());
    }
}
