//! containerd's ctr.

use std::cell::Cell;
use std::fs;

use super::{Client, last_digest, path, pulled};
use crate::daemons::Containerd;
use crate::home::{Home, Ran};
use crate::image::Layout;

/// ctr with a containerd of its own. It has no login: the credentials go with every command.
#[derive(Debug)]
pub struct Ctr {
    home: Home,
    engine: Containerd,
    user: String,
    namespaces: Cell<u32>,
}

impl Ctr {
    /// A ctr whose containerd has just started.
    pub fn new() -> Self {
        Self { home: Home::new(), engine: Containerd::start(), user: String::new(), namespaces: Cell::new(0) }
    }

    /// Pulls by a reference of `host` from the registry that a `hosts.toml` names in its place, and prints the digest of
    /// what is there now.
    pub fn pull_through(&self, host: &str, registry: &str, reference: &str) -> Ran {
        let namespace = self.namespace();
        let ran = self.through(&namespace, "pull", host, registry, &["--snapshotter=native", reference]);
        if ran.status.success() { self.run(&namespace, &["images", "list"]) } else { ran }
    }

    /// Pushes by a reference of `host` to the registry that a `hosts.toml` names in its place.
    pub fn push_through(&self, host: &str, registry: &str, image: &Layout, reference: &str) -> Ran {
        let namespace = self.namespace();
        self.import(&namespace, image, reference);
        self.through(&namespace, "push", host, registry, &[reference])
    }

    fn through(&self, namespace: &str, verb: &str, host: &str, registry: &str, arguments: &[&str]) -> Ran {
        let folder = self.home.fresh();
        let hosts = format!("[host.\"http://{registry}\"]\n  capabilities = [\"pull\", \"resolve\", \"push\"]\n");
        fs::create_dir(folder.join(host)).expect("a folder is made");
        fs::write(folder.join(host).join("hosts.toml"), hosts).expect("a file is written");
        let flags = ["images", verb, "--hosts-dir", path(&folder), "--user", &self.user];
        self.run(namespace, &[&flags[..], arguments].concat())
    }

    fn import(&self, namespace: &str, image: &Layout, reference: &str) {
        let file = self.home.fresh().join("archive.tar");
        image.archive(&file, reference);
        self.run(namespace, &["images", "import", "--all-platforms", "--no-unpack", path(&file)]).ok();
    }

    /// Runs in a namespace, which sees no other's images and blobs.
    fn run(&self, namespace: &str, arguments: &[&str]) -> Ran {
        let address = self.engine.address();
        self.home.run("ctr", &[&["--address", &address, "--namespace", namespace], arguments].concat(), "")
    }

    /// Runs `ctr images VERB`; without its standard output, which is nothing but progress.
    fn transfer(&self, namespace: &str, verb: &str, flags: &[&str], reference: &str) -> Ran {
        let user: &[&str] = if self.user.is_empty() { &[] } else { &["--user", &self.user] };
        let mut ran = self.run(namespace, &[&["images", verb, "--plain-http"], user, flags, &[reference]].concat());
        ran.stdout.clear();
        ran
    }

    fn namespace(&self) -> String {
        self.namespaces.set(self.namespaces.get() + 1);
        format!("number-{}", self.namespaces.get())
    }
}

impl Default for Ctr {
    fn default() -> Self {
        Self::new()
    }
}

impl Client for Ctr {
    fn name(&self) -> &'static str {
        "ctr"
    }

    fn login(&mut self, _registry: &str, user: &str, password: &str) -> Option<Ran> {
        self.user = format!("{user}:{password}");
        None
    }

    fn push(&self, image: &Layout, reference: &str) -> Ran {
        let namespace = self.namespace();
        self.import(&namespace, image, reference);
        self.transfer(&namespace, "push", &[], reference)
    }

    fn push_index(&self, index: &Layout, reference: &str) -> Ran {
        self.push(index, reference)
    }

    fn pull(&self, reference: &str) -> Result<String, Ran> {
        let namespace = self.namespace();
        pulled(self.transfer(&namespace, "pull", &["--snapshotter=native"], reference), |_| {
            last_digest(&self.run(&namespace, &["images", "list", &format!("name=={reference}")]).ok().stdout)
        })
    }

    fn tags(&self, _repository: &str) -> Option<Ran> {
        None
    }
}
