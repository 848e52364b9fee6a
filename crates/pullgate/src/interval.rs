//! How long it is until something is done again.

use std::time::Duration;

use aws_lc_rs::rand;

/// The time from one run to the next: up to a tenth shorter, so that many do not ask at once, and never longer.
pub(crate) fn pause(every: Duration) -> Duration {
    shortened(every, random())
}

fn shortened(every: Duration, random: u8) -> Duration {
    every.saturating_sub(every / 10 * u32::from(random) / u32::from(u8::MAX))
}

/// A byte that need not be secret: without randomness there is no jitter.
fn random() -> u8 {
    let mut byte = [0];
    rand::fill(&mut byte).map_or(0, |()| byte[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_never_longer_than_the_interval_and_never_much_shorter() {
        let hour = Duration::from_secs(3600);
        assert_eq!(shortened(hour, 0), hour);
        assert_eq!(shortened(hour, u8::MAX), Duration::from_secs(3240));
        assert!((0..=u8::MAX).all(|random| shortened(hour, random) <= hour));
        let longest = "36500d".parse::<crate::config::Period>().unwrap().duration();
        assert!(shortened(longest, u8::MAX) < longest);
    }
}
