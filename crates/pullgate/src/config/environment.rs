//! What the environment says; the only place that reads it.

use std::ffi::OsString;
use std::path::PathBuf;

use super::ConfigError;

/// The variables that stand for flags, and those that have none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// `PULLGATE_CONFIG`, for `--config`.
    pub(crate) config: Option<PathBuf>,
    /// `PULLGATE_DATA`, for `--data`.
    pub(crate) data: Option<PathBuf>,
    /// `PULLGATE_SECRET_KEY_FILE`: where the root key lies, if not in the data folder.
    pub(crate) secret_key: Option<PathBuf>,
    /// Set by a verb of root that goes on as the owner of the data folder: the user id it began with.
    pub(crate) actor: Option<u32>,
}

impl Environment {
    /// The variable that a verb of root leaves to the process it becomes.
    pub(crate) const ACTOR: &'static str = "PULLGATE_ACTOR_UID";

    /// Reads the environment of this process.
    ///
    /// # Errors
    /// [`ConfigError::Variable`] for one that is set and holds nothing usable: empty is not the same as absent.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub(crate) fn read() -> Result<Self, ConfigError> {
        Self::of(|name| std::env::var_os(name))
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        let path = |name| variable(name).map(|value| file_name(name, value)).transpose();
        Ok(Self {
            config: path("PULLGATE_CONFIG")?,
            data: path("PULLGATE_DATA")?,
            secret_key: path("PULLGATE_SECRET_KEY_FILE")?,
            actor: variable(Self::ACTOR).map(|value| user_id(&value)).transpose()?,
        })
    }
}

/// A variable that one verb alone looks at.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn file_name(name: &'static str, value: OsString) -> Result<PathBuf, ConfigError> {
    match value.is_empty() {
        true => Err(ConfigError::Variable { name }),
        false => Ok(value.into()),
    }
}

fn user_id(value: &OsString) -> Result<u32, ConfigError> {
    let id = value.to_str().and_then(|text| text.parse().ok());
    id.ok_or(ConfigError::Variable { name: Environment::ACTOR })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &'static str) -> Result<Environment, ConfigError> {
        Environment::of(|asked| (asked == name).then(|| value.into()))
    }

    #[test]
    fn variables_stand_for_flags() {
        assert_eq!(with("PULLGATE_CONFIG", "a.toml").unwrap().config, Some("a.toml".into()));
        assert_eq!(with("PULLGATE_DATA", "d").unwrap().data, Some("d".into()));
        assert_eq!(with("PULLGATE_SECRET_KEY_FILE", "k").unwrap().secret_key, Some("k".into()));
        assert_eq!(with(Environment::ACTOR, "1000").unwrap().actor, Some(1000));
        assert_eq!(with("HOME", "/").unwrap().config, None);
    }

    #[test]
    fn empty_is_not_absent() {
        for name in ["PULLGATE_CONFIG", "PULLGATE_DATA", "PULLGATE_SECRET_KEY_FILE", Environment::ACTOR] {
            let error = with(name, "").unwrap_err();
            assert!(matches!(error, ConfigError::Variable { name: named } if named == name), "{error}");
        }
    }
}
