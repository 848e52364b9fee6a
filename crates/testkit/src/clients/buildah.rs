//! buildah.

use super::containers::Containers;
use super::{Client, last_digest, pulled};
use crate::home::Ran;
use crate::image::Layout;

/// buildah with its own storage (`vfs`), as root or without.
#[derive(Debug)]
pub struct Buildah {
    containers: Containers,
}

impl Buildah {
    /// A buildah that knows nothing.
    pub fn new() -> Self {
        Self { containers: Containers::new("buildah") }
    }

    /// Runs it with these words, in its home.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.containers.run(arguments)
    }
}

impl Default for Buildah {
    fn default() -> Self {
        Self::new()
    }
}

impl Client for Buildah {
    fn name(&self) -> &'static str {
        self.containers.name
    }

    fn login(&mut self, registry: &str, user: &str, password: &str) -> Option<Ran> {
        Some(self.containers.login(registry, user, password))
    }

    fn push(&self, image: &Layout, reference: &str) -> Ran {
        self.containers.push(image, reference)
    }

    fn push_index(&self, index: &Layout, reference: &str) -> Ran {
        self.containers.push_index(index, reference)
    }

    fn pull(&self, reference: &str) -> Result<String, Ran> {
        pulled(self.containers.pull(reference), |_| {
            let images = ["images", "--digests", "--format", "{{.Digest}}", reference];
            last_digest(&self.containers.run(&images).ok().stdout)
        })
    }

    fn tags(&self, _repository: &str) -> Option<Ran> {
        None
    }
}
