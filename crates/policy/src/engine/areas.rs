//! Where an action may be allowed to somebody: what grants and the heads of rules tell without a repository at hand.

use cedar_policy::{Effect, PrincipalConstraint};
use jiff::Timestamp;
use protocol::Action;

use crate::engine::rule::Rule;
use crate::engine::{Engine, grants, moment, shipped};
use crate::grant::{ActionSet, GrantIndex};
use crate::pattern::Pattern;
use crate::permit::RuleId;
use crate::principal::Principal;
use crate::repository::Visibility;

impl Engine {
    /// The patterns outside of which nothing allows any of the actions, each with the grant or permit that it comes
    /// from. An upper bound, and never a permission: conditions and forbids have not been asked.
    pub(crate) fn areas(
        &self,
        principal: &Principal,
        actions: &[Action],
        grants: &GrantIndex,
        now: Timestamp,
    ) -> Vec<(Pattern, RuleId)> {
        let now = moment::rounded_down(now);
        let is_meant = |of: ActionSet| actions.iter().any(|action| of.contains(*action));
        let held = principal.id().into_iter().flat_map(|holder| grants.of(holder));
        let granted = held.filter(|grant| is_meant(grant.actions) && grant.until.is_none_or(|until| now < until));
        let granted = granted.map(|grant| (grant.pattern.clone(), RuleId::new(&grants::rule_id(grant))));
        let permits = self.rules.iter().filter(|rule| rule.policy.effect() == Effect::Permit && is_meant(rule.actions));
        let permits = permits.filter(|rule| self.may_be_of(rule, principal));
        let permitted = permits.flat_map(|rule| self.areas_of(rule).into_iter().map(|area| (area, rule.id.clone())));
        let mut areas: Vec<_> = granted.chain(permitted).collect();
        areas.sort();
        areas
    }

    /// Whether the head of a rule may mean the principal.
    fn may_be_of(&self, rule: &Rule, principal: &Principal) -> bool {
        let principal = self.vocabulary.principal(principal);
        match rule.policy.principal_constraint() {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::Is(kind) => kind == *principal.type_name(),
            PrincipalConstraint::Eq(one) | PrincipalConstraint::In(one) | PrincipalConstraint::IsIn(_, one) => {
                one == principal
            }
        }
    }

    /// The repositories that a rule may mean: those of its head, all of them where it names none. The one shipped rule
    /// that looks at the visibility means what the configuration makes public.
    fn areas_of(&self, rule: &Rule) -> Vec<Pattern> {
        if rule.id.as_str() == shipped::PUBLIC_READ {
            let public = self.repositories.iter().filter(|entry| entry.visibility == Some(Visibility::Public));
            return public.map(|entry| entry.name.clone()).collect();
        }
        let named = rule.head_resource().and_then(|resource| self.vocabulary.pattern_of(&resource));
        vec![named.unwrap_or(Pattern::All)]
    }
}

#[cfg(test)]
mod tests {
    use protocol::Group;

    use super::*;
    use crate::fixture;

    fn areas(rules: &[&str], principal: &Principal, actions: &[Action], grants: &GrantIndex) -> Vec<String> {
        let policy = fixture::policy(rules);
        let areas = policy.engine.areas(principal, actions, grants, fixture::now().wall);
        areas.iter().map(|(pattern, rule)| format!("{pattern} by {rule}")).collect()
    }

    #[test]
    fn grants_and_permits_open_them() {
        let mut ended = fixture::grant("g4", "ci", "z/**", ActionSet::of(Group::List));
        ended.until = Some(fixture::now().wall);
        let grants = [
            fixture::grant("g1", "ci", "a/**", ActionSet::of(Group::List)),
            fixture::grant("g2", "ci", "b", ActionSet::of(Group::Pull)),
            fixture::grant("g3", "other", "c", ActionSet::of(Group::List)),
            ended,
        ];
        let rule = |id: &str, head: &str| format!("@id(\"{id}\") {head};");
        let list = "action in Pullgate::Action::\"list\"";
        let rules = [
            rule("below", &format!("permit(principal, {list}, resource in Pullgate::Namespace::\"d\")")),
            rule(
                "one",
                &format!("permit(principal is Pullgate::Robot, {list}, resource == Pullgate::Repository::\"e\")"),
            ),
            rule("nobody", &format!("permit(principal is Pullgate::Anonymous, {list}, resource)")),
            rule("other", &format!("permit(principal == Pullgate::Robot::\"other\", {list}, resource)")),
            rule("pull", "permit(principal, action in Pullgate::Action::\"pull\", resource)"),
            rule("no", "forbid(principal, action, resource)"),
        ];
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        let (robot, grants) = (fixture::robot("ci"), grants.into_iter().collect());
        let list = &[Action::ListRepositories];
        assert_eq!(areas(&rules, &robot, list, &grants), ["a/** by grant:g1", "d/** by below", "e by one"]);
        assert_eq!(areas(&rules, &Principal::Anonymous, list, &grants), ["** by nobody", "d/** by below"]);
        assert_eq!(areas(&[], &Principal::Anonymous, list, &grants), Vec::<String>::new());
        let pulled = ["a/** by grant:g1", "open/** by public-read", "b by grant:g2"];
        assert_eq!(areas(&[], &robot, Group::Pull.members(), &grants), pulled);
    }
}
