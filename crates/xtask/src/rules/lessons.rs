//! `docs/lessons.md` names tests that exist: the last cell of each row holds `` `crate::test` `` at least once.

use std::collections::BTreeSet;
use std::fs;

use crate::cargo::root;
use crate::sources;

#[test]
fn every_lesson_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/lessons.md")).unwrap();
    let rows = rows(&page);
    assert!(!rows.is_empty(), "a page of lessons without one");
    let known = sources::tests().unwrap().into_iter().map(|test| format!("{}::{}", test.room, test.name)).collect();
    let faults: Vec<String> = rows.into_iter().flat_map(|row| faults(row, &known)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
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
