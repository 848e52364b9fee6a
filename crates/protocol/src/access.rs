//! What a request does to a repository, in the finest words that a policy knows.

use std::fmt;
use std::str::FromStr;

use crate::name::{Repository, Tag};
use crate::scope::Scope;

/// One thing that may be allowed or refused; the journal names it as it stands here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Fetch a manifest or index.
    ReadManifest,
    /// Fetch a blob: configuration or layer.
    ReadBlob,
    /// List the tags of a repository.
    ListTags,
    /// List what refers to a manifest.
    ListReferrers,
    /// Let another repository take over a blob of this one.
    MountFrom,
    /// Upload a blob.
    WriteBlob,
    /// Store a manifest or index.
    WriteManifest,
    /// Give a name to a manifest that no manifest has yet.
    CreateTag,
    /// Point an existing tag at another manifest.
    MoveTag,
    /// Delete a manifest by digest.
    DeleteManifest,
    /// Delete a tag.
    DeleteTag,
    /// Delete a blob from a repository.
    DeleteBlob,
    /// List the repositories of the registry.
    ListRepositories,
}

impl Action {
    /// Every action there is.
    pub const ALL: [Self; 13] = [
        Self::ReadManifest,
        Self::ReadBlob,
        Self::ListTags,
        Self::ListReferrers,
        Self::MountFrom,
        Self::WriteBlob,
        Self::WriteManifest,
        Self::CreateTag,
        Self::MoveTag,
        Self::DeleteManifest,
        Self::DeleteTag,
        Self::DeleteBlob,
        Self::ListRepositories,
    ];

    /// The name in policies and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadManifest => "read-manifest",
            Self::ReadBlob => "read-blob",
            Self::ListTags => "list-tags",
            Self::ListReferrers => "list-referrers",
            Self::MountFrom => "mount-from",
            Self::WriteBlob => "write-blob",
            Self::WriteManifest => "write-manifest",
            Self::CreateTag => "create-tag",
            Self::MoveTag => "move-tag",
            Self::DeleteManifest => "delete-manifest",
            Self::DeleteTag => "delete-tag",
            Self::DeleteBlob => "delete-blob",
            Self::ListRepositories => "list-repositories",
        }
    }

    /// Whether it changes what a tag names, so that a rule may look at the tag.
    #[must_use]
    pub fn is_of_tag(self) -> bool {
        matches!(self, Self::CreateTag | Self::MoveTag | Self::DeleteTag)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Action {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or(())
    }
}

/// The words that a policy writer thinks in: each stands for several actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Read content and lists.
    Pull,
    /// Write content and tags.
    Push,
    /// Delete content and tags.
    Delete,
    /// See what exists.
    List,
}

impl Group {
    /// Every group there is.
    pub const ALL: [Self; 4] = [Self::Pull, Self::Push, Self::Delete, Self::List];

    /// The name in policies, and where it exists there, in scopes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
            Self::List => "list",
        }
    }

    /// The actions it stands for.
    #[must_use]
    pub fn members(self) -> &'static [Action] {
        match self {
            Self::Pull => {
                &[Action::ReadManifest, Action::ReadBlob, Action::ListTags, Action::ListReferrers, Action::MountFrom]
            }
            Self::Push => &[Action::WriteBlob, Action::WriteManifest, Action::CreateTag, Action::MoveTag],
            Self::Delete => &[Action::DeleteManifest, Action::DeleteTag, Action::DeleteBlob],
            Self::List => &[Action::ListTags, Action::ListReferrers, Action::ListRepositories],
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One action on one repository; where the action is of a tag, which tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// What is done.
    pub action: Action,
    /// To which repository.
    pub repository: Repository,
    /// Which tag is created, moved or deleted.
    pub tag: Option<Tag>,
}

impl Access {
    /// An access that is not of a tag.
    #[must_use]
    pub fn new(action: Action, repository: &Repository) -> Self {
        Self { action, repository: repository.clone(), tag: None }
    }

    /// An access to one tag.
    #[must_use]
    pub fn of_tag(action: Action, repository: &Repository, tag: &Tag) -> Self {
        Self { action, repository: repository.clone(), tag: Some(tag.clone()) }
    }
}

/// How the accesses of one request combine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accesses {
    /// Any identity will do; nothing is touched.
    Identity,
    /// All of them or nothing.
    Every(Vec<Access>),
    /// All of `every`; without `wish` the request becomes a smaller one.
    Narrowing {
        /// What the request needs.
        every: Vec<Access>,
        /// What it would like: the pull on the source of a mount.
        wish: Access,
    },
    /// A list of repositories: it holds those on which the action is allowed, down to none.
    Filter(Action),
    /// Each scope of a token is granted as far as policy allows, down to nothing.
    Scopes(Vec<Scope>),
}
