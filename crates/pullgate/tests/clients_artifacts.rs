//! Clients that do more than push and pull: copies, artifacts, referrers and deletes, against a real pullgate.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "outside #[test] too, a panic is how a test fails"
)]

mod artifacts;
mod support;

use artifacts::exercise;
use artifacts::operations::{BUILDAH, CRANE, ORAS, ORAS_GO, PODMAN, REGCTL, SKOPEO};
use support::{Registry, Robot};
use testkit::clients::{Buildah, Client, Crane, Oras, OrasGo, Podman, Regctl, Scheme, Skopeo};

fn login(client: &mut impl Client, registry: &Registry, robot: &Robot) {
    client.login(&registry.name(), &robot.name, &robot.key).expect("it has a login").ok();
}

#[test]
fn crane() {
    exercise(&mut Crane::new(), &CRANE, login);
}

#[test]
fn skopeo() {
    exercise(&mut Skopeo::new(), &SKOPEO, login);
}

#[test]
fn podman() {
    exercise(&mut Podman::new(), &PODMAN, login);
}

#[test]
fn buildah() {
    exercise(&mut Buildah::new(), &BUILDAH, login);
}

#[test]
fn regctl() {
    exercise(&mut Regctl::new(), &REGCTL, login);
}

#[test]
fn oras() {
    exercise(&mut Oras::new(Scheme::Basic), &ORAS, login);
}

#[test]
fn oras_go() {
    exercise(&mut OrasGo::new(), &ORAS_GO, |oras, _, robot| oras.login(&robot.name, &robot.key));
}
