//! This room's part of the configuration.

use std::time::Duration;

use jiff::SignedDuration;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// What the store is told about itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// With less free space, in bytes, pushes are refused, so that a journal on the same disk goes on.
    pub keep_free: u64,
    /// How long an upload may stay open; written as `24h`.
    #[serde(deserialize_with = "duration")]
    pub upload_max_age: Duration,
    /// How many uploads one principal may have open.
    pub uploads_per_principal: u64,
    /// Whether images may name layers, and indexes manifests, that are not in their repository.
    pub sparse_indexes: bool,
    /// How many repositories are looked at for one page of their list.
    pub looks_per_page: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keep_free: 256 << 20,
            upload_max_age: Duration::from_hours(24),
            uploads_per_principal: 64,
            sparse_indexes: false,
            looks_per_page: 10_000,
        }
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    SignedDuration::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_have_defaults_and_unknown_ones_are_refused() {
        let read = |text: &str| serde_json::from_str::<Settings>(text);
        assert_eq!(read("{}").unwrap(), Settings::default());
        assert_eq!(read(r#"{"upload_max_age": "90m"}"#).unwrap().upload_max_age, Duration::from_secs(5400));
        for bad in [r#"{"keep-free": 1}"#, r#"{"keep_free": -1}"#, r#"{"upload_max_age": "-1h"}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
