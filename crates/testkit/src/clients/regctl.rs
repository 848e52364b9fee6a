//! regctl.

use super::{Client, layout_digest, path, pulled};
use crate::home::{Home, Ran};
use crate::image::Layout;

/// regctl, which keeps no images.
#[derive(Debug, Default)]
pub struct Regctl {
    home: Home,
}

impl Regctl {
    /// A regctl that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs it with these words, in its home.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.home.run("regctl", arguments, "")
    }
}

impl Client for Regctl {
    fn name(&self) -> &'static str {
        "regctl"
    }

    fn login(&mut self, registry: &str, user: &str, password: &str) -> Option<Ran> {
        self.run(&["registry", "set", "--skip-check", "--tls=disabled", registry]).ok();
        Some(self.home.run("regctl", &["registry", "login", "--user", user, "--pass-stdin", registry], password))
    }

    fn push(&self, image: &Layout, reference: &str) -> Ran {
        self.run(&["image", "copy", &format!("ocidir://{}@{}", path(image.folder()), image.digest()), reference])
    }

    fn push_index(&self, index: &Layout, reference: &str) -> Ran {
        self.push(index, reference)
    }

    fn pull(&self, reference: &str) -> Result<String, Ran> {
        let folder = self.home.fresh();
        let ran = self.run(&["image", "copy", reference, &format!("ocidir://{}:pulled", path(&folder))]);
        pulled(ran, |_| layout_digest(&folder))
    }

    fn tags(&self, repository: &str) -> Option<Ran> {
        Some(self.run(&["tag", "ls", repository]))
    }
}
