//! docker.

use super::{Client, last_digest, path, pulled};
use crate::daemons::Dockerd;
use crate::home::{Home, Ran};
use crate::image::Layout;

/// docker with an engine of its own.
#[derive(Debug)]
pub struct Docker {
    home: Home,
    engine: Dockerd,
}

impl Docker {
    /// A docker whose engine has just started.
    pub fn new() -> Self {
        Self { home: Home::new(), engine: Dockerd::start() }
    }

    fn run(&self, arguments: &[&str], input: &str) -> Ran {
        let host = self.engine.host();
        self.home.run("docker", &[&["--host", &host], arguments].concat(), input)
    }

    fn load(&self, archive: &Layout, reference: &str) {
        let file = self.home.fresh().join("archive.tar");
        archive.archive(&file, reference);
        self.run(&["load", "--quiet", "--input", path(&file)], "").ok();
    }
}

impl Default for Docker {
    fn default() -> Self {
        Self::new()
    }
}

impl Client for Docker {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn login(&mut self, registry: &str, user: &str, password: &str) -> Option<Ran> {
        Some(self.run(&["login", "--username", user, "--password-stdin", registry], password))
    }

    fn push(&self, image: &Layout, reference: &str) -> Ran {
        self.load(image, reference);
        self.run(&["push", reference], "")
    }

    /// Pushes each image under a tag of its own (`REFERENCE-amd64`), as docker's users do; returns the first command that
    /// failed, or the push of the index.
    fn push_index(&self, index: &Layout, reference: &str) -> Ran {
        let names: Vec<String> =
            index.images().iter().map(|image| format!("{reference}-{}", image.architecture)).collect();
        for (name, image) in names.iter().zip(index.images()) {
            let ran = self.push(&index.only(image), name);
            if !ran.status.success() {
                return ran;
            }
        }
        let mut create = vec!["manifest", "create", "--insecure", "--amend", reference];
        create.extend(names.iter().map(String::as_str));
        let created = self.run(&create, "");
        if !created.status.success() {
            return created;
        }
        self.run(&["manifest", "push", "--insecure", "--purge", reference], "")
    }

    fn pull(&self, reference: &str) -> Result<String, Ran> {
        self.run(&["system", "prune", "--all", "--force"], "").ok();
        pulled(self.run(&["pull", reference], ""), |ran| last_digest(&ran.stdout))
    }

    fn tags(&self, _repository: &str) -> Option<Ran> {
        None
    }
}
