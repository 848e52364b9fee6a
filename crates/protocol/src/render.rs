//! A request written down again from its parts: what goes on to an origin is this and never what came in.

use http::Method;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderName, IF_NONE_MATCH, RANGE};

use crate::digest::Algorithm;
use crate::request::{Mount, Oci, Operation, Page, Reading, Request};
use crate::scope::Scope;
use crate::token_request::TokenRequest;

/// Method, target and headers of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The method.
    pub method: Method,
    /// Path and query, percent-encoded where that is needed.
    pub target: String,
    /// The headers that belong to the request itself.
    pub headers: Vec<(HeaderName, String)>,
}

impl Request {
    /// Writes the request down. `parse(render(r)) == r` holds for every request; a token request is rendered as the
    /// GET that asks for the same.
    #[must_use]
    pub fn render(&self) -> Rendered {
        match self {
            Self::Ping { reading } => Rendered { method: reading.method(), target: "/v2/".into(), headers: vec![] },
            Self::Token(token) => {
                Rendered { method: Method::GET, target: format!("/token{}", token.query()), headers: vec![] }
            }
            Self::Catalog { page } => {
                Rendered { method: Method::GET, target: format!("/v2/_catalog{}", page.query(None)), headers: vec![] }
            }
            Self::Oci(oci) => oci.render(),
        }
    }
}

impl Oci {
    fn render(&self) -> Rendered {
        let name = &self.repository;
        let (method, target) = match &self.operation {
            Operation::ReadManifest { reference, reading, .. } => {
                (reading.method(), format!("/v2/{name}/manifests/{reference}"))
            }
            Operation::WriteManifest { reference, tags, .. } => {
                let tags = query(tags.iter().map(|tag| ("tag", tag.as_str())));
                (Method::PUT, format!("/v2/{name}/manifests/{reference}{tags}"))
            }
            Operation::DeleteManifest { reference } => (Method::DELETE, format!("/v2/{name}/manifests/{reference}")),
            Operation::ReadBlob { digest, reading, .. } => (reading.method(), format!("/v2/{name}/blobs/{digest}")),
            Operation::DeleteBlob { digest } => (Method::DELETE, format!("/v2/{name}/blobs/{digest}")),
            Operation::OpenUpload { .. } => {
                (Method::POST, format!("/v2/{name}/blobs/uploads/{}", self.operation.open_query()))
            }
            Operation::AppendUpload { upload, .. } => (Method::PATCH, format!("/v2/{name}/blobs/uploads/{upload}")),
            Operation::FinishUpload { upload, digest, .. } => {
                let digest = query([("digest", digest.as_str())]);
                (Method::PUT, format!("/v2/{name}/blobs/uploads/{upload}{digest}"))
            }
            Operation::ReadUpload { upload } => (Method::GET, format!("/v2/{name}/blobs/uploads/{upload}")),
            Operation::CancelUpload { upload } => (Method::DELETE, format!("/v2/{name}/blobs/uploads/{upload}")),
            Operation::ListTags { page } => (Method::GET, format!("/v2/{name}/tags/list{}", page.query(None))),
            Operation::ListReferrers { subject, artifact_type, page } => {
                let filter = artifact_type.as_deref().map(|artifact_type| ("artifactType", artifact_type));
                (Method::GET, format!("/v2/{name}/referrers/{subject}{}", page.query(filter)))
            }
        };
        Rendered { method, target, headers: self.operation.headers() }
    }
}

impl Operation {
    fn open_query(&self) -> String {
        let Self::OpenUpload { mount, digest, algorithm } = self else { return String::new() };
        let mut pairs = Vec::new();
        if let Some(Mount { digest, from }) = mount {
            pairs.push(("mount", digest.as_str()));
            pairs.extend(from.iter().map(|from| ("from", from.as_str())));
        }
        pairs.extend(digest.iter().map(|digest| ("digest", digest.as_str())));
        if digest.is_none() && *algorithm != Algorithm::Sha256 {
            pairs.push(("digest-algorithm", algorithm.as_str()));
        }
        query(pairs)
    }

    fn headers(&self) -> Vec<(HeaderName, String)> {
        let mut headers = Vec::new();
        match self {
            Self::ReadManifest { known, .. } => headers.extend(known.iter().map(|k| (IF_NONE_MATCH, k.to_string()))),
            Self::ReadBlob { range, known, .. } => {
                headers.extend(range.iter().map(|range| (RANGE, range.to_string())));
                headers.extend(known.iter().map(|known| (IF_NONE_MATCH, known.to_string())));
            }
            Self::WriteManifest { media_type, .. } => {
                headers.extend(media_type.iter().map(|media_type| (CONTENT_TYPE, media_type.to_string())));
            }
            Self::AppendUpload { range, .. } | Self::FinishUpload { range, .. } => {
                headers.extend(range.iter().map(|range| (CONTENT_RANGE, range.to_string())));
            }
            Self::DeleteManifest { .. }
            | Self::DeleteBlob { .. }
            | Self::OpenUpload { .. }
            | Self::ReadUpload { .. }
            | Self::CancelUpload { .. }
            | Self::ListTags { .. }
            | Self::ListReferrers { .. } => {}
        }
        headers
    }
}

impl Page {
    /// `?n=…&last=…` behind what the list is filtered by, or nothing.
    fn query(&self, filter: Option<(&str, &str)>) -> String {
        let n = self.n.map(|n| n.to_string());
        let n = n.iter().map(|n| ("n", n.as_str()));
        query(filter.into_iter().chain(n).chain(self.last.iter().map(|last| ("last", last.as_str()))))
    }
}

impl TokenRequest {
    fn query(&self) -> String {
        let scopes: Vec<String> = self.scopes.iter().map(Scope::to_string).collect();
        let service = self.service.iter().map(|service| ("service", service.as_str()));
        let account = self.account.iter().map(|account| ("account", account.as_str()));
        let offline = self.offline.then_some(("offline_token", "true"));
        query(service.chain(account).chain(offline).chain(scopes.iter().map(|scope| ("scope", scope.as_str()))))
    }
}

impl Reading {
    /// The method that asks for it.
    #[must_use]
    pub fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Head => Method::HEAD,
        }
    }
}

fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    if encoded.is_empty() { encoded } else { format!("?{encoded}") }
}
