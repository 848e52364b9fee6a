//! `[[alias]]`: other names under which private content may be reached.

use protocol::Repository;
use serde::Deserialize;
use toml::Spanned;

use super::error::IntentError;
use super::file;
use super::{Known, Visibility};

/// How a name comes to what is behind another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AliasKind {
    /// A virtual or group repository, or a proxy, that contains it.
    Virtual,
    /// A proxy without a credential for an upstream that another proxy has a credential for.
    BareProxy,
    /// A name that is pulled through from a private upstream.
    PullThrough,
}

impl AliasKind {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Virtual => "virtual",
            Self::BareProxy => "bare-proxy",
            Self::PullThrough => "pull-through",
        }
    }
}

/// Another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The name.
    pub name: Repository,
    /// The private repository whose content it might give.
    pub of: Repository,
    /// How.
    pub kind: AliasKind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AliasEntry {
    name: Spanned<String>,
    of: Spanned<String>,
    kind: AliasKind,
}

/// Reads the list; each must be of something private.
pub(super) fn read(entries: &[AliasEntry], repositories: &[Known]) -> Result<Vec<Alias>, IntentError> {
    let alias = |entry: &AliasEntry| {
        let of: Repository = file::name(&entry.of)?;
        let private = |known: &Known| known.name == of && known.visibility == Visibility::Private;
        match repositories.iter().any(private) {
            true => Ok(Alias { name: file::name(&entry.name)?, of, kind: entry.kind }),
            false => Err(IntentError::UnknownRepository { span: entry.of.span() }),
        }
    };
    entries.iter().map(alias).collect()
}
