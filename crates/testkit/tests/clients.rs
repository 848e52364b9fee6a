//! The clients that need no root, against a registry that is not ours.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "outside #[test] too, a panic is how a test fails"
)]

mod exercise;

use exercise::exercise;
use testkit::clients::{Buildah, Crane, Oras, Podman, Regctl, Scheme, Skopeo};

#[test]
fn podman() {
    exercise(Podman::new, "invalid username/password");
}

#[test]
fn skopeo() {
    exercise(Skopeo::new, "invalid username/password");
}

#[test]
fn buildah() {
    exercise(Buildah::new, "invalid username/password");
}

#[test]
fn crane() {
    exercise(Crane::new, "UNAUTHORIZED");
}

#[test]
fn regctl() {
    exercise(Regctl::new, "unauthorized");
}

#[test]
fn oras() {
    exercise(|| Oras::new(Scheme::Basic), "Unauthorized");
}
