//! Documents lead somewhere: their links resolve, and nothing in the repository names a machine or a package host.

use std::path::Path;

use crate::cargo::root;
use crate::sources::{self, Source};

/// Folders of one machine, and hosts that packages are fetched from. Written in two halves, or this file would be the
/// first finding.
const FOREIGN: [&str; 9] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("static.", "crates.io"),
    concat!("index.", "crates.io"),
    concat!("crates.io/", "api"),
    concat!("proxy.", "golang.org"),
    concat!("py", "pi.org"),
    concat!("files.", "pythonhosted.org"),
    concat!("registry.", "npmjs.org"),
];

#[test]
fn every_relative_link_resolves() {
    let sources = sources::all().unwrap();
    let pages: Vec<&Source> = sources.iter().filter(|source| source.is(".md")).collect();
    assert!(!pages.is_empty(), "a repository without a page");
    let broken: Vec<String> = pages.into_iter().flat_map(broken_links).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn nothing_names_a_machine_or_a_package_host() {
    let sources = sources::all().unwrap();
    let findings: Vec<String> = sources.iter().flat_map(foreign_names).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

fn broken_links(page: &Source) -> Vec<String> {
    let folder = root().join(&page.path);
    let folder = folder.parent().unwrap();
    let broken = links(&page.text).into_iter().filter(|target| !folder.join(Path::new(target)).exists());
    broken.map(|target| format!("{}: `{target}` does not exist", page.path.display())).collect()
}

/// Targets of `[text](target)` that are files, without titles and anchors. What stands in code is no link.
fn links(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2).flat_map(|part| part.split('`').step_by(2));
    let targets = prose.flat_map(|part| part.split("](").skip(1)).filter_map(|rest| rest.split([')', ' ', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")).collect()
}

fn foreign_names(source: &Source) -> Vec<String> {
    let lines = source.text.lines().enumerate();
    let found = lines.filter_map(|(index, line)| Some((index + 1, FOREIGN.iter().find(|name| line.contains(**name))?)));
    found.map(|(number, name)| format!("{}:{number}: `{name}`", source.path.display())).collect()
}

#[test]
fn links_are_told_from_text() {
    let text = "[a](one.md#part), [b](two.md \"title\") [c](#here) [d](https://x.test/y)\n```\n[e](code)\n```\n`[f](code)` [g](../three)";
    assert_eq!(links(text), ["one.md", "two.md", "../three"]);
}

#[test]
fn findings_are_seen() {
    let page = |text: &str| Source { path: "docs/page.md".into(), text: text.into() };
    assert_eq!(
        broken_links(&page("[x](nowhere.md) [y](../Cargo.toml)")),
        ["docs/page.md: `nowhere.md` does not exist"]
    );
    let text = format!("fine\nsee {}main", FOREIGN[0]);
    assert_eq!(foreign_names(&page(&text)), [format!("docs/page.md:2: `{}`", FOREIGN[0])]);
}
