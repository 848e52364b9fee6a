//! What the answers to a check look like, without what differs from run to run.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use outbound::Endpoint;
use serde::{Deserialize, Serialize};

use crate::challenge::Challenge;
use crate::observation::Observation;
use crate::response::Response;

/// Everything that the answers to one check showed, taken together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Status codes.
    status: BTreeSet<u16>,
    /// Names of headers.
    headers: BTreeSet<String>,
    /// Schemes of challenges, with the realm and the names of the other parameters.
    challenges: BTreeSet<String>,
    /// Where redirects lead: scheme, host and port.
    redirects: BTreeSet<String>,
    /// How long tokens and signed URLs are good for.
    lifetimes: BTreeSet<Lifetime>,
}

/// A class of lifetimes: a minute more is no change, an hour more is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Lifetime {
    /// At most five minutes.
    #[serde(rename = "up to 300 s")]
    Minutes,
    /// At most fifteen.
    #[serde(rename = "up to 900 s")]
    Quarter,
    /// At most an hour.
    #[serde(rename = "up to 3600 s")]
    Hour,
    /// More than that.
    #[serde(rename = "more than 3600 s")]
    Longer,
}

impl Lifetime {
    fn of(time: Duration) -> Self {
        match time.as_secs() {
            0..=300 => Self::Minutes,
            301..=900 => Self::Quarter,
            901..=3600 => Self::Hour,
            _ => Self::Longer,
        }
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Minutes => "up to 300 s",
            Self::Quarter => "up to 900 s",
            Self::Hour => "up to 3600 s",
            Self::Longer => "more than 3600 s",
        })
    }
}

impl Shape {
    /// The shape of some answers, in a run that began then. A 429 asks to wait and answers nothing.
    pub(super) fn of<'a>(seen: impl Iterator<Item = &'a Observation>, began: Timestamp) -> Self {
        let mut shape = Self::default();
        for seen in seen {
            if let Some(response) = seen.response().ok().filter(|response| response.status != 429) {
                shape.add(seen, response, began);
            }
        }
        shape
    }

    fn add(&mut self, seen: &Observation, response: &Response, began: Timestamp) {
        self.status.insert(response.status);
        self.headers.extend(response.headers.iter().map(|(name, _)| name.to_owned()));
        self.challenges.extend(Challenge::all(&response.headers).iter().map(challenge));
        self.lifetimes.extend(token_lifetime(response));
        if let Some(location) = response.redirect() {
            let endpoint = Endpoint::relative_to(&seen.origin, location);
            self.redirects.insert(endpoint.as_ref().map_or("nowhere".to_owned(), |to| to.origin.to_string()));
            self.lifetimes.extend(endpoint.ok().and_then(|to| url_lifetime(&to.target, began)));
        }
    }

    /// A line for each part that is not the same in a later shape.
    pub(super) fn differences(&self, later: &Self) -> Vec<String> {
        let parts = [
            ("status", difference(&self.status, &later.status)),
            ("headers", difference(&self.headers, &later.headers)),
            ("challenge", difference(&self.challenges, &later.challenges)),
            ("redirect", difference(&self.redirects, &later.redirects)),
            ("lifetime", difference(&self.lifetimes, &later.lifetimes)),
        ];
        let lines = parts.into_iter().filter_map(|(name, words)| words.map(|words| format!("{name}: {words}")));
        lines.collect()
    }
}

fn difference<T: Ord + fmt::Display>(before: &BTreeSet<T>, now: &BTreeSet<T>) -> Option<String> {
    let listed = |set: BTreeSet<&T>| set.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let (went, came) = (listed(before.difference(now).collect()), listed(now.difference(before).collect()));
    match (went.is_empty(), came.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!("no longer {went}")),
        (true, false) => Some(format!("now also {came}")),
        (false, false) => Some(format!("{came} in place of {went}")),
    }
}

/// Scheme, realm without its query, names of the other parameters: their values name what was asked for.
fn challenge(challenge: &Challenge) -> String {
    let realm = challenge.parameter("realm").and_then(|realm| realm.split('?').next());
    let realm = realm.map(|realm| format!(" realm={realm}")).unwrap_or_default();
    let mut names: Vec<&str> = challenge.names().filter(|name| *name != "realm").collect();
    names.sort_unstable();
    let names: String = names.iter().map(|name| format!(" {name}")).collect();
    format!("{}{realm}{names}", challenge.scheme())
}

#[derive(Deserialize)]
struct Token {
    expires_in: Option<u64>,
}

/// What a token service says of the token that it hands out.
fn token_lifetime(response: &Response) -> Option<Lifetime> {
    let token: Token = serde_json::from_slice(response.whole()?).ok()?;
    token.expires_in.map(Duration::from_secs).map(Lifetime::of)
}

/// What a signed URL says of itself: seconds, or the moment of its end.
fn url_lifetime(target: &str, began: Timestamp) -> Option<Lifetime> {
    let parameters = || target.split_once('?').into_iter().flat_map(|(_, query)| query.split('&'));
    let value = |names: &[&str]| {
        let fits = |pair: &str| {
            pair.split_once('=').filter(|(name, _)| names.contains(name)).map(|(_, value)| value.to_owned())
        };
        parameters().find_map(fits)
    };
    let seconds = value(&["X-Amz-Expires", "X-Goog-Expires"]).and_then(|text| text.parse().ok());
    let moment = || {
        let epoch = value(&["Expires"]).and_then(|text| Timestamp::from_second(text.parse().ok()?).ok());
        let end = epoch.or_else(|| value(&["se"])?.replace("%3A", ":").replace("%3a", ":").parse().ok())?;
        u64::try_from(end.as_second() - began.as_second()).ok()
    };
    seconds.or_else(moment).map(Duration::from_secs).map(Lifetime::of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_urls_say_how_long_they_last() {
        let began = "2030-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
        let end = began.as_second() + 1200;
        for (target, lifetime) in [
            ("/b?X-Amz-Date=x&X-Amz-Expires=300&X-Amz-Signature=y".to_owned(), Some(Lifetime::Minutes)),
            ("/b?X-Goog-Expires=301".to_owned(), Some(Lifetime::Quarter)),
            (format!("/b?Expires={end}&Signature=x"), Some(Lifetime::Hour)),
            ("/b?se=2030-01-01T02%3A00%3A00Z&sig=x".to_owned(), Some(Lifetime::Longer)),
            ("/b?Expires=soon".to_owned(), None),
            ("/b".to_owned(), None),
        ] {
            assert_eq!(url_lifetime(&target, began), lifetime, "{target}");
        }
    }

    #[test]
    fn a_difference_says_what_went_and_what_came() {
        let shape = |status: &[u16], headers: &[&str]| Shape {
            status: status.iter().copied().collect(),
            headers: headers.iter().map(|name| (*name).to_owned()).collect(),
            ..Shape::default()
        };
        let before = shape(&[401], &["date", "server"]);
        assert!(before.differences(&before).is_empty());
        assert_eq!(
            before.differences(&shape(&[403, 401], &["date", "via"])),
            ["status: now also 403", "headers: via in place of server"]
        );
        assert_eq!(before.differences(&shape(&[], &["date", "server"])), ["status: no longer 401"]);
    }
}
