//! Revocation: `robot ci` and `robot:ci` mean the same.

use std::str::FromStr;

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::time::{Past, TimeError};
use super::who::{Who, WhoError};
use super::{LineError, one_line};

const USAGE: &str = "pullgate revoke robot NAME | robot:NAME | key ID | token ID | all-before TIME";

/// What ends now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Revoke {
    /// Every key, token, stream and upload of one; identity and grants stay.
    Who(Who),
    /// One key, for ever.
    Key(KeyId),
    /// One token, for ever.
    Token(String),
    /// Every key and token made before.
    AllBefore(Past),
}

/// The public part of a key: 12 letters and digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyId(String);

impl KeyId {
    /// The id.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why words do not say what to revoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RevokeError {
    /// The first word says nothing of the kind.
    #[error("say what to revoke: `robot NAME`, `key ID`, `token ID` or `all-before TIME`")]
    What,
    /// The second word is missing.
    #[error("say which: a name, an id or a time is missing")]
    Which,
    /// Not the id of a key.
    #[error("not the id of a key: 12 letters and digits, as `robot show` prints it")]
    KeyId,
    #[error(transparent)]
    Who(#[from] WhoError),
    #[error(transparent)]
    Line(#[from] LineError),
    #[error(transparent)]
    Time(#[from] TimeError),
}

impl FromStr for KeyId {
    type Err = RevokeError;

    /// In an emergency the whole key is what people have at hand: of it, only the id is taken.
    fn from_str(text: &str) -> Result<Self, RevokeError> {
        let id = text.strip_prefix("pgk_").map_or(text, |rest| rest.split_once('_').map_or(rest, |(id, _)| id));
        let fits = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(id.to_owned())).ok_or(RevokeError::KeyId)
    }
}

impl Revoke {
    fn of(what: &str, which: Option<&str>) -> Result<Self, RevokeError> {
        let which = || which.ok_or(RevokeError::Which);
        match what {
            "robot" => Ok(Self::Who(Who::Robot(which()?.parse().map_err(WhoError::Name)?))),
            "key" => which()?.parse().map(Self::Key),
            "token" => Ok(Self::Token(one_line(which()?)?)),
            "all-before" => Ok(Self::AllBefore(which()?.parse()?)),
            _ if what.contains(':') => Ok(Self::Who(what.parse()?)),
            _ => Err(RevokeError::What),
        }
    }
}

impl Args for Revoke {
    fn augment_args(command: Command) -> Command {
        let what = Arg::new("what")
            .required(true)
            .value_name("WHAT")
            .help("robot, key, token or all-before, followed by which; or in one word: robot:NAME");
        let which = Arg::new("which")
            .value_name("WHICH")
            // One token id in 64 begins with `-`.
            .allow_hyphen_values(true)
            .help("the name, the id, or a time such as 2030-01-31 or 2h (two hours ago)");
        command.arg(what).arg(which).override_usage(USAGE)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Revoke {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let word = |name| matches.get_one::<String>(name).map(String::as_str);
        match (word("what"), word("which")) {
            (Some(what), Some(_)) if what.contains(':') => Err(RevokeError::What),
            (what, which) => Self::of(what.unwrap_or_default(), which),
        }
        .map_err(|error| Self::augment_args(Command::new("revoke")).error(ErrorKind::InvalidValue, error))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
