//! What is done, and what comes of it.

use super::chance::Chance;
use super::content::{ARTIFACT_TYPES, BLOBS, MANIFESTS, TAGS};

/// Repositories of one sequence.
pub(crate) const REPOSITORIES: usize = 2;

/// Every kind of step.
pub(crate) const KINDS: [&str; 10] = [
    "push",
    "upload",
    "mount",
    "put",
    "delete-tag",
    "delete-manifest",
    "delete-blob",
    "tags",
    "referrers",
    "repositories",
];

/// One step; blobs, manifests and repositories by their places.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A blob in one request.
    Push {
        repository: usize,
        blob: usize,
    },
    /// A blob in pieces.
    Upload {
        repository: usize,
        blob: usize,
        cut: usize,
    },
    Mount {
        repository: usize,
        from: usize,
        blob: usize,
    },
    /// A manifest under a tag, or by digest with tags in the query.
    Put {
        repository: usize,
        manifest: usize,
        tag: usize,
        by_digest: bool,
    },
    DeleteTag {
        repository: usize,
        tag: usize,
    },
    DeleteManifest {
        repository: usize,
        manifest: usize,
    },
    DeleteBlob {
        repository: usize,
        blob: usize,
    },
    /// The tags in pages.
    Tags {
        repository: usize,
        n: Option<usize>,
        last: Option<usize>,
    },
    /// The referrers in pages.
    Referrers {
        repository: usize,
        subject: usize,
        artifact_type: Option<usize>,
        n: Option<usize>,
    },
    /// The repositories of this sequence.
    Repositories,
}

/// What a step was answered with: the status, and for lists what was listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) listed: Vec<String>,
}

impl Answer {
    pub(crate) fn of(status: u16) -> Self {
        Self { status, listed: Vec::new() }
    }
}

impl Step {
    /// A sequence; half of them begin with every blob in one repository, so that there is more to do.
    pub(crate) fn sequence(chance: &mut Chance, length: u64) -> Vec<Self> {
        let filled = |_: &mut Chance| (0..BLOBS.len()).map(|blob| Self::Push { repository: 0, blob }).collect();
        let mut steps: Vec<Self> = chance.perhaps(filled).unwrap_or_default();
        steps.extend((0..=chance.below(length)).map(|_| Self::random(chance)));
        steps
    }

    fn random(chance: &mut Chance) -> Self {
        // Mostly the first, so that steps meet.
        let repository = chance.perhaps(|chance| chance.place(REPOSITORIES)).unwrap_or_default();
        let (blob, manifest) = (chance.place(BLOBS.len()), chance.place(MANIFESTS.len()));
        let tag = chance.place(TAGS.len());
        let n = chance.perhaps(|chance| chance.place(3));
        match chance.below(24) {
            0..4 => Self::Push { repository, blob },
            4 | 5 => Self::Upload { repository, blob, cut: chance.place(BLOBS[blob].len() + 1) },
            6 | 7 => Self::Mount { repository, from: chance.place(REPOSITORIES), blob },
            8..15 => Self::Put { repository, manifest, tag, by_digest: chance.below(3) == 0 },
            15 => Self::DeleteTag { repository, tag },
            16 => Self::DeleteManifest { repository, manifest },
            17 | 18 => Self::DeleteBlob { repository, blob },
            19 | 20 => Self::Tags { repository, n, last: chance.perhaps(|chance| chance.place(TAGS.len())) },
            21 | 22 => {
                let artifact_type = chance.perhaps(|chance| chance.place(ARTIFACT_TYPES.len()));
                Self::Referrers { repository, subject: manifest, artifact_type, n }
            }
            _ => Self::Repositories,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        let [push, upload, mount, put, delete_tag, delete_manifest, delete_blob, tags, referrers, repositories] = KINDS;
        match self {
            Self::Push { .. } => push,
            Self::Upload { .. } => upload,
            Self::Mount { .. } => mount,
            Self::Put { .. } => put,
            Self::DeleteTag { .. } => delete_tag,
            Self::DeleteManifest { .. } => delete_manifest,
            Self::DeleteBlob { .. } => delete_blob,
            Self::Tags { .. } => tags,
            Self::Referrers { .. } => referrers,
            Self::Repositories => repositories,
        }
    }
}
