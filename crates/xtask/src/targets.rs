//! The integration tests of the workspace, by what they need. The name of a target says it: `clients*` are the real
//! clients, and of these `*_root` need root; `probe*` and `clients_probe*` ask from outside.

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
    /// The probe, against us and against others.
    pub(crate) probe: Vec<String>,
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
            let of_clients = name.strip_prefix("clients");
            let asks = of_clients.and_then(|rest| rest.strip_prefix('_')).unwrap_or(&name).starts_with("probe");
            match of_clients {
                Some(rest) if rest.ends_with("_root") => targets.clients_root.push(name),
                _ if asks => targets.probe.push(name),
                Some(_) => targets.clients.push(name),
                None => targets.plain.push(name),
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
        let names = ["clients", "crash", "clients_root", "as_root", "clients", "probe_active", "clients_probe"];
        let Targets { plain, clients, clients_root, probe } = Targets::sorted(names.map(str::to_owned).into());
        assert_eq!((plain, clients), (vec!["as_root".into(), "crash".into()], vec!["clients".into()]));
        assert_eq!(
            (clients_root, probe),
            (vec!["clients_root".into()], vec!["clients_probe".into(), "probe_active".into()])
        );
        assert_eq!(chosen(&["a".into(), "b".into()]), ["--test", "a", "--test", "b"]);
    }
}
