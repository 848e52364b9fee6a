//! Which rules may have a say in an access: found by their heads, so that the others cost nothing.

use std::collections::HashMap;
use std::sync::Arc;

use cedar_policy::EntityUid;
use protocol::Action;

use crate::engine::rule::Rule;

/// Rules by what their heads name: the resource, else the principal, else nothing.
#[derive(Debug, Default)]
pub(super) struct RuleIndex {
    by_resource: HashMap<EntityUid, Vec<Arc<Rule>>>,
    by_principal: HashMap<EntityUid, Vec<Arc<Rule>>>,
    open: Vec<Arc<Rule>>,
}

impl RuleIndex {
    /// The rules whose heads may match, and perhaps some more: every open one, and every forbid that could apply.
    pub(super) fn slice(&self, principal: &EntityUid, resources: &[EntityUid], action: Action) -> Vec<&Arc<Rule>> {
        let of_resource = resources.iter().flat_map(|resource| self.by_resource.get(resource)).flatten();
        let of_principal = self.by_principal.get(principal).into_iter().flatten();
        let rules = of_resource.chain(of_principal).chain(&self.open);
        rules.filter(|rule| rule.actions.contains(action)).collect()
    }
}

impl FromIterator<Arc<Rule>> for RuleIndex {
    fn from_iter<T: IntoIterator<Item = Arc<Rule>>>(rules: T) -> Self {
        let mut index = Self::default();
        for rule in rules {
            let place = match (rule.head_resource(), rule.head_principal()) {
                (Some(resource), _) => index.by_resource.entry(resource).or_default(),
                (None, Some(principal)) => index.by_principal.entry(principal).or_default(),
                (None, None) => &mut index.open,
            };
            place.push(rule);
        }
        index
    }
}
