//! Repository names, tags, references and upload ids, as the distribution-spec writes them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::digest::Digest;

/// Why a name was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a repository name (distribution-spec, "Pulling manifests").
    #[error(
        "not a repository name: lower-case letters, digits and single `.`, `_`, `__` or dashes between them, parts joined by `/`"
    )]
    Repository,
    /// A repository name of more than 255 bytes.
    #[error("a repository name has at most 255 characters")]
    RepositoryTooLong,
    /// Not a tag.
    #[error("not a tag: a letter, digit or `_`, then up to 127 of letters, digits, `.`, `_` and `-`")]
    Tag,
    /// Not a digest, or of an algorithm that is not served.
    #[error("not a digest: `sha256:` and 64 or `sha512:` and 128 lower-case hexadecimal digits")]
    Digest,
    /// Not one of our upload ids.
    #[error("not an upload id")]
    Upload,
}

macro_rules! text {
    ($name:ident, $error:expr, $valid:path) => {
        impl $name {
            /// The name as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                $valid(text).then(|| Self(text.into())).ok_or($error)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

/// The name of a repository: parts of `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` joined by `/`, at most 255 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository(Arc<str>);

impl Repository {
    /// The longest name that is accepted, in bytes.
    pub const MAX: usize = 255;

    /// The name as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The namespaces above this repository, nearest first: `a/b/c` stands below `a/b` and `a`.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.as_str();
        std::iter::from_fn(move || {
            rest = rest.rsplit_once('/')?.0;
            Some(rest)
        })
    }
}

impl FromStr for Repository {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() > Self::MAX {
            return Err(NameError::RepositoryTooLong);
        }
        text.split('/').all(is_component).then(|| Self(text.into())).ok_or(NameError::Repository)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Letters and digits, with `.`, `_`, `__` or any number of dashes between two of them.
fn is_component(text: &str) -> bool {
    let mut separator = "".to_owned();
    let mut seen = false;
    for letter in text.chars() {
        match letter {
            'a'..='z' | '0'..='9' => {
                let joined = separator.is_empty() || (seen && is_separator(&separator));
                if !joined {
                    return false;
                }
                separator.clear();
                seen = true;
            }
            '.' | '_' | '-' => separator.push(letter),
            _ => return false,
        }
    }
    seen && separator.is_empty()
}

fn is_separator(text: &str) -> bool {
    matches!(text, "." | "_" | "__") || text.bytes().all(|byte| byte == b'-')
}

/// A tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Arc<str>);

text!(Tag, NameError::Tag, is_tag);

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut bytes = text.bytes();
    text.len() <= 128 && bytes.next().is_some_and(word) && bytes.all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

/// What a manifest is asked for by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A name that may move.
    Tag(Tag),
    /// The content itself.
    Digest(Digest),
}

impl Reference {
    /// The tag, if it is one.
    #[must_use]
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Digest(_) => None,
        }
    }

    /// The digest, if it is one.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Tag(_) => None,
            Self::Digest(digest) => Some(digest),
        }
    }
}

impl FromStr for Reference {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.contains(':') { text.parse().map(Self::Digest) } else { text.parse().map(Self::Tag) }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(formatter),
            Self::Digest(digest) => digest.fmt(formatter),
        }
    }
}

/// The name of an upload that is under way: opaque to clients, ours alone, 22 to 3,072 characters of unpadded base64url.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UploadId(Arc<str>);

text!(UploadId, NameError::Upload, is_upload_id);

fn is_upload_id(text: &str) -> bool {
    (22..=3072).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories() {
        for good in ["a", "a/b", "team/app", "a.b/c_d/e__f/g---h", "manifests/blobs/uploads/tags/list", "0"] {
            assert!(good.parse::<Repository>().is_ok(), "{good}");
        }
        for bad in [
            "", "/", "a/", "/a", "a//b", "A", "a..b", "a___b", "a_-b", "-a", "a-", "a b", "a%2fb", "a\\b", "ä",
            "a/../b", "a;b",
        ] {
            assert_eq!(bad.parse::<Repository>(), Err(NameError::Repository), "{bad}");
        }
        assert!("a".repeat(255).parse::<Repository>().is_ok());
        assert_eq!("a".repeat(256).parse::<Repository>(), Err(NameError::RepositoryTooLong));
    }

    #[test]
    fn namespaces_nearest_first() {
        let repository: Repository = "a/b/c".parse().unwrap();
        assert_eq!(repository.namespaces().collect::<Vec<_>>(), ["a/b", "a"]);
    }

    #[test]
    fn tags() {
        for good in ["latest", "_", "V1.0-rc_1", &"a".repeat(128)] {
            assert!(good.parse::<Tag>().is_ok(), "{good}");
        }
        for bad in ["", ".a", "-a", "a/b", "a:b", "a b", &"a".repeat(129)] {
            assert_eq!(bad.parse::<Tag>(), Err(NameError::Tag), "{bad}");
        }
    }
}
