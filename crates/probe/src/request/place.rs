//! Where a token stands in a request: where clients show it, or where nobody should look for one.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use outbound::{Credential, Origin};
use protocol::Secret;
use serde_json::json;

use super::{Request, Value};
use crate::token::encoded;

/// A place in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A header, as a Bearer token (RFC 6750 section 2.1).
    Header(&'static str),
    /// `X-Registry-Auth`, as clients hand it to a Docker daemon.
    RegistryAuth,
    /// A parameter of the query (RFC 6750 section 2.3).
    Query(&'static str),
    /// A cookie of this name.
    Cookie(String),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(formatter, "as a Bearer token in {name}"),
            Self::RegistryAuth => formatter.write_str("encoded in X-Registry-Auth"),
            Self::Query(name) => write!(formatter, "in the query as {name}"),
            Self::Cookie(name) => write!(formatter, "in a cookie {name}"),
        }
    }
}

/// A token in its place, bound to the origin that it may be shown to.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    place: Place,
    credential: Arc<Credential>,
}

impl Placed {
    /// Puts a token in a place; `label` names the variable that stands for it in lines for a shell.
    pub(crate) fn new(place: Place, origin: &Origin, token: &Secret, label: &'static str) -> Self {
        let credential = match &place {
            Place::Header(_) => Credential::bearer(origin, token).labelled(label),
            Place::RegistryAuth => {
                let text = Secret::new(json!({ "registrytoken": token.expose() }).to_string());
                Credential::verbatim(origin, &Secret::new(URL_SAFE.encode(text.expose()))).labelled("REGISTRY_AUTH")
            }
            Place::Query(_) => Credential::verbatim(origin, &Secret::new(encoded(token.expose()))).labelled(label),
            Place::Cookie(_) => Credential::verbatim(origin, token).labelled(label),
        };
        Self { place, credential: Arc::new(credential) }
    }

    /// Where it stands.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }
}

impl Request {
    /// Shows a token in its place. A second one in the query takes the place of the first.
    pub(crate) fn placed(mut self, placed: &Placed) -> Self {
        let credential = Arc::clone(&placed.credential);
        match &placed.place {
            Place::Header(name) => self.headers.push((name.as_bytes().to_vec(), Value::Credential(credential))),
            Place::RegistryAuth => self.headers.push((b"X-Registry-Auth".to_vec(), Value::Credential(credential))),
            Place::Query(name) => self.query = Some(Value::Field((*name).to_owned(), credential)),
            Place::Cookie(name) => self.headers.push((b"Cookie".to_vec(), Value::Field(name.clone(), credential))),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use outbound::Part;

    use super::*;

    const TOKEN: &str = "e30.s3cr_et-token.c2ln";

    fn origin() -> Origin {
        "https://r.example".parse().unwrap()
    }

    fn everywhere() -> [Placed; 6] {
        let placed = |place: Place| Placed::new(place, &origin(), &Secret::new(TOKEN.to_owned()), "TOKEN");
        [
            Place::Header("Authorization"),
            Place::Header("Proxy-Authorization"),
            Place::RegistryAuth,
            Place::Query("access_token"),
            Place::Query("token"),
            Place::Cookie("sid".to_owned()),
        ]
        .map(placed)
    }

    /// The bytes without credentials, which stand as a hash of their own.
    fn plain(request: &Request) -> String {
        let message = request.message(&origin(), "run");
        let part = |part: &Part| match part {
            Part::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Part::Credential(shown) => format!("{}#", shown.scheme()),
        };
        message.parts().iter().map(part).collect()
    }

    #[test]
    fn every_place_is_where_the_wire_has_it() {
        let expected = [
            ("\r\nAuthorization: Bearer#\r\n", r#"-H "Authorization: Bearer $TOKEN""#),
            ("\r\nProxy-Authorization: Bearer#\r\n", r#"-H "Proxy-Authorization: Bearer $TOKEN""#),
            ("\r\nX-Registry-Auth: #\r\n", r#"-H "X-Registry-Auth: $REGISTRY_AUTH""#),
            ("GET /v2/?access_token=# HTTP/1.1\r\n", r#"'https://r.example/v2/'"?access_token=$TOKEN""#),
            ("GET /v2/?token=# HTTP/1.1\r\n", r#"'https://r.example/v2/'"?token=$TOKEN""#),
            ("\r\nCookie: sid=#\r\n", r#"-H "Cookie: sid=$TOKEN""#),
        ];
        for (placed, (bytes, word)) in everywhere().iter().zip(expected) {
            let request = Request::get("/v2/").placed(placed);
            assert!(plain(&request).contains(bytes), "{}", plain(&request));
            assert!(request.curl(&origin()).contains(word), "{}", request.curl(&origin()));
        }
        let [_, _, _, query, ..] = everywhere();
        assert!(plain(&Request::get("/v2/?n=1").placed(&query)).starts_with("GET /v2/?n=1&access_token=# HTTP"));
        let odd = Placed::new(Place::Query("token"), &origin(), &Secret::new("a+b&c=d".to_owned()), "TOKEN");
        assert_eq!(odd.credential.fingerprint(<[u8]>::to_vec), b"a%2Bb%26c%3Dd");
    }

    #[test]
    fn no_place_shows_its_token_to_a_reader() {
        let encoded = URL_SAFE.encode(json!({ "registrytoken": TOKEN }).to_string());
        for placed in everywhere() {
            let request = Request::get("/v2/").placed(&placed).body("text/plain", b"x".to_vec());
            let message = request.message(&origin(), "run");
            assert!(message.length() > message.plain().len(), "it is sent all the same");
            let is_bound = |part: &Part| match part {
                Part::Bytes(_) => true,
                Part::Credential(shown) => *shown.origin() == origin(),
            };
            assert!(message.parts().iter().all(is_bound), "and to its origin alone");
            let shown = [
                format!("{placed:?} {request:?} {message:?}"),
                request.curl(&origin()),
                String::from_utf8(message.plain()).unwrap(),
            ];
            for text in shown {
                assert!(!text.contains(TOKEN) && !text.contains(&encoded), "{}: {text}", placed.place());
            }
        }
    }

    #[test]
    fn no_place_follows_a_redirect_or_speaks_http_2() {
        for placed in everywhere() {
            let request = Request::get("/v2/").placed(&placed);
            let next = request.to("/next");
            assert!(next.message(&origin(), "run").parts().len() == 1, "{}", plain(&next));
            assert!(plain(&next).starts_with("GET /next HTTP/1.1\r\n"), "{}", plain(&next));
            let newer = request.http_2().over_http_2(&origin(), "run").unwrap().unwrap();
            assert_eq!((newer.uri().query(), newer.headers().len()), (None, 2));
        }
    }
}
