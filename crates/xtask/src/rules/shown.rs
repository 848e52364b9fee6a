//! Pages that name tests name tests that exist: the last cell of each row holds `` `crate::test` `` at least once.

use std::collections::BTreeSet;
use std::fs;

use crate::cargo::root;
use crate::sources;

const PAGES: [&str; 2] = ["docs/lessons.md", SPECIFICATION];
const SPECIFICATION: &str = "docs/reference/distribution-spec.md";

#[test]
fn every_row_names_tests_that_exist() {
    let known = known();
    for page in PAGES {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let rows = rows(&text);
        assert!(!rows.is_empty(), "{page}: not one row");
        let faults: Vec<String> = rows.into_iter().flat_map(|row| faults(row, &known)).collect();
        assert!(faults.is_empty(), "{page}: {}", faults.join("\n"));
    }
}

#[test]
fn every_test_of_a_section_has_a_row() {
    let page = fs::read_to_string(root().join(SPECIFICATION)).unwrap();
    let known = known();
    let sections: Vec<&String> = known.iter().filter(|test| is_of_a_section(test)).collect();
    assert!(!sections.is_empty(), "not one test of a section");
    let lost: Vec<&&String> = sections.iter().filter(|test| !page.contains(&format!("`{test}`"))).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

/// Every test, with its crate.
fn known() -> BTreeSet<String> {
    sources::tests().unwrap().into_iter().map(|test| format!("{}::{}", test.room, test.name)).collect()
}

/// Whether the name begins with the number of a section, such as `s2_1_`.
fn is_of_a_section(test: &str) -> bool {
    let number = test.strip_prefix("pullgate::s").and_then(|name| name.split('_').next());
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
}

/// The rows of tables without their heads.
fn rows(page: &str) -> Vec<&str> {
    let lines: Vec<&str> = page.lines().collect();
    let is_row = |line: &str| line.starts_with('|');
    let is_rule = |line: &str| is_row(line) && line.chars().all(|character| "|-: ".contains(character));
    let is_head = |index: usize| lines.get(index + 1).is_some_and(|next| is_rule(next));
    let rows = lines.iter().enumerate().filter(|(index, line)| is_row(line) && !is_rule(line) && !is_head(*index));
    rows.map(|(_, line)| *line).collect()
}

fn faults(row: &str, known: &BTreeSet<String>) -> Vec<String> {
    let cell = row.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default();
    let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    if names.is_empty() {
        return vec![format!("no test in the last cell: {row}")];
    }
    let unknown = names.into_iter().filter(|name| !known.contains(*name));
    unknown.map(|name| format!("no test is called `{name}`: {row}")).collect()
}

#[test]
fn a_lesson_without_its_test_is_seen() {
    let page = "# Lessons\n\n| a | b |\n| --- | :-: |\n| `x` | `gate::known` |\n| y | `gate::lost`, `gate::known` |\n| z | soon |\n";
    let known = BTreeSet::from(["gate::known".to_owned()]);
    let faults: Vec<String> = rows(page).into_iter().flat_map(|row| faults(row, &known)).collect();
    assert_eq!(
        faults,
        [
            "no test is called `gate::lost`: | y | `gate::lost`, `gate::known` |",
            "no test in the last cell: | z | soon |"
        ]
    );
}
