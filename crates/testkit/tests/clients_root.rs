//! The clients whose daemons need root, against a registry that is not ours.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "outside #[test] too, a panic is how a test fails"
)]

mod exercise;

use exercise::exercise;
use testkit::clients::{Ctr, Docker};

#[test]
fn docker() {
    exercise(Docker::new, "failed with status: 401 Unauthorized");
}

#[test]
fn ctr() {
    exercise(Ctr::new, "401 Unauthorized");
}
