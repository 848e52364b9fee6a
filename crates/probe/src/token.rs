//! The token exchange, as every client makes it.

mod asking;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outbound::Credential;
use protocol::Secret;
use serde::Deserialize;
use serde_json::Value;

use crate::challenge::Challenge;
use crate::doubt::Doubt;
use crate::forge::Mould;
use crate::intent::{Door, Login};
use crate::observation::Seen;
use crate::request::{Place, Placed};
use crate::response::{Headers, Response};
use crate::session::{Caller, Session};

pub(crate) use asking::encoded;
pub use asking::{Realm, TokenRequest};

/// What came of asking for a token.
#[derive(Clone, Debug)]
pub enum Exchanged {
    /// None was handed out.
    Refused(Seen),
    /// Here it is.
    Token(Box<Token>),
}

impl Exchanged {
    /// The token, if one came.
    #[must_use]
    pub fn token(self) -> Option<Token> {
        match self {
            Self::Token(token) => Some(*token),
            Self::Refused(_) => None,
        }
    }
}

/// A token, bound to the door that it is for.
#[derive(Clone, Debug)]
pub struct Token {
    /// How it is shown.
    pub credential: Arc<Credential>,
    /// What its claims grant; none where it is opaque. Nobody has verified them.
    pub access: Option<Vec<Access>>,
    /// What it says of itself; none where it is opaque.
    pub says: Option<Box<Jwt>>,
    /// `expires_in`, in seconds.
    pub expires_in: Option<u64>,
    /// What came with it to get the next one.
    pub refresh: Option<Refresh>,
    /// The exchange.
    pub seen: Seen,
    secret: Secret,
}

/// A refresh token: that it came, and what it says of its end.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// What it says of itself; none where it is opaque.
    pub says: Option<Box<Jwt>>,
    /// In how many seconds it ends, as far as the answer says so.
    pub expires_in: Option<u64>,
    secret: Secret,
}

impl Refresh {
    /// How it is shown at a door, as if it were a token for it.
    pub(crate) fn shown_at(&self, door: &Door) -> Placed {
        Placed::new(Place::Header("Authorization"), &door.origin, &self.secret, "REFRESH_TOKEN")
    }
}

/// The two readable parts of a JSON Web Token (RFC 7519). Nobody has verified them.
#[derive(Clone, Debug)]
pub struct Jwt {
    /// The protected header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
}

impl Jwt {
    /// Reads the first two parts; none where the text is no JWT.
    #[must_use]
    pub fn read(token: &Secret) -> Option<Self> {
        let mut parts = token.expose().split('.');
        let mut part = || {
            let bytes = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
            serde_json::from_slice::<Value>(&bytes).ok().filter(Value::is_object)
        };
        Some(Self { header: part()?, claims: part()? })
    }

    /// For whom it is: `aud`, which is one name or several.
    #[must_use]
    pub fn audience(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            Some(name) => name.as_str().into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// `exp` less `iat`, in seconds; `nbf` stands in for `iat`.
    #[must_use]
    pub fn lifetime(&self) -> Option<u64> {
        let moment = |name: &str| self.claims.get(name).and_then(Value::as_i64);
        let issued = moment("iat").or_else(|| moment("nbf"))?;
        u64::try_from(moment("exp")?.checked_sub(issued)?).ok()
    }
}

/// One entry of a token's `access` claim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Access {
    /// `repository` or `registry`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The resource.
    #[serde(default)]
    pub name: String,
    /// What may be done there.
    #[serde(default)]
    pub actions: Vec<String>,
}

impl Token {
    /// How it is shown at another door, for whoever may be shown there.
    #[must_use]
    pub fn shown_at(&self, door: &Door) -> Arc<Credential> {
        Arc::new(Credential::bearer(&door.origin, &self.secret))
    }

    /// How it is shown at a door in another place than its own.
    pub(crate) fn placed(&self, place: Place, door: &Door) -> Placed {
        Placed::new(place, &door.origin, &self.secret, "TOKEN")
    }

    /// Whether both are one and the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.secret.expose() == other.secret.expose()
    }

    /// Its parts; none where it is opaque.
    pub(crate) fn apart(&self) -> Option<Mould> {
        Mould::of(&self.secret)
    }

    /// What is signed, and the signature; none where the token is no JWT of three parts.
    pub(crate) fn signed(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let (signed, signature) = self.secret.expose().rsplit_once('.').filter(|_| self.says.is_some())?;
        Some((signed.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature).ok()?))
    }

    /// Whether it says that it grants nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.access.as_ref().is_some_and(|access| access.iter().all(|entry| entry.actions.is_empty()))
    }

    /// Whether the claims grant an action on a repository.
    #[must_use]
    pub fn grants(&self, repository: &str, action: &str) -> bool {
        let fits = |access: &Access| {
            access.kind == "repository"
                && access.name == repository
                && access.actions.iter().any(|granted| granted == action || granted == "*")
        };
        self.access.iter().flatten().any(fits)
    }
}

