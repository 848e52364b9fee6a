//! A request, parsed once: what is decided, recorded and served is this type and never the raw path.

mod parse;

use crate::access::{Access, Accesses, Action};
use crate::conditional::{ByteRange, ContentRange, EntityTags};
use crate::digest::{Algorithm, Digest};
use crate::head::Head;
use crate::media_type::MediaType;
use crate::name::{NameError, Reference, Repository, Tag, UploadId};
use crate::problem::{ErrorCode, Problem};
use crate::route::Route;
use crate::scope::{Scope, WireAction};
use crate::token_request::TokenRequest;

/// Everything that may be asked of pullgate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `/v2/`: is this a registry, and am I somebody?
    Ping {
        /// GET or HEAD.
        reading: Reading,
    },
    /// Something about one repository (OCI distribution-spec).
    Oci(Oci),
    /// `/v2/_catalog`: which repositories are there? No part of the distribution-spec, and older than it.
    Catalog {
        /// Which part of the list.
        page: Page,
    },
    /// An access token (distribution, token specification).
    Token(TokenRequest),
}

/// A request about one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oci {
    /// Which repository.
    pub repository: Repository,
    /// What about it.
    pub operation: Operation,
}

/// The operations of the distribution-spec; the end-points are those of its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// end-3: fetch a manifest.
    ReadManifest {
        /// By tag or digest.
        reference: Reference,
        /// GET or HEAD.
        reading: Reading,
        /// What the client has already.
        known: Option<EntityTags>,
    },
    /// end-7: store a manifest.
    WriteManifest {
        /// Under this tag or digest.
        reference: Reference,
        /// And, where it is stored by digest, under these tags.
        tags: Vec<Tag>,
        /// As `Content-Type` says; where it is absent the manifest itself says it.
        media_type: Option<MediaType>,
    },
    /// end-9: delete a tag, or a manifest with all its tags.
    DeleteManifest {
        /// Tag or digest.
        reference: Reference,
    },
    /// end-2: fetch a blob.
    ReadBlob {
        /// Which one.
        digest: Digest,
        /// GET or HEAD.
        reading: Reading,
        /// Which part of it.
        range: Option<ByteRange>,
        /// What the client has already.
        known: Option<EntityTags>,
    },
    /// end-10: delete a blob from the repository.
    DeleteBlob {
        /// Which one.
        digest: Digest,
    },
    /// end-4 and end-11: begin an upload, or take a blob over from another repository.
    OpenUpload {
        /// The blob to take over, if the client knows of one.
        mount: Option<Mount>,
        /// The whole blob follows in the body (end-4b).
        digest: Option<Digest>,
        /// The hash function that the blob will be named by.
        algorithm: Algorithm,
    },
    /// end-5: add bytes to an upload.
    AppendUpload {
        /// Which upload.
        upload: UploadId,
        /// Where the client believes the bytes belong.
        range: Option<ContentRange>,
    },
    /// end-6: the last bytes, and the name of the whole.
    FinishUpload {
        /// Which upload.
        upload: UploadId,
        /// What the content must hash to.
        digest: Digest,
        /// Where the client believes the last bytes belong.
        range: Option<ContentRange>,
    },
    /// end-13: how far is the upload?
    ReadUpload {
        /// Which upload.
        upload: UploadId,
    },
    /// end-14: give the upload up.
    CancelUpload {
        /// Which upload.
        upload: UploadId,
    },
    /// end-8: the tags of the repository.
    ListTags {
        /// Which part of the list.
        page: Page,
    },
    /// end-12: what refers to a manifest.
    ListReferrers {
        /// The manifest that is referred to; nothing says that it is there.
        subject: Digest,
        /// Only what is of this artifact type.
        artifact_type: Option<String>,
        /// Which part of the list.
        page: Page,
    },
}

/// GET or HEAD: decided alike, answered with or without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// With the body.
    Get,
    /// The head alone.
    Head,
}

/// A blob that a client would rather not upload again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Which blob.
    pub digest: Digest,
    /// Where it stands; without a source a mount is a plain upload.
    pub from: Option<Repository>,
}

/// Part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most so many entries.
    pub n: Option<u64>,
    /// Only what sorts behind this entry.
    pub last: Option<String>,
}

/// A request that does not parse, and so does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", problem.message)]
pub struct Malformed {
    /// What the client reads.
    pub problem: Problem,
}

impl Malformed {
    fn new(status: u16, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { problem: Problem::new(status, code, message) }
    }

