//! What a credential rests on, and whether that still stands: asked of the newest state, as often as anybody likes.

use jiff::Timestamp;
use policy::{Epoch, PrincipalId};
use state::{KeyId, Sequence, Snapshot, State};
use tokio::sync::watch;

/// The lease of one identified request.
///
/// The expiry of a key or token is no part of it: that refuses the next request and cuts no running transfer.
#[derive(Clone, Debug)]
pub struct Lease {
    state: State,
    changes: watch::Receiver<Sequence>,
    rests: Rests,
}

/// It no longer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseEnded {
    /// The robot was deleted.
    #[error("the robot was deleted")]
    Deleted,
    /// The robot is disabled.
    #[error("the robot is disabled")]
    Disabled,
    /// Everything that the robot held at that epoch was revoked.
    #[error("everything that the robot held was revoked")]
    Epoch,
    /// The key was revoked.
    #[error("the key was revoked")]
    Key,
    /// The token was revoked, or all that were issued before a moment were.
    #[error("the token was revoked")]
    Token,
}

impl Lease {
    pub(crate) fn new(state: &State, rests: Rests) -> Self {
        Self { state: state.clone(), changes: state.changes(), rests }
    }

    /// Whether it stands at this moment. Nobody in particular, with nothing shown, rests on nothing that could end.
    ///
    /// # Errors
    /// [`LeaseEnded`] says what has ended.
    pub fn still_standing(&self) -> Result<(), LeaseEnded> {
        self.rests.stand(&self.state.snapshot())
    }

    /// Resolves when the state has moved since the lease was made or this last resolved. Whether the lease is touched
    /// by that is another question.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // The state is gone, and the process with it: nothing will change any more.
            std::future::pending::<()>().await;
        }
    }
}

/// What a credential rests on; by default on nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rests {
    /// Whose it is; nobody's where there is none.
    pub(crate) holder: Option<Holder>,
    /// The token that was shown, if it was one.
    pub(crate) token: Option<IssuedToken>,
}

/// A robot, as the credential knew it, and the key behind the credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) robot: PrincipalId,
    pub(crate) epoch: Epoch,
    pub(crate) key: KeyId,
}

/// A token and when it was issued, in whole seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IssuedToken {
    pub(crate) jti: String,
    pub(crate) issued: Timestamp,
}

impl Rests {
    /// Whether all of it stands in this view of the world.
    pub(crate) fn stand(&self, snapshot: &Snapshot) -> Result<(), LeaseEnded> {
        if let Some(holder) = &self.holder {
            holder.stand(snapshot)?;
        }
        let revoked = self.token.as_ref().is_some_and(|token| snapshot.is_token_revoked(&token.jti));
        if revoked || self.is_before_all(snapshot) { Err(LeaseEnded::Token) } else { Ok(()) }
    }

    /// Whether the token is older than the moment before which everything was revoked.
    ///
    /// Tokens count whole seconds. Within the second of that moment a robot's epoch, which moved with it, is exact; a
    /// token of nobody has no epoch, and ends.
    fn is_before_all(&self, snapshot: &Snapshot) -> bool {
        let (Some(token), Some(moment)) = (&self.token, snapshot.all_before()) else { return false };
        match self.holder {
            Some(_) => token.issued.as_second() < moment.as_second(),
            None => token.issued < moment,
        }
    }
}

impl Holder {
    fn stand(&self, snapshot: &Snapshot) -> Result<(), LeaseEnded> {
        let entry = snapshot.robot(&self.robot).filter(|entry| entry.deleted.is_none()).ok_or(LeaseEnded::Deleted)?;
        let key = snapshot.key(self.key.as_str()).filter(|key| !key.revoked && key.robot == self.robot);
        match (key, entry.robot.epoch == self.epoch, entry.enabled) {
            (None, _, _) => Err(LeaseEnded::Key),
            (Some(_), false, _) => Err(LeaseEnded::Epoch),
            (Some(_), true, false) => Err(LeaseEnded::Disabled),
            (Some(_), true, true) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
