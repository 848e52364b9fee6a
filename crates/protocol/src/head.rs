//! The head of a request as the listener hands it over: our own type, so that nothing here depends on a server library.

use std::fmt;

use http::{HeaderMap, HeaderName, Method};

use crate::secret::Secret;

/// Method, target and headers of one request, undecoded; for `POST /token` also its form.
#[derive(Clone, Debug)]
pub struct Head {
    /// The method, compared with case as HTTP does.
    pub method: Method,
    /// The path as it came, before any percent-decoding.
    pub path: String,
    /// What stands behind `?`, as it came.
    pub query: Option<String>,
    /// The headers; repeated ones are kept apart.
    pub headers: HeaderMap,
    /// The form of a token request: at most 64 KiB, read by the listener before anybody is identified.
    pub form: Option<Form>,
}

impl Head {
    /// A head without headers, for samples and tests.
    #[must_use]
    pub fn new(method: Method, target: &str) -> Self {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        Self { method, path: path.to_owned(), query, headers: HeaderMap::new(), form: None }
    }

    /// The value of a header that may stand only once. `Err` where it is repeated or not readable text.
    ///
    /// # Errors
    /// [`Repeated`] names the header.
    pub fn single(&self, name: HeaderName) -> Result<Option<&str>, Repeated> {
        let mut values = self.headers.get_all(&name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| Repeated(name)),
            (Some(_), Some(_)) => Err(Repeated(name)),
        }
    }
}

/// A header that may stand once stands twice, or does not hold visible ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated(HeaderName);

impl fmt::Display for Repeated {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the header `{}` is repeated or not plain text", self.0)
    }
}

/// The fields of an `application/x-www-form-urlencoded` body. Every value is a secret until it is known not to be one.
#[derive(Clone)]
pub struct Form(Vec<(String, Secret)>);

impl Form {
    /// Decodes a body.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        let fields = form_urlencoded::parse(body);
        Self(fields.map(|(name, value)| (name.into_owned(), Secret::new(value.into_owned()))).collect())
    }

    /// The values of a field, in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Secret> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value)
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
