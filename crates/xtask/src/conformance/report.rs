//! What a suite counted, from the JUnit file that both official ones write.

use std::fmt;
use std::fs;
use std::path::Path;

/// The name of the file.
pub(super) const FILE: &str = "junit.xml";

/// The numbers of the first test suite in the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
    disabled: u64,
}

impl Counts {
    /// `None` where there is no file, or no test suite in it.
    pub(super) fn read(reports: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(reports.join(FILE)).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let tag = text.split("<testsuite ").nth(1)?.split('>').next()?;
        let number = |name| attribute(tag, name).and_then(|value| value.parse().ok());
        let or_none = |name| number(name).unwrap_or(0);
        Some(Self {
            tests: number("tests")?,
            failures: or_none("failures"),
            errors: or_none("errors"),
            skipped: or_none("skipped"),
            disabled: or_none("disabled"),
        })
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tests, failures, errors, skipped, disabled } = self;
        write!(formatter, "{tests} tests, {failures} failed, {errors} errors, {skipped} skipped, {disabled} disabled")
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let named = format!(" {name}=\"");
    // A tag begins without the blank that stands before every other attribute.
    let rest = tag.strip_prefix(named.trim_start()).or_else(|| tag.split_once(&named).map(|(_, rest)| rest))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let newer = r#"<testsuites tests="9"><testsuite name="a" tests="9" failures="1" errors="2" skipped="3" disabled="0" time="1"></testsuite></testsuites>"#;
        let older = "<testsuites tests=\"7\">\n<testsuite tests=\"7\" package=\"/x\" name=\"b\" disabled=\"4\">";
        assert_eq!(Counts::parse(newer).unwrap(), Counts { tests: 9, failures: 1, errors: 2, skipped: 3, disabled: 0 });
        assert_eq!(Counts::parse(older).unwrap(), Counts { tests: 7, disabled: 4, ..Counts::default() });
        for none in ["", "<testsuites tests=\"1\"/>", "<testsuite name=\"tests\">", "<testsuite tests=\"many\">"] {
            assert_eq!(Counts::parse(none), None, "{none}");
        }
    }
}
