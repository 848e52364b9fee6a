//! The envelope of our own access tokens: a compact JWS whose header is known before it is read.
//!
//! A token is taken apart only after everything cheap has been checked: its size, its three parts, and a header segment
//! that must equal, byte for byte, the one that we write for one of our own keys. No header ever supplies a key, an
//! algorithm or anything else, so there is nothing in it to be confused by.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, EcdsaKeyPair, KeyPair, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use state::{KeyRing, SigningKey};

/// The longest token, in bytes.
pub(crate) const MAX_BYTES: usize = 16 * 1024;

/// The public halves of the key ring, each under the header that its tokens begin with.
#[derive(Debug)]
pub(crate) struct Envelope {
    keys: Vec<(String, ParsedPublicKey)>,
}

impl Envelope {
    pub(crate) fn new(ring: &KeyRing) -> Self {
        let keys = ring.all().filter_map(|key| {
            let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.pair().public_key().as_ref()).ok()?;
            Some((header(key), public))
        });
        Self { keys: keys.collect() }
    }

    /// The payload of a token that one of our keys has signed; `None` for every other text.
    pub(crate) fn open(&self, token: &str) -> Option<Vec<u8>> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let (_, key) = self.keys.iter().find(|(known, _)| known == header)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        key.verify_sig(signed.as_bytes(), &signature).ok()?;
        URL_SAFE_NO_PAD.decode(payload).ok()
    }
}

/// Signs a payload.
pub(crate) fn seal(key: &SigningKey, payload: &[u8]) -> Option<String> {
    let signed = format!("{}.{}", header(key), URL_SAFE_NO_PAD.encode(payload));
    let signature = EcdsaKeyPair::sign(key.pair(), &SystemRandom::new(), signed.as_bytes()).ok()?;
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
}

/// The header segment of a key's tokens.
fn header(key: &SigningKey) -> String {
    URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"ES256","kid":"{}","typ":"pullgate-access+jwt"}}"#, key.kid()))
}
