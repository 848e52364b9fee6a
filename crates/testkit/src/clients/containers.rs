//! What podman, buildah and skopeo share: the containers libraries, their configuration and their flags.

use std::fs;

use super::path;
use crate::home::{Home, Ran};
use crate::image::Layout;

/// One of the three in its home.
#[derive(Debug)]
pub(super) struct Containers {
    pub(super) name: &'static str,
    pub(super) home: Home,
}

impl Containers {
    /// The command `name` in a home with the libraries' whole configuration, so that nothing of the machine's is read.
    pub(super) fn new(name: &'static str) -> Self {
        let home = Home::new();
        let policies = home.path(".config/containers");
        fs::create_dir_all(&policies).expect("the folder is made");
        write(&home, ".config/containers/policy.json", r#"{ "default": [{ "type": "insecureAcceptAnything" }] }"#);
        write(&home, "registries.conf", "unqualified-search-registries = []\n");
        write(&home, "storage.conf", &storage(&home));
        write(&home, "containers.conf", &engine(&home));
        Self { name, home }
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        self.home.run(self.name, arguments, "")
    }

    pub(super) fn login(&self, registry: &str, user: &str, password: &str) -> Ran {
        let arguments = ["login", "--tls-verify=false", "--username", user, "--password-stdin", registry];
        self.home.run(self.name, &arguments, password)
    }

    /// podman and buildah: into their storage, from an archive, which carries a name (from a folder they would make one of
    /// its path), and from there to the registry.
    pub(super) fn push(&self, image: &Layout, reference: &str) -> Ran {
        let file = self.home.fresh().join("archive.tar");
        image.archive(&file, reference);
        self.run(&["pull", "--quiet", &format!("oci-archive:{}", path(&file))]).ok();
        self.run(&["push", "--tls-verify=false", reference])
    }

    /// podman and buildah: a list made in an empty storage. Prints its digest.
    pub(super) fn push_index(&self, index: &Layout, reference: &str) -> Ran {
        self.forget();
        self.run(&["manifest", "create", reference]).ok();
        self.run(&["manifest", "add", "--all", reference, &format!("oci:{}", path(index.folder()))]).ok();
        let to = format!("docker://{reference}");
        self.run(&["manifest", "push", "--all", "--tls-verify=false", "--digestfile", "/dev/stdout", reference, &to])
    }

    /// podman and buildah: a pull into an empty storage.
    pub(super) fn pull(&self, reference: &str) -> Ran {
        self.forget();
        self.run(&["pull", "--tls-verify=false", reference])
    }

    fn forget(&self) {
        self.run(&["rmi", "--all", "--force"]).ok();
    }
}

fn storage(home: &Home) -> String {
    let (images, running) = (home.argument("storage"), home.argument("run/storage"));
    format!("[storage]\ndriver = \"vfs\"\ngraphroot = {images:?}\nrunroot = {running:?}\n")
}

fn engine(home: &Home) -> String {
    let [temporary, fixed, volumes] =
        ["run/libpod", "storage/libpod", "storage/volumes"].map(|name| home.argument(name));
    format!(
        "[engine]\nlock_type = \"file\"\nevents_logger = \"none\"\ncgroup_manager = \"cgroupfs\"\n\
         tmp_dir = {temporary:?}\nstatic_dir = {fixed:?}\nvolume_path = {volumes:?}\n"
    )
}

fn write(home: &Home, name: &str, text: &str) {
    fs::write(home.path(name), text).expect("the configuration is written");
}
