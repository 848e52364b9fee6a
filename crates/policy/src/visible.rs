//! Which repositories a list may show: decided name by name while the list is read, by what decides a pull.

use std::sync::Arc;

use jiff::Timestamp;
use protocol::{Access, Action, Group, Repository};

use crate::engine::{Answer, Engine};
use crate::grant::GrantIndex;
use crate::pattern::Pattern;
use crate::permit::RuleId;
use crate::question::Question;

/// What a list of repositories may show to whoever asked for it. Part of a permit: only [`crate::Policy::decide`]
/// makes one.
#[derive(Debug)]
pub struct Visible {
    engine: Arc<Engine>,
    question: Arc<Question>,
    /// Those of the principal alone.
    grants: GrantIndex,
    now: Timestamp,
    action: Action,
    areas: Vec<Pattern>,
}

/// A rule could not be evaluated for a repository, so nothing is known about the list either.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rules that decide what a list shows cannot be evaluated for `{repository}`: {}", names(rules))]
pub struct Undecided {
    /// For which repository.
    pub repository: Repository,
    /// The rules.
    pub rules: Vec<RuleId>,
}

impl Visible {
    pub(crate) fn new(
        engine: &Arc<Engine>,
        question: &Arc<Question>,
        grants: &GrantIndex,
        now: Timestamp,
        action: Action,
        areas: Vec<Pattern>,
    ) -> Self {
        let (engine, question) = (engine.clone(), question.clone());
        let mut own = GrantIndex::default();
        let held = question.principal().id().into_iter().flat_map(|holder| grants.of(holder));
        held.for_each(|grant| own.insert(grant.clone()));
        Self { engine, question, grants: own, now, action, areas: disjoint(areas) }
    }

    /// Where there may be something to show, in the order of names and without overlap. Outside of them nothing is
    /// visible, and so nothing needs to be looked at.
    #[must_use]
    pub fn areas(&self) -> &[Pattern] {
        &self.areas
    }

    /// Whether the repository is shown: it may be listed, and something of it may be pulled.
    ///
    /// # Errors
    /// [`Undecided`] where a rule cannot be evaluated.
    pub fn shows(&self, repository: &Repository) -> Result<bool, Undecided> {
        if !self.allows(self.action, repository)? {
            return Ok(false);
        }
        for action in Group::Pull.members() {
            if self.allows(*action, repository)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn allows(&self, action: Action, repository: &Repository) -> Result<bool, Undecided> {
        let (principal, context) = (self.question.principal(), self.question.context());
        let verdict = self.engine.ask(principal, &Access::new(action, repository), context, &self.grants, self.now);
        match verdict.answer {
            Answer::Allow => Ok(true),
            Answer::Deny => Ok(false),
            Answer::Broken => Err(Undecided { repository: repository.clone(), rules: verdict.rules }),
        }
    }
}

/// In the order of names, each name in one of them.
fn disjoint(mut areas: Vec<Pattern>) -> Vec<Pattern> {
    areas.sort_by_cached_key(Pattern::span);
    let mut disjoint: Vec<Pattern> = Vec::new();
    for area in areas {
        if !disjoint.last().is_some_and(|wider| wider.includes(&area)) {
            disjoint.push(area);
        }
    }
    disjoint
}

fn names(rules: &[RuleId]) -> String {
    rules.iter().map(RuleId::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_in_the_order_of_names_and_apart() {
        let areas = |texts: &[&str]| -> Vec<String> {
            let areas = texts.iter().map(|text| text.parse().unwrap()).collect();
            disjoint(areas).iter().map(Pattern::to_string).collect()
        };
        assert_eq!(areas(&["b", "a/b/**", "a/**", "a", "a/c", "a/**", "a-b", "a.b"]), ["a", "a-b", "a.b", "a/**", "b"]);
        assert_eq!(areas(&["z/**", "**", "a"]), ["**"]);
        assert_eq!(areas(&["a/b", "a/b/c", "a/b/**"]), ["a/b", "a/b/**"]);
    }
}
