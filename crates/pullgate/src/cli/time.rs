//! Times as people write them.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::config::Period;

/// Not a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TimeError {
    /// Neither a date nor a time with its zone.
    #[error("not a time: write a date (`2030-01-31`, midnight UTC) or a time (`2030-01-31T18:00:00Z`)")]
    Moment,
    /// Nor a duration.
    #[error(
        "not a time: write a date (`2030-01-31`, midnight UTC), a time (`2030-01-31T18:00:00Z`) or how long ago (`2h`)"
    )]
    Past,
}

/// A moment: RFC 3339, or a date, which means midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl FromStr for Moment {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let date = text.len() == "2030-01-31".len();
        match date {
            true => midnight(text).ok_or(TimeError::Moment),
            false => text.parse().map_err(|_| TimeError::Moment),
        }
        .map(Self)
    }
}

/// The beginning of a day, UTC.
fn midnight(text: &str) -> Option<Timestamp> {
    let date: Date = text.parse().ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A moment that is over: said outright, or by how long ago it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Past {
    /// Said outright.
    At(Moment),
    /// So long ago.
    Ago(Period),
}

impl Past {
    /// The moment, seen from now.
    pub(crate) fn seen_from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment.0,
            Self::Ago(period) => {
                let ago = SignedDuration::try_from(period.duration()).unwrap_or(SignedDuration::MAX);
                now.checked_sub(ago).unwrap_or(Timestamp::MIN)
            }
        }
    }
}

impl FromStr for Past {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let ago = text.parse().map(Self::Ago);
        ago.or_else(|_| text.parse().map(Self::At)).map_err(|_: TimeError| TimeError::Past)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_midnight() {
        for (text, moment) in [
            ("2030-01-31", "2030-01-31T00:00:00Z"),
            ("2030-01-31T18:00:00Z", "2030-01-31T18:00:00Z"),
            ("2030-01-31T18:00:00+02:00", "2030-01-31T16:00:00Z"),
        ] {
            assert_eq!(text.parse::<Moment>().unwrap().0.to_string(), moment);
        }
        for bad in ["", "tomorrow", "2030-02-31", "2030-01-31T18:00:00", "18:00", "1893456000", "2h"] {
            assert_eq!(bad.parse::<Moment>(), Err(TimeError::Moment), "{bad}");
        }
    }

    #[test]
    fn the_past_may_be_counted_from_now() {
        let now: Timestamp = "2030-01-31T18:00:00Z".parse().unwrap();
        let seen = |text: &str| text.parse::<Past>().unwrap().seen_from(now).to_string();
        assert_eq!(seen("2h"), "2030-01-31T16:00:00Z");
        assert_eq!(seen("2030-01-01"), "2030-01-01T00:00:00Z");
        assert_eq!("-2h".parse::<Past>(), Err(TimeError::Past));
    }
}
