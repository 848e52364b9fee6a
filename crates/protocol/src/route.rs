//! Every kind of request that exists, as a list: tests walk it, so that no route arrives without its refusals.

use http::Method;

use crate::digest::{Algorithm, Digest};
use crate::name::{Reference, Repository, Tag, UploadId};
use crate::request::{Mount, Oci, Operation, Page, Reading, Request};
use crate::scope::Scope;
use crate::token_request::TokenRequest;

/// The kind of a request, without its particulars; the journal names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Route {
    /// `GET /v2/`
    Ping,
    /// `GET /v2/<name>/manifests/<reference>`
    ReadManifest,
    /// `PUT /v2/<name>/manifests/<reference>`
    WriteManifest,
    /// `DELETE /v2/<name>/manifests/<reference>`
    DeleteManifest,
    /// `GET /v2/<name>/blobs/<digest>`
    ReadBlob,
    /// `DELETE /v2/<name>/blobs/<digest>`
    DeleteBlob,
    /// `POST /v2/<name>/blobs/uploads/`
    OpenUpload,
    /// `PATCH /v2/<name>/blobs/uploads/<id>`
    AppendUpload,
    /// `PUT /v2/<name>/blobs/uploads/<id>`
    FinishUpload,
    /// `GET /v2/<name>/blobs/uploads/<id>`
    ReadUpload,
    /// `DELETE /v2/<name>/blobs/uploads/<id>`
    CancelUpload,
    /// `GET /v2/<name>/tags/list`
    ListTags,
    /// `GET /v2/<name>/referrers/<digest>`
    ListReferrers,
    /// `GET /v2/_catalog`
    ListRepositories,
    /// `GET /token`, `POST /token`
    Token,
}

impl Route {
    /// Every route there is.
    pub const ALL: [Self; 15] = [
        Self::Ping,
        Self::ReadManifest,
        Self::WriteManifest,
        Self::DeleteManifest,
        Self::ReadBlob,
        Self::DeleteBlob,
        Self::OpenUpload,
        Self::AppendUpload,
        Self::FinishUpload,
        Self::ReadUpload,
        Self::CancelUpload,
        Self::ListTags,
        Self::ListReferrers,
        Self::ListRepositories,
        Self::Token,
    ];

    /// The name in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::ReadManifest => "read-manifest",
            Self::WriteManifest => "write-manifest",
            Self::DeleteManifest => "delete-manifest",
            Self::ReadBlob => "read-blob",
            Self::DeleteBlob => "delete-blob",
            Self::OpenUpload => "open-upload",
            Self::AppendUpload => "append-upload",
            Self::FinishUpload => "finish-upload",
            Self::ReadUpload => "read-upload",
            Self::CancelUpload => "cancel-upload",
            Self::ListTags => "list-tags",
            Self::ListReferrers => "list-referrers",
            Self::ListRepositories => "list-repositories",
            Self::Token => "token",
        }
    }
}

impl Request {
    /// Plain requests of a route, every method of it: what tests and tables start from.
    #[must_use]
    pub fn samples(route: Route, repository: &Repository) -> Vec<Self> {
        let readings = [Reading::Get, Reading::Head];
        let oci = |operation| Self::Oci(Oci { repository: repository.clone(), operation });
        let Some(sample) = Sample::new() else { return Vec::new() };
        let (tag, digest, upload) = (sample.tag, sample.digest, sample.upload);
        let references = [Reference::Tag(tag.clone()), Reference::Digest(digest.clone())];
        match route {
            Route::Ping => readings.map(|reading| Self::Ping { reading }).to_vec(),
            Route::ReadManifest => references
                .into_iter()
                .flat_map(|reference| readings.map(|reading| (reference.clone(), reading)))
                .map(|(reference, reading)| oci(Operation::ReadManifest { reference, reading, known: None }))
                .collect(),
            Route::WriteManifest => references
                .into_iter()
                .map(|reference| oci(Operation::WriteManifest { reference, tags: Vec::new(), media_type: None }))
                .collect(),
            Route::DeleteManifest => {
                references.into_iter().map(|reference| oci(Operation::DeleteManifest { reference })).collect()
            }
            Route::ReadBlob => readings
                .into_iter()
                .map(|reading| oci(Operation::ReadBlob { digest: digest.clone(), reading, range: None, known: None }))
                .collect(),
            Route::DeleteBlob => vec![oci(Operation::DeleteBlob { digest })],
            Route::OpenUpload => [None, Some(Mount { digest, from: Some(repository.clone()) })]
                .map(|mount| oci(Operation::OpenUpload { mount, digest: None, algorithm: Algorithm::Sha256 }))
                .to_vec(),
            Route::AppendUpload => vec![oci(Operation::AppendUpload { upload, range: None })],
            Route::FinishUpload => vec![oci(Operation::FinishUpload { upload, digest, range: None })],
            Route::ReadUpload => vec![oci(Operation::ReadUpload { upload })],
            Route::CancelUpload => vec![oci(Operation::CancelUpload { upload })],
            Route::ListTags => vec![oci(Operation::ListTags { page: Page::default() })],
            Route::ListReferrers => {
                let page = Page::default();
                vec![oci(Operation::ListReferrers { subject: digest, artifact_type: None, page })]
            }
            Route::ListRepositories => vec![Self::Catalog { page: Page::default() }],
            Route::Token => [Method::GET, Method::POST]
                .into_iter()
                .map(|method| Self::Token(TokenRequest::sample(method, Scope::pull(repository))))
                .collect(),
        }
    }
}

/// Names that are valid by construction; parsing them cannot fail, and a test holds that.
struct Sample {
    tag: Tag,
    digest: Digest,
    upload: UploadId,
}

impl Sample {
    fn new() -> Option<Self> {
        Some(Self {
            tag: "v1".parse().ok()?,
            digest: Digest::from_hash(Algorithm::Sha256, &[0x11; 32])?,
            upload: "AAAAAAAAAAAAAAAAAAAAAA".parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_samples_of_its_own() {
        let repository: Repository = "team/app".parse().unwrap();
        for route in Route::ALL {
            let samples = Request::samples(route, &repository);
            assert!(!samples.is_empty(), "{route:?}");
            assert!(samples.iter().all(|sample| sample.route() == route), "{route:?}");
        }
    }
}
