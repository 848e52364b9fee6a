//! `cargo xtask bench`: builds pullgate as a newcomer does, then measures it.

use cargo_metadata::MetadataCommand;

use crate::cargo;
use crate::failure::Failure;

/// CPU per request beside a bare hyper server. With `itself` that server takes pullgate's place, so that every ratio
/// should be 1: what is left is the noise of the machine.
pub(crate) fn flow(itself: bool) -> Result<(), Failure> {
    const FLOW: [&str; 6] = ["bench", "--quiet", "--package", "xtask", "--bench", "flow"];
    if itself {
        return cargo::run(&FLOW);
    }
    cargo::run(&["build", "--release", "--package", "pullgate"])?;
    let metadata = MetadataCommand::new().current_dir(cargo::root()).no_deps().exec()?;
    let pullgate = metadata.target_directory.join("release/pullgate");
    cargo::run(&[FLOW.as_slice(), &["--", pullgate.as_str()]].concat())
}
