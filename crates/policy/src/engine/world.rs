//! One access as Cedar sees it: who, what, where, and under which circumstances.

use cedar_policy::{Context as CedarContext, Entities, Entity, Request, RestrictedExpression};
use jiff::Timestamp;
use protocol::{Access, Repository};

use crate::engine::moment;
use crate::engine::vocabulary::Vocabulary;
use crate::principal::Principal;
use crate::question::Context;
use crate::repository::{Attributes, Visibility};

/// The name of the one origin there is.
const ORIGIN: &str = "main";

/// A request and the entities that it is about.
#[derive(Debug)]
pub(super) struct World {
    pub(super) request: Request,
    pub(super) entities: Entities,
}

/// Which circumstances any rule of the slice looks at: reading a clock or an address costs Cedar more than all the rest,
/// and what nobody looks at changes nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looks {
    pub(super) at_now: bool,
    pub(super) at_source: bool,
}

impl Looks {
    /// Everything that there is to look at.
    #[cfg(test)]
    pub(super) const ALL: Self = Self { at_now: true, at_source: true };
}

impl World {
    /// `None` where an access cannot be put into Cedar's words, such as one before the year 0.
    ///
    /// Nothing is checked against the schema here: the forms below are the schema's, and a test holds them to it.
    pub(super) fn new(
        vocabulary: &Vocabulary,
        attributes: &Attributes,
        principal: &Principal,
        access: &Access,
        context: &Context,
        now: Timestamp,
        looks: Looks,
    ) -> Option<Self> {
        let principal_entity = principal_entity(vocabulary, principal)?;
        let repository_entity = repository_entity(vocabulary, attributes, &access.repository)?;
        let principal = principal_entity.uid();
        let resource = repository_entity.uid();
        let action = vocabulary.action(access.action.as_str());
        let context = circumstances(attributes, access, context, now, looks)?;
        let action_entity = vocabulary.action_entity(access.action).cloned()?;
        Some(Self {
            request: Request::new(principal, action, resource, context, None).ok()?,
            entities: Entities::from_entities([principal_entity, repository_entity, action_entity], None).ok()?,
        })
    }
}

fn principal_entity(vocabulary: &Vocabulary, principal: &Principal) -> Option<Entity> {
    let attributes = match principal {
        Principal::Anonymous => Vec::new(),
        Principal::Robot(robot) => vec![text("name", robot.name.as_str()), text("owner", &robot.owner)],
    };
    Entity::new(vocabulary.principal(principal), attributes.into_iter().collect(), [].into()).ok()
}

fn repository_entity(vocabulary: &Vocabulary, attributes: &Attributes, repository: &Repository) -> Option<Entity> {
    let environment = attributes.environment.as_deref().map(|environment| text("environment", environment));
    let known = [
        text("name", repository.as_str()),
        text("origin", ORIGIN),
        text("visibility", Visibility::as_str(attributes.visibility)),
    ];
    let parents = vocabulary.namespaces(repository).collect();
    Entity::new(vocabulary.repository(repository), known.into_iter().chain(environment).collect(), parents).ok()
}

/// Where a tag is created, moved or deleted it is told, and to nobody else.
fn circumstances(
    attributes: &Attributes,
    access: &Access,
    context: &Context,
    now: Timestamp,
    looks: Looks,
) -> Option<CedarContext> {
    let mut pairs = Vec::new();
    if looks.at_now {
        pairs.push(("now".to_owned(), RestrictedExpression::new_datetime(moment::text(now))));
    }
    if looks.at_source {
        // An IPv4 address inside an IPv6 one must not slip past a rule about IPv4.
        let source = context.source.to_canonical().to_string();
        pairs.push(("source".to_owned(), RestrictedExpression::new_ip(source)));
    }
    if access.action.is_of_tag() {
        let tag = access.tag.as_ref()?;
        pairs.push(text("tag", tag.as_str()));
        pairs.push(("protected".to_owned(), RestrictedExpression::new_bool(attributes.protects(tag))));
    }
    CedarContext::from_pairs(pairs).ok()
}

fn text(name: &str, value: &str) -> (String, RestrictedExpression) {
    (name.to_owned(), RestrictedExpression::new_string(value.to_owned()))
}