    /// A query, form or header that contradicts itself: 400.
    #[must_use]
    pub fn query(message: String) -> Self {
        Self::new(400, ErrorCode::Unsupported, message)
    }

    /// A known path and a method that it does not have: 405.
    #[must_use]
    pub fn method() -> Self {
        Self::new(405, ErrorCode::Unsupported, "this method does not exist here")
    }

    /// No such path: 404.
    #[must_use]
    pub fn path() -> Self {
        Self::new(404, ErrorCode::Unsupported, "there is nothing under this path")
    }

    fn name(error: NameError) -> Self {
        let code = match error {
            NameError::Repository | NameError::RepositoryTooLong => ErrorCode::NameInvalid,
            NameError::Tag => ErrorCode::ManifestInvalid,
            NameError::Digest => ErrorCode::DigestInvalid,
            NameError::Upload => return Self::new(404, ErrorCode::BlobUploadUnknown, "no such upload"),
        };
        Self::new(400, code, error.to_string())
    }
}

impl Request {
    /// Reads a request from its head. What is outside the grammar is refused, not repaired.
    ///
    /// # Errors
    /// [`Malformed`] with the status and code of the answer.
    pub fn parse(head: &Head) -> Result<Self, Malformed> {
        match head.path.as_str() {
            "/token" => TokenRequest::parse(head).map(Self::Token),
            "/v2" | "/v2/" => parse::reading(head).map(|reading| Self::Ping { reading }),
            "/v2/_catalog" => parse::catalog(head).map(|page| Self::Catalog { page }),
            path => parse::oci(head, path).map(Self::Oci),
        }
    }

    /// The kind of request.
    #[must_use]
    pub fn route(&self) -> Route {
        match self {
            Self::Ping { .. } => Route::Ping,
            Self::Token(_) => Route::Token,
            Self::Catalog { .. } => Route::ListRepositories,
            Self::Oci(oci) => oci.operation.route(),
        }
    }

    /// What it touches. Whether a tag is created or moved is not known here: it reads `create-tag` until whoever
    /// decides has been told which tags exist.
    #[must_use]
    pub fn accesses(&self) -> Accesses {
        match self {
            Self::Ping { .. } => Accesses::Identity,
            Self::Token(token) => Accesses::Scopes(token.scopes.clone()),
            Self::Catalog { .. } => Accesses::Filter(Action::ListRepositories),
            Self::Oci(oci) => oci.accesses(),
        }
    }

    /// Everything that a token must carry for it: the `scope` of its challenge.
    #[must_use]
    pub fn needed_scopes(&self) -> Vec<Scope> {
        match self {
            Self::Ping { .. } | Self::Token(_) => Vec::new(),
            Self::Catalog { .. } => vec![Scope::Catalog { granted: true }],
            Self::Oci(oci) => oci.needed_scopes(),
        }
    }

    /// The same request without what it only wished for: a mount becomes a plain upload.
    #[must_use]
    pub fn without_wish(mut self) -> Self {
        if let Self::Oci(Oci { operation: Operation::OpenUpload { mount, .. }, .. }) = &mut self {
            *mount = None;
        }
        self
    }

    /// The repository it is about, if it is about one.
    #[must_use]
    pub fn repository(&self) -> Option<&Repository> {
        match self {
            Self::Oci(oci) => Some(&oci.repository),
            Self::Ping { .. } | Self::Catalog { .. } | Self::Token(_) => None,
        }
    }

    /// Whether the answer has a head only.
    #[must_use]
    pub fn is_head(&self) -> bool {
        match self {
            Self::Ping { reading } => *reading == Reading::Head,
            Self::Oci(Oci {
                operation: Operation::ReadManifest { reading, .. } | Operation::ReadBlob { reading, .. },
                ..
            }) => *reading == Reading::Head,
            Self::Oci(_) | Self::Catalog { .. } | Self::Token(_) => false,
        }
    }
}

