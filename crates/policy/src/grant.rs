//! Grants: what a principal may do, as rows that are looked up and never searched.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use protocol::{Action, Group, Repository};
use serde::{Deserialize, Serialize};

use crate::pattern::Pattern;
use crate::principal::PrincipalId;

/// The name of a grant, as `grant list` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId(Arc<str>);

impl GrantId {
    /// Takes over an id as it was stored.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A set of actions; printed and stored as their names in order, joined by commas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ActionSet(u16);

impl ActionSet {
    /// The members of a group.
    #[must_use]
    pub fn of(group: Group) -> Self {
        group.members().iter().copied().collect()
    }

    /// Whether the action is in the set.
    #[must_use]
    pub fn contains(self, action: Action) -> bool {
        self.0 & bit(action) != 0
    }

    /// The actions in both or either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The actions that are not in the other set.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The actions, in the order of [`Action::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.into_iter().filter(move |action| self.contains(*action))
    }
}

fn bit(action: Action) -> u16 {
    Action::ALL.iter().position(|known| *known == action).map_or(0, |place| 1 << place)
}

impl FromIterator<Action> for ActionSet {
    fn from_iter<T: IntoIterator<Item = Action>>(actions: T) -> Self {
        Self(actions.into_iter().fold(0, |set, action| set | bit(action)))
    }
}

impl fmt::Display for ActionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Action::as_str).collect();
        formatter.write_str(&names.join(","))
    }
}

impl TryFrom<String> for ActionSet {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = |word: &str| word.parse::<Action>().map_err(|()| format!("unknown action `{word}`"));
        text.split(',').filter(|word| !word.is_empty()).map(read).collect()
    }
}

impl From<ActionSet> for String {
    fn from(set: ActionSet) -> Self {
        set.to_string()
    }
}

/// Who may do what where, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its name.
    pub id: GrantId,
    /// To whom.
    pub holder: PrincipalId,
    /// Where.
    pub pattern: Pattern,
    /// What.
    pub actions: ActionSet,
    /// No longer in force from this moment on.
    pub until: Option<Timestamp>,
    /// Why it was given, in the words of whoever gave it.
    pub reason: Option<String>,
}

/// All grants, found by holder and pattern: a look-up costs one step for each level of a repository's name, however
/// many grants there are.
#[derive(Clone, Debug, Default)]
pub struct GrantIndex(HashMap<PrincipalId, HashMap<Pattern, Vec<Arc<Grant>>>>);

impl GrantIndex {
    /// Adds a grant.
    pub fn insert(&mut self, grant: Arc<Grant>) {
        let patterns = self.0.entry(grant.holder.clone()).or_default();
        patterns.entry(grant.pattern.clone()).or_default().push(grant);
    }

    /// The grants that cover the repository and are in force.
    pub fn matching<'a>(
        &'a self,
        holder: &PrincipalId,
        repository: &Repository,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Arc<Grant>> {
        let patterns = self.0.get(holder);
        let covering = Pattern::covering(repository);
        let found = covering.filter_map(move |pattern| patterns.and_then(|patterns| patterns.get(&pattern)));
        found.flatten().filter(move |grant| grant.until.is_none_or(|until| now < until))
    }

    /// Every grant of a holder, in no order.
    pub fn of<'a>(&'a self, holder: &PrincipalId) -> impl Iterator<Item = &'a Arc<Grant>> {
        self.0.get(holder).into_iter().flat_map(HashMap::values).flatten()
    }

    /// Every grant there is, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Grant>> {
        self.0.values().flat_map(HashMap::values).flatten()
    }
}

impl FromIterator<Grant> for GrantIndex {
    fn from_iter<T: IntoIterator<Item = Grant>>(grants: T) -> Self {
        let mut index = Self::default();
        grants.into_iter().for_each(|grant| index.insert(Arc::new(grant)));
        index
    }
}
