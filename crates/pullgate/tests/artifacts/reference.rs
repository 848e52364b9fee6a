//! `docs/reference/artifacts.md`, made from the operations.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::operations::{BUILDAH, CRANE, CTR, DOCKER, ORAS, ORAS_GO, PODMAN, REGCTL, SKOPEO};
use super::{Need, Operation, Place};

const INTRODUCTION: &str = "\
# What clients need for what they do

Each row is done in the tests with exactly these grants, and refused where one of them is missing. *Source* is the repository
that has the content, *target* the one that it goes to. In brackets stand the actions that the journal then allows there,
which are all that the client makes use of.

| client | does | needs |
|---|---|---|
";

#[test]
fn the_reference_says_what_the_operations_need() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/artifacts.md");
    let page = page();
    if fs::read_to_string(&file).is_ok_and(|text| text == page) {
        return;
    }
    fs::write(&file, page).expect("the page is written");
    panic!("docs/reference/artifacts.md was not what the operations need: it has been written anew");
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    rows(&mut page, "docker", &DOCKER);
    rows(&mut page, "podman", &PODMAN);
    rows(&mut page, "skopeo", &SKOPEO);
    rows(&mut page, "buildah", &BUILDAH);
    rows(&mut page, "crane", &CRANE);
    rows(&mut page, "regctl", &REGCTL);
    rows(&mut page, "oras (Python)", &ORAS);
    rows(&mut page, "oras-go", &ORAS_GO);
    rows(&mut page, "ctr", &CTR);
    page
}

fn rows<C>(page: &mut String, client: &str, operations: &[Operation<C>]) {
    for Operation { name, needs, .. } in operations {
        let needs: Vec<String> = needs.iter().map(cell).collect();
        writeln!(page, "| {client} | {name} | {} |", needs.join(", ")).expect("text grows");
    }
}

fn cell(Need { flag, place, actions, .. }: &Need) -> String {
    let place = match place {
        Place::Source => "source",
        Place::Target => "target",
    };
    format!("`{flag}` {place} ({})", actions.join(", "))
}
