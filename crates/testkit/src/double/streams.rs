//! Large blobs, which are handed out slowly, and what becomes of them once their reader is taken back.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::{Flaw, LEAVER, Registry, State};
use crate::raw::{Answer, Going, Request};

/// From so many bytes on a blob is large.
const LARGE: usize = 1024 * 1024;

/// A large blob that is being handed out to [`LEAVER`].
struct Streaming {
    state: Arc<State>,
    /// So long after that it ends; never without it.
    ends_after: Option<Duration>,
    /// When it was first seen that its reader is taken back.
    revoked: OnceLock<Instant>,
}

impl Streaming {
    fn begin(state: &Arc<State>, ends_after: Option<Duration>) -> Self {
        state.streams.fetch_add(1, Ordering::Relaxed);
        Self { state: Arc::clone(state), ends_after, revoked: OnceLock::new() }
    }

    fn goes_on(&self) -> bool {
        let revoked = self.state.revoked.load(Ordering::Relaxed);
        let since = revoked.then(|| self.revoked.get_or_init(Instant::now).elapsed());
        since.zip(self.ends_after).is_none_or(|(since, ends_after)| since < ends_after)
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.state.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Registry {
    /// A blob, slowly if it is large.
    pub(super) fn blob_at_pace(&self, request: &Request, headers: &[(&str, &str)], blob: &[u8]) -> Answer {
        let leaver = self.grant(request).is_some_and(|grant| grant.user == LEAVER);
        let Answer::Bytes(bytes) = Answer::http(request, 200, headers, blob) else { return Answer::Silence };
        if blob.len() < LARGE || !leaver || request.method == "HEAD" {
            return Answer::Bytes(bytes);
        }
        let ends_after = match () {
            () if self.has(Flaw::StreamsOutliveRevocation) => None,
            () if self.has(Flaw::StreamsEndLate) => Some(Duration::from_millis(1600)),
            // Long enough to be asked while it goes on.
            () if self.has(Flaw::StreamsKeepTokens) || self.has(Flaw::StreamsKeepLogins) => {
                Some(Duration::from_millis(800))
            }
            () => Some(Duration::ZERO),
        };
        let streaming = Streaming::begin(&self.state, ends_after);
        Answer::Paced(bytes, Going::new(move || streaming.goes_on()))
    }

    /// Whether somebody is taken for who they were as long as something streams to them.
    pub(super) fn keeps_while_streaming(&self, flaw: Flaw) -> bool {
        self.has(flaw) && self.state.streams.load(Ordering::Relaxed) > 0
    }
}
