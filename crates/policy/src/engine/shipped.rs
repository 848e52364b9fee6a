//! Rules that stand in every policy.

use std::sync::Arc;

use crate::engine::PolicyText;
use crate::engine::load::{self, Ids};
use crate::engine::mistake::PolicyError;
use crate::engine::rule::Rule;
use crate::engine::vocabulary::Vocabulary;
use crate::repository::Settings;

pub(super) const RULES: &str = include_str!("../shipped.cedar");

/// The shipped rule that looks at the visibility of a repository.
pub(super) const PUBLIC_READ: &str = "public-read";
/// The shipped rule that a setting takes out.
const ANONYMOUS_OFF: &str = "anonymous-off";

/// The shipped rules that are in force, and their names, all of which are taken.
pub(super) fn rules(
    vocabulary: &Vocabulary,
    settings: &Settings,
    ids: &mut Ids,
) -> Result<Vec<Arc<Rule>>, PolicyError> {
    let text = PolicyText { name: "shipped with pullgate".to_owned(), text: RULES.to_owned() };
    let rules = load::rules(vocabulary, &text, ids)?;
    ids.reserve();
    Ok(rules.into_iter().filter(|rule| !(settings.anonymous && rule.id.as_str() == ANONYMOUS_OFF)).collect())
}
