//! Flaws of what answers say besides what was asked.

use serde_json::{Value, json};

use super::repository::MANIFEST;
use super::{Flaw, PUBLIC, REPOSITORY, Registry, TAG};
use crate::image::digest_of;
use crate::raw::{Answer, Request};

impl Registry {
    /// An answer that says too much; none where it is as it should be.
    pub(super) fn says(&self, request: &Request, path: &str, query: &str) -> Option<Answer> {
        let (private, public) = (&self.state.repositories[REPOSITORY], &self.state.repositories[PUBLIC]);
        let manifest = path == format!("/v2/{REPOSITORY}/manifests/{TAG}");
        let refused = |headers: &[(&str, &str)]| Some(Answer::http(request, 401, headers, b"{}"));
        let challenge = ("WWW-Authenticate", "Basic realm=\"double\"");
        let open = |headers: &[(&str, &str)], body: &Value| {
            Some(Answer::http(request, 200, headers, body.to_string().as_bytes()))
        };
        match () {
            () if manifest && self.may(request, REPOSITORY, "pull") => {
                let headers = [("Content-Type", MANIFEST)];
                self.has(Flaw::CachesAreNotTold).then(|| Answer::http(request, 200, &headers, &private.manifest))
            }
            () if manifest && self.has(Flaw::NamesBucket) => refused(&[challenge, ("x-amz-bucket-region", "eu")]),
            () if manifest && self.has(Flaw::NamesVersion) => refused(&[challenge, ("Server", "registry/2.8.1")]),
            () if path.contains(&digest_of(&public.layer)) && self.has(Flaw::NamesCopySource) => {
                Some(Answer::http(request, 200, &[("x-ms-copy-source", "https://store/private")], &public.layer))
            }
            () if path.matches('/').count() == 1 && self.has(Flaw::PageNamesVersion) => {
                Some(Answer::http(request, 404, &[], b"<hr><center>nginx/1.18.0 (Ubuntu)</center>"))
            }
            () if path == "/api/v1/version" && self.has(Flaw::OpenSystemInfo) => {
                open(&[], &json!({ "version": "1.21.4" }))
            }
            () if path == "/v2/_catalog" => self.paged(request, query),
            () if manifest => self.reasons(request),
            () => self.shows_inside(request, path),
        }
    }

    /// A page of the catalog that says more than the list of what is public.
    fn paged(&self, request: &Request, query: &str) -> Option<Answer> {
        let list = |names: &[&str], headers: &[(&str, &str)]| {
            let body = json!({ "repositories": names }).to_string();
            Some(Answer::http(request, 200, headers, body.as_bytes()))
        };
        let link = ("Link", "<http://registry.internal:5000/v2/_catalog?n=1>; rel=\"next\"");
        match query {
            "" if self.has(Flaw::PageNamesMore) || self.has(Flaw::LinksInside) => list(&[PUBLIC], &[]),
            _ if self.has(Flaw::LinksInside) => list(&[PUBLIC], &[link]),
            _ if self.has(Flaw::PageNamesMore) && query.contains("last=") => list(&["team/third"], &[]),
            _ if self.has(Flaw::PageNamesMore) => list(&[PUBLIC], &[]),
            _ => None,
        }
    }

    /// A refusal with its reasons.
    fn reasons(&self, request: &Request) -> Option<Answer> {
        let error = match () {
            () if self.has(Flaw::NamesVerifier) && request.header("authorization").is_some() => {
                json!({ "message": "dial tcp 10.0.0.7:443: connection refused" })
            }
            () if self.has(Flaw::RefusalNamesOwner) => {
                json!({ "message": "authentication required", "detail": { "owner": "platform" } })
            }
            () if self.has(Flaw::RefusalNamesUpstream) => {
                json!({ "message": "no access to http://registry.internal:5000/app" })
            }
            () => return None,
        };
        let body = json!({ "errors": [error] }).to_string();
        Some(Answer::http(request, 401, &[("WWW-Authenticate", "Basic realm=\"double\"")], body.as_bytes()))
    }

    /// What a parser says that gave up.
    fn shows_inside(&self, request: &Request, path: &str) -> Option<Answer> {
        let inside: &[u8] = match () {
            () if path.ends_with("sha256:xyz") && self.has(Flaw::TracesDigests) => {
                b"panic: digest\n\ngoroutine 7 [running]:"
            }
            () if path.contains("%27%22") && self.has(Flaw::QuotesSql) => b"SQLSTATE 42601",
            () => return None,
        };
        Some(Answer::http(request, 400, &[], inside))
    }
}
