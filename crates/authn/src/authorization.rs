//! What a request shows of credentials: one header, or the form of a token request. Read strictly, judged elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use protocol::{Head, PasswordGrant, Secret};

use crate::envelope::Compact;
use crate::refused::Cause;
use crate::robot_key;

/// The longest Bearer credential, and the longest Basic one that holds a JWT, in bytes as they stand in the header.
const LONG: usize = 16 * 1024;
/// The longest other Basic credential, in the same bytes.
const SHORT: usize = 4 * 1024;

/// A credential as it was shown.
#[derive(Debug)]
pub(crate) enum Shown {
    /// None; or an empty name with an empty password, which is how some clients say "nobody".
    Nothing,
    /// RFC 6750.
    Bearer(Secret),
    /// RFC 7617, or the password grant of RFC 6749.
    Password { user: String, password: Secret },
}

impl Shown {
    /// Reads the one `Authorization` header, else the form.
    ///
    /// Two headers, or two schemes in one, are refused: whoever took the first would ignore the other.
    pub(crate) fn read(head: &Head) -> Result<Self, Cause> {
        match head.single(AUTHORIZATION) {
            Err(_) => Err(Cause::MalformedAuthorization),
            Ok(Some(value)) => Self::of_header(value),
            Ok(None) => Self::of_form(head),
        }
    }

    fn of_header(value: &str) -> Result<Self, Cause> {
        let (scheme, credential) = value.split_once(' ').ok_or(Cause::MalformedAuthorization)?;
        let credential = credential.trim_matches(' ');
        if credential.len() > LONG {
            return Err(Cause::TooLarge);
        }
        if credential.is_empty() || credential.contains([' ', '\t', ',']) {
            return Err(Cause::MalformedAuthorization);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Ok(Self::Bearer(Secret::new(credential.to_owned()))),
            "basic" => Self::of_basic(credential),
            _ => Err(Cause::UnknownScheme),
        }
    }

    fn of_basic(encoded: &str) -> Result<Self, Cause> {
        let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = Secret::new(decoded.ok_or(Cause::MalformedAuthorization)?);
        let (user, password) = split(decoded.expose()).ok_or(Cause::MalformedAuthorization)?;
        if encoded.len() > longest(password) {
            return Err(Cause::TooLarge);
        }
        if user.is_empty() && password.is_empty() {
            return Ok(Self::Nothing);
        }
        Ok(Self::Password { user: user.to_owned(), password: Secret::new(password.to_owned()) })
    }

    fn of_form(head: &Head) -> Result<Self, Cause> {
        let Some(form) = &head.form else { return Ok(Self::Nothing) };
        let grant = form.password_grant().map_err(|_| Cause::MalformedAuthorization)?;
        let Some(PasswordGrant { username, password }) = grant else { return Ok(Self::Nothing) };
        if username.len().saturating_add(password.expose().len()) > longest(password.expose()) {
            return Err(Cause::TooLarge);
        }
        Ok(Self::Password { user: username, password })
    }
}

/// A user name ends at the first colon (RFC 7617 section 2). Before a key it may hold some: any name will do there, and
/// people write `robot:ci`.
fn split(decoded: &str) -> Option<(&str, &str)> {
    match decoded.rsplit_once(':') {
        Some((user, password)) if password.starts_with(robot_key::PREFIX) => Some((user, password)),
        _ => decoded.split_once(':'),
    }
}

/// Tokens of other issuers come as passwords too, and are long.
fn longest(password: &str) -> usize {
    if Compact::cut(password).is_some() { LONG } else { SHORT }
}

#[cfg(test)]
mod tests;
