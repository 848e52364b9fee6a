//! skopeo.

use super::containers::Containers;
use super::{Client, layout_digest, path, pulled};
use crate::home::Ran;
use crate::image::Layout;

/// skopeo, which keeps no images.
#[derive(Debug)]
pub struct Skopeo {
    containers: Containers,
}

impl Skopeo {
    /// A skopeo that knows nothing.
    pub fn new() -> Self {
        Self { containers: Containers::new("skopeo") }
    }

    /// `skopeo inspect --raw`: the manifest and nothing else.
    pub fn inspect_raw(&self, reference: &str) -> Ran {
        self.run(&["inspect", "--raw", "--tls-verify=false", &format!("docker://{reference}")])
    }

    /// Runs it with these words, in its home.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.containers.run(arguments)
    }
}

impl Default for Skopeo {
    fn default() -> Self {
        Self::new()
    }
}

impl Client for Skopeo {
    fn name(&self) -> &'static str {
        self.containers.name
    }

    fn login(&mut self, registry: &str, user: &str, password: &str) -> Option<Ran> {
        Some(self.containers.login(registry, user, password))
    }

    fn push(&self, image: &Layout, reference: &str) -> Ran {
        let from = format!("oci:{}", path(image.folder()));
        self.run(&["copy", "--all", "--dest-tls-verify=false", &from, &format!("docker://{reference}")])
    }

    fn push_index(&self, index: &Layout, reference: &str) -> Ran {
        self.push(index, reference)
    }

    fn pull(&self, reference: &str) -> Result<String, Ran> {
        let folder = self.containers.home.fresh();
        let from = format!("docker://{reference}");
        let ran = self.run(&["copy", "--all", "--src-tls-verify=false", &from, &format!("oci:{}", path(&folder))]);
        pulled(ran, |_| layout_digest(&folder))
    }

    fn tags(&self, repository: &str) -> Option<Ran> {
        Some(self.run(&["list-tags", "--tls-verify=false", &format!("docker://{repository}")]))
    }
}
