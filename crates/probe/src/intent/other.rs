//! `[[other_token]]`: tokens of the user's that are good for something else, and must open nothing here.

use outbound::Origin;
use protocol::Secret;
use serde::Deserialize;
use toml::Spanned;

use super::Door;
use super::error::{IntentError, Why};
use super::file::shown_to;
use crate::request::{Place, Placed};

/// What a token is, if it is not one for the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Who somebody is (OpenID Connect Core section 2).
    IdToken,
    /// What gets the next access token (RFC 6749 section 1.5).
    RefreshToken,
    /// What opens the API of the product.
    ApiToken,
    /// What a browser shows to the console.
    ConsoleCookie,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::IdToken, Self::RefreshToken, Self::ApiToken, Self::ConsoleCookie];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IdToken => "id_token",
            Self::RefreshToken => "refresh_token",
            Self::ApiToken => "api_token",
            Self::ConsoleCookie => "console_cookie",
        }
    }

    /// The variable that stands for it in lines for a shell.
    fn label(self) -> &'static str {
        match self {
            Self::IdToken => "ID_TOKEN",
            Self::RefreshToken => "REFRESH_TOKEN",
            Self::ApiToken => "API_TOKEN",
            Self::ConsoleCookie => "COOKIE",
        }
    }
}

/// A token for something else, of somebody who may pull R.
#[derive(Clone, Debug)]
pub struct OtherToken {
    /// What it is.
    pub kind: TokenKind,
    /// The name of its cookie, if it is one.
    pub cookie: Option<String>,
    /// The token itself.
    pub secret: Secret,
    /// Names of the doors that may see it.
    pub show_to: Vec<String>,
    /// A target at the door that it opens, and that is closed without it.
    pub good_at: Option<String>,
}

/// Not what the file of a token should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OtherTokenError {
    /// Nothing, or more than one word.
    #[error("not a token: one line without spaces is expected")]
    NoToken,
    /// No name, or no value.
    #[error("not a cookie: `name=value` on one line is expected")]
    NoCookie,
    /// No path.
    #[error("not a path at the door: write one such as \"/api/users/me\"")]
    NoPath,
}

impl OtherToken {
    /// Reads what a file holds: the token, or `name=value` of a cookie. One line end behind it is not part of it.
    ///
    /// # Errors
    /// [`OtherTokenError`], which shows nothing of what was read.
    pub fn parse(kind: TokenKind, text: &Secret) -> Result<Self, OtherTokenError> {
        let line = text.expose().trim_end_matches(['\r', '\n']);
        let fits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
        let (cookie, value) = match kind {
            TokenKind::ConsoleCookie => {
                let (name, value) = line.split_once('=').ok_or(OtherTokenError::NoCookie)?;
                (Some(name.to_owned()).filter(|name| fits(name)).ok_or(OtherTokenError::NoCookie)?.into(), value)
            }
            TokenKind::IdToken | TokenKind::RefreshToken | TokenKind::ApiToken => (None, line),
        };
        let secret = Some(value).filter(|value| fits(value)).ok_or(OtherTokenError::NoToken)?;
        Ok(Self { kind, cookie, secret: Secret::new(secret.to_owned()), show_to: Vec::new(), good_at: None })
    }

    /// Where it belongs: in its cookie, or else in a header.
    pub(crate) fn in_place(&self, origin: &Origin) -> Placed {
        self.placed(self.cookie.clone().map_or(Place::Header("Authorization"), Place::Cookie), origin)
    }

    /// Where a registry looks for its own.
    pub(crate) fn as_bearer(&self, origin: &Origin) -> Placed {
        self.placed(Place::Header("Authorization"), origin)
    }

    fn placed(&self, place: Place, origin: &Origin) -> Placed {
        Placed::new(place, origin, &self.secret, self.kind.label())
    }
}

/// A target at a door.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Path(String);

impl TryFrom<String> for Path {
    type Error = OtherTokenError;

