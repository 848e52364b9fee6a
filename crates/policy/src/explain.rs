//! Why: what the rules say about each access, which grants come near, and what would allow it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use protocol::{Access, Group, Now, WireAction};

use crate::decide::Policy;
use crate::engine::Answer;
use crate::grant::{Grant, GrantIndex};
use crate::permit::RuleId;
use crate::principal::{Principal, PrincipalName};
use crate::question::Context;

/// What the rules say about some accesses, each for itself.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// One for each access, in order.
    pub findings: Vec<Finding>,
    /// The verb that would allow what is missing; none where nothing is, or where no grant would help.
    pub remedy: Option<String>,
}

impl Explanation {
    /// Whether all of it is allowed. Nothing asked is nothing allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        !self.findings.is_empty() && self.findings.iter().all(|finding| finding.outcome == Outcome::Allowed)
    }
}

/// What the rules say about one access.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What would be done.
    pub access: Access,
    /// What they say.
    pub outcome: Outcome,
    /// The rules that allowed or forbade it, or could not be evaluated.
    pub rules: Vec<RuleId>,
    /// Where it is not granted: grants of the same principal that lack one thing.
    pub near: Vec<NearMiss>,
}

/// What the rules say about an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Some rule allows it and none forbids it.
    Allowed,
    /// A rule forbids it; no grant would help.
    Forbidden,
    /// No rule speaks of it.
    NotGranted,
    /// A rule could not be evaluated; no grant would help.
    Broken,
}

/// A grant that would allow an access, were it not for one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The grant.
    pub grant: Arc<Grant>,
    /// The one thing.
    pub lacks: Lack,
}

/// The one thing that a grant lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// It is of other actions.
    Action,
    /// It is of other repositories.
    Repository,
    /// It has ended.
    Time(Timestamp),
}

impl Policy {
    /// What the rules say about each of the accesses, whatever credential is shown. An action of a tag without one is
    /// allowed where there may be a tag for which it is. It permits nothing.
    #[must_use]
    pub fn explain(
        &self,
        principal: &Principal,
        accesses: &[Access],
        context: &Context,
        grants: &GrantIndex,
        now: Now,
    ) -> Explanation {
        let finding = |access: &Access| {
            let verdict = if is_untold(access) {
                self.engine.ask_of_some_tag(principal, access, context, grants, now.wall)
            } else {
                self.engine.ask(principal, access, context, grants, now.wall)
            };
            let outcome = match verdict.answer {
                Answer::Allow => Outcome::Allowed,
                Answer::Deny if verdict.rules.is_empty() => Outcome::NotGranted,
                Answer::Deny => Outcome::Forbidden,
                Answer::Broken => Outcome::Broken,
            };
            let near =
                if outcome == Outcome::NotGranted { near(principal, access, grants, now.wall) } else { Vec::new() };
            Finding { access: access.clone(), outcome, rules: verdict.rules, near }
        };
        let findings: Vec<Finding> = accesses.iter().map(finding).collect();
        let remedy = principal.name().and_then(|name| remedy_of(name, &findings));
        Explanation { findings, remedy }
    }
}

/// Whether it is of a tag, and nobody says of which.
fn is_untold(access: &Access) -> bool {
    access.action.is_of_tag() && access.tag.is_none()
}

/// The verb that would give a robot what it was refused for want of a grant: `grant add robot:ci --pull team/app`.
/// `None` where nothing was. Where a rule forbids, no grant helps; the caller knows.
#[must_use]
pub fn remedy(name: &PrincipalName, refused: &[Access]) -> Option<String> {
    let mut flags: Vec<String> = Vec::new();
    for access in refused {
        let word = WireAction::of(access.action).map_or(Group::List, WireAction::group);
        let flag = format!(" --{word} {}", access.repository);
        if !flags.contains(&flag) {
            flags.push(flag);
        }
    }
    (!flags.is_empty()).then(|| format!("grant add robot:{name}{}", flags.concat()))
}

fn remedy_of(name: &PrincipalName, findings: &[Finding]) -> Option<String> {
    let helpless = |finding: &Finding| matches!(finding.outcome, Outcome::Forbidden | Outcome::Broken);
    if findings.iter().any(helpless) {
        return None;
    }
    let missing = findings.iter().filter(|finding| finding.outcome == Outcome::NotGranted);
    remedy(name, &missing.map(|finding| finding.access.clone()).collect::<Vec<_>>())
}

/// The grants that lack one thing, in the order of their names.
fn near(principal: &Principal, access: &Access, grants: &GrantIndex, now: Timestamp) -> Vec<NearMiss> {
    let of_principal = principal.id().into_iter().flat_map(|holder| grants.of(holder));
    let miss = |grant: &Arc<Grant>| lack(grant, access, now).map(|lacks| NearMiss { grant: grant.clone(), lacks });
    let mut near: Vec<NearMiss> = of_principal.filter_map(miss).collect();
    near.sort_by(|one, other| one.grant.id.cmp(&other.grant.id));
    near
}

