//! The clients whose daemons need root, against a real pullgate.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "outside #[test] too, a panic is how a test fails"
)]

mod matrix;
mod support;

use matrix::exercise;
use testkit::clients::{Ctr, Docker};

#[test]
fn docker() {
    exercise(Docker::new());
}

#[test]
fn ctr() {
    exercise(Ctr::new());
}
