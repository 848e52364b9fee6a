//! The clients that people use, each in a home of its own, behind one small vocabulary.

mod buildah;
mod containers;
mod crane;
mod ctr;
mod docker;
mod oras;
mod oras_go;
mod podman;
mod regctl;
mod skopeo;

use std::path::Path;

use serde_json::Value;

pub use self::buildah::Buildah;
pub use self::crane::Crane;
pub use self::ctr::Ctr;
pub use self::docker::Docker;
pub use self::oras::{Oras, Scheme};
pub use self::oras_go::OrasGo;
pub use self::podman::Podman;
pub use self::regctl::Regctl;
pub use self::skopeo::Skopeo;

use crate::home::Ran;
use crate::image::Layout;

/// What every client can be asked for over plain HTTP. References read `127.0.0.1:5000/team/app:1`, repositories
/// `127.0.0.1:5000/team/app`, registries `127.0.0.1:5000`.
///
/// Preparing steps that need no registry panic when they fail; the step that speaks to the registry is returned.
pub trait Client {
    /// The name of the command.
    fn name(&self) -> &'static str;

    /// Logs in; `None` where the client has no login and shows the credentials with each later command instead.
    fn login(&mut self, registry: &str, user: &str, password: &str) -> Option<Ran>;

    /// Pushes a layout's image.
    fn push(&self, image: &Layout, reference: &str) -> Ran;

    /// Pushes a layout's index with both images.
    fn push_index(&self, index: &Layout, reference: &str) -> Ran;

    /// Pulls everything anew and returns the digest that the client noted for what it has now: that of the manifest, or
    /// for an index that of the index or of the image chosen from it. The error is the refused command.
    fn pull(&self, reference: &str) -> Result<String, Ran>;

    /// Lists tags; `None` where the client cannot.
    fn tags(&self, repository: &str) -> Option<Ran>;
}

/// The last `sha256:` digest in a text.
fn last_digest(text: &str) -> String {
    let (_, tail) = text.rsplit_once("sha256:").unwrap_or_else(|| panic!("no digest in:\n{text}"));
    let hex: String = tail.chars().take_while(char::is_ascii_hexdigit).collect();
    format!("sha256:{hex}")
}

/// The digest of what stands in an OCI layout.
fn layout_digest(folder: &Path) -> String {
    let index = std::fs::read(folder.join("index.json")).expect("a layout has an index.json");
    let index: Value = serde_json::from_slice(&index).expect("index.json is JSON");
    index["manifests"][0]["digest"].as_str().expect("a descriptor has a digest").to_owned()
}

/// The outcome of a pull whose digest is read by `digest` once it has succeeded.
fn pulled(ran: Ran, digest: impl FnOnce(&Ran) -> String) -> Result<String, Ran> {
    if ran.status.success() { Ok(digest(&ran)) } else { Err(ran) }
}

fn path(folder: &Path) -> &str {
    folder.to_str().expect("temporary paths are UTF-8")
}
