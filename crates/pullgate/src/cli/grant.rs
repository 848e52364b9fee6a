//! Grants: who may do what, where, until when.

use clap::{ArgGroup, Args, Subcommand};
use policy::{GrantId, Pattern};

use super::{Formatted, Moment, Who, one_line};
use crate::config::Period;

/// What is to be done with grants.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum GrantVerb {
    /// grant something to somebody
    Add(Box<Add>),
    /// list the grants
    List {
        /// only those of one, such as robot:ci
        who: Option<Who>,
        #[command(flatten)]
        formatted: Formatted,
    },
    /// take a grant back; transfers that rest on it end
    Remove {
        /// the id, as `grant list` shows it
        #[arg(value_parser = grant_id)]
        id: GrantId,
    },
}

/// `grant add`: at least one of those that reach something.
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("reach").required(true).multiple(true).args(["pull", "push", "delete", "list", "read_manifest"])))]
pub(crate) struct Add {
    /// to whom, such as robot:ci
    pub(crate) who: Who,
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// when it ends, such as 2030-01-31 or 2030-01-31T18:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "duration")]
    pub(crate) until: Option<Moment>,
    /// how long it lasts from now, such as 2h
    #[arg(long = "for", value_name = "DURATION")]
    pub(crate) duration: Option<Period>,
    /// why, for those who read the list later
    #[arg(long, value_name = "TEXT", value_parser = one_line)]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) formatted: Formatted,
}

/// What a grant reaches. GLOB is `team/app` (that repository), `team/**` (all below `team`) or `**` (all).
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Reach {
    /// may pull: team/app, or team/** for all below team, or ** for all
    #[arg(long, value_name = "GLOB")]
    pub(crate) pull: Vec<Pattern>,
    /// may push
    #[arg(long, value_name = "GLOB")]
    pub(crate) push: Vec<Pattern>,
    /// may delete
    #[arg(long, value_name = "GLOB")]
    pub(crate) delete: Vec<Pattern>,
    /// may list tags, referrers and, where the catalog is on, repositories
    #[arg(long, value_name = "GLOB")]
    pub(crate) list: Vec<Pattern>,
    /// may read manifests, and no configuration or layer
    #[arg(long, value_name = "GLOB")]
    pub(crate) read_manifest: Vec<Pattern>,
    /// may not list what it may pull
    #[arg(long)]
    pub(crate) no_list: bool,
}

fn grant_id(text: &str) -> Result<GrantId, super::LineError> {
    one_line(text).map(|id| GrantId::new(&id))
}
