//! What an operator says about repositories: attributes that shipped rules read.

use protocol::{Repository, Tag};
use serde::{Deserialize, Serialize};

use crate::pattern::{Pattern, TagPattern};

/// This room's part of the configuration.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The operator's own policy files, as paths; whoever builds the policy reads them.
    pub files: Vec<String>,
    /// Whether public repositories may be read by nobody in particular.
    pub anonymous: bool,
    /// Whether `/v2/_catalog` exists.
    pub catalog: bool,
}

/// Who may read without a grant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Those with a grant.
    #[default]
    Private,
    /// Everybody who is identified, and anonymous where `policy.anonymous` is on.
    Public,
}

impl Visibility {
    /// The word in policies and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}

/// One `[[repository]]` entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RepositoryRule {
    /// Which repositories.
    pub name: Pattern,
    /// Who may read without a grant.
    pub visibility: Option<Visibility>,
    /// The environment, for the operator's own rules.
    pub environment: Option<String>,
    /// Tags that are created once and neither moved nor deleted.
    #[serde(default)]
    pub protected_tags: Vec<TagPattern>,
}

/// What all entries together say about one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) visibility: Visibility,
    pub(crate) environment: Option<String>,
    pub(crate) protected_tags: Vec<TagPattern>,
}

impl Attributes {
    /// The narrowest entry that says something wins; protection adds up.
    pub(crate) fn of(rules: &[RepositoryRule], repository: &Repository) -> Self {
        let mut attributes = Self::default();
        for pattern in Pattern::covering(repository) {
            for rule in rules.iter().filter(|rule| rule.name == pattern) {
                attributes.visibility = rule.visibility.unwrap_or(attributes.visibility);
                attributes.environment = rule.environment.clone().or(attributes.environment);
                attributes.protected_tags.extend(rule.protected_tags.iter().cloned());
            }
        }
        attributes
    }

    pub(crate) fn protects(&self, tag: &Tag) -> bool {
        self.protected_tags.iter().any(|pattern| pattern.covers(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_entry_wins_and_protection_adds_up() {
        let rule = |name: &str, visibility, tags: &[&str]| RepositoryRule {
            name: name.parse().unwrap(),
            visibility,
            environment: None,
            protected_tags: tags.iter().map(|tag| tag.parse().unwrap()).collect(),
        };
        let rules = [
            rule("a/b", Some(Visibility::Private), &["stable"]),
            rule("a/**", Some(Visibility::Public), &["v*"]),
            rule("**", None, &[]),
        ];
        let attributes = Attributes::of(&rules, &"a/b".parse().unwrap());
        assert_eq!(attributes.visibility, Visibility::Private);
        assert!(attributes.protects(&"v1".parse().unwrap()) && attributes.protects(&"stable".parse().unwrap()));
        assert_eq!(Attributes::of(&rules, &"a/c".parse().unwrap()).visibility, Visibility::Public);
        assert_eq!(Attributes::of(&rules, &"z".parse().unwrap()).visibility, Visibility::Private);
    }
}
