//! The binary: command line, configuration, wiring.

mod check;
mod cli;
mod clock;
mod config;
mod data_folder;
mod demo;
mod figures;
mod house;
mod interval;
mod logs;
mod output;
mod ports;
mod probing;
mod reload;
mod serve;
mod signal;
mod verbs;
mod welcome;

use std::process::ExitCode;

use admin::Command;
use cli::{AuditVerb, Cli, Format, GrantVerb, PolicyVerb, RecordKind, RobotVerb, Verb};
use config::{Configuration, Environment};
use output::{Exit, Failure};
use verbs::{administration, journal};

fn main() -> ExitCode {
    let exit = match Cli::read(std::env::args_os()) {
        Ok(cli) => run(cli).unwrap_or_else(|failure| failure.report()),
        Err(error) => {
            verbs::probe::of_command_line(std::env::args_os(), &error);
            output::print_usage(&error)
        }
    };
    exit.into()
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    // Whoever asks another registry needs no configuration of ours, and none that is broken stands in the way.
    let mut configuration = match matches!(&cli.verb, Verb::Probe(probe) if !probe.is_about_us()) {
        true => Configuration::default(),
        false => Configuration::load(cli.place.into(), Environment::read()?)?,
    };
    if matches!(cli.verb, Verb::Check)
        && let Some(hindrance) = configuration.hindrance.take()
    {
        return Err(hindrance.into());
    }
    let configuration = &configuration;
    match cli.verb {
        Verb::Check => check::check(configuration),
        Verb::Serve(flags) => serve::serve(configuration, flags.flags(), flags.accept_restored_state),
        Verb::Demo => demo::demo(),
        Verb::Robot(verb) => robot(configuration, verb),
        Verb::Grant(verb) => grant(configuration, verb),
        Verb::Revoke(revoke) => administration::run(configuration, &administration::revoke(&revoke), false),
        Verb::Policy(PolicyVerb::Check) => check::check(configuration),
        Verb::Policy(PolicyVerb::Show) => administration::run(configuration, &Command::PolicyShow, false),
        Verb::Policy(PolicyVerb::Explain(explain)) => {
            administration::run(configuration, &administration::policy_explain(&explain), false)
        }
        Verb::Why { request_id } => journal::why(configuration, &request_id),
        Verb::Audit(verb) => audit(configuration, verb),
        Verb::Probe(flags) => verbs::probe::probe(configuration, &flags),
    }
}

fn robot(configuration: &Configuration, verb: RobotVerb) -> Result<Exit, Failure> {
    let (command, format) = match verb {
        RobotVerb::Create(create) => (administration::robot_create(configuration, &create), create.formatted.format),
        RobotVerb::List { formatted } => (Command::RobotList, formatted.format),
        RobotVerb::Show { name, formatted } => (Command::RobotShow(name), formatted.format),
        RobotVerb::Rotate { name, ttl, formatted } => {
            let ttl_seconds = administration::ttl(configuration, ttl);
            (Command::RobotRotate { name, ttl_seconds }, formatted.format)
        }
        RobotVerb::Enable { name } => (Command::RobotEnable(name), Format::Table),
        RobotVerb::Disable { name } => (Command::RobotDisable(name), Format::Table),
        RobotVerb::Delete { name } => (Command::RobotDelete(name), Format::Table),
    };
    administration::run(configuration, &command, format == Format::Json)
}

fn grant(configuration: &Configuration, verb: GrantVerb) -> Result<Exit, Failure> {
    let (command, format) = match verb {
        GrantVerb::Add(add) => (administration::grant_add(&add), add.formatted.format),
        GrantVerb::List { who, formatted } => {
            (Command::GrantList(who.as_ref().map(administration::who)), formatted.format)
        }
        GrantVerb::Remove { id } => (Command::GrantRemove(id.to_string()), Format::Table),
    };
    administration::run(configuration, &command, format == Format::Json)
}

fn audit(configuration: &Configuration, verb: AuditVerb) -> Result<Exit, Failure> {
    let now = clock::now().wall;
    match verb {
        AuditVerb::Query { kind, since, until, filters, formatted } => {
            let mut filter = journal::filter(&filters);
            filter.since = since.map(|past| past.seen_from(now));
            filter.until = until.map(|past| past.seen_from(now));
            let json = formatted.format == Format::Json;
            match kind {
                RecordKind::Decision => journal::query(configuration, &filter, json),
                RecordKind::Probe => journal::probes(configuration, &filter, json),
            }
        }
        AuditVerb::Tail { filters, formatted } => {
            journal::tail(configuration, &journal::filter(&filters), formatted.format == Format::Json)
        }
        AuditVerb::Verify => journal::verify(configuration),
    }
}
