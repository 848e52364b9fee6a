//! Scopes of the token endpoint: `type(class):name:action,action` (distribution, "Token Scope Documentation").

use std::fmt;

use crate::access::{Action, Group};
use crate::name::Repository;

/// The actions that exist on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WireAction {
    /// `pull`
    Pull,
    /// `push`
    Push,
    /// `delete`
    Delete,
}

impl WireAction {
    /// Every one, in the order in which they are printed.
    pub const ALL: [Self; 3] = [Self::Pull, Self::Push, Self::Delete];

    /// The word in scopes and tokens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.group().as_str()
    }

    /// The group of actions that the word stands for.
    #[must_use]
    pub fn group(self) -> Group {
        match self {
            Self::Pull => Group::Pull,
            Self::Push => Group::Push,
            Self::Delete => Group::Delete,
        }
    }

    /// The word a token must carry for an action; listing all repositories has a scope of its own.
    #[must_use]
    pub fn of(action: Action) -> Option<Self> {
        Self::ALL.into_iter().find(|wire| wire.group().members().contains(&action))
    }

    fn bit(self) -> u8 {
        match self {
            Self::Pull => 1,
            Self::Push => 2,
            Self::Delete => 4,
        }
    }
}

/// A set of wire actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ScopeActions(u8);

impl ScopeActions {
    /// No action: what a refused scope looks like in a token.
    pub const NONE: Self = Self(0);

    /// Whether the action is in the set.
    #[must_use]
    pub fn contains(self, action: WireAction) -> bool {
        self.0 & action.bit() != 0
    }

    /// The actions, in the order in which they are printed.
    pub fn iter(self) -> impl Iterator<Item = WireAction> {
        WireAction::ALL.into_iter().filter(move |action| self.contains(*action))
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Reads one word of a scope; `*` stands for all of them, an unknown word for none.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        if word == "*" {
            return WireAction::ALL.into_iter().collect();
        }
        WireAction::ALL.into_iter().filter(|action| action.as_str() == word).collect()
    }
}

impl FromIterator<WireAction> for ScopeActions {
    fn from_iter<T: IntoIterator<Item = WireAction>>(actions: T) -> Self {
        Self(actions.into_iter().fold(0, |set, action| set | action.bit()))
    }
}

impl fmt::Display for ScopeActions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, action) in self.iter().enumerate() {
            if place > 0 {
                formatter.write_str(",")?;
            }
            formatter.write_str(action.as_str())?;
        }
        Ok(())
    }
}

/// One scope that was asked for or granted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `repository:<name>:<actions>`; no actions means asked and refused.
    Repository {
        /// The literal repository.
        name: Repository,
        /// What may be done there.
        actions: ScopeActions,
    },
    /// `registry:catalog:*`; `granted` is false in a token that refuses it.
    Catalog {
        /// Whether the list of repositories may be read.
        granted: bool,
    },
}

impl Scope {
    /// Reads one scope: the type ends at the first colon, the actions begin at the last, since names of other
    /// registries may hold `host:port`. A class in brackets is old and ignored. `None` for what we do not know:
    /// such a scope is granted nothing, and never spoils the others.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        let kind = kind.split_once('(').map_or(kind, |(kind, _class)| kind);
        match kind {
            "repository" => {
                let actions =
                    actions.split(',').map(ScopeActions::of_word).fold(ScopeActions::NONE, ScopeActions::union);
                Some(Self::Repository { name: name.parse().ok()?, actions })
            }
            "registry" if name == "catalog" => Some(Self::Catalog { granted: actions == "*" }),
            _ => None,
        }
    }
}

impl Scope {
    /// The scope of these actions on one repository.
    #[must_use]
    pub fn of(repository: &Repository, actions: &[WireAction]) -> Self {
        Self::Repository { name: repository.clone(), actions: actions.iter().copied().collect() }
    }

    /// The scope of a pull.
    #[must_use]
    pub fn pull(repository: &Repository) -> Self {
        Self::of(repository, &[WireAction::Pull])
    }

    /// Adds a scope to a list in which each resource stands once; made for `fold`.
    #[must_use]
    pub fn merged(mut list: Vec<Self>, scope: Self) -> Vec<Self> {
        for known in &mut list {
            match (known, &scope) {
                (Self::Repository { name, actions }, Self::Repository { name: same, actions: more })
                    if name == same =>
                {
                    *actions = actions.union(*more);
                    return list;
                }
                (Self::Catalog { granted }, Self::Catalog { granted: more }) => {
                    *granted |= more;
                    return list;
                }
                (Self::Repository { .. } | Self::Catalog { .. }, _) => {}
            }
        }
        list.push(scope);
        list
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository { name, actions } => write!(formatter, "repository:{name}:{actions}"),
            Self::Catalog { granted } => write!(formatter, "registry:catalog:{}", if *granted { "*" } else { "" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_send() {
        for (text, read) in [
            ("repository:a/b:pull", Some("repository:a/b:pull")),
            ("repository:a/b:push,pull", Some("repository:a/b:pull,push")),
            ("repository:a/b:*", Some("repository:a/b:pull,push,delete")),
            ("repository:a/b:", Some("repository:a/b:")),
            ("repository(plugin):a/b:pull", Some("repository:a/b:pull")),
            ("repository:a/b:admin,pull", Some("repository:a/b:pull")),
            ("registry:catalog:*", Some("registry:catalog:*")),
            ("repository:host:5000/a:pull", None),
            ("repository:a/*:pull", None),
            ("repository:A/b:pull", None),
            ("repository:a/b:pull:push", None),
            ("push/pull", None),
            ("", None),
        ] {
            assert_eq!(Scope::parse(text).map(|scope| scope.to_string()).as_deref(), read, "{text}");
        }
    }

    #[test]
    fn every_action_but_one_has_a_wire_word() {
        let without: Vec<_> = Action::ALL.into_iter().filter(|action| WireAction::of(*action).is_none()).collect();
        assert_eq!(without, [Action::ListRepositories]);
    }
}
