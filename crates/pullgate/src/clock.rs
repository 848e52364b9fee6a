//! The one real clock. Everywhere else time is an argument.

use std::sync::LazyLock;
use std::time::Instant;

use jiff::Timestamp;
use protocol::Now;

static START: LazyLock<Instant> = LazyLock::new(instant);

/// Reads both clocks. The monotonic one counts from the first reading of this process.
pub(crate) fn now() -> Now {
    Now { tick: START.elapsed(), wall: timestamp() }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn timestamp() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monotonic_clock_never_goes_back() {
        let readings: Vec<Now> = std::iter::repeat_with(now).take(100).collect();
        assert!(readings.is_sorted_by_key(|reading| reading.tick));
    }
}
