//! Why a policy was not accepted, and where.

use std::fmt;
use std::ops::Range;

use cedar_policy::ffi::DetailedError;

/// Why a policy was not accepted: the first mistake that was found, and its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {mistake}")]
pub struct PolicyError {
    /// Where.
    pub place: Place,
    /// What.
    pub mistake: Mistake,
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// The text is not Cedar.
    #[error("{message}")]
    Syntax {
        /// What Cedar found.
        message: String,
        /// What would be Cedar.
        help: Option<String>,
    },
    /// The rule speaks of something that does not exist, or compares what cannot be compared.
    #[error("{message}")]
    Validation {
        /// What Cedar found.
        message: String,
        /// What may have been meant.
        help: Option<String>,
    },
    /// The rule may apply to a read and looks at a tag.
    #[error("reads are decided on the repository and never on the tag: the same content can be asked for by digest")]
    TagInReadRule,
    /// The rule names a namespace that cannot exist.
    #[error("`{name}` is not the name of a namespace, so the rule would never match")]
    NotANamespace {
        /// What stands there.
        name: String,
    },
    /// The rule names a repository that cannot exist.
    #[error("`{name}` is not the name of a repository, so the rule would never match")]
    NotARepository {
        /// What stands there.
        name: String,
    },
    /// A template: nothing would ever fill its slots.
    #[error("nobody fills `?principal` and `?resource`: name whom and what the rule is about")]
    Template,
    /// Two rules have one name.
    #[error("another rule is named `{id}` already")]
    DuplicateId {
        /// The name.
        id: String,
    },
    /// The name belongs to a grant or to a rule of ours.
    #[error("the name `{id}` is taken: `grant:` begins the names of grants, and shipped rules keep theirs")]
    ReservedId {
        /// The name.
        id: String,
    },
}

impl Mistake {
    /// What to do about it, where there is something to say.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Syntax { help, .. } | Self::Validation { help, .. } => help.as_deref(),
            Self::TagInReadRule => {
                Some("name `create-tag`, `move-tag` or `delete-tag` as the action of a rule that looks at the tag")
            }
            Self::NotANamespace { .. } => Some(
                "`Pullgate::Namespace::\"a\"` is everything below `a`, `Pullgate::Namespace::\"**\"` is everything",
            ),
            Self::NotARepository { .. } => {
                Some("to name everything below `a`, write `resource in Pullgate::Namespace::\"a\"`")
            }
            Self::DuplicateId { .. } | Self::ReservedId { .. } => Some("choose another `@id(\"...\")`"),
            Self::Template => None,
        }
    }
}

/// A place in one of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of the file.
    pub file: String,
    /// The bytes that are meant.
    pub span: Range<usize>,
    /// The line that they begin in, from 1.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
}

impl Place {
    /// Bytes beyond the end, as Cedar gives where something is missing, mean the end.
    pub(super) fn new(file: &str, text: &str, span: Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let before = text.get(..start).unwrap_or(text);
        let last_line = before.rsplit('\n').next().unwrap_or(before);
        Self {
            file: file.to_owned(),
            span: start..text.floor_char_boundary(span.end.max(start)),
            line: before.matches('\n').count() + 1,
            column: last_line.chars().count() + 1,
        }
    }

    /// The first place that an error of Cedar names; the beginning where it names none.
    pub(super) fn of_error(file: &str, text: &str, error: &DetailedError) -> Self {
        let span = error.source_locations.first().map_or(0..0, |label| label.loc.start..label.loc.end);
        Self::new(file, text, span)
    }

    pub(super) fn has(self, mistake: Mistake) -> PolicyError {
        PolicyError { place: self, mistake }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters() {
        let text = "one\ntw\u{f6} x\n";
        let at = |span| {
            let place = Place::new("f", text, span);
            (place.to_string(), place.span)
        };
        assert_eq!(at(0..3), ("f:1:1".to_owned(), 0..3));
        assert_eq!(at(9..10), ("f:2:5".to_owned(), 9..10));
        assert_eq!(at(99..100), ("f:3:1".to_owned(), 11..11));
    }
}
