//! A Cargo registry behind the same doors, and a crate in it that is private.

use outbound::Endpoint;
use serde::Deserialize;
use toml::Spanned;

use super::Door;
use super::error::IntentError;

/// Where the crates are, and which of them should be closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cargo {
    /// The path of the sparse index, at each of its doors: begins and ends with a slash.
    pub path: String,
    /// The name of the private crate.
    pub name: String,
    /// A version of it.
    pub version: String,
    /// Names of the doors that it belongs to; behind every other one there are no crates.
    pub doors: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CargoEntry {
    index: Spanned<String>,
    #[serde(rename = "crate")]
    name: Spanned<String>,
    version: Spanned<String>,
    #[serde(default)]
    doors: Vec<Spanned<String>>,
}

/// The index is at a door, and may be at others under the same path.
pub(super) fn read(entry: &CargoEntry, doors: &[Door]) -> Result<Cargo, IntentError> {
    let elsewhere = || IntentError::Index { span: entry.index.span() };
    let text = entry.index.get_ref();
    let index: Endpoint = text.strip_prefix("sparse+").unwrap_or(text).parse().map_err(|_| elsewhere())?;
    let own = doors.iter().find(|door| door.origin == index.origin).ok_or_else(elsewhere)?;
    let known = |name: &Spanned<String>| match doors.iter().any(|door| door.name == *name.get_ref()) {
        true => Ok(name.get_ref().clone()),
        false => Err(IntentError::UnknownDoor { span: name.span() }),
    };
    let mut at = entry.doors.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    if at.is_empty() {
        at.push(own.name.clone());
    }
    let is_path = !index.target.contains('?') && at.contains(&own.name);
    Ok(Cargo {
        path: is_path.then(|| index.target.trim_end_matches('/').to_owned() + "/").ok_or_else(elsewhere)?,
        name: fitting(&entry.name, is_name)?,
        version: fitting(&entry.version, is_version)?,
        doors: at,
    })
}

fn fitting(text: &Spanned<String>, fits: fn(&str) -> bool) -> Result<String, IntentError> {
    let name = Some(text.get_ref().clone()).filter(|text| fits(text));
    name.ok_or_else(|| IntentError::Crate { span: text.span() })
}

/// As crates.io has it: up to 64 letters, digits, `-` and `_`, and a letter first.
fn is_name(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() <= 64 && text.bytes().all(letters) && text.starts_with(|letter: char| letter.is_ascii_alphabetic())
}

/// Three numbers, and perhaps what Semantic Versioning lets stand behind them.
fn is_version(text: &str) -> bool {
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.bytes().all(plain) && numbers.split('.').count() == 3 && numbers.split('.').all(is_number)
}
