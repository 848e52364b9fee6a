//! Cedar, and nothing of it outside this module: one access in, one verdict out.

mod areas;
mod grants;
mod index;
mod load;
mod mistake;
mod moment;
mod nearest;
mod revision;
mod rule;
mod shipped;
mod show;
mod vocabulary;
mod world;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use cedar_policy::{AuthorizationError, Authorizer, Decision, Policy as CedarPolicy, PolicyId, PolicySet, Response};
use jiff::{SignedDuration, Timestamp};
use protocol::{Access, Repository};

use crate::engine::grants::GrantTemplates;
use crate::engine::index::RuleIndex;
use crate::engine::load::Ids;
pub use crate::engine::mistake::{Mistake, Place, PolicyError};
use crate::engine::rule::Rule;
use crate::engine::vocabulary::Vocabulary;
use crate::engine::world::{Looks, World};
use crate::grant::{Grant, GrantIndex};
use crate::pattern::TagPattern;
use crate::permit::{Revision, RuleId};
use crate::principal::Principal;
use crate::question::Context;
use crate::repository::{Attributes, RepositoryRule, Settings};

/// How long an answer holds where a rule looks at the clock.
const CLOCK_TICK: SignedDuration = SignedDuration::from_secs(1);

/// One of the operator's policy files.
#[derive(Clone, Debug)]
pub struct PolicyText {
    /// Its name, for error messages.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// What the rules say about one access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) answer: Answer,
    /// The rules that allowed or forbade it, or that could not be evaluated, by name.
    pub(crate) rules: Vec<RuleId>,
    /// When it must be asked again.
    pub(crate) valid_until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Allow,
    Deny,
    /// Some rule could not be evaluated, or the access not be put into words.
    Broken,
}

/// Everything that decides one access, grants aside.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) revision: Revision,
    anonymous: bool,
    catalog: bool,
    repositories: Vec<RepositoryRule>,
    vocabulary: Vocabulary,
    templates: GrantTemplates,
    /// The rules in the order of their files, for `policy show`.
    rules: Vec<Arc<Rule>>,
    index: RuleIndex,
    authorizer: Authorizer,
}

impl Engine {
    pub(crate) fn new(
        settings: &Settings,
        repositories: Vec<RepositoryRule>,
        texts: &[PolicyText],
    ) -> Result<Self, PolicyError> {
        let vocabulary = Vocabulary::new()?;
        let mut ids = Ids::default();
        let mut rules = shipped::rules(&vocabulary, settings, &mut ids)?;
        for text in texts {
            rules.extend(load::rules(&vocabulary, text, &mut ids)?);
        }
        Ok(Self {
            revision: revision::revision(settings, &repositories, texts),
            anonymous: settings.anonymous,
            catalog: settings.catalog,
            repositories,
            templates: GrantTemplates::new(&vocabulary)?,
            vocabulary,
            index: rules.iter().cloned().collect(),
            rules,
            authorizer: Authorizer::new(),
        })
    }

    /// Whether nobody in particular may have a token.
    pub(crate) fn anonymous(&self) -> bool {
        self.anonymous
    }

    /// Whether repositories are listed at all.
    pub(crate) fn catalog(&self) -> bool {
        self.catalog
    }

    /// The tags of a repository that are neither moved nor deleted.
    pub(crate) fn protected_tags(&self, repository: &Repository) -> Vec<TagPattern> {
        Attributes::of(&self.repositories, repository).protected_tags
    }

    /// What the rules say about one access. Whatever cannot be asked is broken, never allowed; an action of a tag that
    /// is not told, too.
    pub(crate) fn ask(
        &self,
        principal: &Principal,
        access: &Access,
        context: &Context,
        grants: &GrantIndex,
        now: Timestamp,
    ) -> Verdict {
        self.ask_rules(principal, access, context, grants, now, |rule| Some(&rule.policy))
    }

    /// Whether there may be a tag for which an access is allowed: an upper bound for a token, which names no tag, and
    /// never a permission.
    pub(crate) fn ask_of_some_tag(
        &self,
        principal: &Principal,
        access: &Access,
        context: &Context,
        grants: &GrantIndex,
        now: Timestamp,
    ) -> Verdict {
        // No rule that is asked looks at it.
        let access = Access { tag: "any".parse().ok(), ..access.clone() };
        self.ask_rules(principal, &access, context, grants, now, |rule| rule.of_some_tag.as_ref())
    }

