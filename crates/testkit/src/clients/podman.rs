//! podman.

use super::containers::Containers;
use super::{Client, last_digest, pulled};
use crate::home::Ran;
use crate::image::Layout;

/// podman with its own storage (`vfs`), as root or without.
#[derive(Debug)]
pub struct Podman {
    containers: Containers,
}

impl Podman {
    /// A podman that knows nothing.
    pub fn new() -> Self {
        Self { containers: Containers::new("podman") }
    }

    /// Runs it with these words, in its home.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.containers.run(arguments)
    }
}

impl Default for Podman {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Podman {
    /// Without root podman leaves a process behind that holds its user namespace; this is podman's way to end it.
    fn drop(&mut self) {
        if self.containers.home.path("run/libpod/pause.pid").exists() {
            self.containers.run(&["system", "migrate"]);
        }
    }
}

impl Client for Podman {
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
        pulled(self.containers.pull(reference), |ran| {
            let inspect = ["image", "inspect", "--format", "{{.Digest}}", ran.stdout.trim()];
            last_digest(&self.containers.run(&inspect).ok().stdout)
        })
    }

    fn tags(&self, repository: &str) -> Option<Ran> {
        Some(self.containers.run(&["search", "--list-tags", "--tls-verify=false", repository]))
    }
}
