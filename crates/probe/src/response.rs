//! What a target answered, as far as it was read. All of it is hostile text.

use protocol::{Algorithm, Digest};

use crate::random;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code, 200 to 999.
    pub status: u16,
    /// The status codes of the interim answers before it, such as 100.
    pub interim: Vec<u16>,
    /// The header lines.
    pub headers: Headers,
    /// The body, at most 64 KiB of it kept.
    pub body: Body,
}

/// Header lines in the order received: names in lower case, values with every byte as one character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

/// A body as far as it was read, without transfer coding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether they are all.
    pub ended: Ended,
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The bytes are all.
    Whole,
    /// All of it came, and more than is kept.
    Hashed {
        /// How many bytes came.
        length: usize,
        /// Their hash.
        sha256: [u8; 32],
    },
    /// There was more than is kept.
    Cut,
    /// The other side stopped in the middle, or its framing makes no sense.
    Early,
}

impl Response {
    /// 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A redirect with somewhere to go.
    #[must_use]
    pub fn redirect(&self) -> Option<&str> {
        matches!(self.status, 301 | 302 | 303 | 307 | 308).then(|| self.headers.get("location")).flatten()
    }

    /// The bytes of the body, if they are all.
    #[must_use]
    pub fn whole(&self) -> Option<&[u8]> {
        (self.body.ended == Ended::Whole).then_some(self.body.bytes.as_slice())
    }

    /// How many bytes of body were read.
    #[must_use]
    pub fn length(&self) -> usize {
        match self.body.ended {
            Ended::Hashed { length, .. } => length,
            Ended::Whole | Ended::Cut | Ended::Early => self.body.bytes.len(),
        }
    }

    /// The digest of the body, if all of it came.
    #[must_use]
    pub fn sha256(&self) -> Option<Digest> {
        match &self.body.ended {
            Ended::Whole => random::sha256(&self.body.bytes),
            Ended::Hashed { sha256, .. } => Digest::from_hash(Algorithm::Sha256, sha256),
            Ended::Cut | Ended::Early => None,
        }
    }

    /// Whether all of the body came, and hashes to a digest.
    #[must_use]
    pub fn hashes_to(&self, digest: &Digest) -> bool {
        let whole = self.whole().is_some_and(|bytes| random::hashes_to(bytes, digest));
        whole || self.sha256().as_ref() == Some(digest)
    }
}

impl Headers {
    /// The first value of a name, which is given in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// All values of a name, which is given in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Every line.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<'a> FromIterator<(&'a str, &'a [u8])> for Headers {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a [u8])>>(lines: T) -> Self {
        let value = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect();
        Self(lines.into_iter().map(|(name, bytes)| (name.to_ascii_lowercase(), value(bytes))).collect())
    }
}
