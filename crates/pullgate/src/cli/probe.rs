//! Asking a registry from outside.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use outbound::{Endpoint, Origin, OriginError};
use probe::{Mode, Severity, catalogue};

use super::ImageReference;
use crate::config::Period;

/// Once, or again and again.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Probe {
    #[command(subcommand)]
    pub(crate) verb: Option<ProbeVerb>,
    #[command(flatten)]
    pub(crate) once: Once,
}

impl Probe {
    /// Whether it needs to know the configuration of a pullgate.
    pub(crate) fn is_about_us(&self) -> bool {
        matches!(&self.verb, Some(ProbeVerb::Init(init)) if init.registry.is_none())
    }
}

/// What else the probe does.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ProbeVerb {
    /// write an intent: what should be closed, from the policy of a pullgate or by asking a registry and you
    Init(Box<Init>),
    /// ask again and again, and tell of every change
    Watch(Box<Watch>),
}

/// What an intent is made of.
#[derive(Args, Clone, Debug)]
pub(crate) struct Init {
    /// the registry to ask, such as registry.example.com; without one the policy of the data folder says what is closed
    #[arg(value_name = "REGISTRY", value_parser = registry)]
    pub(crate) registry: Option<Origin>,
    /// what is private, such as team/app:1.0
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) private: Vec<ImageReference>,
    /// what anybody may pull, such as team/base
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) public: Vec<ImageReference>,
    #[command(flatten)]
    pub(crate) around: Around,
    /// so many repositories of each kind at most
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub(crate) limit: usize,
    /// ask you, also where standard input is no terminal
    #[arg(long)]
    pub(crate) ask: bool,
    /// the file, which must not exist yet
    #[arg(short, long, value_name = "FILE", default_value = "probe.toml")]
    pub(crate) output: PathBuf,
}

/// One run and its report.
#[derive(Args, Clone, Debug)]
pub(crate) struct Once {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// write down what this run found, to compare others with it
    #[arg(long, value_name = "FILE")]
    pub(crate) save_baseline: Option<PathBuf>,
    /// say what would be asked, and ask nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// how the report is printed
    #[arg(long, value_enum, default_value_t, display_order = 900)]
    pub(crate) format: ReportFormat,
}

/// Runs on a schedule.
#[derive(Args, Clone, Debug)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// how often to ask; each time up to a tenth sooner
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub(crate) every: Period,
    /// keep the figures of the last run in a file, in the text format of Prometheus
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
    /// where changes are posted; signed if PULLGATE_PROBE_WEBHOOK_SECRET is set
    #[arg(long, value_name = "URL")]
    pub(crate) webhook: Option<Endpoint>,
}

/// What is asked, where, and as whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct Asked {
    /// what is private, such as registry.example.com/team/app:1.0, with http:// in front where it is plain; or a door with
    /// --private
    #[arg(value_name = "TARGET", required_unless_present = "intent")]
    pub(crate) targets: Vec<String>,
    /// a private reference behind the door, such as team/app:1.0
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) private: Vec<String>,
    #[command(flatten)]
    pub(crate) around: Around,
    /// how far to go
    #[arg(long, default_value = "passive", value_parser = mode())]
    pub(crate) mode: Mode,
    /// in mode intrusive, ask this check too, such as TOK-20
    #[arg(long, value_name = "CHECK", value_parser = intrusive)]
    pub(crate) intrusive: Vec<&'static str>,
    /// how long to wait altogether, for targets that ask for it and until tokens have ended
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub(crate) wait: Period,
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
    /// compare with what an earlier run found
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
}

/// What belongs to a target that is named on the command line.
#[derive(Args, Clone, Debug)]
pub(crate) struct Around {
    /// pull as control with the login that docker or podman has
    #[arg(long = "as", value_name = "LOGIN")]
    pub(crate) login: Option<KnownLogin>,
    /// pull as control with `user:secret` from a file [default: PULLGATE_PROBE_CREDENTIAL]
    #[arg(long, value_name = "FILE", conflicts_with = "login")]
    pub(crate) credential_file: Option<PathBuf>,
    /// ask here too: a mirror, a CDN, an ingress
    #[arg(long, value_name = "URL")]
    pub(crate) door: Vec<Origin>,
    /// where tokens may be asked for, besides the registry itself
    #[arg(long, value_name = "URL")]
    pub(crate) realm: Vec<Origin>,
    /// where redirects may be followed, without credentials
    #[arg(long, value_name = "URL")]
    pub(crate) storage: Vec<Origin>,
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
    Sarif,
    Junit,
    Markdown,
    Html,
}

/// A registry as people name it: without a scheme it is https.
fn registry(text: &str) -> Result<Origin, OriginError> {
    if text.contains("://") { text.parse() } else { Origin::https(text) }
}

fn mode() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::ALL.map(Mode::as_str)).try_map(|word| word.parse::<Mode>())
}

/// An intrusive check by its id.
fn intrusive(id: &str) -> Result<&'static str, String> {
    let known: Vec<&str> = catalogue().filter(|check| check.mode == Mode::Intrusive).map(|check| check.id).collect();
    known
        .iter()
        .find(|known| **known == id)
        .copied()
        .ok_or_else(|| format!("not intrusive: write one of {}", known.join(", ")))
}

fn severity() -> impl TypedValueParser<Value = Severity> {
    let words = ["critical", "high", "medium", "low"];
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Severity>())
}
