//! How a run waits, and how it is ended early.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How a run waits: because a target asks it to, or until something has expired.
#[derive(Clone)]
pub struct Waits {
    pub(super) most: Duration,
    pub(super) instead: Option<Arc<dyn Fn(Duration)>>,
}

impl Waits {
    /// So long altogether at most.
    #[must_use]
    pub fn at_most(most: Duration) -> Self {
        Self { most, instead: None }
    }

    /// Calls this in place of waiting, where time is not the world's.
    #[must_use]
    pub fn calling(self, instead: impl Fn(Duration) + 'static) -> Self {
        Self { instead: Some(Arc::new(instead)), ..self }
    }
}

impl Default for Waits {
    fn default() -> Self {
        Self::at_most(Duration::from_secs(60))
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Waits({:?})", self.most)
    }
}

/// Ends a run early, from anywhere: nothing is asked any more, and what was written is taken away.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// From now on.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
