//! The integration tests of the workspace, by what they need. The name of a target says it: `clients*` are the real
//! clients, and of these `*_root` need root.

use std::collections::BTreeSet;

use cargo_metadata::MetadataCommand;

use crate::cargo::root;
use crate::failure::Failure;

/// Names of test targets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Targets {
    /// What runs anywhere.
    pub(crate) plain: Vec<String>,
    /// Real clients.
    pub(crate) clients: Vec<String>,
    /// Real clients whose daemons need root.
    pub(crate) clients_root: Vec<String>,
}

impl Targets {
    /// Those of the workspace.
    pub(crate) fn read() -> Result<Self, Failure> {
        let metadata = MetadataCommand::new().current_dir(root()).no_deps().exec()?;
        let targets = metadata.packages.into_iter().flat_map(|package| package.targets);
        Ok(Self::sorted(targets.filter(cargo_metadata::Target::is_test).map(|target| target.name).collect()))
    }

    /// Two crates may have targets of one name: `--test` then means both.
    fn sorted(names: BTreeSet<String>) -> Self {
        let mut targets = Self::default();
        for name in names {
            match (name.starts_with("clients"), name.ends_with("_root")) {
                (true, true) => targets.clients_root.push(name),
                (true, false) => targets.clients.push(name),
                (false, _) => targets.plain.push(name),
            }
        }
        targets
    }
}

/// `--test NAME` for each of these.
pub(crate) fn chosen(names: &[String]) -> Vec<&str> {
    names.iter().flat_map(|name| ["--test", name]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_the_kind() {
        let names = ["clients", "crash", "clients_root", "as_root", "clients"].map(str::to_owned);
        let Targets { plain, clients, clients_root } = Targets::sorted(names.into());
        assert_eq!(
            (plain, clients, clients_root),
            (vec!["as_root".into(), "crash".into()], vec!["clients".into()], vec!["clients_root".into()])
        );
        assert_eq!(chosen(&["a".into(), "b".into()]), ["--test", "a", "--test", "b"]);
    }
}
