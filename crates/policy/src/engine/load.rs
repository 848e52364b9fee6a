//! The operator's texts: from a file to rules, or to the place where it went wrong.

use std::collections::HashSet;
use std::sync::Arc;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{EntityUid, Policy, PolicySet, ValidationError, ValidationMode, Validator};

use crate::engine::PolicyText;
use crate::engine::mistake::{Mistake, Place, PolicyError};
use crate::engine::nearest::nearest;
use crate::engine::rule::Rule;
use crate::engine::vocabulary::{Vocabulary, action_words};
use crate::permit::RuleId;

/// The rules of one file, in the order in which they stand there.
pub(super) fn rules(vocabulary: &Vocabulary, text: &PolicyText, ids: &mut Ids) -> Result<Vec<Arc<Rule>>, PolicyError> {
    let file = File { vocabulary, text };
    let set = file.parse()?;
    if let Some(template) = set.templates().next() {
        return Err(file.find(&template.to_cedar()).has(Mistake::Template));
    }
    let mut policies: Vec<&Policy> = set.policies().collect();
    policies.sort_by_key(|policy| file.span(policy).start);
    let rules = policies.iter().map(|policy| file.rule(policy, ids)).collect::<Result<Vec<_>, _>>()?;
    file.validate(&set)?;
    Ok(rules)
}

/// The names of rules so far.
#[derive(Debug, Default)]
pub(super) struct Ids {
    taken: HashSet<String>,
    reserved: HashSet<String>,
}

impl Ids {
    /// From now on the names so far belong to the shipped rules.
    pub(super) fn reserve(&mut self) {
        self.reserved = std::mem::take(&mut self.taken);
    }

    fn take(&mut self, id: String, place: Place) -> Result<RuleId, PolicyError> {
        if id.starts_with("grant:") || self.reserved.contains(&id) {
            return Err(place.has(Mistake::ReservedId { id }));
        }
        let rule = RuleId::new(&id);
        if self.taken.insert(id.clone()) { Ok(rule) } else { Err(place.has(Mistake::DuplicateId { id })) }
    }
}

/// A file that is being read.
struct File<'a> {
    vocabulary: &'a Vocabulary,
    text: &'a PolicyText,
}

impl File<'_> {
    fn parse(&self) -> Result<PolicySet, PolicyError> {
        self.text.text.parse().map_err(|errors: cedar_policy::ParseErrors| {
            let error = errors.iter().next().map(DetailedError::from).unwrap_or_default();
            self.place_of(&error).has(Mistake::Syntax { message: error.message, help: error.help })
        })
    }

    fn rule(&self, policy: &Policy, ids: &mut Ids) -> Result<Arc<Rule>, PolicyError> {
        let place = self.place(policy);
        let unnamed = || format!("{}:{}", self.text.name, place.line);
        let id = ids.take(policy.annotation("id").map_or_else(unnamed, str::to_owned), place.clone())?;
        let rule = Rule::new(self.vocabulary, &self.text.name, id, policy);
        if rule.reads_tag && rule.is_open_to_reads() {
            return Err(place.has(Mistake::TagInReadRule));
        }
        self.names(policy)?;
        Ok(Arc::new(rule))
    }

    /// A namespace or repository that cannot exist is a rule that never matches; a forbid would be an open door.
    fn names(&self, policy: &Policy) -> Result<(), PolicyError> {
        for entity in policy.entity_literals() {
            if let Some(mistake) = self.vocabulary.misnamed(&entity) {
                return Err(self.place_in(policy, entity.id().unescaped()).has(mistake));
            }
        }
        Ok(())
    }

    fn validate(&self, set: &PolicySet) -> Result<(), PolicyError> {
        let result = Validator::new(self.vocabulary.schema.clone()).validate(set, ValidationMode::Strict);
        let errors = result.validation_errors().map(|error| self.invalid(error, set));
        // Cedar gives them in no order, and one for each action that the mistake is one for.
        match errors.min_by_key(|error| (error.place.span.start, error.mistake.to_string())) {
            None => Ok(()),
            Some(first) => Err(first),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "for all other kinds of error Cedar's own help is the best")]
    fn invalid(&self, error: &ValidationError, set: &PolicySet) -> PolicyError {
        let detail = DetailedError::from(error);
        let place = self.place_of(&detail);
        // Cedar begins with a name that it gave to the policy itself.
        let unnamed = |text: String| text.replace(&format!("for policy `{}`, ", error.policy_id()), "");
        let help = match error {
            ValidationError::UnrecognizedActionId(_) => {
                set.policy(error.policy_id()).and_then(|policy| self.meant_action(policy))
            }
            ValidationError::UnsafeAttributeAccess(_) => self.missing_attribute(&place).or(detail.help),
            _ => detail.help,
        };
        place.has(Mistake::Validation { message: unnamed(detail.message), help: help.map(unnamed) })
    }

    fn meant_action(&self, policy: &Policy) -> Option<String> {
        let is_unknown = |entity: &EntityUid| {
            entity.type_name().basename() == "Action" && !self.vocabulary.schema.actions().any(|known| known == entity)
        };
        let unknown = policy.entity_literals().into_iter().find(is_unknown)?;
        let meant = nearest(unknown.id().unescaped(), action_words())?;
        Some(format!("did you mean `{}`?", self.vocabulary.action(meant)))
    }

    /// Attributes that exist, though not for every action and every principal that the rule is open to.
    fn missing_attribute(&self, place: &Place) -> Option<String> {
        let words = self.text.text.get(place.span.clone())?;
        let help = match words.split_once('.')? {
            ("context", "tag" | "protected") => {
                "only `create-tag`, `move-tag` and `delete-tag` have a tag: name them in the head of the rule, or ask \
                 for `context has tag` first"
            }
            ("principal", "name" | "owner") => {
                "anonymous has neither name nor owner: begin the rule with `principal is Pullgate::Robot`"
            }
            _ => return None,
        };
        Some(help.to_owned())
    }

    fn place(&self, policy: &Policy) -> Place {
        Place::new(&self.text.name, &self.text.text, self.span(policy))
    }

    /// Where a name stands in a policy; the policy itself where it is written in another way.
    fn place_in(&self, policy: &Policy, name: &str) -> Place {
        let span = self.span(policy);
        let text = self.text.text.get(span.clone()).unwrap_or_default();
        let span = text.find(name).map_or(span.clone(), |at| span.start + at..span.start + at + name.len());
        Place::new(&self.text.name, &self.text.text, span)
    }

    fn place_of(&self, error: &DetailedError) -> Place {
        Place::of_error(&self.text.name, &self.text.text, error)
    }

    fn find(&self, words: &str) -> Place {
        let start = self.text.text.find(words).unwrap_or_default();
        Place::new(&self.text.name, &self.text.text, start..start + words.len())
    }

    /// The bytes of a policy. Cedar tells them of the syntax tree inside alone.
    fn span(&self, policy: &Policy) -> std::ops::Range<usize> {
        policy.as_ref().loc().map_or(0..0, |place| place.start()..place.end())
    }
}

#[cfg(test)]
mod tests;
