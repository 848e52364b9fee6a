//! One view of the world: immutable, in memory, shared by everybody who asks at the same moment.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use policy::{GrantIndex, PrincipalId, PrincipalName};

use crate::key_ring::KeyRing;
use crate::robot::{KeyId, RobotEntry, RobotKey};

/// Counts the changes of a state, in the order in which they were committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sequence(pub u64);

impl fmt::Display for Sequence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The state as it was after one change. A clone shares every part that a change does not touch.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) sequence: Sequence,
    pub(crate) robots: Arc<HashMap<PrincipalId, Arc<RobotEntry>>>,
    /// Names that are taken; deleted robots have none.
    pub(crate) names: Arc<BTreeMap<PrincipalName, PrincipalId>>,
    pub(crate) keys: Arc<HashMap<KeyId, Arc<RobotKey>>>,
    pub(crate) grants: Arc<GrantIndex>,
    pub(crate) key_ring: Arc<KeyRing>,
    /// Ids of revoked tokens, each with the moment its token expires.
    pub(crate) revoked_tokens: Arc<HashMap<String, Timestamp>>,
    pub(crate) all_before: Option<Timestamp>,
}

impl Snapshot {
    pub(crate) fn new(
        sequence: Sequence,
        entries: impl IntoIterator<Item = RobotEntry>,
        key_ring: KeyRing,
        revoked_tokens: HashMap<String, Timestamp>,
        all_before: Option<Timestamp>,
    ) -> Self {
        let robots: HashMap<_, _> =
            entries.into_iter().map(|entry| (entry.robot.id.clone(), Arc::new(entry))).collect();
        let present = robots.values().filter(|entry| entry.deleted.is_none());
        let names = present.map(|entry| (entry.robot.name.clone(), entry.robot.id.clone())).collect();
        let keys = robots.values().flat_map(|entry| &entry.keys).map(|key| (key.id.clone(), Arc::clone(key))).collect();
        Self {
            sequence,
            names: Arc::new(names),
            keys: Arc::new(keys),
            grants: Arc::new(grants_of(&robots)),
            robots: Arc::new(robots),
            key_ring: Arc::new(key_ring),
            revoked_tokens: Arc::new(revoked_tokens),
            all_before,
        }
    }

    /// The last change that is in it.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// The robot with this id. A deleted one is found too: disabled, without grants or live keys.
    #[must_use]
    pub fn robot(&self, id: &PrincipalId) -> Option<&Arc<RobotEntry>> {
        self.robots.get(id)
    }

    /// The robot that has this name now.
    #[must_use]
    pub fn robot_named(&self, name: &PrincipalName) -> Option<&Arc<RobotEntry>> {
        self.names.get(name).and_then(|id| self.robot(id))
    }

    /// Every robot that is not deleted, by name.
    pub fn robots(&self) -> impl Iterator<Item = &Arc<RobotEntry>> {
        self.names.values().filter_map(|id| self.robot(id))
    }

    /// The key with this id: the 12 characters after `pgk_`. A dead one is found too, so that it can be recognised.
    #[must_use]
    pub fn key(&self, id: &str) -> Option<&Arc<RobotKey>> {
        self.keys.get(id)
    }

    /// Every grant, as policy looks them up.
    #[must_use]
    pub fn grants(&self) -> &GrantIndex {
        &self.grants
    }

    /// The keys that sign tokens.
    #[must_use]
    pub fn key_ring(&self) -> &KeyRing {
        &self.key_ring
    }

    /// Whether the token with this id (`jti`) was revoked.
    #[must_use]
    pub fn is_token_revoked(&self, id: &str) -> bool {
        self.revoked_tokens.contains_key(id)
    }

    /// Whatever was issued before this moment is refused.
    #[must_use]
    pub fn all_before(&self) -> Option<Timestamp> {
        self.all_before
    }
}

/// The index of the grants that robots hold.
pub(crate) fn grants_of(robots: &HashMap<PrincipalId, Arc<RobotEntry>>) -> GrantIndex {
    let mut index = GrantIndex::default();
    robots.values().flat_map(|entry| &entry.grants).for_each(|grant| index.insert(Arc::clone(grant)));
    index
}