    fn ask_rules(
        &self,
        principal: &Principal,
        access: &Access,
        context: &Context,
        grants: &GrantIndex,
        now: Timestamp,
        said: impl Fn(&Rule) -> Option<&CedarPolicy>,
    ) -> Verdict {
        let now = moment::rounded_down(now);
        let resources = self.vocabulary.resources(&access.repository);
        let slice = self.index.slice(&self.vocabulary.principal(principal), &resources, access.action);
        let looks = Looks {
            at_now: slice.iter().any(|rule| rule.reads_now),
            at_source: slice.iter().any(|rule| rule.reads_source),
        };
        let verdict = self.world(principal, access, context, now, looks).and_then(|world| {
            let matching = Self::grants(principal, access, grants, now);
            let linked = matching.iter().map(|grant| grant.as_ref());
            let mut policies = self.templates.link(&self.vocabulary, access.action, linked)?;
            for policy in slice.iter().filter_map(|rule| said(rule)) {
                policies.add(policy.clone()).ok()?;
            }
            let (answer, rules) = self.answer(&world, &policies);
            let valid_until = valid_until(&rules, &matching, &slice, now);
            Some(Verdict { answer, rules, valid_until })
        });
        verdict.unwrap_or(Verdict { answer: Answer::Broken, rules: Vec::new(), valid_until: None })
    }

    fn world(
        &self,
        principal: &Principal,
        access: &Access,
        context: &Context,
        now: Timestamp,
        looks: Looks,
    ) -> Option<World> {
        let attributes = Attributes::of(&self.repositories, &access.repository);
        World::new(&self.vocabulary, &attributes, principal, access, context, now, looks)
    }

    /// The grants that are about the access.
    fn grants<'a>(
        principal: &Principal,
        access: &Access,
        grants: &'a GrantIndex,
        now: Timestamp,
    ) -> Vec<&'a Arc<Grant>> {
        let matching = principal.id().into_iter().flat_map(|holder| grants.matching(holder, &access.repository, now));
        matching.filter(|grant| grant.actions.contains(access.action)).collect()
    }

    fn answer(&self, world: &World, policies: &PolicySet) -> (Answer, Vec<RuleId>) {
        let response = self.authorizer.is_authorized(&world.request, policies, &world.entities);
        // Cedar skips a rule that cannot be evaluated, be it a forbid; nothing is known then.
        let broken = rule_ids(erring(&response));
        if !broken.is_empty() {
            return (Answer::Broken, broken);
        }
        let answer = match response.decision() {
            Decision::Allow => Answer::Allow,
            Decision::Deny => Answer::Deny,
        };
        (answer, rule_ids(response.diagnostics().reason()))
    }
}

fn erring(response: &Response) -> impl Iterator<Item = &PolicyId> {
    response.diagnostics().errors().map(|AuthorizationError::PolicyEvaluationError(error)| error.policy_id())
}

fn rule_ids<'a>(ids: impl Iterator<Item = &'a PolicyId>) -> Vec<RuleId> {
    let mut rules: Vec<RuleId> = ids.map(|id| RuleId::new(AsRef::<str>::as_ref(id))).collect();
    rules.sort();
    rules
}

/// The first end of a grant that counted; the next second where a rule looks at the clock.
fn valid_until(rules: &[RuleId], grants: &[&Arc<Grant>], slice: &[&Arc<Rule>], now: Timestamp) -> Option<Timestamp> {
    let counted = |grant: &&&Arc<Grant>| {
        let id = grants::rule_id(grant);
        rules.iter().any(|rule| rule.as_str() == id)
    };
    let ends = grants.iter().filter(counted).filter_map(|grant| grant.until).map(moment::rounded_up);
    let tick = slice.iter().any(|rule| rule.reads_now).then(|| now.saturating_add(CLOCK_TICK).unwrap_or(now));
    ends.chain(tick).min()
}
