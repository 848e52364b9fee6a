//! Names of those who may be granted and refused something: `robot:ci`.

use std::fmt;
use std::str::FromStr;

use policy::PrincipalName;

type PrincipalNameError = <PrincipalName as FromStr>::Err;

/// Somebody with an identity of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// `robot:NAME`.
    Robot(PrincipalName),
}

/// Not somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WhoError {
    /// No kind before the name, or another one.
    #[error("write `robot:` and a name, such as `robot:ci`")]
    Kind,
    /// The kind is right, the name is not one.
    #[error(transparent)]
    Name(PrincipalNameError),
}

impl FromStr for Who {
    type Err = WhoError;

    fn from_str(text: &str) -> Result<Self, WhoError> {
        match text.split_once(':') {
            Some(("robot", name)) => name.parse().map(Self::Robot).map_err(WhoError::Name),
            _ => Err(WhoError::Kind),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Robot(name) => write!(formatter, "robot:{name}"),
        }
    }
}

/// Anybody who may ask: anonymous is somebody too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Nobody in particular.
    Anonymous,
    /// Somebody.
    Who(Who),
}

/// Not anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AskerError {
    /// No kind before the name, or another one.
    #[error("write `anonymous`, or `robot:` and a name, such as `robot:ci`")]
    Kind,
    /// The kind is right, the name is not one.
    #[error(transparent)]
    Name(PrincipalNameError),
}

impl FromStr for Asker {
    type Err = AskerError;

    fn from_str(text: &str) -> Result<Self, AskerError> {
        match text.parse() {
            _ if text == "anonymous" => Ok(Self::Anonymous),
            Ok(who) => Ok(Self::Who(who)),
            Err(WhoError::Kind) => Err(AskerError::Kind),
            Err(WhoError::Name(error)) => Err(AskerError::Name(error)),
        }
    }
}
