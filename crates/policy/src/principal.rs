//! Who asks. Anonymous is somebody, not the absence of somebody.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The immutable id of a principal: never reused, not even after the principal is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrincipalId(Arc<str>);

impl PrincipalId {
    /// Takes over an id as it was stored.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PrincipalId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A name people give to a robot: `[a-z0-9][a-z0-9._-]{0,63}`, `anonymous` and `internal` excepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PrincipalName(Arc<str>);

/// Not the name of a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrincipalNameError {
    /// Outside the grammar.
    #[error("not a name: up to 64 lower-case letters, digits, `.`, `_` and `-`, the first a letter or digit")]
    Grammar,
    /// `anonymous` and `internal` mean something else.
    #[error("this name is reserved")]
    Reserved,
}

impl PrincipalName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PrincipalName {
    type Err = PrincipalNameError;

    fn from_str(text: &str) -> Result<Self, PrincipalNameError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let mut bytes = text.bytes();
        let first = bytes.next().is_some_and(plain);
        let rest = bytes.all(|byte| plain(byte) || matches!(byte, b'.' | b'_' | b'-'));
        match text {
            _ if !(first && rest && text.len() <= 64) => Err(PrincipalNameError::Grammar),
            "anonymous" | "internal" => Err(PrincipalNameError::Reserved),
            _ => Ok(Self(text.into())),
        }
    }
}

impl TryFrom<String> for PrincipalName {
    type Error = PrincipalNameError;

    fn try_from(text: String) -> Result<Self, PrincipalNameError> {
        text.parse()
    }
}

impl From<PrincipalName> for String {
    fn from(name: PrincipalName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for PrincipalName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Counts the times that everything a principal holds was made worthless: revoke, delete, all-before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// A robot, as policies and records see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Robot {
    /// Its immutable id.
    pub id: PrincipalId,
    /// The name that people gave it.
    pub name: PrincipalName,
    /// Who answers for it.
    pub owner: String,
    /// What it held at this epoch is good, what it held before is not.
    pub epoch: Epoch,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody in particular.
    Anonymous,
    /// A robot with a key.
    Robot(Arc<Robot>),
}

impl Principal {
    /// The kind, as records and `WHO` on the command line name it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Robot(_) => "robot",
        }
    }

    /// The immutable id; anonymous has none.
    #[must_use]
    pub fn id(&self) -> Option<&PrincipalId> {
        match self {
            Self::Anonymous => None,
            Self::Robot(robot) => Some(&robot.id),
        }
    }

    /// The name people know it by; anonymous has none.
    #[must_use]
    pub fn name(&self) -> Option<&PrincipalName> {
        match self {
            Self::Anonymous => None,
            Self::Robot(robot) => Some(&robot.name),
        }
    }

    /// The epoch of what it holds.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        match self {
            Self::Anonymous => Epoch::default(),
            Self::Robot(robot) => robot.epoch,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["ci", "0", "a.b_c-d", &"a".repeat(64)] {
            assert!(good.parse::<PrincipalName>().is_ok(), "{good}");
        }
        for bad in ["", "-x", "robot$", "CI", "a b", "\u{430}", "a\u{202e}b", &"a".repeat(65), &"a".repeat(10_240)] {
            assert_eq!(bad.parse::<PrincipalName>(), Err(PrincipalNameError::Grammar), "{bad}");
        }
        for reserved in ["anonymous", "internal"] {
            assert_eq!(reserved.parse::<PrincipalName>(), Err(PrincipalNameError::Reserved));
        }
    }
}
