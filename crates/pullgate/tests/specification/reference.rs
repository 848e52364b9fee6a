//! `docs/reference/distribution-spec.md`, made from the table beside this file. Whether its tests exist is a rule in
//! `xtask`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde::Deserialize;

const INTRODUCTION: &str = "\
# What is asked of a registry, and what pullgate does

This page is made from `crates/pullgate/tests/specification/table.toml`: what a sentence or a rule asks, in words of our own,
what pullgate does, and the tests that show it, each with its crate. A test checks that each one exists.
";

const LATER: &str = "
## Not applicable yet

Rules of parts that are not there; they get tests with those parts.

";

#[derive(Deserialize)]
struct Table {
    section: Vec<Section>,
    later: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    title: String,
    about: String,
    head: [String; 3],
    rows: Vec<Vec<String>>,
}

#[test]
fn the_reference_says_what_the_table_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/distribution-spec.md");
    let page = page(&toml::from_str(include_str!("table.toml")).expect("a table"));
    if fs::read_to_string(&file).is_ok_and(|text| text == page) {
        return;
    }
    fs::write(&file, page).expect("the page is written");
    panic!("docs/reference/distribution-spec.md was not what the table says: it has been written anew");
}

fn page(table: &Table) -> String {
    let mut page = INTRODUCTION.to_owned();
    for Section { title, about, head, rows } in &table.section {
        write!(page, "\n## {title}\n\n{about}\n\n| {} | shown by |\n|---|---|---|---|\n", head.join(" | "))
            .expect("text grows");
        for row in rows {
            let [place, asked, does, tests @ ..] = row.as_slice() else { panic!("{title}: {row:?}") };
            assert!(!tests.is_empty(), "{title}: no test shows `{place}`");
            let tests: Vec<String> = tests.iter().map(|test| named(test)).collect();
            writeln!(page, "| {place} | {asked} | {does} | {} |", tests.join(", ")).expect("text grows");
        }
    }
    page += LATER;
    for (rule, reason) in &table.later {
        writeln!(page, "- {rule}: {reason}").expect("text grows");
    }
    page
}

/// A test with its crate; those of this folder stand without.
fn named(test: &str) -> String {
    if test.contains("::") { format!("`{test}`") } else { format!("`pullgate::{test}`") }
}
