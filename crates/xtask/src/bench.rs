//! `cargo xtask bench`: builds pullgate as a newcomer does, then measures it.

use cargo_metadata::MetadataCommand;

use crate::cargo;
use crate::failure::Failure;

const BENCH: [&str; 6] = ["bench", "--quiet", "--package", "xtask", "--bench", "flow"];

/// CPU per request beside a bare hyper server. With `itself` that server takes pullgate's place, so that every ratio
/// should be 1: what is left is the noise of the machine.
pub(crate) fn flow(itself: bool) -> Result<(), Failure> {
    if itself { cargo::run(&BENCH) } else { measure(&[]) }
}

/// CPU per page of lists of 10,000 entries beside lists of ten.
pub(crate) fn lists() -> Result<(), Failure> {
    measure(&["lists"])
}

/// Time, CPU and memory of whole runs of the probe, beside as many requests that nobody judges.
pub(crate) fn probe() -> Result<(), Failure> {
    measure(&["probe"])
}

fn measure(words: &[&str]) -> Result<(), Failure> {
    cargo::run(&["build", "--release", "--package", "pullgate"])?;
    let metadata = MetadataCommand::new().current_dir(cargo::root()).no_deps().exec()?;
    let pullgate = metadata.target_directory.join("release/pullgate");
    cargo::run(&[BENCH.as_slice(), &["--"], words, &[pullgate.as_str()]].concat())
}
