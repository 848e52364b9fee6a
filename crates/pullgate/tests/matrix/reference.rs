//! `docs/reference/clients.md`, made from the snapshots.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::refusal::Refusal;
use super::said;
use super::traits::Traits;

const INTRODUCTION: &str = "\
# What clients say when they are refused

This page is made from what the clients printed in the tests; they are the versions of Debian 12, and crane, regctl and oras as
`cargo xtask test` installs them. Each cell has the client's exit code, and `why` where the client prints the message
that ends with `(pullgate why ID)`.

";

#[test]
fn the_reference_says_what_the_clients_said() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/clients.md");
    let page = page();
    if fs::read_to_string(&file).is_ok_and(|text| text == page) {
        return;
    }
    fs::create_dir_all(file.parent().expect("a folder")).expect("the folder is made");
    fs::write(&file, page).expect("the page is written");
    panic!("docs/reference/clients.md was not what the clients said: it has been written anew, look at the difference");
}

fn page() -> String {
    let names: Vec<&str> = Traits::ALL.iter().map(|traits| traits.name).collect();
    let mut page = format!("{INTRODUCTION}| | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for refusal in Refusal::ALL {
        let cells: Vec<String> = Traits::ALL.iter().map(|traits| cell(traits, refusal)).collect();
        writeln!(page, "| {} | {} |", refusal.title(), cells.join(" | ")).expect("text grows");
    }
    page += "\nWhere the id is not printed it stands in the journal: `pullgate audit query --decision deny --since 5m`.\n\n";
    for traits in &Traits::ALL {
        for (refusal, reason) in traits.silent {
            writeln!(page, "- {}, {}: {reason}", traits.name, refusal.title()).expect("text grows");
        }
        for (refusal, reason) in traits.skipped {
            writeln!(page, "- {}, {}: not tried, {reason}", traits.name, refusal.title()).expect("text grows");
        }
    }
    page
}

fn cell(traits: &Traits, refusal: Refusal) -> String {
    if traits.skips(refusal) {
        return "-".to_owned();
    }
    let said = said::held(traits.name, refusal);
    let code = said.lines().next().and_then(|line| line.strip_prefix("exit code: ")).expect("a snapshot begins so");
    if said::names_why(&said) { format!("{code}, why") } else { code.to_owned() }
}
