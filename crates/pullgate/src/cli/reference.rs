//! References to images as people type them, without a host: `team/app`, `team/app:1.0`, `team/app@sha256:...`.

use std::str::FromStr;

use protocol::{Reference, Repository};

/// A repository, and perhaps what is meant in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageReference {
    /// The repository.
    pub(crate) repository: Repository,
    /// A tag or a digest; none means the repository as such.
    pub(crate) reference: Option<Reference>,
}

/// Not a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a reference: write `team/app`, `team/app:1.0` or `team/app@sha256:...`, without the name of the registry")]
pub(crate) struct ImageReferenceError;

impl FromStr for ImageReference {
    type Err = ImageReferenceError;

    fn from_str(text: &str) -> Result<Self, ImageReferenceError> {
        let (name, reference) = match (text.split_once('@'), text.split_once(':')) {
            (Some((name, digest)), _) => (name, digest.parse().ok().map(Reference::Digest)),
            (None, Some((name, tag))) => (name, tag.parse().ok().map(Reference::Tag)),
            (None, None) => (text, None),
        };
        if reference.is_none() && name != text {
            return Err(ImageReferenceError);
        }
        let repository = name.parse().map_err(|_| ImageReferenceError)?;
        Ok(Self { repository, reference })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_repository_and_perhaps_a_tag_or_digest() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for (text, name, reference) in [
            ("team/app", "team/app", None),
            ("team/app:1.0", "team/app", Some("1.0")),
            (&format!("team/app@{digest}"), "team/app", Some(digest.as_str())),
        ] {
            let parsed: ImageReference = text.parse().unwrap();
            assert_eq!(parsed.repository.as_str(), name);
            assert_eq!(parsed.reference.map(|reference| reference.to_string()).as_deref(), reference);
        }
        for bad in ["", "localhost:5000/app", "team/app:", "team/app@1.0", "Team/app", "app:1:2", "app:1@sha256:0"] {
            assert_eq!(bad.parse::<ImageReference>(), Err(ImageReferenceError), "{bad}");
        }
    }
}
