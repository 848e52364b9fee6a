//! `docs/reference/probe-findings.md`: what each finding means and how it is mended, on every product that has settings for
//! it. It is made from the checks.
#![expect(clippy::unwrap_used, reason = "outside #[test] too, a panic is how a test fails")]

use std::fmt::Write as _;
use std::path::Path;

use probe::{Check, Mapping, Product, catalogue, product_remedy};

#[test]
fn the_page_of_findings_is_what_the_checks_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/probe-findings.md");
    let page = page();
    if std::fs::read_to_string(&file).is_ok_and(|written| written == page) {
        return;
    }
    std::fs::write(&file, page).expect("the page can be written");
    panic!(
        "docs/reference/probe-findings.md was not what the checks say: it has been written anew, look at the difference"
    );
}

fn page() -> String {
    let mut page = String::from(
        "# What a finding means\n\n\
         This page is made from the checks. For each: what it asks, why a FAIL matters, what to reach, and the settings of \
         products that\nreach it. [What the probe asks](probe-checks.md) has the requests and the verdicts.\n",
    );
    for check in catalogue().filter(|check| !check.group.is_control()) {
        section(&mut page, check);
    }
    page
}

fn section(page: &mut String, check: &Check) {
    write!(page, "\n## {}: {}\n\n", check.id, text(check.title)).unwrap();
    write!(page, "Severity {}. {}.\n\n", check.severity, sentence(check.why)).unwrap();
    writeln!(page, "**Mend it**: {}.", text(check.remedy)).unwrap();
    let remedies = Product::ALL.map(|product| (product, product_remedy(product, check)));
    let remedies: Vec<_> = remedies.into_iter().filter_map(|(product, remedy)| Some((product, remedy?))).collect();
    if !remedies.is_empty() {
        page.push('\n');
    }
    for (product, remedy) in remedies {
        writeln!(page, "- {}: {}", product.as_str(), text(remedy)).unwrap();
    }
    let standards = Mapping::of(check).map(|mapping| mapping.lines()).unwrap_or_default();
    let references = (!check.references.is_empty()).then(|| ("See", check.references.join(", ")));
    let lines: Vec<String> =
        references.into_iter().chain(standards).map(|(name, items)| format!("{name}: {}", text(&items))).collect();
    if !lines.is_empty() {
        write!(page, "\n{}.\n", lines.join(". ")).unwrap();
    }
}

/// Words of ours that are no markup.
fn text(words: &str) -> String {
    words.replace('<', "&lt;")
}

fn sentence(words: &str) -> String {
    let mut letters = text(words).chars().collect::<Vec<_>>();
    if let Some(first) = letters.first_mut() {
        *first = first.to_ascii_uppercase();
    }
    letters.into_iter().collect()
}

#[test]
fn a_section_says_what_to_do_and_both_names_of_a_nist_item() {
    let mut page = String::new();
    section(&mut page, probe::find("ANON-02").unwrap());
    for said in ["## ANON-02: ", "**Mend it**: ", "- Harbor: ", "CVE-2026-27771", "PR.AA-05 (CSF 1.1: PR.AC-4)"] {
        assert!(page.contains(said), "{said}: {page}");
    }
}
