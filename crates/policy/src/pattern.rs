//! Patterns of repositories and tags: the same few everywhere, and nothing else parses.

use std::fmt;
use std::str::FromStr;

use protocol::{Repository, Tag};
use serde::{Deserialize, Serialize};

/// Why a pattern was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Not `a/b`, `a/**` or `**`.
    #[error("not a repository pattern: write `a/b` for that one, `a/**` for everything below `a`, `**` for all")]
    Repository,
    /// Neither a tag nor a prefix and `*`.
    #[error("not a tag pattern: write a tag, or a prefix and `*`")]
    Tag,
}

/// Which repositories: `a/b` (that one), `a/**` (everything below `a`, not `a` itself), `**` (all).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Pattern {
    /// All repositories.
    All,
    /// Everything below a name.
    Below(Repository),
    /// One repository.
    One(Repository),
}

impl Pattern {
    /// Whether the repository is meant.
    #[must_use]
    pub fn covers(&self, repository: &Repository) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one == repository,
            Self::Below(above) => repository.namespaces().any(|namespace| namespace == above.as_str()),
        }
    }

    /// Whether every repository that the other means is meant.
    pub(crate) fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Below(_) | Self::One(_), Self::One(one)) => self.covers(one),
            (Self::Below(above), Self::Below(below)) => above == below || self.covers(below),
            (Self::Below(_) | Self::One(_), Self::All) | (Self::One(_), Self::Below(_)) => false,
        }
    }

    /// The repositories that both mean: patterns overlap only where one lies within the other.
    pub(crate) fn common<'a>(&'a self, other: &'a Self) -> Option<&'a Self> {
        match (self.includes(other), other.includes(self)) {
            (true, _) => Some(other),
            (false, true) => Some(self),
            (false, false) => None,
        }
    }

    /// Where the names that it covers lie among all names in ASCII order: from the first text to before the second.
    /// `!` sorts before every character of a name that may go on, and `~` behind all of them.
    #[must_use]
    pub fn span(&self) -> (String, String) {
        match self {
            Self::All => (String::new(), "~".to_owned()),
            Self::Below(above) => (format!("{above}/"), format!("{above}0")),
            Self::One(one) => (one.to_string(), format!("{one}!")),
        }
    }

    /// Every pattern that covers the repository, from the widest to the narrowest: one for each level of its name.
    pub fn covering(repository: &Repository) -> impl Iterator<Item = Self> {
        let mut above: Vec<Self> =
            repository.namespaces().filter_map(|namespace| namespace.parse().ok().map(Self::Below)).collect();
        above.reverse();
        std::iter::once(Self::All).chain(above).chain(std::iter::once(Self::One(repository.clone())))
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let name = |text: &str| text.parse().map_err(|_| PatternError::Repository);
        match text.strip_suffix("**") {
            Some("") => Ok(Self::All),
            Some(above) => name(above.strip_suffix('/').ok_or(PatternError::Repository)?).map(Self::Below),
            None => name(text).map(Self::One),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("**"),
            Self::Below(above) => write!(formatter, "{above}/**"),
            Self::One(one) => one.fmt(formatter),
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

/// Which tags: one, or all that begin with a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TagPattern {
    /// That tag.
    One(Tag),
    /// Every tag that begins so.
    Prefix(String),
}

impl TagPattern {
    /// Whether the tag is meant.
    #[must_use]
    pub fn covers(&self, tag: &Tag) -> bool {
        match self {
            Self::One(one) => one == tag,
            Self::Prefix(prefix) => tag.as_str().starts_with(prefix),
        }
    }
}

impl FromStr for TagPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let valid = |text: &str| text.parse::<Tag>().map_err(|_| PatternError::Tag);
        match text.strip_suffix('*') {
            Some("") => Ok(Self::Prefix(String::new())),
            Some(prefix) => valid(prefix).map(|tag| Self::Prefix(tag.to_string())),
            None => valid(text).map(Self::One),
        }
    }
}

impl fmt::Display for TagPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(tag) => tag.fmt(formatter),
            Self::Prefix(prefix) => write!(formatter, "{prefix}*"),
        }
    }
}

impl TryFrom<String> for TagPattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<TagPattern> for String {
    fn from(pattern: TagPattern) -> Self {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_closed() {
        for good in ["a", "a/b", "a/**", "a/b/**", "**"] {
            assert_eq!(good.parse::<Pattern>().unwrap().to_string(), good);
        }
        for bad in ["", "*", "a/*", "/a/**", "a**", "**/a", "a/**/b", "A/**", "/**", "a/***", "!a", "a?"] {
            assert_eq!(bad.parse::<Pattern>(), Err(PatternError::Repository), "{bad}");
        }
        for bad in ["", "**", "v*1", "*v", "-v"] {
            assert_eq!(bad.parse::<TagPattern>(), Err(PatternError::Tag), "{bad}");
        }
    }

    #[test]
    fn below_is_not_itself() {
        let covers = |pattern: &str, name: &str| pattern.parse::<Pattern>().unwrap().covers(&name.parse().unwrap());
        assert!(covers("a/**", "a/b") && covers("a/**", "a/b/c") && covers("**", "a") && covers("a", "a"));
        assert!(!covers("a/**", "a") && !covers("a/**", "ab/c") && !covers("a", "a/b"));
    }

    #[test]
    fn a_span_holds_what_is_covered_and_nothing_else() {
        let names = ["a", "a-b", "a.b", "a/b", "a/b-c", "a/b/c", "a/bc", "a0", "a_b", "aa", "b", "z9"];
        for pattern in ["**", "a", "a/**", "a/b", "a/b/**", "a-b/**", "z9"] {
            let pattern: Pattern = pattern.parse().unwrap();
            let (first, end) = pattern.span();
            for name in names {
                let within = (first.as_str()..end.as_str()).contains(&name);
                assert_eq!(within, pattern.covers(&name.parse().unwrap()), "{name} in {pattern}");
            }
        }
    }

    #[test]
    fn covering_lists_exactly_what_covers() {
        let name: Repository = "a/b/c".parse().unwrap();
        let listed: Vec<String> = Pattern::covering(&name).map(|pattern| pattern.to_string()).collect();
        assert_eq!(listed, ["**", "a/**", "a/b/**", "a/b/c"]);
    }
}
