//! Who exists, and to whom each may be shown.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use protocol::Secret;
use serde::Deserialize;

/// What an identity is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May pull the private repository: shows that it exists and can be had.
    Control,
    /// Valid, owns a repository of its own, and may read nobody else's.
    Low,
    /// May push what is new to M, and change nothing there.
    Creator,
    /// May do what others of its kind may, and not from here, not now, or not for this.
    Refused,
    /// Was valid once.
    Expired,
    /// Was taken back, or is taken back in the middle of the run.
    Revoked,
}

/// Where the secret of an identity comes from: never from the intent itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A variable of the environment with `user:secret`.
    Environment(String),
    /// A file with `user:secret`.
    File(PathBuf),
    /// The user's own login, as docker and podman keep it.
    DockerLogin,
}

/// A user name and its secret.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name.
    pub user: String,
    /// Password, key or token.
    pub secret: Secret,
}

/// Not `user:secret`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a credential: `user:secret` on one line is expected")]
pub struct LoginError;

impl Login {
    /// Reads `user:secret`; one line end behind it is not part of the secret.
    ///
    /// # Errors
    /// [`LoginError`], which shows nothing of what was read.
    pub fn parse(text: &Secret) -> Result<Self, LoginError> {
        let line = text.expose();
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (user, secret) = line.split_once(':').ok_or(LoginError)?;
        if user.is_empty() || secret.is_empty() || line.contains(char::is_control) {
            return Err(LoginError);
        }
        Ok(Self { user: user.to_owned(), secret: Secret::new(secret.to_owned()) })
    }
}

/// Somebody, and the doors that may see the credential.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What it is for.
    pub role: Role,
    /// How it shows who it is.
    pub login: Login,
    /// Names of the doors that it belongs to; at every other one it does not exist.
    pub show_to: Vec<String>,
    /// The repository that it owns.
    pub owns: Option<protocol::Repository>,
    /// What it may do there.
    pub may: Vec<String>,
    /// How it is taken back in the middle of a run; none where the run takes nothing back.
    pub revoke: Option<Hook>,
}

/// What the owner of a repository may do there, unless the intent says otherwise.
pub const OWNERS_MAY: [&str; 3] = ["pull", "push", "delete"];

/// What the user wants done in the middle of a run: a command of theirs.
#[derive(Clone)]
pub struct Hook(Arc<dyn Fn() -> Result<(), HookError> + Send + Sync>);

/// Why a hook did not do what it is for: a program, or whoever started it, failed.
pub type HookError = Box<dyn std::error::Error + Send + Sync>;

impl Hook {
    /// Whatever this does. It returns when it is done, and within a bound of its own.
    #[must_use]
    pub fn new(act: impl Fn() -> Result<(), HookError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(act))
    }

    /// Does it.
    ///
    /// # Errors
    /// [`HookError`]: then nothing is known about what was done.
    pub fn act(&self) -> Result<(), HookError> {
        (self.0)()
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Hook")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_user_and_secret() {
        let read = |text: &str| Login::parse(&Secret::new(text.to_owned()));
        for (text, user, secret) in [("ci:s3cret\n", "ci", "s3cret"), ("a:b:c\r\n", "a", "b:c")] {
            let login = read(text).unwrap();
            assert_eq!((login.user.as_str(), login.secret.expose()), (user, secret));
            assert!(!format!("{login:?}").contains("s3cret"));
        }
        for bad in ["", "ci", ":x", "ci:", "ci:a\nb", "ci:a\n\n"] {
            assert_eq!(read(bad).unwrap_err(), LoginError, "{bad:?}");
        }
    }
}
