//! The moment a request is judged at: time is an argument everywhere.

use std::time::Duration;

use jiff::Timestamp;

/// One reading of both clocks.
///
/// `wall` is for claims and records, which other machines read; `tick` is monotonic, counted from the start of the
/// process, and measures durations, so that a clock that jumps ends nothing early and nothing late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Wall clock, UTC.
    pub wall: Timestamp,
    /// Monotonic time since the process started.
    pub tick: Duration,
}

impl Now {
    /// The wall clock in whole seconds since 1970, as JWT claims count it (RFC 7519 section 2, `NumericDate`).
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        self.wall.as_second()
    }

    /// The same two clocks `later` on; for tests and for deadlines.
    #[must_use]
    pub fn after(self, later: Duration) -> Self {
        Self { wall: self.wall.saturating_add(later).unwrap_or(Timestamp::MAX), tick: self.tick.saturating_add(later) }
    }
}
