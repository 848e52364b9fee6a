//! Robots as the state keeps them: who they are, and all they hold.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use policy::{Grant, PrincipalId, Robot};

use crate::mac::equal;

/// A robot with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RobotEntry {
    /// The robot as policies and records see it: id, name, owner, epoch.
    pub robot: Arc<Robot>,
    /// Whether it may do anything at all; its keys are kept meanwhile.
    pub enabled: bool,
    /// When it was deleted. What is deleted is kept, disabled, so that its id and its keys are recognised for ever.
    pub deleted: Option<Timestamp>,
    /// What it is for, in the words of whoever made it.
    pub purpose: String,
    /// When it was made.
    pub created: Timestamp,
    /// Its keys, the oldest first, dead ones included.
    pub keys: Vec<Arc<RobotKey>>,
    /// Its grants, the oldest first.
    pub grants: Vec<Arc<Grant>>,
    /// Moves with its grants, with enable and with disable.
    pub grants_revision: u64,
}

impl RobotEntry {
    /// The keys that open something at this moment, the oldest first.
    pub fn live_keys(&self, now: Timestamp) -> impl Iterator<Item = &Arc<RobotKey>> {
        self.keys.iter().filter(move |key| key.is_live(now))
    }

    /// Ends all that it holds: what was issued up to this epoch is worth nothing.
    pub(crate) fn advance_epoch(&mut self, by: u64) {
        let robot = Arc::make_mut(&mut self.robot);
        robot.epoch.0 = robot.epoch.0.saturating_add(by);
    }

    /// Revokes the keys that are meant, and names those that were not revoked before.
    pub(crate) fn revoke_keys(&mut self, meant: impl Fn(&RobotKey) -> bool) -> Vec<KeyId> {
        let revoke = |key: &mut Arc<RobotKey>| {
            Arc::make_mut(key).revoked = true;
            key.id.clone()
        };
        self.keys.iter_mut().filter(|key| !key.revoked && meant(key)).map(revoke).collect()
    }
}

/// A key of a robot, as far as it is kept: its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct RobotKey {
    /// Its name, which is the readable part of the key.
    pub id: KeyId,
    /// Whose it is.
    pub robot: PrincipalId,
    pub(crate) hash: [u8; 32],
    /// When it was made.
    pub created: Timestamp,
    /// Opens nothing from this moment on.
    pub expires: Timestamp,
    /// Opens nothing any more.
    pub revoked: bool,
}

impl RobotKey {
    /// Whether it opens anything at this moment.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.revoked && now < self.expires
    }

    /// Whether its end is near: a tenth of its life is left, or less.
    #[must_use]
    pub fn is_ending(&self, now: Timestamp) -> bool {
        let (life, left) = (self.expires.duration_since(self.created), self.expires.duration_since(now));
        left.as_secs().saturating_mul(10) <= life.as_secs()
    }

    /// Whether this is the hash of the key; takes the same time wherever they differ.
    #[must_use]
    pub fn matches(&self, hash: &[u8; 32]) -> bool {
        equal(&self.hash, hash)
    }
}

impl fmt::Debug for RobotKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RobotKey")
            .field("id", &self.id)
            .field("robot", &self.robot)
            .field("created", &self.created)
            .field("expires", &self.expires)
            .field("revoked", &self.revoked)
            .finish_non_exhaustive()
    }
}

/// The name of a robot key: `[0-9A-Za-z]{12}`, the part of `pgk_<12>_<49>` that is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(Arc<str>);

/// Not the name of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a key id: the 12 letters and digits after `pgk_`")]
pub struct KeyIdError;

impl KeyId {
    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let valid = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        valid.then(|| Self(text.into())).ok_or(KeyIdError)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Borrow<str> for KeyId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids() {
        assert_eq!("0aZ456789012".parse::<KeyId>().unwrap().as_str(), "0aZ456789012");
        for bad in ["", "0123456789a", "0123456789abc", "01234567-9ab", "01234567890\u{e4}"] {
            assert_eq!(bad.parse::<KeyId>(), Err(KeyIdError), "{bad}");
        }
    }
}