/// `None` where more than one thing is missing, or nothing.
fn lack(grant: &Grant, access: &Access, now: Timestamp) -> Option<Lack> {
    let of_action = grant.actions.contains(access.action);
    let of_repository = grant.pattern.covers(&access.repository);
    let ended = grant.until.filter(|until| *until <= now);
    match (of_action, of_repository, ended) {
        (false, true, None) => Some(Lack::Action),
        (true, false, None) => Some(Lack::Repository),
        (true, true, Some(until)) => Some(Lack::Time(until)),
        (true, true, None) | (_, _, Some(_)) | (false, false, None) => None,
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(formatter, "{finding}")?;
            for miss in &finding.near {
                writeln!(formatter, "  {miss}")?;
            }
        }
        match &self.remedy {
            Some(remedy) => writeln!(formatter, "to allow it: pullgate {remedy}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Access { action, repository, tag } = &self.access;
        match tag {
            Some(tag) => write!(formatter, "{action} {repository}:{tag}: {}", self.outcome)?,
            None if is_untold(&self.access) => {
                write!(formatter, "{action} {repository}, at least one tag: {}", self.outcome)?;
            }
            None => write!(formatter, "{action} {repository}: {}", self.outcome)?,
        }
        let rules: Vec<&str> = self.rules.iter().map(RuleId::as_str).collect();
        if rules.is_empty() { Ok(()) } else { write!(formatter, " by {}", rules.join(", ")) }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Allowed => "allowed",
            Self::Forbidden => "forbidden",
            Self::NotGranted => "not granted",
            Self::Broken => "broken",
        })
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Grant { id, pattern, actions, .. } = self.grant.as_ref();
        match self.lacks {
            Lack::Action => write!(formatter, "grant {id} of {pattern} is of {actions} alone"),
            Lack::Repository => write!(formatter, "grant {id} is of {pattern} alone"),
            Lack::Time(until) => write!(formatter, "grant {id} of {pattern} ended at {until}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::Action;

    use super::*;
    use crate::fixture;
    use crate::grant::ActionSet;

    fn explained(text: &str, accesses: &[Access]) -> Explanation {
        let policy = fixture::policy(&[text]);
        let mut ended = fixture::grant("g3", "ci", "team/app", ActionSet::of(Group::Delete));
        ended.until = Some(fixture::now().wall);
        let grants: GrantIndex = [
            fixture::grant("g1", "ci", "team/**", ActionSet::of(Group::Pull)),
            fixture::grant("g2", "ci", "other/app", ActionSet::of(Group::Push)),
            ended,
        ]
        .into_iter()
        .collect();
        policy.explain(&fixture::robot("ci"), accesses, &fixture::context(), &grants, fixture::now())
    }

    fn access(action: Action, repository: &str) -> Access {
        Access::new(action, &repository.parse().unwrap())
    }

    #[test]
    fn says_what_allows_and_what_is_missing() {
        let accesses = [Action::ReadBlob, Action::WriteBlob, Action::WriteManifest, Action::DeleteBlob];
        let explanation = explained("", &accesses.map(|action| access(action, "team/app")));
        assert!(!explanation.is_allowed());
        insta::assert_snapshot!(explanation);
    }

    #[test]
    fn without_a_tag_some_tag_is_asked_for() {
        let permit = "@id(\"previews\") permit(principal, action == Pullgate::Action::\"create-tag\", resource)
                      when { context.tag like \"pr-*\" };";
        let accesses = [Action::CreateTag, Action::MoveTag].map(|action| access(action, "team/app"));
        let told = Access { tag: Some("edge".parse().unwrap()), ..accesses[0].clone() };
        let lines = |accesses: &[Access]| explained(permit, accesses).to_string();
        assert!(lines(&accesses).starts_with("create-tag team/app, at least one tag: allowed by previews\nmove-tag"));
        assert!(lines(&[told]).starts_with("create-tag team/app:edge: not granted\n"));
    }

    #[test]
    fn where_a_rule_forbids_no_grant_is_offered() {
        let forbid = "@id(\"no-writes\") forbid(principal, action in Pullgate::Action::\"push\", resource);";
        let explanation = explained(forbid, &[access(Action::WriteBlob, "team/app")]);
        assert_eq!(explanation.to_string(), "write-blob team/app: forbidden by no-writes\n");
    }

    #[test]
    fn a_broken_rule_is_named() {
        let broken = "@id(\"overflows\") permit(principal, action, resource) when { 9223372036854775807 + 1 > 0 };";
        let explanation = explained(broken, &[access(Action::ReadBlob, "team/app")]);
        assert_eq!(explanation.to_string(), "read-blob team/app: broken by overflows\n");
    }

    #[test]
    fn allowed_is_allowed_and_nothing_is_not() {
        let allowed = explained("", &[access(Action::ReadBlob, "team/app")]);
        assert_eq!(allowed.to_string(), "read-blob team/app: allowed by grant:g1\n");
        assert!(allowed.is_allowed());
        assert!(!explained("", &[]).is_allowed());
    }

    #[test]
    fn a_remedy_names_each_flag_once() {
        let name = "ci".parse().unwrap();
        let refused = [
            access(Action::ReadBlob, "other/app"),
            access(Action::MountFrom, "other/app"),
            access(Action::WriteBlob, "team/app"),
        ];
        let line = "grant add robot:ci --pull other/app --push team/app";
        assert_eq!(remedy(&name, &refused).as_deref(), Some(line));
        let line = "grant add robot:ci --list team/app";
        assert_eq!(remedy(&name, &[access(Action::ListRepositories, "team/app")]).as_deref(), Some(line));
        assert_eq!(remedy(&name, &[]), None);
    }
}
