//! What is asked for: each sample of each route, of a repository that exists and of one that does not.

use http::Method;
use protocol::{Repository, Request, Route};

use crate::house::CONTENT;

/// A repository with content.
pub(crate) const THERE: &str = "acme/app";
/// A repository that nobody ever pushed to.
pub(crate) const NOWHERE: &str = "acme/non";

/// The digest that samples name, without its algorithm.
const SAMPLE_HEX: &str = "1111111111111111111111111111111111111111111111111111111111111111";
/// The upload that samples name.
const SAMPLE_UPLOAD: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// One request, without a credential.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) route: Route,
    pub(crate) repository: &'static str,
    pub(crate) method: String,
    pub(crate) target: String,
    /// The form of a token request; elsewhere what would be stored if nobody refused it.
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// Each request twice: where everything that it names is there, and where only the digest is known, from elsewhere.
    pub(crate) fn all(digest: &str, upload: &str) -> Vec<[Self; 2]> {
        Route::ALL.into_iter().flat_map(|route| Self::of(route, digest, upload)).collect()
    }

    fn of(route: Route, digest: &str, upload: &str) -> Vec<[Self; 2]> {
        let samples = |name: &'static str, upload: &str| -> Vec<Self> {
            let samples = Request::samples(route, &name.parse::<Repository>().unwrap());
            samples.iter().map(|sample| Self::rendered(sample, name, digest, upload)).collect()
        };
        samples(THERE, upload).into_iter().zip(samples(NOWHERE, SAMPLE_UPLOAD)).map(Into::into).collect()
    }

    fn rendered(sample: &Request, repository: &'static str, digest: &str, upload: &str) -> Self {
        let (route, rendered) = (sample.route(), sample.render());
        let hex = digest.strip_prefix("sha256:").unwrap();
        let target = rendered.target.replace(SAMPLE_HEX, hex).replace(SAMPLE_UPLOAD, upload);
        if let (Request::Token(token), Some((target, form))) = (sample, target.split_once('?'))
            && token.method == Method::POST
        {
            let (method, target, body) = ("POST".to_owned(), target.to_owned(), form.as_bytes().to_vec());
            return Self { route, repository, method, target, body };
        }
        let method = rendered.method.to_string();
        let body = if matches!(method.as_str(), "PUT" | "POST" | "PATCH") { CONTENT.to_vec() } else { Vec::new() };
        Self { route, repository, method, target, body }
    }

    /// The scope that a token needs for it.
    pub(crate) fn scope(&self) -> Option<String> {
        let actions = match self.route {
            Route::Ping | Route::Token => return None,
            Route::ListRepositories => return Some("registry:catalog:*".to_owned()),
            Route::ReadManifest | Route::ReadBlob | Route::ListTags | Route::ListReferrers => "pull",
            Route::DeleteManifest | Route::DeleteBlob => "delete",
            Route::WriteManifest
            | Route::OpenUpload
            | Route::AppendUpload
            | Route::FinishUpload
            | Route::ReadUpload
            | Route::CancelUpload => "pull,push",
        };
        Some(format!("repository:{}:{actions}", self.repository))
    }
}
