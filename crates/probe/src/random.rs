//! What must not be guessed, and hashes.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::rand;
use protocol::{Algorithm, Digest};

use crate::error::ProbeError;

/// So many random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], ProbeError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| ProbeError::Randomness)?;
    Ok(bytes)
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A random UUID (RFC 9562, version 4).
pub(crate) fn uuid() -> Result<String, ProbeError> {
    let number = u128::from_be_bytes(bytes()?);
    let marked = number & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{marked:032x}");
    let mut parts = Vec::new();
    let mut rest = hex.as_str();
    for length in [8, 4, 4, 4, 12] {
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        parts.push(part);
        rest = after;
    }
    Ok(parts.join("-"))
}

/// The digest of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Option<Digest> {
    Digest::from_hash(Algorithm::Sha256, digest(&SHA256, bytes).as_ref())
}

/// Whether bytes hash to a digest, whichever its algorithm.
pub(crate) fn hashes_to(bytes: &[u8], wanted: &Digest) -> bool {
    let algorithm = match wanted.algorithm() {
        Algorithm::Sha256 => &SHA256,
        Algorithm::Sha512 => &aws_lc_rs::digest::SHA512,
    };
    Digest::from_hash(wanted.algorithm(), digest(algorithm, bytes).as_ref()).as_ref() == Some(wanted)
}

/// A key of one run, under which two credentials can be told apart and neither can be guessed.
pub(crate) struct Blinding(hmac::Key);

impl Blinding {
    pub(crate) fn new() -> Result<Self, ProbeError> {
        Ok(Self(hmac::Key::new(HMAC_SHA256, &bytes::<32>()?)))
    }

    /// Eight digits that stand for a secret.
    pub(crate) fn hash(&self, secret: &[u8]) -> String {
        let mut text = hex(hmac::sign(&self.0, secret).as_ref());
        text.truncate(8);
        text
    }
}

impl std::fmt::Debug for Blinding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Blinding")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_says_that_it_is_random() {
        let (one, two) = (uuid().unwrap(), uuid().unwrap());
        assert_ne!(one, two);
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert!(one.split('-').nth(2).unwrap().starts_with('4'), "{one}");
        assert!(one.split('-').nth(3).unwrap().starts_with(['8', '9', 'a', 'b']), "{one}");
    }

    #[test]
    fn digests_are_compared_under_their_own_algorithm() {
        let known = sha256(b"x").unwrap();
        assert!(hashes_to(b"x", &known) && !hashes_to(b"y", &known));
        let long = Digest::from_hash(Algorithm::Sha512, digest(&aws_lc_rs::digest::SHA512, b"x").as_ref()).unwrap();
        assert!(hashes_to(b"x", &long));
    }

    #[test]
    fn two_runs_blind_differently() {
        let (one, two) = (Blinding::new().unwrap(), Blinding::new().unwrap());
        assert_eq!(one.hash(b"secret"), one.hash(b"secret"));
        assert_ne!(one.hash(b"secret"), one.hash(b"other"));
        assert_ne!(one.hash(b"secret"), two.hash(b"secret"));
    }
}
