//! The envelope of access tokens: a compact JWS whose header is known before it is read.
//!
//! A token is taken apart only after everything cheap has been checked: its size, its form, and a header segment that
//! must equal, byte for byte, the one that we write for one of our keys. No header ever supplies a key, an algorithm
//! or anything else, so there is nothing in it to be confused by. The algorithm belongs to the key.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, KeyPair, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use state::{KeyRing, SigningKey};

/// The longest token, in bytes.
pub(crate) const MAX_BYTES: usize = 16 * 1024;

/// A compact JWS cut into its parts, of which nothing is decoded yet (RFC 7515 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compact<'a> {
    /// Header and payload with the dot between them: what is signed.
    signed: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Compact<'a> {
    /// Cuts what has the form: at most [`MAX_BYTES`], exactly three parts, none of them empty, all base64url.
    pub(crate) fn cut(text: &'a str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        [header, payload, signature].into_iter().all(is_part).then_some(Self { signed, header, payload, signature })
    }
}

/// The public halves of the key ring.
#[derive(Debug)]
pub(crate) struct Envelope {
    keys: Vec<VerifyingKey>,
}

/// A key, parsed once, with the header that its tokens begin with.
#[derive(Debug)]
struct VerifyingKey {
    kid: String,
    header: String,
    public: ParsedPublicKey,
}

impl Envelope {
    pub(crate) fn new(ring: &KeyRing) -> Self {
        let keys = ring.all().filter_map(|key| {
            let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.pair().public_key()).ok()?;
            Some(VerifyingKey { kid: key.kid().to_owned(), header: header(key), public })
        });
        Self { keys: keys.collect() }
    }

    /// Whether it opens what this ring signs, and nothing else.
    pub(crate) fn is_of(&self, ring: &KeyRing) -> bool {
        self.keys.iter().map(|key| key.kid.as_str()).eq(ring.all().map(|key| key.kid()))
    }

    /// The payload of a token that one of the keys has signed; `None` for every other text.
    pub(crate) fn open(&self, token: &str) -> Option<Vec<u8>> {
        let Compact { signed, header, payload, signature } = Compact::cut(token)?;
        let key = self.keys.iter().find(|key| key.header == header)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        key.public.verify_sig(signed.as_bytes(), &signature).ok()?;
        URL_SAFE_NO_PAD.decode(payload).ok()
    }
}

/// Signs a payload.
pub(crate) fn seal(key: &SigningKey, payload: &[u8]) -> Result<String, Unspecified> {
    let signed = format!("{}.{}", header(key), URL_SAFE_NO_PAD.encode(payload));
    let signature = key.pair().sign(&SystemRandom::new(), signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The header segment of a key's tokens. Its `typ` sets them apart from every other JWT that we may ever sign.
fn header(key: &SigningKey) -> String {
    URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"ES256","kid":"{}","typ":"pullgate-access+jwt"}}"#, key.kid()))
}

#[cfg(test)]
mod tests;
