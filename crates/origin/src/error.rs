//! What can go wrong in the store, grouped by whose fault it is, and the one place that turns it into an answer.

use std::io;
use std::path::PathBuf;

use aws_lc_rs::error::Unspecified;
use policy::Undecided;
use protocol::{Digest, ErrorCode, ManifestError, MediaType, Problem};

use crate::body::UploadError;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    // The client asks for what is not there.
    /// The blob is not in this repository, wherever else it may be.
    #[error("no such blob in this repository")]
    BlobUnknown,
    /// The manifest is not in this repository.
    #[error("no such manifest in this repository")]
    ManifestUnknown,
    /// The upload ended, expired, or never was one of this repository.
    #[error("no such upload: begin a new one")]
    UploadUnknown,
    /// There is nothing under this name.
    #[error("no such repository")]
    RepositoryUnknown,

    // The client sends what cannot be taken.
    /// The content does not hash to its name.
    #[error("the content has the digest `{found}` and not `{named}`")]
    Digest {
        /// What the client said.
        named: Digest,
        /// What came.
        found: Digest,
    },
    /// The manifest is not one.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The same bytes stand there already as another kind of manifest.
    #[error("this manifest is stored already, with the media type `{stored}`")]
    MediaType {
        /// The kind under which they are known.
        stored: MediaType,
    },
    /// The manifest needs content that is not in this repository.
    #[error("the manifest names `{digest}`, which is not in this repository: push it first")]
    Reference {
        /// What is missing.
        digest: Digest,
    },
    /// More or fewer bytes came than `Content-Range` says.
    #[error("`Content-Range` announces {announced} bytes, and another number came")]
    Length {
        /// How many were announced.
        announced: u64,
    },
    /// Another request is writing to the same upload.
    #[error("another request is writing to this upload")]
    UploadBusy,
    /// A manifest of the repository needs the blob.
    #[error("the manifest `{manifest}` of this repository needs the blob: delete the manifest first")]
    BlobInUse {
        /// One that does.
        manifest: Digest,
    },
    /// The principal has too many uploads open.
    #[error("{limit} uploads are open already: finish or cancel one")]
    TooManyUploads {
        /// The limit.
        limit: u64,
    },
    /// The body ended before its end.
    #[error("the connection ended during the transfer")]
    Client,
    /// The body came too slowly.
    #[error("the transfer stood still for too long")]
    Idle,

    // The decision was overtaken.
    /// A tag came or went between decision and transaction.
    #[error("access denied")]
    Condition,
    /// The permission ended before the effect.
    #[error("authentication failed")]
    Revoked,

    // The list of repositories, as far as this principal may see it.
    /// A rule could not be evaluated: the list is not shown with a hole in it.
    #[error(transparent)]
    Undecided(#[from] Undecided),
    /// What is visible lies among so much that is not.
    #[error(
        "more than {limit} repositories were looked at for one page of the catalog: let the rules that permit \
         `list-repositories` name where"
    )]
    TooManyHidden {
        /// The limit.
        limit: u64,
    },

    // Ourselves.
    /// Too little space for pushes.
    #[error("there is too little free space to accept a push")]
    NoSpace,
    /// The store does not open; nothing was repaired and nothing was made anew.
    #[error("cannot open the store `{path}`")]
    Open {
        /// Its folder.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        fault: Box<Fault>,
    },
    /// A file could not be read or written.
    #[error("cannot use `{path}`")]
    Disk {
        /// Which one.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// Content that the database knows is gone, or is not as long as it was.
    #[error("the content `{path}` is not as it was stored")]
    Damaged {
        /// Where it should be.
        path: PathBuf,
    },
    /// The database gave an error.
    #[error("the database of the store gave an error")]
    Database(#[source] rusqlite::Error),
    /// The cryptographic library gave no random bytes.
    #[error("cannot make an upload id")]
    Random(#[from] Unspecified),
    /// A request that is about no repository.
    #[error("this is nothing that a store serves")]
    Foreign,
}

/// What is wrong with a store that does not open.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// SQLite gave an error.
    #[error("the database `store.db` gave an error")]
    Database(#[from] rusqlite::Error),
    /// A file or folder of the store could not be used.
    #[error(transparent)]
    Store(#[from] Box<StoreError>),
    /// Content without the database that says whose it is.
    #[error("`blobs` is there, but the database `store.db` is not")]
    Headless,
    /// The pages of the database contradict each other.
    #[error("the database `store.db` is damaged: {finding}")]
    Pages {
        /// What SQLite found first.
        finding: String,
    },
    /// Rows that refer to rows that are not there.
    #[error("the database `store.db` is damaged: table `{table}` refers to rows that are gone")]
    Orphan {
        /// The table.
        table: String,
    },
    /// Made by a later version of this program, or by something else.
    #[error("the database `store.db` has schema version {found}; this program knows versions 1 to {known}")]
    Version {
        /// The version that it has.
        found: i64,
        /// The latest version that is known.
        known: usize,
    },
}

impl StoreError {
    /// What the client reads. What is our fault is told to the operator alone.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (status, code) = match self {
            Self::BlobUnknown => (404, ErrorCode::BlobUnknown),
            Self::ManifestUnknown => (404, ErrorCode::ManifestUnknown),
            Self::UploadUnknown => (404, ErrorCode::BlobUploadUnknown),
            Self::RepositoryUnknown => (404, ErrorCode::NameUnknown),
            Self::Digest { .. } => (400, ErrorCode::DigestInvalid),
            Self::Manifest(ManifestError::TooLarge { .. }) => (413, ErrorCode::SizeInvalid),
            Self::Manifest(_) | Self::MediaType { .. } => (400, ErrorCode::ManifestInvalid),
            Self::Reference { .. } => (400, ErrorCode::ManifestBlobUnknown),
            Self::Length { .. } => (400, ErrorCode::SizeInvalid),
            Self::UploadBusy => (409, ErrorCode::BlobUploadInvalid),
            Self::BlobInUse { .. } => (405, ErrorCode::Unsupported),
            Self::TooManyUploads { .. } => (429, ErrorCode::TooManyRequests),
            Self::Client => (400, ErrorCode::BlobUploadInvalid),
            Self::Idle => (408, ErrorCode::BlobUploadInvalid),
            Self::Condition => (403, ErrorCode::Denied),
            Self::Revoked => (401, ErrorCode::Unauthorized),
            Self::NoSpace => (507, ErrorCode::Unavailable),
            Self::Undecided(_) => {
                let message = "this cannot be decided now: try again later";
                return Problem::new(503, ErrorCode::Unavailable, message);
            }
            Self::Open { .. }
            | Self::Disk { .. }
            | Self::Damaged { .. }
            | Self::Database(_)
            | Self::Random(_)
            | Self::TooManyHidden { .. }
            | Self::Foreign => {
                return Problem::new(503, ErrorCode::Unavailable, "the store cannot answer now: try again later");
            }
        };
        Problem::new(status, code, self.to_string())
    }

    /// A failure at this place; a full disk is told apart, because space may come back.
    pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        const FULL: [io::ErrorKind; 3] =
            [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge];
        move |source| {
            if FULL.contains(&source.kind()) { Self::NoSpace } else { Self::Disk { path: path.into(), source } }
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::NoSpace,
            _ => Self::Database(error),
        }
    }
}

impl From<UploadError> for StoreError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Revoked => Self::Revoked,
            UploadError::Client => Self::Client,
            UploadError::Limit => Self::Idle,
        }
    }
}
