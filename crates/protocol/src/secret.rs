//! A value that cannot be printed, compared by accident or left behind in memory.

use std::fmt;

use zeroize::Zeroizing;

/// A password, key or token in the clear.
///
/// `Debug` prints `****`; there is no `Display`, `Serialize` or `PartialEq`. The memory is overwritten on drop.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a secret out of circulation.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself, for the one place that checks or hands it on.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("****")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_prints() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2".into()))), "Some(****)");
    }
}
