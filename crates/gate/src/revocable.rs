//! A transfer that ends when what it rests on ends: revocation reaches streams, in both directions.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use authn::Lease;
use jiff::Timestamp;
use policy::{Policy, Standing};
use protocol::Now;
use state::State;
use tokio::sync::watch;

use crate::answer::Download;
use crate::request_body::{RequestBody, RevocableUpload};

/// How often a decision is asked again when the moment it was good for has passed and it still holds.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The one source of time, handed in from outside.
pub(crate) type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

/// What a transfer rests on: the lease of its credential and the decision that admitted it.
///
/// Its expiry as a token does not end a transfer; revocation, a withdrawn grant and a closed window do.
#[derive(Clone)]
pub struct Revocable {
    pub(crate) lease: Lease,
    pub(crate) standing: Standing,
    pub(crate) policy: watch::Receiver<Arc<Policy>>,
    pub(crate) state: State,
    pub(crate) clock: Clock,
}

impl Revocable {
    /// Whether it still holds at this moment. Nothing is written and nothing permitted by asking.
    #[must_use]
    pub fn stands(&self) -> bool {
        let snapshot = self.state.snapshot();
        let policy = self.policy.borrow().clone();
        self.lease.still_standing().is_ok() && policy.reaffirm(&self.standing, snapshot.grants(), (self.clock)())
    }

    /// Resolves when it no longer holds. It wakes when the state or the policy moves, and when the decision's time is
    /// over, and asks each time.
    pub(crate) async fn ended(mut self) {
        while self.stands() {
            let pause = self.pause();
            tokio::select! {
                () = self.lease.changed() => {}
                _ = self.policy.changed() => {}
                () = pause => {}
            }
        }
    }

    pub(crate) fn boxed_end(&self) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(self.clone().ended())
    }

    /// The body of a request, as an origin reads it.
    pub(crate) fn upload<'a>(&self, body: &'a mut RequestBody) -> RevocableUpload<'a> {
        RevocableUpload::new(body, self.clone())
    }

    /// The payload of an answer, as the connection sends it.
    pub(crate) fn download(&self, payload: origin::Payload) -> Download {
        Download::new(payload, self)
    }

    fn pause(&self) -> impl Future<Output = ()> + use<> {
        let left = self.standing.valid_until().map(|until| left((self.clock)().wall, until));
        async move {
            match left {
                Some(left) => tokio::time::sleep(left).await,
                None => std::future::pending().await,
            }
        }
    }
}

fn left(now: Timestamp, until: Timestamp) -> Duration {
    let left = until.duration_since(now);
    Duration::try_from(left).ok().filter(|left| !left.is_zero()).unwrap_or(ASK_AGAIN)
}

impl fmt::Debug for Revocable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Revocable").finish_non_exhaustive()
    }
}
