//! crane.

use super::{Client, layout_digest, path, pulled};
use crate::home::{Home, Ran};
use crate::image::Layout;

/// crane, which keeps no images. Its login stores what it is given without asking the registry.
#[derive(Debug, Default)]
pub struct Crane {
    home: Home,
}

impl Crane {
    /// A crane that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs it with these words, in its home.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.home.run("crane", arguments, "")
    }
}

impl Client for Crane {
    fn name(&self) -> &'static str {
        "crane"
    }

    fn login(&mut self, registry: &str, user: &str, password: &str) -> Option<Ran> {
        let arguments = ["auth", "login", "--insecure", "--username", user, "--password-stdin", registry];
        Some(self.home.run("crane", &arguments, password))
    }

    fn push(&self, image: &Layout, reference: &str) -> Ran {
        self.run(&["push", "--insecure", path(image.folder()), reference])
    }

    fn push_index(&self, index: &Layout, reference: &str) -> Ran {
        self.push(index, reference)
    }

    fn pull(&self, reference: &str) -> Result<String, Ran> {
        let folder = self.home.fresh();
        let ran = self.run(&["pull", "--insecure", "--format=oci", reference, path(&folder)]);
        pulled(ran, |_| layout_digest(&folder))
    }

    fn tags(&self, repository: &str) -> Option<Ran> {
        Some(self.run(&["ls", "--insecure", repository]))
    }
}