    fn try_from(text: String) -> Result<Self, OtherTokenError> {
        let fits = text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then_some(Self(text)).ok_or(OtherTokenError::NoPath)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OtherEntry {
    kind: TokenKind,
    credential_file: Spanned<String>,
    show_to: Vec<Spanned<String>>,
    good_at: Option<Path>,
}

/// Reads every table.
pub(super) fn read(
    entries: &[OtherEntry],
    doors: &[Door],
    read: &impl Fn(&str) -> Result<Secret, Why>,
) -> Result<Vec<OtherToken>, IntentError> {
    let other = |entry: &OtherEntry| {
        let file = &entry.credential_file;
        shown_to(&entry.show_to, doors, &file.span())?;
        let text = read(file.get_ref()).map_err(|why| IntentError::Login { span: file.span(), why })?;
        let other = OtherToken::parse(entry.kind, &text);
        let other = other.map_err(|why| IntentError::Login { span: file.span(), why: why.into() })?;
        let show_to = entry.show_to.iter().map(|name| name.get_ref().clone()).collect();
        Ok(OtherToken { show_to, good_at: entry.good_at.as_ref().map(|path| path.0.clone()), ..other })
    };
    entries.iter().map(other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::{Hook, Intent, Login};

    fn intent(other: &str) -> Result<Intent, IntentError> {
        let known = "[[door]]\nname = \"edge\"\nurl = \"https://r.example\"\n\
            [[repository]]\nname = \"a\"\ntag = \"1\"\nvisibility = \"private\"\n";
        let nobody = |_: &_, _: &_| -> Result<Login, Why> { Err("nobody".into()) };
        let text = format!("{known}[[other_token]]\n{other}");
        Intent::read(&text, nobody, |_| Hook::new(|| Ok(())), |name| Ok(Secret::new(format!("{name}=s3cret"))))
    }

    #[test]
    fn a_table_names_a_file_the_doors_and_where_it_is_good() {
        let table = "kind = \"console_cookie\"\ncredential_file = \"sid\"\nshow_to = [\"edge\"]\n";
        let read = intent(&format!("{table}good_at = \"/me\"")).unwrap();
        let [other] = &read.other_tokens[..] else { panic!("one table is one token") };
        assert_eq!((other.cookie.as_deref(), other.good_at.as_deref()), (Some("sid"), Some("/me")));
        assert_eq!(read.other_tokens_at(&read.doors[0]).count(), 1);
        assert!(!format!("{read:?}").contains("s3cret"));
        for (wrong, why) in [
            (table.replace("edge", "core"), "no `[[door]]` has this name"),
            (table.replace("console_cookie", "password"), "unknown variant `password`"),
            (table.replace("\"sid\"", "\" \""), "cannot read the credential: not a cookie"),
            (format!("{table}good_at = \"me\""), "not a path at the door"),
        ] {
            let error = intent(&wrong).unwrap_err();
            assert!(error.to_string().contains(why) && error.span().is_some(), "{error} {:?}", error.span());
        }
    }

    #[test]
    fn a_file_holds_a_token_or_a_cookie_and_shows_neither() {
        let read = |kind, text: &str| OtherToken::parse(kind, &Secret::new(text.to_owned()));
        let other = read(TokenKind::ApiToken, "s3cret\n").unwrap();
        assert_eq!((other.secret.expose(), other.cookie.as_deref()), ("s3cret", None));
        let cookie = read(TokenKind::ConsoleCookie, "sid=s3cret=\r\n").unwrap();
        assert_eq!((cookie.secret.expose(), cookie.cookie.as_deref()), ("s3cret=", Some("sid")));
        assert!(!format!("{other:?} {cookie:?}").contains("s3cret"));
        for bad in ["", "a b", "a\nb", "a;b"] {
            assert_eq!(read(TokenKind::IdToken, bad).unwrap_err(), OtherTokenError::NoToken, "{bad:?}");
        }
        for bad in ["", "sid", "=x", "a b=c"] {
            assert_eq!(read(TokenKind::ConsoleCookie, bad).unwrap_err(), OtherTokenError::NoCookie, "{bad:?}");
        }
    }
}
