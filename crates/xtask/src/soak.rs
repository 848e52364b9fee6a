//! `cargo xtask soak`: the tests that take long.

use crate::cargo;
use crate::failure::Failure;
use crate::setup;
use crate::sources::SOAK;

/// Installs what is missing, and runs every ignored test whose name begins with `soak_`.
pub(crate) fn run() -> Result<(), Failure> {
    setup::run_for_soak()?;
    println!("running the ignored tests whose names begin with `{SOAK}`");
    let passed = cargo::test(&["--workspace", "--tests", "--", "--ignored", "--show-output", SOAK])?;
    println!("{passed} long tests passed");
    Ok(())
}
