//! What is asked of a token service, and where.

use std::sync::Arc;

use outbound::{Credential, Endpoint, Origin};

use crate::intent::Login;
use crate::request::Request;

/// Where a door sends for tokens.
#[derive(Clone, Debug)]
pub struct Realm {
    /// Where.
    pub at: Endpoint,
    /// For which service.
    pub service: Option<String>,
}

/// What is asked of a token service: `service`, each `scope`, and whatever else.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    pub(super) at: Endpoint,
    parameters: Vec<(&'static str, String)>,
    pub(super) login: Option<Login>,
    is_form: bool,
}

impl Realm {
    /// Asks for a token of these scopes for the door's own service, as nobody in particular.
    #[must_use]
    pub fn asking<S: AsRef<str>>(&self, scopes: &[S]) -> TokenRequest {
        let plain = TokenRequest { at: self.at.clone(), parameters: Vec::new(), login: None, is_form: false };
        let served = self.service.iter().fold(plain, |asking, service| asking.with("service", service));
        scopes.iter().fold(served, |asking, scope| asking.with("scope", scope.as_ref()))
    }
}

impl TokenRequest {
    /// One more parameter, or one more of the same name.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.parameters.push((name, value.to_owned()));
        self
    }

    /// For these services instead.
    #[must_use]
    pub fn for_services(mut self, services: &[&str]) -> Self {
        self.parameters.retain(|(name, _)| *name != "service");
        services.iter().fold(self, |asking, service| asking.with("service", service))
    }

    /// As somebody.
    #[must_use]
    pub fn login(mut self, login: &Login) -> Self {
        self.login = Some(login.clone());
        self
    }

    /// By POST, as OAuth 2 asks (RFC 6749 section 4.3), with the scopes in one field.
    #[must_use]
    pub fn posted(mut self) -> Self {
        self.is_form = true;
        self
    }

    /// Where it is asked.
    pub(crate) fn origin(&self) -> &Origin {
        &self.at.origin
    }

    /// Whether somebody asks, and not nobody in particular.
    #[must_use]
    pub fn is_somebody(&self) -> bool {
        self.login.is_some()
    }

    /// What is sent.
    pub(crate) fn request(&self) -> Request {
        let (origin, login) = (&self.at.origin, self.login.as_ref());
        if self.is_form {
            let login = login.map(|login| Arc::new(Credential::form(origin, &login.user, &login.secret)));
            return Request::form(self.at.target.as_str(), &self.fields(), login.as_ref()).for_token();
        }
        let login = login.map(|login| Arc::new(Credential::basic(origin, &login.user, &login.secret)));
        Request::get(self.target()).credential(login.as_ref()).for_token()
    }

    /// The query that clients send.
    fn target(&self) -> String {
        self.parameters.iter().fold(self.at.target.clone(), |mut target, (name, value)| {
            target.push(if target.contains('?') { '&' } else { '?' });
            target + name + "=" + &encoded(value)
        })
    }

    /// The fields of a form, without the login.
    fn fields(&self) -> String {
        let is_scope = |(name, _): &&(&'static str, String)| *name == "scope";
        let scopes: Vec<&str> = self.parameters.iter().filter(is_scope).map(|(_, value)| value.as_str()).collect();
        let others = self.parameters.iter().filter(|field| !is_scope(field)).cloned();
        let known =
            [("grant_type", "password"), ("client_id", "pullgate-probe")].map(|(name, value)| (name, value.to_owned()));
        let fields = known.into_iter().chain(others).chain([("scope", scopes.join(" "))]);
        fields.map(|(name, value)| format!("{name}={}", encoded(&value))).collect::<Vec<_>>().join("&")
    }
}

/// A value of a query. Colons, slashes and commas stay, as clients leave them.
pub(crate) fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/,*".contains(&byte);
    value.bytes().fold(String::new(), |text, byte| match plain(byte) {
        true => text + char::from(byte).encode_utf8(&mut [0; 4]),
        false => text + &format!("%{byte:02X}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_as_clients_do() {
        let asked = |at: &str, service: Option<&str>| {
            let realm = Realm { at: at.parse().unwrap(), service: service.map(str::to_owned) };
            realm.asking(&["repository:team/app:pull", "a b"]).target()
        };
        assert_eq!(
            asked("https://a/token", Some("my registry")),
            "/token?service=my%20registry&scope=repository:team/app:pull&scope=a%20b"
        );
        assert_eq!(asked("https://a/token?x=1", None), "/token?x=1&scope=repository:team/app:pull&scope=a%20b");
    }
}
