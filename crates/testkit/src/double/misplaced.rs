//! Tokens that are good, shown where they are not: of another kind, in another place, two at once.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};

use super::forged::Shown;
use super::token::{Asked, part};
use super::{Flaw, Registry, SECOND, USER};
use crate::raw::{Answer, Request};

/// Says that somebody is [`USER`], and not what for.
pub const ID_TOKEN: &str = "e30.who-is-ci.c2ln";
/// Opens [`CONSOLE`].
pub const API_TOKEN: &str = "api-token-of-ci";
/// The name of the cookie that opens [`CONSOLE`].
pub const COOKIE: &str = "sid";
/// The value of this cookie.
pub const SESSION: &str = "console-session-of-ci";
/// The page of whoever is logged in at the console.
pub const CONSOLE: &str = "/console/me";
/// The number of every refresh token.
const REFRESH: &str = "refresh";

impl Registry {
    /// What gets [`USER`] and everybody else the next token, which nobody does here.
    pub(super) fn refresh_token(&self, user: &str) -> String {
        let now = self.now();
        let claims = match self.has(Flaw::EndlessRefresh) {
            true => json!({ "sub": user, "jti": REFRESH }),
            false => json!({ "sub": user, "jti": REFRESH, "iat": now, "exp": now + 3600 }),
        };
        format!("{}.{}.c2ln", part(&json!({ "alg": "ES256" })), part(&claims))
    }

    /// The page of whoever is logged in.
    pub(super) fn console(&self, request: &Request) -> Answer {
        let is_known =
            matches!(bearer(request), Some(ID_TOKEN | API_TOKEN)) || cookie(request, COOKIE) == Some(SESSION);
        match is_known {
            true => Answer::http(request, 200, &[], json!({ "name": USER }).to_string().as_bytes()),
            false => Answer::http(request, 401, &[], b"{}"),
        }
    }

    /// Whether a token of another kind is taken for one that opens the private repository.
    pub(super) fn takes(&self, request: &Request) -> bool {
        let shown = bearer(request);
        let is_refresh = |claims: &Value| claims["jti"] == REFRESH && claims["sub"] == USER;
        let ways = [
            (Flaw::RefreshTokensOpen, shown.and_then(Shown::read).is_some_and(|token| is_refresh(&token.claims))),
            (Flaw::IdTokensOpen, shown == Some(ID_TOKEN)),
            (Flaw::ApiTokensOpen, shown == Some(API_TOKEN)),
            (Flaw::ConsoleTokensOpen, shown == Some(SESSION)),
            (Flaw::ConsoleCookiesOpen, cookie(request, COOKIE) == Some(SESSION)),
        ];
        ways.into_iter().any(|(flaw, fits)| fits && self.has(flaw))
    }

    /// A token that stands where nobody should look for it, as if it stood where it belongs.
    pub(super) fn misplaced(&self, request: &Request) -> Option<String> {
        let asked = Asked::read(request.target.split_once('?').map_or("", |(_, query)| query));
        let field = |name: &str| asked.all(name).first().map(|token| (*token).to_owned());
        let baked = |name: &str| cookie(request, name).map(str::to_owned);
        let header = |name: &str| request.header(name)?.strip_prefix("Bearer ").map(str::to_owned);
        let places = [
            (Flaw::AccessTokensInQueries, field("access_token")),
            (Flaw::TokensInQueries, field("token")),
            (Flaw::AccessTokensInCookies, baked("access_token")),
            (Flaw::TokensInCookies, baked("token")),
            (Flaw::RegistryAuthIsBearer, header("x-registry-auth")),
            (Flaw::RegistryAuthIsDecoded, decoded(request)),
            (Flaw::ProxyAuthorizationIsOwn, header("proxy-authorization")),
        ];
        let found = places.into_iter().find_map(|(flaw, token)| token.filter(|_| self.has(flaw)));
        found.map(|token| format!("Bearer {token}"))
    }

    /// Whether two credentials open what none of them does.
    pub(super) fn merges(&self, request: &Request) -> bool {
        let all: Vec<&str> = request.all("authorization").collect();
        let [first, last] = all[..] else { return false };
        let is_good = |shown: &str| shown.strip_prefix("Bearer ").is_some_and(|token| self.knows(token));
        let says = |shown: &str| {
            let token = shown.strip_prefix("Bearer ").and_then(Shown::read);
            token.is_some_and(|token| token.claims["access"][0]["name"] == SECOND)
        };
        let ways = [
            (Flaw::LastHeaderIsUsed, is_good(first) && says(last)),
            (Flaw::FirstHeaderIsUsed, says(first) && is_good(last)),
            (Flaw::LastHeaderMayBeEmpty, is_good(first) && last.is_empty()),
            (Flaw::FirstHeaderMayBeEmpty, first.is_empty() && is_good(last)),
            (Flaw::AnyHeaderOpens, is_good(first) || is_good(last)),
        ];
        ways.into_iter().any(|(flaw, fits)| fits && self.has(flaw))
    }
}

fn bearer(request: &Request) -> Option<&str> {
    request.header("authorization")?.strip_prefix("Bearer ")
}

fn cookie<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let pairs = request.header("cookie")?.split("; ").filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// The token in what clients hand to a Docker daemon.
fn decoded(request: &Request) -> Option<String> {
    let text = URL_SAFE.decode(request.header("x-registry-auth")?).ok()?;
    let value: Value = serde_json::from_slice(&text).ok()?;
    value["registrytoken"].as_str().map(str::to_owned)
}
