//! When two refusals are the same: status, names of headers and body, once the name that was asked, dates and the request
//! id are out of the way.

use std::collections::BTreeSet;

use protocol::Secret;
use serde_json::Value;

use crate::doubt::Doubt;
use crate::observation::{Observation, Seen};
use crate::proof::Proof;
use crate::session::Session;
use crate::token::{self, Jwt};
use crate::verdict::Answer;

/// One question, asked about a name and about one of its shape that nobody has.
#[derive(Debug)]
pub(crate) struct Pair {
    /// The answer about the name.
    pub(crate) seen: Seen,
    /// What shows that the other one was different, if it was.
    pub(crate) difference: Option<Proof>,
}

/// Asks about `name` and about a name that nobody has. Where the answers differ it asks about `name` once more: whoever
/// answers the same question in two ways tells nothing.
pub(crate) fn compare(
    session: &mut Session<'_>,
    name: &str,
    mut ask: impl FnMut(&mut Session<'_>, &str) -> Result<Seen, Doubt>,
) -> Result<Pair, Doubt> {
    let decoy = Session::decoy_like(name)?;
    let (seen, other) = (ask(session, name)?, ask(session, &decoy)?);
    let (ours, theirs) = (Shape::of(&seen, name)?, Shape::of(&other, &decoy)?);
    let Some(why) = ours.difference(&theirs) else { return Ok(Pair { seen, difference: None }) };
    let again = ask(session, name)?;
    if let Some(why) = ours.difference(&Shape::of(&again, name)?) {
        return Err(Doubt::Unsteady { why });
    }
    let says = format!("`{name}` and a name that nobody has are answered differently: {why}");
    let difference = Proof::behaviour(&other, says).map(|proof| proof.after([seen.id]));
    Ok(Pair { seen, difference })
}

/// Whether a name and one that nobody has are answered alike.
pub(crate) fn is_same(
    session: &mut Session<'_>,
    name: &str,
    ask: impl FnMut(&mut Session<'_>, &str) -> Result<Seen, Doubt>,
) -> Answer {
    let pair = compare(session, name, ask);
    pair.map_or_else(Answer::Open, |pair| pair.difference.map_or(Answer::AsIntended, Answer::Wrong))
}

/// What must be the same in two answers about two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    status: u16,
    headers: BTreeSet<String>,
    body: String,
}

impl Shape {
    /// The shape of an answer to a question about `name`.
    pub(crate) fn of(seen: &Observation, name: &str) -> Result<Self, Doubt> {
        let response = seen.response()?;
        match response.status {
            429 => return Err(Doubt::RateLimited),
            status @ 500..=599 => return Err(Doubt::ServerFailed { status }),
            _ => {}
        }
        let bytes = response.whole().ok_or(Doubt::NotWhole { status: response.status })?;
        let body = without_tokens(bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
        let id = response.headers.get("x-request-id").filter(|id| !id.is_empty());
        let body = id.map_or(body.clone(), |id| body.replace(id, "[id]"));
        let headers = response.headers.iter().map(|(name, _)| name.to_owned()).collect();
        Ok(Self { status: response.status, headers, body: undated(&unnamed(&body, name)) })
    }

    /// How two answers differ, in a few words.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        if self.status != other.status {
            return Some(format!("{} and {}", self.status, other.status));
        }
        if let Some(header) = self.headers.symmetric_difference(&other.headers).next() {
            return Some(format!("the header `{header}` on one of them alone"));
        }
        (self.body != other.body).then(|| "two bodies".to_owned())
    }
}

/// The answer of a token service, with what its tokens grant in place of the tokens; none where it is no such answer.
fn without_tokens(bytes: &[u8]) -> Option<String> {
    let mut answer: Value = serde_json::from_slice(bytes).ok()?;
    let mut found = false;
    for name in ["token", "access_token", "refresh_token"] {
        if let Some(member) = answer.get_mut(name) {
            let says = member.as_str().and_then(|token| Jwt::read(&Secret::new(token.to_owned())));
            let granted = says.as_ref().and_then(token::access);
            *member = Value::String(format!("{granted:?}"));
            found = true;
        }
    }
    found.then(|| answer.to_string())
}

/// A text without a name, as it is and as it stands in URLs.
fn unnamed(text: &str, name: &str) -> String {
    let escaped = [name.replace('/', "%2F"), name.replace('/', "%2f"), name.replace('/', "\\/")];
    escaped.iter().fold(text.replace(name, "[name]"), |text, name| text.replace(name, "[name]"))
}

/// Dates in the spellings of RFC 3339 and RFC 9110: `0` stands for a digit, `a` for a letter.
const DATES: [&str; 3] = ["0000-00-00T00:00:00", "0000-00-00 00:00:00", "aaa, 00 aaa 0000 00:00:00"];

fn undated(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::with_capacity(text.len());
    while let Some(letter) = rest.chars().next() {
        let after = DATES.iter().find_map(|pattern| behind(rest, pattern));
        rest = match after {
            Some(after) => {
                plain.push_str("[date]");
                behind_zone(after)
            }
            None => {
                plain.push(letter);
                rest.get(letter.len_utf8()..).unwrap_or_default()
            }
        };
    }
    plain
}

/// What follows a pattern at the beginning of a text.
fn behind<'a>(text: &'a str, pattern: &str) -> Option<&'a str> {
    let (date, rest) = text.split_at_checked(pattern.len())?;
    let fits = |(letter, pattern): (char, char)| match pattern {
        '0' => letter.is_ascii_digit(),
        'a' => letter.is_ascii_alphabetic(),
        exact => letter == exact,
    };
    date.chars().zip(pattern.chars()).all(fits).then_some(rest)
}

/// What follows the fraction of a second and the zone of a date.
fn behind_zone(text: &str) -> &str {
    let text = match text.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|letter: char| letter.is_ascii_digit()),
        None => text,
    };
    let zones = ["+00:00", "-00:00"].iter().find_map(|zone| behind(text, zone));
    zones.or_else(|| text.strip_prefix('Z')).or_else(|| text.strip_prefix(" GMT")).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_out_of_the_way() {
        for (text, plain) in [
            (r#"{"at":"2030-01-02T03:04:05.678Z"}"#, r#"{"at":"[date]"}"#),
            ("2030-01-02T03:04:05+02:00 and 2030-01-02 03:04:05", "[date] and [date]"),
            ("Tue, 01 Jan 2030 00:01:00 GMT.", "[date]."),
            ("version 2030-01-02", "version 2030-01-02"),
            ("ünicode, 1", "ünicode, 1"),
        ] {
            assert_eq!(undated(text), plain);
        }
    }

    #[test]
    fn a_name_is_out_of_the_way_in_each_spelling() {
        let text = r#"team/app team%2Fapp team%2fapp team\/app team-app"#;
        assert_eq!(unnamed(text, "team/app"), "[name] [name] [name] [name] team-app");
    }
}
