//! Where the tools are, and what to install when one is missing.

use std::path::{Path, PathBuf};

/// Tools and what brings them: a Debian package, or the project's own set-up.
const SOURCES: [(&str, &str); 18] = [
    ("buildah", "apt-get install buildah"),
    ("chromium", "apt-get install chromium"),
    ("containerd", "apt-get install containerd"),
    ("crane", "cargo xtask test"),
    ("ctr", "apt-get install containerd"),
    ("docker", "apt-get install docker.io"),
    ("docker-registry", "apt-get install docker-registry"),
    ("dockerd", "apt-get install docker.io"),
    ("nginx", "apt-get install nginx"),
    ("oras", "cargo xtask test"),
    ("oras-go", "cargo xtask test"),
    ("podman", "apt-get install podman"),
    ("regctl", "cargo xtask test"),
    ("registry", "cargo xtask soak"),
    ("sarif-2.1.0.schema.json", "cargo xtask test"),
    ("skopeo", "apt-get install skopeo"),
    ("timeout", "apt-get install coreutils"),
    ("unshare", "apt-get install util-linux"),
];

/// The file of a tool: the project's own before the distribution's, and that before anything else in `PATH`, so that
/// a client put first in `PATH` by hand is not the one tested. `oras` is the interpreter of its virtual environment,
/// and a schema is a tool too.
///
/// Panics with the command that installs what is missing.
pub fn tool(name: &str) -> PathBuf {
    candidates(name).into_iter().find(|path| path.is_file()).unwrap_or_else(|| panic!("{}", missing(name)))
}

fn missing(name: &str) -> String {
    let (_, source) = SOURCES.iter().find(|(known, _)| *known == name).expect("a tool of the list");
    format!("`{name}` is missing: run `{source}`")
}

fn candidates(name: &str) -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools");
    if name == "oras" {
        return vec![own.join("oras/bin/python")];
    }
    let search = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![own.join("bin"), own, "/usr/bin".into(), "/usr/sbin".into()];
    folders.extend(std::env::split_paths(&search));
    folders.into_iter().map(|folder| folder.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(missing("skopeo"), "`skopeo` is missing: run `apt-get install skopeo`");
    }

    #[test]
    fn the_distribution_comes_before_the_search_path() {
        let found = candidates("docker");
        assert_eq!(found[2], Path::new("/usr/bin/docker"));
        assert!(found.len() > 3, "the search path is asked too");
    }
}
