//! The command line: verbs that read aloud, each flag parsed into a type.

mod audit;
mod grant;
mod policy;
mod probe;
mod reference;
mod revoke;
mod robot;
mod time;
mod who;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub(crate) use audit::{AuditVerb, Filters, RecordKind};
pub(crate) use grant::{Add, GrantVerb, Reach};
pub(crate) use policy::{Explain, PolicyVerb};
pub(crate) use probe::{Around, Asked, Init, KnownLogin, Once, Probe, ProbeVerb, ReportFormat, Watch};
pub(crate) use reference::ImageReference;
pub(crate) use revoke::Revoke;
pub(crate) use robot::{Create, RobotVerb};
pub(crate) use time::{Moment, Past};
pub(crate) use who::{Asker, Who};

use crate::config::{Flags, ListenAddress, ServeFlags};

/// the registry that says no by default, and writes down every answer
#[derive(Clone, Debug, Parser)]
#[command(name = "pullgate", version, max_term_width = 100)]
#[command(disable_help_flag = true, disable_help_subcommand = true, disable_version_flag = true)]
#[command(subcommand_help_heading = "Verbs", subcommand_value_name = "VERB")]
#[command(after_help = "`pullgate VERB --help` says more about a verb")]
pub(crate) struct Cli {
    /// print the version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

impl Cli {
    /// Parses the words of a command line, the first of them the name of the program; `help VERB` is `VERB --help`.
    ///
    /// # Errors
    /// What is to be printed instead: help, the version, or what was wrong.
    pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut words: Vec<OsString> = words.into_iter().collect();
        if words.get(1).is_some_and(|word| word == "help") {
            words.remove(1);
            words.push("--help".into());
        }
        Self::try_parse_from(words)
    }
}

/// Which pullgate is meant.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// the configuration [default: ./pullgate.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE", display_order = 901)]
    config: Option<PathBuf>,
    /// the data folder [default: ./pullgate-data]
    #[arg(long, global = true, value_name = "DIR", display_order = 902)]
    data: Option<PathBuf>,
    /// print this help
    #[arg(short, long, global = true, action = ArgAction::Help, display_order = 903)]
    help: Option<bool>,
}

impl From<Place> for Flags {
    fn from(place: Place) -> Self {
        Self { config: place.config, data: place.data }
    }
}

/// What is to be done.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Verb {
    /// run the registry until SIGTERM
    Serve(Serve),
    /// say whether the configuration is valid
    Check,
    /// show a refusal, a push, a pull and a revocation on a registry of its own
    Demo,
    /// create and manage robots and their keys
    #[command(subcommand)]
    Robot(RobotVerb),
    /// say who may do what
    #[command(subcommand)]
    Grant(GrantVerb),
    /// end keys, tokens, and running transfers now
    Revoke(Revoke),
    /// see what the rules say
    #[command(subcommand)]
    Policy(PolicyVerb),
    /// say why a request was answered as it was
    Why {
        /// the id in the message of the refusal, or its X-Request-Id
        #[arg(value_name = "ID")]
        request_id: String,
    },
    /// read and verify the journal of decisions
    #[command(subcommand)]
    Audit(AuditVerb),
    /// ask any registry from outside whether private means private
    Probe(Box<Probe>),
}

/// How `serve` differs from the configuration.
#[derive(Args, Clone, Debug)]
pub(crate) struct Serve {
    /// where clients connect [default: localhost:5000]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<ListenAddress>,
    /// where health and metrics are read, without authentication [default: 127.0.0.1:9501]
    #[arg(long, value_name = "ADDR:PORT")]
    ops: Option<ListenAddress>,
    /// speak plain HTTP to other machines too
    #[arg(long)]
    plain_http: bool,
    /// go on although the state is older than the journal, as after a restored copy
    #[arg(long)]
    pub(crate) accept_restored_state: bool,
}

impl Serve {
    /// The part that is about listening.
    pub(crate) fn flags(&self) -> ServeFlags {
        ServeFlags { listen: self.listen, ops: self.ops, plain_http: self.plain_http }
    }
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    // No doc comments: they would turn one line of each help text into five.
    #[default]
    Table,
    Json,
}

/// `--format`, wherever a table is printed.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Formatted {
    /// how the answer is printed
    #[arg(long, value_enum, default_value_t, display_order = 900)]
    pub(crate) format: Format,
}

/// Why a text was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    /// It would not stay on its line in a list.
    #[error("must be one line without control characters")]
    Control,
    /// Nobody would read it.
    #[error("must not be longer than 200 characters")]
    TooLong,
    /// It says nothing.
    #[error("must not be empty")]
    Empty,
}

/// A remark that people leave for people: one line.
fn one_line(text: &str) -> Result<String, LineError> {
    match text.trim() {
        "" => Err(LineError::Empty),
        _ if text.contains(char::is_control) => Err(LineError::Control),
        line if line.chars().count() > 200 => Err(LineError::TooLong),
        line => Ok(line.to_owned()),
    }
}

#[cfg(test)]
mod tests;
