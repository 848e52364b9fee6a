//! Asking a registry from outside.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use outbound::Origin;
use probe::{Mode, Severity};

/// What is asked, where, and as whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct Probe {
    /// what is private, such as registry.example.com/team/app:1.0; or a URL, with --private
    #[arg(value_name = "TARGET", required_unless_present = "intent")]
    pub(crate) targets: Vec<String>,
    /// a private reference behind the URL, such as team/app:1.0
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) private: Vec<String>,
    /// pull as control with the login that docker or podman has
    #[arg(long = "as", value_name = "LOGIN")]
    pub(crate) login: Option<KnownLogin>,
    /// pull as control with `user:secret` from a file [default: PULLGATE_PROBE_CREDENTIAL]
    #[arg(long, value_name = "FILE", conflicts_with = "login")]
    pub(crate) credential_file: Option<PathBuf>,
    /// how far to go
    #[arg(long, default_value = "passive", value_parser = mode())]
    pub(crate) mode: Mode,
    /// ask here too: a mirror, a CDN, an ingress
    #[arg(long, value_name = "URL")]
    pub(crate) door: Vec<Origin>,
    /// where tokens may be asked for, besides the registry itself
    #[arg(long, value_name = "URL")]
    pub(crate) realm: Vec<Origin>,
    /// where redirects may be followed, without credentials
    #[arg(long, value_name = "URL")]
    pub(crate) storage: Vec<Origin>,
    /// everything that is meant to be closed, from a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["targets", "private", "login", "credential_file", "door", "realm", "storage"])]
    pub(crate) intent: Option<PathBuf>,
    /// ask only the doors of this vantage
    #[arg(long, value_name = "WORD", conflicts_with = "targets")]
    pub(crate) vantage: Option<String>,
    /// exit 1 from this severity on
    #[arg(long, value_name = "SEVERITY", default_value = "high", value_parser = severity())]
    pub(crate) fail_on: Severity,
    /// exit 2 beyond so many open questions
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) max_inconclusive: usize,
    /// say what would be asked, and ask nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// how the report is printed
    #[arg(long, value_enum, default_value_t, display_order = 900)]
    pub(crate) format: ReportFormat,
}

/// A login that exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KnownLogin {
    // No doc comments: they would turn one line of each help text into five.
    DockerLogin,
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    #[default]
    Text,
    Json,
}

fn mode() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::ALL.map(Mode::as_str)).try_map(|word| word.parse::<Mode>())
}

fn severity() -> impl TypedValueParser<Value = Severity> {
    let words = ["critical", "high", "medium", "low"];
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Severity>())
}