impl Oci {
    fn needed_scopes(&self) -> Vec<Scope> {
        let Self { repository, operation } = self;
        let pull = [WireAction::Pull].as_slice();
        let push = [WireAction::Pull, WireAction::Push].as_slice();
        match operation {
            Operation::ReadManifest { .. }
            | Operation::ReadBlob { .. }
            | Operation::ListTags { .. }
            | Operation::ListReferrers { .. } => vec![Scope::of(repository, pull)],
            Operation::DeleteManifest { .. } | Operation::DeleteBlob { .. } => {
                vec![Scope::of(repository, &[WireAction::Delete])]
            }
            Operation::OpenUpload { mount: Some(Mount { from: Some(from), .. }), .. } => {
                vec![Scope::of(repository, push), Scope::of(from, pull)].into_iter().fold(Vec::new(), Scope::merged)
            }
            Operation::WriteManifest { .. }
            | Operation::OpenUpload { .. }
            | Operation::AppendUpload { .. }
            | Operation::FinishUpload { .. }
            | Operation::ReadUpload { .. }
            | Operation::CancelUpload { .. } => vec![Scope::of(repository, push)],
        }
    }

    fn accesses(&self) -> Accesses {
        let one = |action| Accesses::Every(vec![Access::new(action, &self.repository)]);
        match &self.operation {
            Operation::ReadManifest { .. } => one(Action::ReadManifest),
            Operation::ReadBlob { .. } => one(Action::ReadBlob),
            Operation::ListTags { .. } => one(Action::ListTags),
            Operation::ListReferrers { .. } => one(Action::ListReferrers),
            Operation::DeleteBlob { .. } => one(Action::DeleteBlob),
            Operation::DeleteManifest { reference: Reference::Digest(_) } => one(Action::DeleteManifest),
            Operation::DeleteManifest { reference: Reference::Tag(tag) } => {
                Accesses::Every(vec![Access::of_tag(Action::DeleteTag, &self.repository, tag)])
            }
            Operation::WriteManifest { .. } => {
                let write = Access::new(Action::WriteManifest, &self.repository);
                let tags = self.operation.written_tags();
                let tags = tags.map(|tag| Access::of_tag(Action::CreateTag, &self.repository, tag));
                Accesses::Every(std::iter::once(write).chain(tags).collect())
            }
            Operation::OpenUpload { mount: Some(Mount { from: Some(from), .. }), .. } => Accesses::Narrowing {
                every: vec![Access::new(Action::WriteBlob, &self.repository)],
                wish: Access::new(Action::MountFrom, from),
            },
            Operation::OpenUpload { .. }
            | Operation::AppendUpload { .. }
            | Operation::FinishUpload { .. }
            | Operation::ReadUpload { .. }
            | Operation::CancelUpload { .. } => one(Action::WriteBlob),
        }
    }
}

impl Operation {
    /// The tags that a manifest PUT gives to what it stores.
    #[expect(clippy::wildcard_enum_match_arm, reason = "one operation has tags, the others never will")]
    pub fn written_tags(&self) -> impl Iterator<Item = &Tag> {
        let (reference, more) = match self {
            Self::WriteManifest { reference, tags, .. } => (Some(reference), tags.as_slice()),
            _ => (None, [].as_slice()),
        };
        reference.and_then(Reference::tag).into_iter().chain(more)
    }

    /// The upload that it continues, asks after or ends.
    #[expect(clippy::wildcard_enum_match_arm, reason = "four operations name an upload, the others never will")]
    #[must_use]
    pub fn upload(&self) -> Option<&UploadId> {
        match self {
            Self::AppendUpload { upload, .. }
            | Self::FinishUpload { upload, .. }
            | Self::ReadUpload { upload }
            | Self::CancelUpload { upload } => Some(upload),
            _ => None,
        }
    }

    /// The blob that it asks after with HEAD: whether it is there, and not what it holds.
    #[must_use]
    pub fn blob_asked_after(&self) -> Option<&Digest> {
        if let Self::ReadBlob { digest, reading: Reading::Head, .. } = self { Some(digest) } else { None }
    }

    fn route(&self) -> Route {
        match self {
            Self::ReadManifest { .. } => Route::ReadManifest,
            Self::WriteManifest { .. } => Route::WriteManifest,
            Self::DeleteManifest { .. } => Route::DeleteManifest,
            Self::ReadBlob { .. } => Route::ReadBlob,
            Self::DeleteBlob { .. } => Route::DeleteBlob,
            Self::OpenUpload { .. } => Route::OpenUpload,
            Self::AppendUpload { .. } => Route::AppendUpload,
            Self::FinishUpload { .. } => Route::FinishUpload,
            Self::ReadUpload { .. } => Route::ReadUpload,
            Self::CancelUpload { .. } => Route::CancelUpload,
            Self::ListTags { .. } => Route::ListTags,
            Self::ListReferrers { .. } => Route::ListReferrers,
        }
    }
}

#[cfg(test)]
mod tests;
