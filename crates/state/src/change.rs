//! What an administrator can ask of the state, what became of it, and why it was refused.

use jiff::Timestamp;
use policy::{ActionSet, GrantId, Pattern, PrincipalId, PrincipalName};

use crate::robot::KeyId;
use crate::snapshot::Sequence;

/// One change, whole or not at all.
#[derive(Clone, Debug)]
pub enum Change {
    /// Makes a robot with its first key and its first grants.
    CreateRobot {
        /// Its name, which nobody else has.
        name: PrincipalName,
        /// Who answers for it.
        owner: String,
        /// What it is for.
        purpose: String,
        /// What it may do.
        grants: Vec<NewGrant>,
        /// Its key.
        key: NewKey,
    },
    /// Adds a key. With two live keys the older is revoked.
    RotateKey {
        /// Whose.
        robot: PrincipalName,
        /// The key.
        key: NewKey,
    },
    /// Lets a disabled robot in again.
    EnableRobot(PrincipalName),
    /// Shuts a robot out; it keeps what it holds.
    DisableRobot(PrincipalName),
    /// Ends a robot and all it holds. Its name is free again, its id is never used again.
    DeleteRobot(PrincipalName),
    /// Adds a grant.
    AddGrant {
        /// To whom.
        holder: PrincipalName,
        /// What it may do.
        grant: NewGrant,
    },
    /// Takes a grant away.
    RemoveGrant(GrantId),
    /// Ends every key and token of a robot; it keeps its grants.
    RevokeRobot(PrincipalName),
    /// Ends a key for ever.
    RevokeKey(KeyId),
    /// Ends a token for ever.
    RevokeToken {
        /// Its id (RFC 7519 section 4.1.7).
        jti: String,
        /// When it would have ended by itself (section 4.1.4).
        expires: Timestamp,
    },
    /// Ends every token of every robot, whatever was issued before the moment, and every key that was made before it.
    RevokeAllBefore(Timestamp),
    /// Goes on with a state that is older than its journal: whatever was issued before or since is worth nothing.
    AcceptRestored {
        /// The state sequence that the journal names last.
        journal: Sequence,
    },
}

/// A key to be kept: never the key itself.
#[derive(Clone)]
pub struct NewKey {
    /// Its readable part.
    pub id: KeyId,
    /// The hash of all of it, by [`State::hash_robot_key`](crate::State::hash_robot_key).
    pub hash: [u8; 32],
    /// From when on it opens nothing.
    pub expires: Timestamp,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("NewKey").field("id", &self.id).field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// A grant to be made.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Where.
    pub pattern: Pattern,
    /// What.
    pub actions: ActionSet,
    /// No longer in force from this moment on.
    pub until: Option<Timestamp>,
    /// Why, in the words of whoever gives it.
    pub reason: Option<String>,
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The sequence that it made.
    pub sequence: Sequence,
    /// What it was about, as people name it: `robot:ci`, `grant:g_...`, `key:...`, `token:...`, `all-before:...`,
    /// `restored-state`.
    pub object: String,
    /// The robots whose rows it changed, sorted by id.
    pub robots: Vec<PrincipalId>,
    /// The grants that it made.
    pub grants: Vec<GrantId>,
    /// The key that it made.
    pub key: Option<KeyId>,
    /// The keys that it revoked.
    pub revoked_keys: Vec<KeyId>,
}

/// Why a change cannot be made; the state is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The name is taken.
    #[error("there is already a robot `{name}`")]
    RobotExists {
        /// The name.
        name: PrincipalName,
    },
    /// No robot has this name.
    #[error("there is no robot `{name}`")]
    UnknownRobot {
        /// The name.
        name: PrincipalName,
        /// A name that may have been meant.
        nearest: Option<PrincipalName>,
    },
    /// No grant has this id.
    #[error("there is no grant `{id}`")]
    UnknownGrant {
        /// The id.
        id: GrantId,
    },
    /// No key has this id.
    #[error("there is no key `{id}`")]
    UnknownKey {
        /// The id.
        id: KeyId,
    },
    /// A key has this id, or had it once.
    #[error("there is already a key `{id}`")]
    KeyExists {
        /// The id.
        id: KeyId,
    },
    /// A key or grant that would have ended before it began.
    #[error("`{until}` is not in the future")]
    AlreadyOver {
        /// When it would have ended.
        until: Timestamp,
    },
    /// What is yet to be issued cannot be revoked.
    #[error("`{moment}` is in the future")]
    NotYet {
        /// The moment that was given.
        moment: Timestamp,
    },
    /// A grant of nothing.
    #[error("a grant names at least one action")]
    NoActions,
    /// A text that a record or table could not show.
    #[error("the {what} is not one line of at most {limit} bytes", limit = ChangeError::TEXT_LIMIT)]
    Text {
        /// Which text.
        what: &'static str,
    },
    /// The journal does not lead the state, so there is nothing to accept.
    #[error("the state, at sequence {state}, is not older than the journal, at {journal}")]
    NotOlder {
        /// The sequence of the state.
        state: Sequence,
        /// The last sequence that the journal names.
        journal: Sequence,
    },
}

impl ChangeError {
    /// The longest text that is kept, in bytes.
    pub const TEXT_LIMIT: usize = 512;

    /// What may help, as a sentence of its own.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let Self::UnknownRobot { nearest, .. } = self else { return None };
        nearest.as_ref().map(|nearest| format!("did you mean `{nearest}`?"))
    }
}
