//! `cargo xtask audit`: what `deny.toml` says about the crates that are built.

use crate::cargo;
use crate::failure::Failure;

/// Bans, licences and sources always; advisories where their database can be reached, else a line that says so.
pub(crate) fn run() -> Result<(), Failure> {
    if !cargo::succeeds(&["deny", "--version"]) {
        return Err(Failure::NoCargoDeny);
    }
    cargo::run(&["deny", "check", "bans", "licenses", "sources"])?;
    if !cargo::succeeds(&["deny", "fetch", "db"]) {
        println!("advisories were not checked: their database cannot be reached");
        return Ok(());
    }
    cargo::run(&["deny", "check", "--disable-fetch", "advisories"])
}
