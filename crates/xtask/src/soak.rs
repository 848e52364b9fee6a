//! `cargo xtask soak`: the tests that take long.

use crate::cargo;
use crate::failure::Failure;
use crate::sources::SOAK;

/// Runs every ignored test whose name begins with `soak_`.
pub(crate) fn run() -> Result<(), Failure> {
    println!("running the ignored tests whose names begin with `{SOAK}`");
    let passed = cargo::test(&["--workspace", "--tests", "--", "--ignored", SOAK])?;
    println!("{passed} long tests passed");
    Ok(())
}
