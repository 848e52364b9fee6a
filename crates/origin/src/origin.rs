//! The door: an origin serves admissions and nothing else, and has no method that takes a path.

use audit::{Admission, Ended};
use policy::{Principal, UploadOwner};
use protocol::{Now, Oci, Request, Tag};

use crate::body::Upload;
use crate::error::StoreError;
use crate::served::Served;
use crate::store::{Store, Work};

/// What stands behind the gate.
#[derive(Debug)]
pub enum Origin {
    /// Our own store.
    Store(Store),
}

impl Origin {
    /// Serves what was permitted and written: the narrowed request of the admission.
    ///
    /// # Errors
    /// [`StoreError`]: the outcome of the request, never a reason to try without an admission.
    pub async fn serve(&self, admission: Admission, body: impl Upload, now: Now) -> Result<Served, StoreError> {
        let (Self::Store(store), permit) = (self, admission.permit());
        match (permit.request(), permit.visible()) {
            (Request::Oci(request), _) => {
                let owner = owner(permit.question().principal());
                store.serve(Work { request, conditions: permit.conditions(), owner: &owner, now, body }).await
            }
            (Request::Catalog { page }, Some(visible)) => store.list_repositories(page, visible, &body).await,
            (Request::Catalog { .. } | Request::Ping { .. } | Request::Token(_), _) => Err(StoreError::Foreign),
        }
    }

    /// Which of the tags exist: what a question needs to know beforehand.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be told.
    pub fn existing_tags(&self, request: &Oci, tags: &[Tag]) -> Result<Vec<Tag>, StoreError> {
        match self {
            Self::Store(store) => store.existing_tags(&request.repository, tags),
        }
    }

    /// Whose upload the request continues; none where it continues none that exists.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be told.
    pub fn upload_owner(&self, request: &Oci) -> Result<Option<UploadOwner>, StoreError> {
        match (self, request.operation.upload()) {
            (Self::Store(store), Some(upload)) => store.upload_owner(&request.repository, upload),
            (Self::Store(_), None) => Ok(None),
        }
    }

    /// Whether the request asks with HEAD for a blob that who asks has brought there: uploaded or mounted.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be told.
    pub fn is_own_blob(&self, request: &Oci, principal: &Principal) -> Result<bool, StoreError> {
        match (self, request.operation.blob_asked_after()) {
            (Self::Store(store), Some(digest)) => store.is_brought_by(&request.repository, digest, &owner(principal)),
            (Self::Store(_), None) => Ok(false),
        }
    }
}

/// Who asks, as the owner of what they open.
fn owner(principal: &Principal) -> UploadOwner {
    UploadOwner { principal: principal.id().cloned(), epoch: principal.epoch() }
}

impl StoreError {
    /// How the request ended, for its outcome.
    #[must_use]
    pub fn ended(&self) -> Ended {
        match self {
            Self::Condition => Ended::Condition,
            Self::Revoked => Ended::Revoked,
            Self::Client => Ended::Client,
            Self::Idle | Self::NoSpace | Self::TooManyUploads { .. } | Self::TooManyHidden { .. } => Ended::Limit,
            Self::Foreign
            | Self::Open { .. }
            | Self::Disk { .. }
            | Self::Damaged { .. }
            | Self::Database(_)
            | Self::Random(_)
            | Self::Undecided(_) => Ended::Upstream,
            Self::BlobUnknown
            | Self::ManifestUnknown
            | Self::UploadUnknown
            | Self::RepositoryUnknown
            | Self::Digest { .. }
            | Self::Manifest(_)
            | Self::MediaType { .. }
            | Self::Reference { .. }
            | Self::Length { .. }
            | Self::UploadBusy
            | Self::BlobInUse { .. } => Ended::Complete,
        }
    }
}
