//! Flaws of what refusals and pages tell.

use std::thread;
use std::time::Duration;

use serde_json::json;

use super::{Flaw, REPOSITORY, Registry};
use crate::raw::{Answer, Request};

/// How long a lookup takes that happens before a refusal.
const LOOKUP: Duration = Duration::from_millis(8);

impl Registry {
    /// A refusal that tells what exists; none where it is as it should be.
    pub(super) fn tells(&self, request: &Request) -> Option<Answer> {
        let exists = request.target.starts_with(&format!("/v2/{REPOSITORY}/"));
        let challenge = ("WWW-Authenticate", "Basic realm=\"double\"");
        match () {
            () if !exists && self.has(Flaw::TellsWhatExists) && request.target.starts_with("/v2/team/") => {
                Some(Answer::http(request, 404, &[], b"{}"))
            }
            () if exists && self.has(Flaw::TellsByHeader) => {
                Some(Answer::http(request, 401, &[challenge, ("X-Storage", "s3")], b"{}"))
            }
            () if self.has(Flaw::TellsByHeader) => Some(Answer::http(request, 401, &[challenge], b"{}")),
            () if self.has(Flaw::TellsByBody) => {
                let owner = if exists { "team" } else { "nobody" };
                let body = json!({ "name": request.target.split('/').nth(3), "owner": owner }).to_string();
                Some(Answer::http(request, 401, &[challenge], body.as_bytes()))
            }
            () if self.has(Flaw::TellsWhoIsKnown) && self.grant(request).is_some() => {
                let exists = self.state.repositories.keys().any(|name| request.target.contains(name));
                (!exists).then(|| Answer::http(request, 404, &[], b"{}"))
            }
            () if exists && self.has(Flaw::TellsByTime) => {
                thread::sleep(LOOKUP);
                None
            }
            () => None,
        }
    }

    /// Whether the token service knows nothing of what is asked for, and says so.
    pub(super) fn tells_at_realm(&self, query: &str) -> bool {
        let known = self.state.repositories.keys().any(|name| query.contains(name));
        !known && query.contains("scope=repository:") && self.has(Flaw::TellsAtRealm)
    }

    /// Where the realm is, where that comes from the request.
    pub(super) fn realm_from(&self, request: &Request) -> Option<String> {
        let (scheme, host) = self.base.split_once("://")?;
        match () {
            () if self.has(Flaw::RealmFromHost) => Some(format!("{scheme}://{}", request.header("host")?)),
            () if self.has(Flaw::RealmFromForwarded) => {
                Some(format!("{scheme}://{}", request.header("x-forwarded-host")?))
            }
            () if self.has(Flaw::SchemeFromForwarded) => {
                Some(format!("{}://{host}", request.header("x-forwarded-proto")?))
            }
            () => None,
        }
    }

    /// A page beside the API that nobody should get.
    pub(super) fn page(&self, request: &Request, path: &str) -> Option<Answer> {
        let (flaw, body) = match path {
            "/metrics" => (Flaw::OpenMetrics, "# TYPE requests counter\nrequests 7\n"),
            "/debug/pprof/" => (Flaw::OpenProfiles, "<a href=\"heap\">heap</a>"),
            "/admin" => (Flaw::OpenConsole, "<html>users</html>"),
            "/.well-known/openid-configuration" => {
                (Flaw::NamesHostInside, r#"{"issuer":"https://keycloak.auth.svc/realms/x"}"#)
            }
            _ => return None,
        };
        self.has(flaw).then(|| Answer::http(request, 200, &[], body.as_bytes()))
    }
}
