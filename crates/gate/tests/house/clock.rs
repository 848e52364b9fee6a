//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use protocol::Now;

/// A moment in 2027, from which the clock counts.
const START: i64 = 1_800_000_000;

/// Seconds since the start.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn now(&self) -> Now {
        let passed = self.0.load(Ordering::SeqCst);
        let wall = Timestamp::from_second(START + passed).unwrap();
        Now { wall, tick: Duration::from_secs(passed.unsigned_abs()) }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The moment that is so many seconds away.
    pub(crate) fn after(&self, seconds: i64) -> Timestamp {
        Timestamp::from_second(self.now().unix_seconds() + seconds).unwrap()
    }
}
