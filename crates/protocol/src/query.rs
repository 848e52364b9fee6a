//! The query of a request: decoded once, each parameter at most once.

use crate::request::Malformed;

/// Parameters that clients repeat on purpose: scopes of a token request, tags of a manifest.
const REPEATABLE: [&str; 2] = ["scope", "tag"];

/// The decoded parameters of a target; unknown ones are kept and ignored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes what stands behind `?`.
    pub(crate) fn parse(raw: Option<&str>) -> Result<Self, Malformed> {
        let pairs = form_urlencoded::parse(raw.unwrap_or_default().as_bytes());
        let pairs: Vec<(String, String)> = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        for (place, (name, _)) in pairs.iter().enumerate() {
            let repeated = pairs.iter().skip(place.saturating_add(1)).any(|(other, _)| other == name);
            if repeated && !REPEATABLE.contains(&name.as_str()) {
                return Err(Malformed::query(format!("the parameter `{}` is repeated", shown(name))));
            }
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter that stands at most once.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The values of a parameter, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// Text from outside, cut and cleaned so that it can stand in a message.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii_graphic() && !matches!(letter, '"' | '`' | '\\')).take(64).collect()
}
