//! `WWW-Authenticate`: one line, one challenge, quotes around every value (RFC 6750 section 3; distribution, token spec).

use std::fmt;

use crate::scope::Scope;

/// Why a Bearer challenge stands on an answer; it decides whether clients ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeError {
    /// A credential was shown and is not good (any more).
    InvalidToken,
    /// The token is good and does not reach this far.
    InsufficientScope,
}

impl ChallengeError {
    /// The value of the `error` parameter (RFC 6750 section 3.1).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
        }
    }
}

/// One challenge; `Display` prints the header value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// Fetch a token at the realm and come back.
    Bearer {
        /// URL of the token endpoint, from configuration, never from the request.
        realm: String,
        /// Name that the token will be for.
        service: String,
        /// Everything that the request needs.
        scopes: Vec<Scope>,
        /// Absent where no credential was shown.
        error: Option<ChallengeError>,
    },
    /// Show a user name and password: what the token endpoint itself asks for.
    Basic {
        /// Name of the protected space.
        realm: String,
    },
}

impl fmt::Display for Challenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { realm } => write!(formatter, "Basic realm={}", Quoted(realm)),
            Self::Bearer { realm, service, scopes, error } => {
                write!(formatter, "Bearer realm={},service={}", Quoted(realm), Quoted(service))?;
                if !scopes.is_empty() {
                    let joined: Vec<String> = scopes.iter().map(Scope::to_string).collect();
                    write!(formatter, ",scope={}", Quoted(&joined.join(" ")))?;
                }
                match error {
                    Some(error) => write!(formatter, ",error=\"{}\"", error.as_str()),
                    None => Ok(()),
                }
            }
        }
    }
}

/// A quoted-string of RFC 9110 section 5.6.4; control characters cannot occur in one and are dropped.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("\"")?;
        for letter in self.0.chars().filter(|letter| !letter.is_control()) {
            if matches!(letter, '"' | '\\') {
                formatter.write_str("\\")?;
            }
            write!(formatter, "{letter}")?;
        }
        formatter.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_clients_read() {
        let challenge = Challenge::Bearer {
            realm: "http://127.0.0.1:5000/token".into(),
            service: "pullgate".into(),
            scopes: vec![Scope::parse("repository:a/b:pull,push").unwrap(), Scope::parse("repository:c:pull").unwrap()],
            error: Some(ChallengeError::InsufficientScope),
        };
        assert_eq!(
            challenge.to_string(),
            r#"Bearer realm="http://127.0.0.1:5000/token",service="pullgate",scope="repository:a/b:pull,push repository:c:pull",error="insufficient_scope""#
        );
        assert_eq!(Challenge::Basic { realm: "a\"b\\c\r\n".into() }.to_string(), r#"Basic realm="a\"b\\c""#);
    }
}
