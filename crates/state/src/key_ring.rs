//! The keys that sign access tokens, sealed as one row: all of them, or none.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::secret_key::{Purpose, SecretKey};

/// What the seal is bound to beside the key: the kind and version of what is inside.
const SEALED_AS: &[u8] = b"pullgate key ring 1";

/// More bytes than one key takes inside the seal.
const STORED_KEY: usize = 512;

/// The signing keys, the oldest first; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRing {
    older: Vec<Arc<SigningKey>>,
    current: Arc<SigningKey>,
}

impl KeyRing {
    /// The key that signs now.
    #[must_use]
    pub fn current(&self) -> &Arc<SigningKey> {
        &self.current
    }

    /// Every key whose signatures are accepted, the oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Arc<SigningKey>> {
        self.older.iter().chain(std::iter::once(&self.current))
    }

    /// A ring with one new key.
    pub(crate) fn generate(now: Timestamp) -> Result<Self, Unspecified> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        Ok(Self { older: Vec::new(), current: Arc::new(SigningKey::new(pair, now)?) })
    }

    /// Closes the ring with AES-256-GCM under a key derived for it and a random nonce.
    pub(crate) fn seal(&self, key: &SecretKey) -> Result<Sealed, Unspecified> {
        let keys: Vec<StoredKey> = self.all().map(|key| key.stored()).collect::<Result<_, _>>()?;
        // Large enough from the start: a vector that grows leaves copies of the keys behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(keys.len() * STORED_KEY + 32));
        serde_json::to_writer(&mut *bytes, &keys).map_err(|_| Unspecified)?;
        let nonce = sealing_key(key)?.seal_in_place_append_tag(Aad::from(SEALED_AS), &mut *bytes)?;
        Ok(Sealed { nonce: *nonce.as_ref(), bytes: bytes.to_vec() })
    }

    /// Opens a sealed ring; another key, another purpose, a changed byte or an empty ring do not open.
    pub(crate) fn open(sealed: &Sealed, key: &SecretKey) -> Result<Self, Unspecified> {
        let mut bytes = Zeroizing::new(sealed.bytes.clone());
        let nonce = Nonce::assume_unique_for_key(sealed.nonce);
        let plain = sealing_key(key)?.open_in_place(nonce, Aad::from(SEALED_AS), &mut bytes)?;
        let stored: Vec<StoredKey> = serde_json::from_slice(plain).map_err(|_| Unspecified)?;
        let mut older: Vec<_> =
            stored.iter().map(|key| SigningKey::restore(key).map(Arc::new)).collect::<Result<_, _>>()?;
        let current = older.pop().ok_or(Unspecified)?;
        Ok(Self { older, current })
    }
}

fn sealing_key(key: &SecretKey) -> Result<RandomizedNonceKey, Unspecified> {
    RandomizedNonceKey::new(&AES_256_GCM, key.derive(Purpose::KeyRing).as_slice())
}

/// A key ring as it is stored.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) nonce: [u8; NONCE_LEN],
    pub(crate) bytes: Vec<u8>,
}

/// An ES256 key (RFC 7518 section 3.4).
pub struct SigningKey {
    kid: String,
    created: Timestamp,
    pair: EcdsaKeyPair,
    x: String,
    y: String,
}

/// A signing key inside the sealed ring: PKCS#8 in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    created: Timestamp,
    pkcs8: String,
}

impl Drop for StoredKey {
    fn drop(&mut self) {
        self.pkcs8.zeroize();
    }
}

impl SigningKey {
    /// The `kid` of tokens: the thumbprint of the public key (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// When it was made.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// The pair itself, which signs and verifies; its signatures are `r` and `s` of 32 bytes each.
    #[must_use]
    pub fn pair(&self) -> &EcdsaKeyPair {
        &self.pair
    }

    /// The coordinates of the public point as a JWK has them: base64url without padding (RFC 7518 section 6.2.1).
    #[must_use]
    pub fn coordinates(&self) -> (&str, &str) {
        (&self.x, &self.y)
    }

