//! `cargo xtask test`: everything that must hold, in one build profile and one target folder.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::cargo;
use crate::failure::Failure;
use crate::setup;
use crate::sources;
use crate::stages::Stages;
use crate::targets::{Targets, chosen};

/// Runs the stages in order, up to the first that fails, and prints their minutes.
pub(crate) fn run(without_root: bool) -> Result<(), Failure> {
    if !without_root && !is_root()? {
        return Err(Failure::NeedsRoot);
    }
    let mut stages = Stages::default();
    let done = all(&mut stages, without_root);
    println!("\n== cargo xtask test\n{stages}");
    done?;
    if without_root {
        println!("left out, because it needs root:\n{}", left_out()?);
    }
    Ok(())
}

fn all(stages: &mut Stages, without_root: bool) -> Result<(), Failure> {
    stages.work("set-up", || setup::run(without_root))?;
    stages.work("format", || cargo::run(&["fmt", "--all", "--check"]))?;
    stages.work("build", || cargo::run(&["build", "--workspace", "--all-targets"]))?;
    stages.work("lint", || cargo::run(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let targets = Targets::read()?;
    stages.tests("tests", || tests(&targets))?;
    stages.tests("clients", || clients(&targets, without_root))?;
    stages.tests("probe", || probe(&targets))?;
    if !without_root {
        stages.tests("root", root_only)?;
    }
    Ok(())
}

/// Everything but the real clients. Always the whole workspace, so that no crate is built twice with other features.
fn tests(targets: &Targets) -> Result<u64, Failure> {
    cargo::test(&[&["--workspace", "--lib", "--bins"], chosen(&targets.plain).as_slice()].concat())
}

fn clients(targets: &Targets, without_root: bool) -> Result<u64, Failure> {
    let with_root: &[String] = if without_root { &[] } else { &targets.clients_root };
    cargo::test(&[&["--workspace"], chosen(&targets.clients).as_slice(), chosen(with_root).as_slice()].concat())
}

/// The probe's own runs, with what each of them asked and cost.
fn probe(targets: &Targets) -> Result<u64, Failure> {
    cargo::test(&[&["--workspace"], chosen(&targets.probe).as_slice(), &["--", "--show-output"]].concat())
}

/// The tests that are ignored because they need root.
fn root_only() -> Result<u64, Failure> {
    cargo::test(&["--workspace", "--tests", "--", "--ignored", "--skip", sources::SOAK])
}

fn left_out() -> Result<String, Failure> {
    let mut lines: Vec<String> =
        Targets::read()?.clients_root.iter().map(|name| format!("  target `{name}`")).collect();
    for test in sources::tests()? {
        if let Some(reason) = test.ignored.as_deref().and_then(|reason| reason.strip_prefix(sources::NEEDS_ROOT)) {
            lines.push(format!("  test `{}::{}`{reason}", test.room, test.name));
        }
    }
    Ok(lines.join("\n"))
}

fn is_root() -> Result<bool, Failure> {
    let own = Path::new("/proc/self");
    let metadata = own.metadata().map_err(|source| Failure::Unreadable { path: own.into(), source })?;
    Ok(metadata.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_root_is_named() {
        let left_out = left_out().unwrap();
        assert!(left_out.contains("  test `audit::"), "{left_out}");
    }
}
