//! One rule: a Cedar policy with its name, and what is known of it from its head and its words.

use cedar_policy::{ActionConstraint, Effect, EntityUid, Policy, PolicyId, PrincipalConstraint, ResourceConstraint};
use protocol::{Action, Group};
use serde_json::Value;

use crate::engine::vocabulary::Vocabulary;
use crate::grant::ActionSet;
use crate::permit::RuleId;

/// A rule, parsed once.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: RuleId,
    /// The policy, under the rule's name.
    pub(super) policy: Policy,
    /// The file that it stands in.
    pub(super) file: String,
    /// The actions that its head is open to.
    pub(super) actions: ActionSet,
    /// What it says may change with the next second.
    pub(super) reads_now: bool,
    /// What it says may change with the address.
    pub(super) reads_source: bool,
    /// What it says may change with the tag.
    pub(super) reads_tag: bool,
    /// What it says where the tag is not told. A permit that looks at it counts as far as its head: there may be a
    /// tag that it allows. A forbid that looks at it does not count: there may be a tag that it spares.
    pub(super) of_some_tag: Option<Policy>,
}

impl Rule {
    pub(super) fn new(vocabulary: &Vocabulary, file: &str, id: RuleId, policy: &Policy) -> Self {
        // Words that Cedar could not tell would be words that look at everything.
        let words = policy.to_json().ok();
        let looks_at = |attributes: &[&str]| words.as_ref().is_none_or(|words| reads(words, attributes));
        let (reads_now, reads_source) = (looks_at(&["now"]), looks_at(&["source"]));
        let reads_tag = looks_at(&["tag", "protected"]);
        let policy = policy.new_id(PolicyId::new(id.as_str()));
        let of_some_tag = match (reads_tag, policy.effect()) {
            (false, _) => Some(policy.clone()),
            (true, Effect::Permit) => words.and_then(|words| head(&policy, words)),
            (true, Effect::Forbid) => None,
        };
        let actions = head_actions(vocabulary, &policy.action_constraint());
        Self { id, policy, file: file.to_owned(), actions, reads_now, reads_source, reads_tag, of_some_tag }
    }

    /// Whether it may apply to an action that reads.
    pub(super) fn is_open_to_reads(&self) -> bool {
        let reads = ActionSet::of(Group::Pull).union(ActionSet::of(Group::List));
        reads.iter().any(|action| self.actions.contains(action))
    }

    /// The one resource, or the one above it, that the head names.
    pub(super) fn head_resource(&self) -> Option<EntityUid> {
        match self.policy.resource_constraint() {
            ResourceConstraint::Eq(one) | ResourceConstraint::In(one) | ResourceConstraint::IsIn(_, one) => Some(one),
            ResourceConstraint::Any | ResourceConstraint::Is(_) => None,
        }
    }

    /// The one principal that the head names.
    pub(super) fn head_principal(&self) -> Option<EntityUid> {
        match self.policy.principal_constraint() {
            PrincipalConstraint::Eq(one) | PrincipalConstraint::In(one) | PrincipalConstraint::IsIn(_, one) => {
                Some(one)
            }
            PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
        }
    }
}

/// The policy without its conditions.
fn head(policy: &Policy, mut words: Value) -> Option<Policy> {
    words.as_object_mut()?.insert("conditions".to_owned(), Value::Array(Vec::new()));
    Policy::from_json(Some(policy.id().clone()), words).ok()
}

fn head_actions(vocabulary: &Vocabulary, head: &ActionConstraint) -> ActionSet {
    match head {
        ActionConstraint::Any => Action::ALL.into_iter().collect(),
        ActionConstraint::Eq(one) => vocabulary.actions(one),
        ActionConstraint::In(several) => {
            several.iter().map(|one| vocabulary.actions(one)).fold(ActionSet::default(), ActionSet::union)
        }
    }
}

/// Whether a policy looks at one of these attributes of the context. A context that is used as a whole is looked at
/// in every part.
fn reads(words: &Value, attributes: &[&str]) -> bool {
    match words {
        Value::Object(members) => {
            members.iter().any(|(operator, operand)| match context_attribute(operator, operand) {
                Some(attribute) => attributes.contains(&attribute),
                None => is_context(operator, operand) || reads(operand, attributes),
            })
        }
        Value::Array(elements) => elements.iter().any(|element| reads(element, attributes)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The attribute in `context.attribute` and `context has attribute`, in Cedar's JSON form.
fn context_attribute<'a>(operator: &str, operand: &'a Value) -> Option<&'a str> {
    let of_context = operand.get("left")?.get("Var")?.as_str()? == "context";
    let attribute = operand.get("attr")?.as_str()?;
    (of_context && matches!(operator, "." | "has")).then_some(attribute)
}

fn is_context(operator: &str, operand: &Value) -> bool {
    operator == "Var" && operand.as_str() == Some("context")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks_at(condition: &str) -> (bool, bool) {
        let text = format!("permit(principal, action, resource) when {{ {condition} }};");
        let policy: Policy = text.parse().unwrap();
        let rule = Rule::new(&Vocabulary::new().unwrap(), "f", RuleId::new("r"), &policy);
        (rule.reads_now, rule.reads_tag)
    }

    #[test]
    fn finds_what_a_rule_looks_at() {
        let (now, tag) = ((true, false), (false, true));
        for (condition, looks) in [
            ("context.now < datetime(\"2030-01-01\")", now),
            ("true || [1].contains(if context has now then 1 else 2)", now),
            ("context[\"now\"] == resource.x", now),
            ("context.tag like \"v*\"", tag),
            ("context has tag", tag),
            ("context.protected", tag),
            ("context == {now: 1}", (true, true)),
            ("[context].isEmpty()", (true, true)),
            ("context.source.isLoopback()", (false, false)),
            ("resource.now == \"context.now\" && principal.tag == resource.name", (false, false)),
        ] {
            assert_eq!(looks_at(condition), looks, "{condition}");
        }
        assert_eq!(looks_at("true // context.now\n"), (false, false));
    }
}
