//! The token exchange, as every client makes it.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outbound::{Credential, Endpoint};
use protocol::Secret;
use serde::Deserialize;

use crate::challenge::Challenge;
use crate::doubt::Doubt;
use crate::intent::Login;
use crate::observation::Seen;
use crate::request::Request;
use crate::response::Response;
use crate::session::{Caller, Session};

/// What came of asking for a token.
#[derive(Clone, Debug)]
pub enum Exchanged {
    /// None was handed out.
    Refused(Seen),
    /// Here it is.
    Token(Token),
}

/// A token, bound to the door that it is for.
#[derive(Clone, Debug)]
pub struct Token {
    /// How it is shown.
    pub credential: Arc<Credential>,
    /// What its claims grant; none where it is opaque. Nobody has verified them.
    pub access: Option<Vec<Access>>,
    /// The exchange.
    pub seen: Seen,
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

/// Asks a realm for a token for the door, as nobody or with a login.
pub(crate) fn exchange(
    session: &mut Session<'_>,
    realm: &Endpoint,
    service: Option<&str>,
    scopes: &[&str],
    login: Option<&Login>,
) -> Result<Exchanged, Doubt> {
    let credential = login.map(|login| Arc::new(Credential::basic(&realm.origin, &login.user, &login.secret)));
    let request = Request::get(target(realm, service, scopes)).credential(credential.as_ref()).for_token();
    let seen = session.ask_at(&realm.origin, &request)?;
    let response = seen.response()?;
    match response.status {
        200..=299 => Ok(match handed_out(response) {
            Some(secret) => Exchanged::Token(token(session, &secret, seen)),
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
    let first = session.first()?;
    let Some(challenge) = Challenge::bearer(&first.response()?.headers) else {
        let credential = Credential::basic(&session.door().origin, &login.user, &login.secret);
        return Ok(Caller::Known(Arc::new(credential)));
    };
    let realm = challenge.realm(session.door()).map_err(|fault| session.undeclared_realm(fault))?;
    match exchange(session, &realm, challenge.parameter("service"), &[scope], Some(login))? {
        Exchanged::Token(token) => Ok(Caller::Known(token.credential)),
        Exchanged::Refused(seen) => {
            let status = seen.status().unwrap_or_default();
            Err(Doubt::ControlFailed { why: format!("the realm `{}` handed out no token: {status}", realm.origin) })
        }
    }
}

fn token(session: &mut Session<'_>, secret: &Secret, seen: Seen) -> Token {
    let credential = Arc::new(Credential::bearer(&session.door().origin, secret));
    session.keep_secret(&credential);
    Token { credential, access: claims(secret), seen }
}

/// The query that clients send: `service`, then each `scope`.
fn target(realm: &Endpoint, service: Option<&str>, scopes: &[&str]) -> String {
    let service = service.map(|service| ("service", service));
    let parameters = service.into_iter().chain(scopes.iter().map(|scope| ("scope", *scope)));
    parameters.fold(realm.target.clone(), |mut target, (name, value)| {
        target.push(if target.contains('?') { '&' } else { '?' });
        target + name + "=" + &encoded(value)
    })
}

/// A value of a query. Colons, slashes and commas stay, as clients leave them.
fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/,*".contains(&byte);
    value.bytes().fold(String::new(), |text, byte| match plain(byte) {
        true => text + char::from(byte).encode_utf8(&mut [0; 4]),
        false => text + &format!("%{byte:02X}"),
    })
}

#[derive(Deserialize)]
struct Handed {
    token: Option<String>,
    access_token: Option<String>,
}

fn handed_out(response: &Response) -> Option<Secret> {
    let handed: Handed = serde_json::from_slice(response.whole()?).ok()?;
    let fits = |token: &String| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    handed.token.or(handed.access_token).filter(fits).map(Secret::new)
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    access: Option<Vec<Access>>,
}

/// What the middle part of a JWT says. A token that is none, or has no `access`, is opaque.
fn claims(token: &Secret) -> Option<Vec<Access>> {
    let payload = token.expose().split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice::<Claims>(&bytes).ok()?.access
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_as_clients_do() {
        let asked =
            |realm: &str, service| target(&realm.parse().unwrap(), service, &["repository:team/app:pull", "a b"]);
        assert_eq!(
            asked("https://a/token", Some("my registry")),
            "/token?service=my%20registry&scope=repository:team/app:pull&scope=a%20b"
        );
        assert_eq!(asked("https://a/token?x=1", None), "/token?x=1&scope=repository:team/app:pull&scope=a%20b");
    }

    #[test]
    fn claims_are_read_and_not_believed() {
        let jwt = |payload: &str| Secret::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload)));
        let access = claims(&jwt(r#"{"access":[{"type":"repository","name":"a","actions":["pull"]}]}"#)).unwrap();
        assert_eq!((access[0].name.as_str(), access[0].actions.as_slice()), ("a", ["pull".to_owned()].as_slice()));
        assert_eq!(claims(&jwt(r#"{"access":[]}"#)), Some(Vec::new()));
        assert_eq!(claims(&jwt("{}")), None);
        assert_eq!(claims(&Secret::new("opaque".into())), None);
    }
}
