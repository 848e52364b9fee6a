//! The name of a policy: a hash over everything that it was built from.

use crate::engine::{PolicyText, shipped, vocabulary};
use crate::permit::Revision;
use crate::repository::{RepositoryRule, Settings};

pub(super) fn revision(settings: &Settings, repositories: &[RepositoryRule], texts: &[PolicyText]) -> Revision {
    let mut name = Name::default();
    name.add(vocabulary::SCHEMA);
    name.add(shipped::RULES);
    name.add(if settings.anonymous { "anonymous" } else { "" });
    name.add(if settings.catalog { "catalog" } else { "" });
    for rule in repositories {
        name.add(&format!("{rule:?}"));
    }
    for PolicyText { name: file, text } in texts {
        name.add(file);
        name.add(text);
    }
    Revision::new(&format!("{:016x}", name.0))
}

/// FNV-1a of 64 bits. It tells policies apart and proves nothing: whoever writes the files may make two of one name.
struct Name(u64);

impl Default for Name {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Name {
    /// Adds a text and its end, so that two texts are never one longer one.
    fn add(&mut self, text: &str) {
        text.bytes().chain([0xff]).for_each(|byte| self.add_byte(byte));
    }

    fn add_byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_decides_changes_the_name() {
        let text = |name: &str, text: &str| PolicyText { name: name.to_owned(), text: text.to_owned() };
        let rule = |name: &str| RepositoryRule {
            name: name.parse().unwrap(),
            visibility: None,
            environment: None,
            protected_tags: Vec::new(),
        };
        let closed = Settings::default();
        let open = Settings { anonymous: true, ..Settings::default() };
        let names = [
            revision(&closed, &[], &[]),
            revision(&open, &[], &[]),
            revision(&Settings { catalog: true, ..Settings::default() }, &[], &[]),
            revision(&closed, &[rule("a")], &[]),
            revision(&closed, &[rule("a/**")], &[]),
            revision(&closed, &[], &[text("a", "b")]),
            revision(&closed, &[], &[text("ab", "")]),
            revision(&closed, &[], &[text("a", ""), text("b", "")]),
        ];
        let distinct: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        assert_eq!(revision(&closed, &[], &[]), names[0]);
        assert!(names.iter().all(|name| name.as_str().len() == 16));
    }

    #[test]
    fn is_the_published_hash() {
        let mut name = Name::default();
        "foobar".bytes().for_each(|byte| name.add_byte(byte));
        assert_eq!(name.0, 0x8594_4171_f739_67e8);
    }
}
