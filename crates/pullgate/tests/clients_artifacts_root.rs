//! The clients whose daemons need root: docker's schema 2, and containerd with a `hosts.toml`.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "outside #[test] too, a panic is how a test fails"
)]

mod artifacts;
mod support;

use artifacts::exercise;
use artifacts::operations::{CTR, DOCKER};
use support::{Registry, Robot};
use testkit::clients::{Client, Ctr, Docker};

#[test]
fn docker() {
    exercise(&mut Docker::new(), &DOCKER, |docker, registry: &Registry, robot: &Robot| {
        docker.login(&registry.name(), &robot.name, &robot.key).expect("it has a login").ok();
    });
}

#[test]
fn ctr() {
    exercise(&mut Ctr::new(), &CTR, |ctr, registry: &Registry, robot: &Robot| {
        assert!(ctr.login(&registry.name(), &robot.name, &robot.key).is_none(), "it shows its key with each command");
    });
}
