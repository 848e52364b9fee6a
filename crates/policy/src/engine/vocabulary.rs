//! The shipped schema, and the names of our own things in it.

use std::collections::HashMap;
use std::str::FromStr;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, Schema};
use protocol::{Action, Group, Repository};

use crate::engine::mistake::{Mistake, Place, PolicyError};
use crate::grant::ActionSet;
use crate::pattern::Pattern;
use crate::principal::{Principal, PrincipalId};

pub(super) const SCHEMA: &str = include_str!("../pullgate.cedarschema");

/// The namespace that every repository is in, named as the pattern of all repositories.
pub(super) const ROOT: &str = "**";

/// The schema, and the types that it declares.
#[derive(Debug)]
pub(super) struct Vocabulary {
    pub(super) schema: Schema,
    anonymous: EntityTypeName,
    robot: EntityTypeName,
    namespace: EntityTypeName,
    repository: EntityTypeName,
    action: EntityTypeName,
    /// Every action with the groups that it is in.
    action_entities: HashMap<Action, Entity>,
}

impl Vocabulary {
    pub(super) fn new() -> Result<Self, PolicyError> {
        let (schema, _warnings) =
            Schema::from_cedarschema_str(SCHEMA).map_err(|error| not_cedar(SCHEMA, &DetailedError::from(&error)))?;
        let name = |text| EntityTypeName::from_str(text).map_err(|error| not_cedar(text, &DetailedError::from(&error)));
        let groups = schema.action_entities().map_err(|error| not_cedar(SCHEMA, &DetailedError::from(&error)))?;
        let of_name = |action: Action| {
            let entity = groups.iter().find(|entity| entity.uid().id().unescaped() == action.as_str());
            entity.map(|entity| (action, entity.clone()))
        };
        Ok(Self {
            action_entities: Action::ALL.into_iter().filter_map(of_name).collect(),
            schema,
            anonymous: name("Pullgate::Anonymous")?,
            robot: name("Pullgate::Robot")?,
            namespace: name("Pullgate::Namespace")?,
            repository: name("Pullgate::Repository")?,
            action: name("Pullgate::Action")?,
        })
    }

    pub(super) fn principal(&self, principal: &Principal) -> EntityUid {
        match principal {
            Principal::Anonymous => uid(&self.anonymous, "anonymous"),
            Principal::Robot(robot) => self.robot(&robot.id),
        }
    }

    pub(super) fn robot(&self, id: &PrincipalId) -> EntityUid {
        uid(&self.robot, id.as_str())
    }

    /// An action, or a group of them.
    pub(super) fn action(&self, name: &str) -> EntityUid {
        uid(&self.action, name)
    }

    /// An action as an entity, in its groups.
    pub(super) fn action_entity(&self, action: Action) -> Option<&Entity> {
        self.action_entities.get(&action)
    }

    pub(super) fn repository(&self, repository: &Repository) -> EntityUid {
        uid(&self.repository, repository.as_str())
    }

    /// The namespaces that a repository is in, the one of all repositories included.
    pub(super) fn namespaces(&self, repository: &Repository) -> impl Iterator<Item = EntityUid> {
        repository.namespaces().chain([ROOT]).map(|name| uid(&self.namespace, name))
    }

    /// The repository, and every namespace that it is in.
    pub(super) fn resources(&self, repository: &Repository) -> Vec<EntityUid> {
        std::iter::once(self.repository(repository)).chain(self.namespaces(repository)).collect()
    }

    /// The entity that a pattern stands for: a repository, or the namespace that holds everything below.
    pub(super) fn pattern(&self, pattern: &Pattern) -> EntityUid {
        match pattern {
            Pattern::All => uid(&self.namespace, ROOT),
            Pattern::Below(above) => uid(&self.namespace, above.as_str()),
            Pattern::One(one) => self.repository(one),
        }
    }

    /// The pattern that an entity stands for; `None` where it can never exist.
    pub(super) fn pattern_of(&self, entity: &EntityUid) -> Option<Pattern> {
        let name = entity.id().unescaped();
        match entity.type_name() {
            kind if *kind == self.namespace && name == ROOT => Some(Pattern::All),
            kind if *kind == self.namespace => name.parse().ok().map(Pattern::Below),
            kind if *kind == self.repository => name.parse().ok().map(Pattern::One),
            _ => None,
        }
    }

    /// What is wrong with an entity of a policy that is a namespace or a repository and can never exist.
    pub(super) fn misnamed(&self, entity: &EntityUid) -> Option<Mistake> {
        let name = entity.id().unescaped().to_owned();
        let is_name = name.parse::<Repository>().is_ok();
        match entity.type_name() {
            kind if *kind == self.namespace && !is_name && name != ROOT => Some(Mistake::NotANamespace { name }),
            kind if *kind == self.repository && !is_name => Some(Mistake::NotARepository { name }),
            _ => None,
        }
    }

    /// The actions that an entity of a policy's head stands for.
    pub(super) fn actions(&self, entity: &EntityUid) -> ActionSet {
        let name = entity.id().unescaped();
        if *entity.type_name() != self.action {
            return ActionSet::default();
        }
        let group = Group::ALL.into_iter().find(|group| group.as_str() == name).map(ActionSet::of);
        group.unwrap_or_else(|| Action::ALL.into_iter().filter(|action| action.as_str() == name).collect())
    }
}

/// Every word that may stand as an action.
pub(super) fn action_words() -> impl Iterator<Item = &'static str> {
    Group::ALL.into_iter().map(Group::as_str).chain(Action::ALL.into_iter().map(Action::as_str))
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn not_cedar(text: &str, error: &DetailedError) -> PolicyError {
    let mistake = Mistake::Syntax { message: error.message.clone(), help: error.help.clone() };
    Place::of_error("pullgate.cedarschema", text, error).has(mistake)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_the_schema_are_groups_of_the_protocol() {
        let vocabulary = Vocabulary::new().unwrap();
        let entities = vocabulary.schema.action_entities().unwrap();
        for group in Group::ALL {
            for action in Action::ALL {
                let is_member =
                    entities.is_ancestor_of(&vocabulary.action(group.as_str()), &vocabulary.action(action.as_str()));
                assert_eq!(is_member, group.members().contains(&action), "{action} in {group}");
            }
        }
        assert_eq!(vocabulary.schema.actions().count(), Group::ALL.len() + Action::ALL.len());
    }

    #[test]
    fn only_actions_of_a_tag_are_told_the_tag() {
        let vocabulary = Vocabulary::new().unwrap();
        for action in Action::ALL {
            let rule = format!(
                "permit(principal, action == {}, resource) when {{ context.tag == \"v1\" }};",
                vocabulary.action(action.as_str())
            );
            let validator = cedar_policy::Validator::new(vocabulary.schema.clone());
            let result = validator.validate(&rule.parse().unwrap(), cedar_policy::ValidationMode::Strict);
            assert_eq!(result.validation_passed(), action.is_of_tag(), "{action}");
        }
    }
}
