//! What a 401 asks for, and whether a token may be asked for there.

use std::fmt;

use outbound::{Endpoint, Origin};

use crate::intent::Door;
use crate::response::Headers;

/// One challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1): the scheme in lower case, its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Every challenge of an answer, in order. What cannot be read is left out.
    #[must_use]
    pub fn all(headers: &Headers) -> Vec<Self> {
        headers.all("www-authenticate").flat_map(read).collect()
    }

    /// The Bearer challenge among them.
    #[must_use]
    pub fn bearer(headers: &Headers) -> Option<Self> {
        Self::all(headers).into_iter().find(|challenge| challenge.scheme == "bearer")
    }

    /// The scheme, in lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The value of a parameter, whose name is given in lower case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The names of the parameters, in lower case.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|(name, _)| name.as_str())
    }

    /// Where a token may be asked for: the realm, if the door has it.
    ///
    /// # Errors
    /// [`RealmFault`]: then nothing is sent there.
    pub fn realm(&self, door: &Door) -> Result<Endpoint, RealmFault> {
        let text = self.parameter("realm").ok_or(RealmFault::Missing)?;
        let realm: Endpoint = text.parse().map_err(|_| RealmFault::Unreadable)?;
        match () {
            // In the clear only where the door itself is: whoever declares a realm does not take back its TLS.
            () if realm.origin.scheme() < door.origin.scheme() => Err(RealmFault::Plain { origin: realm.origin }),
            () if door.has_realm(&realm.origin) => Ok(realm),
            () if door.realms.is_empty() => Err(RealmFault::Undeclared { origin: realm.origin }),
            () => Err(RealmFault::Foreign { origin: realm.origin }),
        }
    }
}

/// Why no token is asked for at a realm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RealmFault {
    /// No realm at all.
    #[error("the challenge names no realm")]
    Missing,
    /// Not a URL.
    #[error("the realm is not a URL")]
    Unreadable,
    /// In the clear, where the door is not.
    #[error("the realm `{origin}` is plain HTTP")]
    Plain {
        /// The realm.
        origin: Origin,
    },
    /// Somewhere else, and the user has declared none.
    #[error("the realm `{origin}` is not declared: add --realm {origin}")]
    Undeclared {
        /// The realm.
        origin: Origin,
    },
    /// Somewhere else than the user has declared.
    #[error("the realm `{origin}` is none of those declared")]
    Foreign {
        /// The realm.
        origin: Origin,
    },
}

impl fmt::Display for Challenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.scheme)?;
        for (name, value) in &self.parameters {
            write!(formatter, " {name}={value:?}")?;
        }
        Ok(())
    }
}

/// Reads a list of challenges: a word is a scheme unless `=` follows it.
fn read(text: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let Some((word, after)) = token(rest) else { break };
        rest = match (after.trim_start_matches([' ', '\t']).strip_prefix('='), challenges.last_mut()) {
            (Some(value), Some(challenge)) => {
                let Some((value, after)) = parameter(value.trim_start_matches([' ', '\t'])) else { break };
                challenge.parameters.push((word.to_ascii_lowercase(), value));
                after
            }
            (Some(_), None) => break,
            (None, _) => {
                challenges.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
                after
            }
        };
        rest = rest.trim_start_matches([' ', '\t', ',']);
    }
    challenges
}

fn token(text: &str) -> Option<(&str, &str)> {
    let end = text.find([' ', '\t', ',', '=', '"']).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(word, _)| !word.is_empty())
}

/// A token or a quoted string, without its quotes.
fn parameter(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (word, rest) = token(text)?;
        return Some((word.to_owned(), rest));
    };
    let mut value = String::new();
    let mut letters = quoted.chars();
    loop {
        match letters.next()? {
            '"' => return Some((value, letters.as_str())),
            '\\' => value.push(letters.next()?),
            letter => value.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> Headers {
        [("WWW-Authenticate", value.as_bytes())].into_iter().collect()
    }

    #[test]
    fn reads_what_registries_send() {
        for (text, read) in [
            (
                r#"Bearer realm="https://a/token",service="s",scope="repository:x:pull""#,
                r#"bearer realm="https://a/token" service="s" scope="repository:x:pull""#,
            ),
            (r#"Basic realm="x""#, r#"basic realm="x""#),
            (
                r#"Basic realm="a, b=c", Bearer realm = "r" , service=s"#,
                r#"basic realm="a, b=c";bearer realm="r" service="s""#,
            ),
            (r#"Bearer realm="a\"b\\c""#, r#"bearer realm="a\"b\\c""#),
            ("Negotiate", "negotiate"),
            ("", ""),
            (r#"realm="x""#, ""),
            (r#"Bearer realm="never ends"#, "bearer"),
        ] {
            let shown: Vec<String> = Challenge::all(&headers(text)).iter().map(ToString::to_string).collect();
            assert_eq!(shown.join(";"), read, "{text}");
        }
    }

    #[test]
    fn a_token_is_asked_for_where_the_door_says() {
        let mut door = Door::new("https://registry.example".parse().unwrap());
        let realm = |door: &Door, url: &str| {
            Challenge::bearer(&headers(&format!("Bearer realm=\"{url}\"")))
                .unwrap()
                .realm(door)
                .map(|realm| realm.to_string())
        };
        let origin = |url: &str| url.parse::<Origin>().unwrap();
        assert_eq!(
            realm(&door, "https://registry.example/token?x=1"),
            Ok("https://registry.example/token?x=1".to_owned())
        );
        assert_eq!(
            realm(&door, "https://auth.example/t"),
            Err(RealmFault::Undeclared { origin: origin("https://auth.example") })
        );
        assert_eq!(
            realm(&door, "http://registry.example/t"),
            Err(RealmFault::Plain { origin: origin("http://registry.example") })
        );
        assert_eq!(realm(&door, "https://registry.example@evil/t"), Err(RealmFault::Unreadable));
        assert_eq!(realm(&door, "/token"), Err(RealmFault::Unreadable));
        door.realms.push(origin("https://auth.example"));
        assert!(realm(&door, "https://auth.example/t").is_ok());
        assert_eq!(
            realm(&door, "https://auth.example:8443/t"),
            Err(RealmFault::Foreign { origin: origin("https://auth.example:8443") })
        );
        assert_eq!(Challenge::bearer(&headers("Bearer")).unwrap().realm(&door), Err(RealmFault::Missing));
    }
}