    fn new(pair: EcdsaKeyPair, created: Timestamp) -> Result<Self, Unspecified> {
        // An uncompressed point: 0x04, then both coordinates.
        let point = pair.public_key().as_ref().strip_prefix(&[4]).ok_or(Unspecified)?;
        let (x, y) = point.split_at_checked(32).ok_or(Unspecified)?;
        let [x, y] = [x, y].map(|half| URL_SAFE_NO_PAD.encode(half));
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()));
        Ok(Self { kid, created, pair, x, y })
    }

    fn stored(&self) -> Result<StoredKey, Unspecified> {
        Ok(StoredKey { created: self.created, pkcs8: STANDARD.encode(self.pair.to_pkcs8v1()?) })
    }

    fn restore(stored: &StoredKey) -> Result<Self, Unspecified> {
        let pkcs8 = Zeroizing::new(STANDARD.decode(&stored.pkcs8).map_err(|_| Unspecified)?);
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).map_err(|_| Unspecified)?;
        Self::new(pair, stored.created)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

impl PartialEq for SigningKey {
    fn eq(&self, other: &Self) -> bool {
        (&self.kid, self.created) == (&other.kid, other.created)
    }
}

impl Eq for SigningKey {}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    fn secret() -> SecretKey {
        let folder = tempfile::tempdir().unwrap();
        SecretKey::load_or_create(&folder.path().join("secret.key"), true).unwrap()
    }

    #[test]
    fn opens_as_it_was_sealed_with_several_keys() {
        let secret = secret();
        let first = KeyRing::generate(Timestamp::UNIX_EPOCH).unwrap();
        let second = KeyRing::generate(Timestamp::MAX).unwrap();
        let ring = KeyRing { older: vec![first.current], current: second.current };
        let opened = KeyRing::open(&ring.seal(&secret).unwrap(), &secret).unwrap();
        assert_eq!(opened, ring);
        assert_eq!(opened.all().count(), 2);
        assert_eq!(opened.current().kid(), ring.current().kid());
    }

    #[test]
    fn signs_what_its_public_half_verifies() {
        let ring = KeyRing::generate(Timestamp::UNIX_EPOCH).unwrap();
        let pair = ring.current().pair();
        let signature = pair.sign(&SystemRandom::new(), b"message").unwrap();
        let (x, y) = ring.current().coordinates();
        let point = [&[4][..], &URL_SAFE_NO_PAD.decode(x).unwrap(), &URL_SAFE_NO_PAD.decode(y).unwrap()].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(b"message", signature.as_ref()).unwrap();
    }

    #[test]
    fn nothing_but_the_sealed_bytes_under_the_same_key_opens() {
        let secret = secret();
        let ring = KeyRing::generate(Timestamp::UNIX_EPOCH).unwrap();
        let sealed = ring.seal(&secret).unwrap();
        assert!(KeyRing::open(&sealed, &self::secret()).is_err());
        for place in 0..sealed.bytes.len() {
            let mut bytes = sealed.bytes.clone();
            bytes[place] ^= 1;
            assert!(KeyRing::open(&Sealed { bytes, ..sealed }, &secret).is_err(), "byte {place}");
        }
        for place in 0..NONCE_LEN {
            let mut nonce = sealed.nonce;
            nonce[place] ^= 1;
            assert!(KeyRing::open(&Sealed { nonce, bytes: sealed.bytes.clone() }, &secret).is_err());
        }
    }

    #[test]
    fn an_empty_ring_does_not_open() {
        let secret = secret();
        let mut bytes = b"[]".to_vec();
        let nonce = sealing_key(&secret).unwrap().seal_in_place_append_tag(Aad::from(SEALED_AS), &mut bytes).unwrap();
        assert!(KeyRing::open(&Sealed { nonce: *nonce.as_ref(), bytes }, &secret).is_err());
    }

    #[test]
    fn debug_shows_no_private_key() {
        let ring = KeyRing::generate(Timestamp::UNIX_EPOCH).unwrap();
        let printed = format!("{:?}", ring.current());
        assert_eq!(
            printed,
            format!("SigningKey {{ kid: {:?}, created: 1970-01-01T00:00:00Z, .. }}", ring.current().kid())
        );
    }
}
