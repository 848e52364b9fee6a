//! What a client asks of the token endpoint (distribution, "Token Authentication Specification"; RFC 6749 section 4.3).

use http::Method;
use http::header::AUTHORIZATION;

use crate::head::{Form, Head};
use crate::query::{Query, shown};
use crate::request::Malformed;
use crate::scope::Scope;
use crate::secret::Secret;

/// The most scopes that one request may ask for.
const MAX_SCOPES: usize = 32;

/// One request for an access token; who asks stands in a header or in the form, and is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// GET with a query or POST with a form.
    pub method: Method,
    /// Which service the token is for; absent means the only one there is.
    pub service: Option<String>,
    /// What is asked for; scopes that we do not know are left out, and so granted nothing.
    pub scopes: Vec<Scope>,
    /// The account that the client believes to be: a hint for the record, never an identity.
    pub account: Option<String>,
    /// The client also wants a refresh token.
    pub offline: bool,
}

/// User name and password in the form of a `POST /token`.
#[derive(Clone, Debug)]
pub struct PasswordGrant {
    /// The name that was typed.
    pub username: String,
    /// The password that came with it.
    pub password: Secret,
}

impl TokenRequest {
    pub(crate) fn sample(method: Method, scope: Scope) -> Self {
        Self { method, service: None, scopes: vec![scope], account: None, offline: false }
    }

    pub(crate) fn parse(head: &Head) -> Result<Self, Malformed> {
        let query = Query::parse(head.query.as_deref())?;
        match (&head.method, &head.form) {
            (&Method::POST, Some(form)) => Self::of_form(head, form),
            (&Method::GET, None) => Self::of_query(&query),
            _ => Err(Malformed::method()),
        }
    }

    fn of_query(query: &Query) -> Result<Self, Malformed> {
        Ok(Self {
            method: Method::GET,
            service: service(query.one("service"))?,
            scopes: scopes(query.all("scope"))?,
            account: query.one("account").map(str::to_owned),
            offline: query.one("offline_token") == Some("true"),
        })
    }

    fn of_form(head: &Head, form: &Form) -> Result<Self, Malformed> {
        let grant = single(form, "grant_type")?;
        if !matches!(grant, None | Some("password")) {
            return Err(Malformed::query(format!("the grant type `{}` is not supported", shown(grant.unwrap_or("")))));
        }
        if form.password_grant()?.is_some() && head.headers.contains_key(AUTHORIZATION) {
            return Err(Malformed::query("credentials stand in the header and in the form: send one of them".into()));
        }
        Ok(Self {
            method: Method::POST,
            service: service(single(form, "service")?)?,
            scopes: scopes(form.values("scope").map(Secret::expose))?,
            account: single(form, "username")?.map(str::to_owned),
            offline: single(form, "access_type")? == Some("offline"),
        })
    }
}

impl Form {
    /// The credentials in the form, if any.
    ///
    /// # Errors
    /// Where a field is repeated.
    pub fn password_grant(&self) -> Result<Option<PasswordGrant>, Malformed> {
        let username = single(self, "username")?.unwrap_or_default().to_owned();
        single(self, "password")?;
        let password = self.values("password").next().filter(|password| !password.expose().is_empty());
        Ok(password.map(|password| PasswordGrant { username, password: password.clone() }))
    }
}

fn single<'a>(form: &'a Form, name: &'a str) -> Result<Option<&'a str>, Malformed> {
    let mut values = form.values(name);
    match (values.next(), values.next()) {
        (value, None) => Ok(value.map(Secret::expose)),
        (_, Some(_)) => Err(Malformed::query(format!("the field `{name}` is repeated"))),
    }
}

fn service(value: Option<&str>) -> Result<Option<String>, Malformed> {
    match value {
        Some("") => Err(Malformed::query("the parameter `service` is empty: leave it out or name this service".into())),
        value => Ok(value.map(str::to_owned)),
    }
}

/// Repeated parameters and scopes joined by spaces both occur; the same repository asked for twice is asked once.
fn scopes<'a>(values: impl Iterator<Item = &'a str>) -> Result<Vec<Scope>, Malformed> {
    let words: Vec<&str> = values.flat_map(|value| value.split(' ')).filter(|word| !word.is_empty()).collect();
    if words.len() > MAX_SCOPES {
        return Err(Malformed::query(format!("a token request has at most {MAX_SCOPES} scopes")));
    }
    Ok(words.into_iter().filter_map(Scope::parse).fold(Vec::new(), Scope::merged))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    fn get(query: &str) -> Result<TokenRequest, Malformed> {
        TokenRequest::parse(&Head::new(Method::GET, &format!("/token?{query}")))
    }

    fn post(form: &str) -> Result<TokenRequest, Malformed> {
        let mut head = Head::new(Method::POST, "/token");
        head.form = Some(Form::parse(form.as_bytes()));
        TokenRequest::parse(&head)
    }

    fn printed(request: &TokenRequest) -> Vec<String> {
        request.scopes.iter().map(Scope::to_string).collect()
    }

    #[test]
    fn repeated_and_joined_scopes() {
        let asked = "scope=repository:a:pull&scope=repository:b:push+repository:a:push&scope=nonsense";
        for request in [get(asked).unwrap(), post(asked).unwrap()] {
            assert_eq!(printed(&request), ["repository:a:pull,push", "repository:b:push"]);
        }
    }

    #[test]
    fn too_many_scopes() {
        let many =
            |count: usize| (0..count).map(|n| format!("scope=repository:r{n}:pull")).collect::<Vec<_>>().join("&");
        assert_eq!(get(&many(32)).unwrap().scopes.len(), 32);
        assert_eq!(get(&many(33)).unwrap_err().problem.status, 400);
    }

    #[test]
    fn docker_login() {
        let request = get("account=ci&client_id=docker&offline_token=true&service=pullgate").unwrap();
        assert!(request.offline && request.scopes.is_empty());
        assert_eq!(request.account.as_deref(), Some("ci"));
    }

    #[test]
    fn refused_forms() {
        for bad in
            ["service=", "grant_type=refresh_token&refresh_token=x", "password=a&password=b", "service=a&service=b"]
        {
            assert_eq!(post(bad).unwrap_err().problem.status, 400, "{bad}");
        }
        assert_eq!(get("service=a&service=b").unwrap_err().problem.status, 400);
    }

    #[test]
    fn credentials_twice() {
        let mut head = Head::new(Method::POST, "/token");
        head.form = Some(Form::parse(b"grant_type=password&username=a&password=b"));
        head.headers.insert(AUTHORIZATION, "Basic Og==".parse().unwrap());
        assert_eq!(Request::parse(&head).unwrap_err().problem.status, 400);
    }
}
