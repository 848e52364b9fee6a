//! A secret that leaves towards one origin, and towards no other.

use std::fmt::{self, Write as _};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use protocol::Secret;

use crate::origin::Origin;

/// The value of an `Authorization` header, or part of a form, bound to the origin that it may be shown to.
///
/// Nothing reads it but [`crate::Dialer`], which compares the origin before the first byte of a message leaves.
#[derive(Clone)]
pub struct Credential {
    origin: Origin,
    value: Secret,
    scheme: &'static str,
    label: &'static str,
}

impl Credential {
    /// User and password, as `Basic` (RFC 7617).
    #[must_use]
    pub fn basic(origin: &Origin, user: &str, password: &Secret) -> Self {
        let pair = Secret::new(format!("{user}:{}", password.expose()));
        let value = Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())));
        Self { origin: origin.clone(), value, scheme: "Basic", label: "CREDENTIAL" }
    }

    /// User and password as two fields of a form (RFC 6749 section 4.3.2): `username=...&password=...`.
    #[must_use]
    pub fn form(origin: &Origin, user: &str, password: &Secret) -> Self {
        let value = Secret::new(format!("username={}&password={}", escaped(user), escaped(password.expose())));
        Self { origin: origin.clone(), value, scheme: "form", label: "FORM" }
    }

    /// A token as one field of a form, such as `subject_token` (RFC 8693 section 2.1).
    #[must_use]
    pub fn field(origin: &Origin, name: &str, token: &Secret) -> Self {
        let value = Secret::new(format!("{name}={}", escaped(token.expose())));
        Self { origin: origin.clone(), value, scheme: "form", label: "FORM" }
    }

    /// A token, as `Bearer` (RFC 6750).
    #[must_use]
    pub fn bearer(origin: &Origin, token: &Secret) -> Self {
        let value = Secret::new(format!("Bearer {}", token.expose()));
        Self { origin: origin.clone(), value, scheme: "Bearer", label: "TOKEN" }
    }

    /// A token as it is, without any scheme, as Cargo shows it.
    #[must_use]
    pub fn verbatim(origin: &Origin, token: &Secret) -> Self {
        Self { origin: origin.clone(), value: token.clone(), scheme: "", label: "TOKEN" }
    }

    /// The same under another name for shells.
    #[must_use]
    pub fn labelled(self, label: &'static str) -> Self {
        Self { label, ..self }
    }

    /// Where it may be shown.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// `Basic`, `Bearer` or `form`; empty where it is shown as it is.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The name of the shell variable that stands for it where a request is printed.
    #[must_use]
    pub fn label(&self) -> &'static str {
        self.label
    }

    /// Gives the secret part to a keyed hash, for evidence that tells two credentials apart and shows neither.
    pub fn fingerprint<T>(&self, hash: impl FnOnce(&[u8]) -> T) -> T {
        hash(self.value.expose().as_bytes())
    }

    /// What an echo of it would look like: what comes back is searched for these before anybody prints it.
    #[must_use]
    pub fn echoes(&self) -> Vec<Secret> {
        let value = self.value.expose();
        let bare = value.split_once(' ').map_or(value, |(_, bare)| bare);
        let mut echoes = vec![Secret::new(bare.to_owned())];
        if let Some((_, password)) = value.split_once("&password=").filter(|_| self.scheme == "form") {
            echoes.push(Secret::new(password.to_owned()));
        }
        if let Ok(pair) = STANDARD.decode(bare).map_err(drop).and_then(|bytes| String::from_utf8(bytes).map_err(drop)) {
            let password = pair.split_once(':').map_or("", |(_, password)| password).to_owned();
            echoes.push(Secret::new(password));
        }
        echoes.retain(|echo| echo.expose().len() >= 4);
        echoes
    }

    pub(crate) fn header_value(&self) -> &[u8] {
        self.value.expose().as_bytes()
    }

    pub(crate) fn length(&self) -> usize {
        self.value.expose().len()
    }
}

/// A value of a form: letters and digits stay, every other byte is escaped.
fn escaped(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        match byte.is_ascii_alphanumeric() {
            true => text.push(char::from(byte)),
            // Writing to a string does not fail.
            false => drop(write!(text, "%{byte:02X}")),
        }
        text
    })
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Credential({} for {})", self.scheme(), self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_shows_its_secret_to_nobody() {
        let origin: Origin = "https://r.example".parse().unwrap();
        let form = Credential::form(&origin, "a b", &Secret::new("s3cr&t=x".to_owned()));
        assert_eq!(form.header_value(), b"username=a%20b&password=s3cr%26t%3Dx");
        assert_eq!((form.scheme(), form.label()), ("form", "FORM"));
        let token = Credential::verbatim(&origin, &Secret::new("s3cret".to_owned()));
        assert_eq!((token.header_value(), token.scheme()), (b"s3cret".as_slice(), ""));
        assert!(form.echoes().iter().any(|echo| echo.expose() == "s3cr%26t%3Dx"));
        assert!(!format!("{form:?}").contains("s3cr"));
    }
}
