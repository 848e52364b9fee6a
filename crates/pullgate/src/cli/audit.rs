//! Questions to the journal.

use std::net::IpAddr;

use audit::Decision;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use protocol::{Digest, Repository, Tag};

use super::policy::{ActionError, Asked, action};
use super::{Formatted, Past, one_line};

/// What is to be read.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum AuditVerb {
    /// print decisions with what became of them; or what the probes of the configuration found
    Query {
        /// what is printed
        #[arg(long, value_enum, default_value_t)]
        kind: RecordKind,
        /// not before, such as 2030-01-31, 2030-01-31T18:00:00Z or 2h (two hours ago)
        #[arg(long, value_name = "TIME")]
        since: Option<Past>,
        /// not after
        #[arg(long, value_name = "TIME")]
        until: Option<Past>,
        #[command(flatten)]
        filters: Box<Filters>,
        #[command(flatten)]
        formatted: Formatted,
    },
    /// print decisions as they are made
    Tail {
        #[command(flatten)]
        filters: Box<Filters>,
        #[command(flatten)]
        formatted: Formatted,
    },
    /// say whether the journal is whole and unchanged
    Verify,
}

/// What a question to the journal is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordKind {
    // No doc comments: they would turn one line of the help text into five.
    #[default]
    Decision,
    Probe,
}

/// Which decisions are wanted; without any, all.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Filters {
    /// asked by: a name, an id, or robot:NAME
    #[arg(long, value_name = "WHO", value_parser = one_line)]
    pub(crate) principal: Option<String>,
    /// about this repository
    #[arg(long, value_name = "NAME")]
    pub(crate) repository: Option<Repository>,
    /// about one action such as read-blob, or a group: pull, push, delete, list
    #[arg(long, value_parser = action(), hide_possible_values = true)]
    pub(crate) action: Option<Asked>,
    /// decided so
    #[arg(long, value_parser = decision())]
    pub(crate) decision: Option<Decision>,
    /// from this address
    #[arg(long, value_name = "IP")]
    pub(crate) source: Option<IpAddr>,
    /// about this content
    #[arg(long)]
    pub(crate) digest: Option<Digest>,
    /// about this tag
    #[arg(long)]
    pub(crate) tag: Option<Tag>,
    /// shown: the id of a key or token
    #[arg(long, value_name = "ID", value_parser = one_line, allow_hyphen_values = true)]
    pub(crate) credential: Option<String>,
    /// about one request
    #[arg(long, value_name = "ID", value_parser = one_line)]
    pub(crate) request_id: Option<String>,
}

fn decision() -> impl TypedValueParser<Value = Decision> {
    let find = |word: String| Decision::ALL.into_iter().find(|decision| decision.as_str() == word).ok_or(ActionError);
    PossibleValuesParser::new(Decision::ALL.map(Decision::as_str)).try_map(find)
}
