//! Grants as Cedar: for a decision a link of a template that was parsed once, for a reader the whole text.

use std::collections::HashMap;
use std::fmt::Write as _;

use cedar_policy::{EntityId, PolicyId, PolicySet, SlotId, Template, ValidationMode, Validator};
use protocol::{Action, Group};

use crate::engine::mistake::{Mistake, Place, PolicyError};
use crate::engine::moment;
use crate::engine::vocabulary::Vocabulary;
use crate::grant::{ActionSet, Grant};
use crate::pattern::Pattern;

/// A template for each action. One form serves all patterns: a repository is in itself, and nothing else is in it.
#[derive(Debug)]
pub(super) struct GrantTemplates(HashMap<Action, PolicySet>);

/// The name of each template: it begins as the names of grants do, which no rule of the operator's may.
const TEMPLATE: &str = "grant:";

impl GrantTemplates {
    pub(super) fn new(vocabulary: &Vocabulary) -> Result<Self, PolicyError> {
        let templates = Action::ALL.into_iter().map(|action| Ok((action, template(vocabulary, action)?)));
        templates.collect::<Result<_, _>>().map(Self)
    }

    /// The grants that were found for an access, as a set of policies named `grant:<id>`. `None` where two have one
    /// name.
    pub(super) fn link<'a>(
        &self,
        vocabulary: &Vocabulary,
        action: Action,
        grants: impl Iterator<Item = &'a Grant>,
    ) -> Option<PolicySet> {
        let mut set = self.0.get(&action)?.clone();
        for grant in grants {
            let slots = HashMap::from([
                (SlotId::principal(), vocabulary.robot(&grant.holder)),
                (SlotId::resource(), vocabulary.pattern(&grant.pattern)),
            ]);
            set.link(PolicyId::new(TEMPLATE), PolicyId::new(rule_id(grant)), slots).ok()?;
        }
        Some(set)
    }
}

/// The name of the rule that a grant is.
pub(super) fn rule_id(grant: &Grant) -> String {
    format!("grant:{}", grant.id)
}

/// A grant as Cedar text; its end is rounded up to the millisecond, as moments are wherever Cedar sees them.
pub(super) fn render(vocabulary: &Vocabulary, grant: &Grant) -> String {
    let relation = if matches!(grant.pattern, Pattern::One(_)) { "==" } else { "in" };
    let mut text = format!(
        "@id(\"{}\")\npermit (\n    principal == {},\n    action in [{}],\n    resource {relation} {}\n)",
        EntityId::new(rule_id(grant)).escaped(),
        vocabulary.robot(&grant.holder),
        words(grant.actions).map(|word| vocabulary.action(word).to_string()).collect::<Vec<_>>().join(", "),
        vocabulary.pattern(&grant.pattern),
    );
    if let Some(until) = grant.until {
        // Writing to a string never fails.
        let _ = write!(text, " when {{ context.now < datetime(\"{}\") }}", moment::text(moment::rounded_up(until)));
    }
    text.push(';');
    text
}

/// The fewest words for a set of actions: groups that it holds whole, then what is left.
fn words(actions: ActionSet) -> impl Iterator<Item = &'static str> {
    let whole = |group: &Group| group.members().iter().all(|action| actions.contains(*action));
    let groups: Vec<Group> = Group::ALL.into_iter().filter(whole).collect();
    let rest = groups.iter().fold(actions, |rest, group| rest.without(ActionSet::of(*group)));
    let rest: Vec<Action> = rest.iter().collect();
    groups.into_iter().map(Group::as_str).chain(rest.into_iter().map(Action::as_str))
}

fn template(vocabulary: &Vocabulary, action: Action) -> Result<PolicySet, PolicyError> {
    let action = vocabulary.action(action.as_str());
    let text = format!("permit(principal == ?principal, action == {action}, resource in ?resource);");
    let place = || Place::new("grants", &text, 0..0);
    let unusable = |message: String| place().has(Mistake::Syntax { message, help: None });
    let template = Template::parse(Some(PolicyId::new(TEMPLATE)), &text);
    let mut set = PolicySet::new();
    set.add_template(template.map_err(|errors| unusable(errors.to_string()))?)
        .map_err(|error| unusable(error.to_string()))?;
    let result = Validator::new(vocabulary.schema.clone()).validate(&set, ValidationMode::Strict);
    match result.validation_errors().next() {
        None => Ok(set),
        Some(error) => Err(place().has(Mistake::Validation { message: error.to_string(), help: None })),
    }
}
