//! Durations, sizes and counts as people write them: `90d`, `256MiB`, `512`.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

const UNITS_OF_TIME: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 60 * 60), ("d", 24 * 60 * 60)];
const UNITS_OF_SIZE: [(&str, u64); 5] =
    [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];
/// The longest period, about a century: sums with it stay far from the end of any calendar.
const MAX_SECONDS: u64 = 36_500 * 24 * 60 * 60;

/// Why a quantity was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QuantityError {
    /// Not a number and a unit of time.
    #[error("not a duration: write a whole number and one of `s`, `m`, `h`, `d`, such as `90d`")]
    Period,
    /// Nothing at all.
    #[error("a duration must be longer than nothing")]
    NoTime,
    /// Beyond a hundred years.
    #[error("a duration of more than 36500 days is not accepted")]
    TooLong,
    /// Not a number and a unit of size.
    #[error("not a size: write a whole number and one of `B`, `KiB`, `MiB`, `GiB`, `TiB`, such as `256MiB`")]
    Size,
}

/// A duration of whole seconds, longer than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Period {
    seconds: u64,
}

impl Period {
    pub(crate) const fn of_seconds(seconds: u64) -> Self {
        Self { seconds }
    }

    /// As the standard library counts.
    pub(crate) const fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

impl FromStr for Period {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        match amount(text, &UNITS_OF_TIME).ok_or(QuantityError::Period)? {
            0 => Err(QuantityError::NoTime),
            seconds if seconds > MAX_SECONDS => Err(QuantityError::TooLong),
            seconds => Ok(Self { seconds }),
        }
    }
}

/// In the largest unit that leaves a whole number.
impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS_OF_TIME.iter().rev().find(|(_, unit)| self.seconds.is_multiple_of(*unit));
        let (name, unit) = whole.unwrap_or(&("s", 1));
        write!(formatter, "{}{name}", self.seconds / unit)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a duration such as `90d`")
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size {
    bytes: u64,
}

impl Size {
    pub(crate) const fn of_bytes(bytes: u64) -> Self {
        Self { bytes }
    }

    /// The number.
    pub(crate) const fn bytes(self) -> u64 {
        self.bytes
    }
}

impl FromStr for Size {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        amount(text, &UNITS_OF_SIZE).map(Self::of_bytes).ok_or(QuantityError::Size)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a size such as `256MiB`, or a number of bytes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Size, E> {
        u64::try_from(number).map(Size::of_bytes).map_err(|_| E::custom(QuantityError::Size))
    }
}

/// How many at most; never none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Count(u32);

impl Count {
    pub(super) const fn of(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl Visitor<'_> for CountVisitor {
    type Value = Count;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number from 1 to 4294967295")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Count, E> {
        let fits = u32::try_from(number).ok().filter(|number| *number > 0);
        fits.map(Count).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
    }
}

/// Reads a value that is written as text; `expecting` is what a value of another type is answered with.
pub(crate) fn from_text<'de, D, T>(deserializer: D, expecting: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    deserializer.deserialize_str(TextVisitor { expecting, value: PhantomData })
}

struct TextVisitor<T> {
    expecting: &'static str,
    value: PhantomData<T>,
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Digits and one of the units, in the smallest unit.
fn amount(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (digits, unit) = text.split_at_checked(text.find(|letter: char| !letter.is_ascii_digit())?)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    digits.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("1h", 3600), ("90d", 7_776_000), ("36500d", MAX_SECONDS)] {
            assert_eq!(text.parse(), Ok(Period { seconds }), "{text}");
            assert_eq!(Period { seconds }.to_string(), text);
        }
        assert_eq!("120s".parse::<Period>().unwrap().to_string(), "2m");
        for bad in ["", "90", "d", "-1d", "+1d", "1.5h", "1 h", "1D", "1h30m", "1ms", "٣d", "99999999999999999999d"] {
            assert_eq!(bad.parse::<Period>(), Err(QuantityError::Period), "{bad}");
        }
        assert_eq!("0s".parse::<Period>(), Err(QuantityError::NoTime));
        assert_eq!("36501d".parse::<Period>(), Err(QuantityError::TooLong));
    }

    #[test]
    fn sizes_are_a_number_and_a_unit() {
        for (text, bytes) in [("0B", 0), ("512B", 512), ("1KiB", 1024), ("256MiB", 268_435_456), ("2TiB", 2 << 40)] {
            assert_eq!(text.parse(), Ok(Size { bytes }), "{text}");
        }
        for bad in ["", "1", "MiB", "1MB", "1 MiB", "-1B", "1.5GiB", "99999999TiB"] {
            assert_eq!(bad.parse::<Size>(), Err(QuantityError::Size), "{bad}");
        }
    }
}
