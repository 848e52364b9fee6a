//! Moments as Cedar knows them: whole milliseconds.
//!
//! The present is rounded down and an end is rounded up, and so `now < until` says the same about both forms of a grant.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

pub(super) fn rounded_down(moment: Timestamp) -> Timestamp {
    rounded(moment, RoundMode::Floor)
}

pub(super) fn rounded_up(moment: Timestamp) -> Timestamp {
    rounded(moment, RoundMode::Ceil)
}

/// `2026-08-01T12:00:00.000Z`, as Cedar's `datetime` reads it.
pub(super) fn text(moment: Timestamp) -> String {
    format!("{moment:.3}")
}

fn rounded(moment: Timestamp, mode: RoundMode) -> Timestamp {
    let round = TimestampRound::new().smallest(Unit::Millisecond).mode(mode);
    moment.round(round).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cedar_reads_them() {
        let moment: Timestamp = "2026-08-01T12:00:00.0009Z".parse().unwrap();
        for (moment, written) in [
            (rounded_down(moment), "2026-08-01T12:00:00.000Z"),
            (rounded_up(moment), "2026-08-01T12:00:00.001Z"),
            (rounded_up(rounded_up(moment)), "2026-08-01T12:00:00.001Z"),
        ] {
            assert_eq!(text(moment), written);
        }
    }
}