/// Asks a realm for a token for the door.
pub(crate) fn redeem(session: &mut Session<'_>, asking: &TokenRequest) -> Result<Exchanged, Doubt> {
    let origin = &asking.at.origin;
    if let Some(login) = &asking.login {
        // Whoever gets it in a form may echo it in the clear.
        session.keep_secret(&Credential::basic(origin, &login.user, &login.secret));
    }
    let seen = session.ask_at(origin, &asking.request())?;
    let response = seen.response()?;
    match response.status {
        200..=299 => Ok(match handed_out(response) {
            Some(handed) => Exchanged::Token(Box::new(token(session, handed, Arc::clone(&seen)))),
            None => Exchanged::Refused(seen),
        }),
        400..=499 if response.status != 429 => Ok(Exchanged::Refused(seen)),
        429 => Err(Doubt::RateLimited),
        500..=599 => Err(Doubt::ServerFailed { status: response.status }),
        status => Err(Doubt::OtherRefusal { status }),
    }
}

/// Somebody at this door, with a token where the door asks for one, else with the login itself.
pub(crate) fn log_in(session: &mut Session<'_>, login: &Login, scope: &str) -> Result<Caller, Doubt> {
    let Some(realm) = session.realm()? else {
        let credential = Credential::basic(&session.door().origin, &login.user, &login.secret);
        return Ok(Caller::Known(Arc::new(credential)));
    };
    match session.exchange(&realm, &[scope], Some(login))? {
        Exchanged::Token(token) => Ok(Caller::Holder(*token)),
        Exchanged::Refused(seen) => {
            Err(Doubt::NoToken { realm: realm.at.origin, status: seen.status().unwrap_or_default() })
        }
    }
}

/// The realm of a challenge, if a token may be asked for there; none where no Bearer token is asked for.
pub(crate) fn realm(session: &mut Session<'_>, headers: &Headers) -> Result<Option<Realm>, Doubt> {
    let Some(challenge) = Challenge::bearer(headers) else { return Ok(None) };
    let at = challenge.realm(session.door()).map_err(|fault| session.undeclared_realm(fault))?;
    Ok(Some(Realm { at, service: challenge.parameter("service").map(str::to_owned) }))
}

fn token(session: &mut Session<'_>, handed: Handed, seen: Seen) -> Token {
    let (secret, expires_in) = (handed.token, handed.expires_in);
    let credential = Arc::new(Credential::bearer(&session.door().origin, &secret));
    session.keep_secret(&credential);
    let refresh = handed.refresh.map(|refresh| {
        session.keep_secret(&Credential::bearer(&session.door().origin, &refresh));
        let says = Jwt::read(&refresh).map(Box::new);
        Refresh { says, expires_in: handed.refresh_expires_in, secret: refresh }
    });
    let says = Jwt::read(&secret).map(Box::new);
    Token { credential, access: says.as_deref().and_then(access), says, expires_in, refresh, seen, secret }
}

#[derive(Deserialize)]
struct Body {
    token: Option<String>,
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Value,
    refresh_token: Option<String>,
    #[serde(default, alias = "refresh_token_expires_in")]
    refresh_expires_in: Value,
}

/// What was handed out; times in seconds.
struct Handed {
    token: Secret,
    expires_in: Option<u64>,
    refresh: Option<Secret>,
    refresh_expires_in: Option<u64>,
}

/// Whether a token is in an answer.
pub(crate) fn is_handed_out(response: &Response) -> bool {
    handed_out(response).is_some()
}

fn handed_out(response: &Response) -> Option<Handed> {
    let body: Body = serde_json::from_slice(response.whole()?).ok()?;
    let fits = |token: &String| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    Some(Handed {
        token: body.token.or(body.access_token).filter(fits).map(Secret::new)?,
        expires_in: body.expires_in.as_u64(),
        refresh: body.refresh_token.filter(fits).map(Secret::new),
        refresh_expires_in: body.refresh_expires_in.as_u64(),
    })
}

/// What a token says that it grants. One that has no `access` that can be read is opaque.
pub(crate) fn access(says: &Jwt) -> Option<Vec<Access>> {
    serde_json::from_value(says.claims.get("access")?.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_and_not_believed() {
        let jwt = |payload: &str| Secret::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload)));
        let read = |payload: &str| access(&Jwt::read(&jwt(payload)).unwrap());
        let granted = read(r#"{"access":[{"type":"repository","name":"a","actions":["pull"]}]}"#).unwrap();
        assert_eq!((granted[0].name.as_str(), granted[0].actions.as_slice()), ("a", ["pull".to_owned()].as_slice()));
        assert_eq!(read(r#"{"access":[]}"#), Some(Vec::new()));
        assert_eq!(read("{}"), None);
        for opaque in ["opaque", "a.b.c", "e30", "e30.W10.c2ln"] {
            assert!(Jwt::read(&Secret::new(opaque.to_owned())).is_none(), "{opaque}");
        }
        let says = Jwt::read(&jwt(r#"{"aud":["a","b"],"iat":10,"exp":310}"#)).unwrap();
        assert_eq!((says.audience(), says.lifetime()), (vec!["a", "b"], Some(300)));
        let says = Jwt::read(&jwt(r#"{"aud":"a","nbf":10,"exp":1e400}"#));
        assert!(says.is_none_or(|says| says.lifetime().is_none()));
    }
}
