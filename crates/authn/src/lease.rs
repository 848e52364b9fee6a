//! What a credential rests on, and whether that still stands: asked of the newest state, as often as anybody likes.

use jiff::Timestamp;
use policy::{Epoch, PrincipalId};
use state::{Sequence, State};
use tokio::sync::watch;

/// The lease of one identified request.
///
/// The expiry of a key or token is no part of it: that refuses the next request and cuts no running transfer.
#[derive(Clone, Debug)]
pub struct Lease {
    state: State,
    changes: watch::Receiver<Sequence>,
    rests: Option<Rests>,
}

/// Whose, of which epoch, and with what.
#[derive(Clone, Debug)]
pub(crate) struct Rests {
    pub(crate) principal: PrincipalId,
    pub(crate) epoch: Epoch,
    pub(crate) key: Option<String>,
    pub(crate) token: Option<(String, Timestamp)>,
}

/// It no longer stands: revoked, disabled or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what this rested on has ended")]
pub struct LeaseEnded;

impl Lease {
    pub(crate) fn new(state: &State, rests: Option<Rests>) -> Self {
        Self { state: state.clone(), changes: state.changes(), rests }
    }

    /// Whether it stands at this moment. Anonymous rests on nothing that the state could end.
    ///
    /// # Errors
    /// [`LeaseEnded`].
    pub fn still_standing(&self) -> Result<(), LeaseEnded> {
        let Some(rests) = &self.rests else { return Ok(()) };
        let snapshot = self.state.snapshot();
        let welcome = snapshot
            .robot(&rests.principal)
            .is_some_and(|entry| entry.enabled && entry.deleted.is_none() && entry.robot.epoch == rests.epoch);
        let key = rests.key.as_ref().is_none_or(|key| snapshot.key(key).is_some_and(|key| !key.revoked));
        let token = rests.token.as_ref().is_none_or(|(jti, issued)| {
            !snapshot.is_token_revoked(jti) && snapshot.all_before().is_none_or(|moment| *issued >= moment)
        });
        (welcome && key && token).then_some(()).ok_or(LeaseEnded)
    }

    /// Resolves when the state has moved since the lease was made or this was last asked.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // The state is gone, and the process with it: nothing will change any more.
            std::future::pending::<()>().await;
        }
    }
}
