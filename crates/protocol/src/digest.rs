//! Content digests: an algorithm and lower-case hexadecimal (image-spec, "Digests").

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::name::NameError;

/// The hash functions that are served (image-spec, "Registered algorithms").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// 32 bytes, 64 digits.
    Sha256,
    /// 64 bytes, 128 digits.
    Sha512,
}

impl Algorithm {
    /// The name in front of the colon.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// The name of content by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    text: Arc<str>,
}

impl Digest {
    /// The digest of a finished hash; `None` where the length is not the algorithm's.
    #[must_use]
    pub fn from_hash(algorithm: Algorithm, hash: &[u8]) -> Option<Self> {
        let hex: String = hash
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect();
        (hex.len() == algorithm.digits())
            .then(|| Self { algorithm, text: format!("{}:{hex}", algorithm.as_str()).into() })
    }

    /// The hash function.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hexadecimal digits alone.
    #[must_use]
    pub fn hex(&self) -> &str {
        self.text.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// Both parts, joined by a colon.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Digest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (name, hex) = text.split_once(':').ok_or(NameError::Digest)?;
        let algorithm = [Algorithm::Sha256, Algorithm::Sha512]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or(NameError::Digest)?;
        let valid =
            hex.len() == algorithm.digits() && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        valid.then(|| Self { algorithm, text: text.into() }).ok_or(NameError::Digest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let digest = Digest::from_hash(Algorithm::Sha256, &[0xab; 32]).unwrap();
        assert_eq!(digest.as_str().parse(), Ok(digest.clone()));
        assert_eq!(digest.hex(), "ab".repeat(32));
        assert!(Digest::from_hash(Algorithm::Sha512, &[0; 32]).is_none());
    }

    #[test]
    fn refuses_the_rest() {
        let hex = "ab".repeat(32);
        for bad in [
            format!("sha256:{}", hex.to_uppercase()),
            format!("sha256:{}", "a".repeat(63)),
            format!("sha512:{hex}"),
            format!("md5:{hex}"),
            "sha256:../../x".into(),
            hex,
        ] {
            assert_eq!(bad.parse::<Digest>(), Err(NameError::Digest), "{bad}");
        }
    }
}
