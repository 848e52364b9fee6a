//! `[policy]`: how the user changes what *low* may do, and back.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::Hook;
use super::error::IntentError;
use super::file;

/// Commands that take from *low* the right to pull M, and give it back.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Takes it away.
    pub restrict: Hook,
    /// Puts back what either of the others has changed. It is run at the end of each, whatever else happens.
    pub restore: Hook,
    /// Gives it a window that ends so long after the command.
    pub window: Option<(Hook, Duration)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyEntry {
    restrict: Spanned<Vec<String>>,
    restore: Spanned<Vec<String>>,
    window: Option<Spanned<Vec<String>>>,
    window_lasts: Option<Spanned<String>>,
}

/// Reads the table.
pub(super) fn read(entry: &PolicyEntry, command: &impl Fn(&[String]) -> Hook) -> Result<Policy, IntentError> {
    let window = match (&entry.window, &entry.window_lasts) {
        (None, None) => None,
        (Some(words), Some(lasts)) => Some((file::command(words, command)?, file::bound(lasts)?)),
        (Some(words), None) => return Err(IntentError::HalfWindow { span: words.span() }),
        (None, Some(lasts)) => return Err(IntentError::HalfWindow { span: lasts.span() }),
    };
    let (restrict, restore) = (file::command(&entry.restrict, command)?, file::command(&entry.restore, command)?);
    Ok(Policy { restrict, restore, window })
}
