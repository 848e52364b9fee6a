//! Questions to the rules.

use std::net::IpAddr;
use std::str::FromStr;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use protocol::{Action, Group};

use super::{Asker, ImageReference, Moment};

/// What is to be asked.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum PolicyVerb {
    /// print all rules in force as Cedar: grants, configuration and files
    Show,
    /// say whether all rules are valid
    Check,
    /// say whether somebody may do something, and why
    Explain(Box<Explain>),
}

/// `policy explain`.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Explain {
    /// who, such as robot:ci or anonymous
    pub(crate) who: Asker,
    /// what: pull, push, delete, list, or one action such as move-tag
    #[arg(value_parser = action(), hide_possible_values = true)]
    pub(crate) action: Asked,
    /// on what, such as team/app or team/app:1.0
    pub(crate) reference: ImageReference,
    /// from which address [default: 127.0.0.1]
    #[arg(long, value_name = "IP")]
    pub(crate) from: Option<IpAddr>,
    /// at which time, such as 2030-01-31T18:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Moment>,
}

/// One action, or a group of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// `pull`, `push`, `delete`, `list`.
    Group(Group),
    /// The finest word.
    Action(Action),
}

impl Asked {
    /// The word.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Group(group) => group.as_str(),
            Self::Action(action) => action.as_str(),
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        Group::ALL.into_iter().map(Self::Group).chain(Action::ALL.into_iter().map(Self::Action))
    }
}

/// Not an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an action")]
pub(crate) struct ActionError;

impl FromStr for Asked {
    type Err = ActionError;

    fn from_str(text: &str) -> Result<Self, ActionError> {
        Self::all().find(|asked| asked.as_str() == text).ok_or(ActionError)
    }
}

/// A closed set of words: the parser then names the nearest.
pub(super) fn action() -> impl TypedValueParser<Value = Asked> {
    PossibleValuesParser::new(Asked::all().map(|asked| asked.as_str())).try_map(|word| word.parse::<Asked>())
}
