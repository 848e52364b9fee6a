//! `pullgate probe`: the intent from flags or from a file, the secrets from where they lie, the report to whoever reads it.

mod baseline;
mod docker_login;
mod ending;
mod hook;
mod init;
mod usage;
mod watch;
mod webhook;

use std::error::Error;
use std::io::{self, IsTerminal as _};
use std::path::Path;

use outbound::Dialer;
use probe::{
    Door, Identity, Intent, IntentError, Login, Mode, Outcome, Plan, Progress, Report, Role, Settings, Source, Stop,
    Target, Thresholds, Waits, html, json, junit, markdown, sarif, text,
};
use protocol::Secret;

use crate::cli::{Around, Asked, KnownLogin, Once, Probe, ProbeVerb, ReportFormat};
use crate::clock;
use crate::config::{Configuration, Excerpt, meant, plain, read_text, variable};
use crate::output::{Exit, Failure, note, print};

pub(crate) use usage::of_command_line;

/// Where the control's credential stands, unless a flag says otherwise.
const CREDENTIAL: &str = "PULLGATE_PROBE_CREDENTIAL";
/// The longest file of a credential, in bytes.
const MAX_CREDENTIAL_BYTES: u64 = 64 << 10;
/// The longest intent file, in bytes.
const MAX_INTENT_BYTES: u64 = 1 << 20;

/// Asks once, and says what came of it; or again and again; or writes down what to ask.
pub(crate) fn probe(configuration: &Configuration, flags: &Probe) -> Result<Exit, Failure> {
    match &flags.verb {
        None => once(&flags.once).inspect_err(|failure| usage::of_failure(flags.once.format, failure)),
        Some(ProbeVerb::Init(flags)) => init::init(configuration, flags),
        Some(ProbeVerb::Watch(flags)) => watch::watch(flags),
    }
}

fn once(flags: &Once) -> Result<Exit, Failure> {
    let intent = intent(&flags.asked)?;
    let stop = Stop::default();
    let plan = plan(&flags.asked, &intent, &stop)?;
    if flags.dry_run {
        print(&text::plan(&plan))?;
        return Ok(Exit::Yes);
    }
    let known = flags.asked.baseline.as_deref().map(baseline::read).transpose()?;
    flags.save_baseline.as_deref().map(baseline::writable).transpose()?;
    if flags.asked.mode >= Mode::Write {
        ending::by_signal(stop).map_err(Failure::unknown)?;
    }
    note(&format!("asking {}\n", text::budget(&plan.budget())));
    let mut report = run(&intent, &plan, tell)?;
    if let Some(known) = &known {
        report.compare(known);
    }
    let thresholds = thresholds(&flags.asked);
    show(&report, &thresholds, flags.format)?;
    if let Some(file) = &flags.save_baseline {
        baseline::save(file, &report, &thresholds)?;
    }
    Ok(exit(report.outcome(&thresholds)))
}

/// What would be asked. A vantage without doors is wrong usage.
fn plan<'a>(flags: &Asked, intent: &'a Intent, stop: &Stop) -> Result<Plan<'a>, Failure> {
    if let (Some(id), true) = (flags.intrusive.first(), flags.mode < Mode::Intrusive) {
        let why = format!("{id} is intrusive, and the run goes no further than mode {}", flags.mode);
        return Err(Failure::usage(why).hints(["add --mode intrusive".to_owned()]));
    }
    let settings = Settings {
        mode: flags.mode,
        intrusive: flags.intrusive.clone(),
        vantage: flags.vantage.clone(),
        waits: Waits::at_most(flags.wait.duration()),
        stop: stop.clone(),
        ..Settings::default()
    };
    let plan = Plan::new(intent, &settings);
    if plan.cells.is_empty() {
        let vantage = flags.vantage.as_deref().unwrap_or_default();
        return Err(Failure::usage(format!("no door of the intent has the vantage `{vantage}`")));
    }
    Ok(plan)
}

/// Asks everything that is planned; blocks meanwhile.
pub(crate) fn run(intent: &Intent, plan: &Plan<'_>, tell: impl FnMut(Progress<'_>)) -> Result<Report, Failure> {
    let dialer = Dialer::new().map_err(Failure::unknown)?;
    probe::probe(intent, plan, dialer, Box::new(clock::now), tell).map_err(Failure::unknown)
}

fn thresholds(flags: &Asked) -> Thresholds {
    Thresholds { fail_on: flags.fail_on, max_inconclusive: flags.max_inconclusive }
}

fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Pass => Exit::Yes,
        Outcome::Fail => Exit::No,
        Outcome::Inconclusive | Outcome::Interfered | Outcome::Unreachable => Exit::Unknown,
    }
}

fn show(report: &Report, thresholds: &Thresholds, format: ReportFormat) -> Result<(), Failure> {
    let page = match format {
        ReportFormat::Text => text::render(report, thresholds),
        ReportFormat::Json => json::render(report, thresholds).map_err(Failure::unknown)? + "\n",
        ReportFormat::Sarif => sarif::render(report, thresholds).map_err(Failure::unknown)? + "\n",
        ReportFormat::Junit => junit::render(report),
        ReportFormat::Markdown => markdown::render(report, thresholds),
        ReportFormat::Html => html::render(report, thresholds),
    };
    Ok(print(&page)?)
}

/// One line that is written over and over, for a person who watches; what is found stays above it.
fn tell(progress: Progress<'_>) {
    if !io::stderr().is_terminal() {
        return;
    }
    if let Some(found) = text::found(&progress) {
        note(&format!("\r\u{1b}[K{found}\n"));
    }
    let end = if progress.done == progress.all { "\r\u{1b}[K" } else { "" };
    note(&format!("\r\u{1b}[K{}/{} {} at {}{end}", progress.done, progress.all, progress.check.id, progress.door));
}

fn intent(flags: &Asked) -> Result<Intent, Failure> {
    match &flags.intent {
        Some(file) => of_file(file),
        None => of_flags(flags),
    }
}

fn of_flags(flags: &Asked) -> Result<Intent, Failure> {
    let target = Target::read(&flags.targets, &flags.private).map_err(|error| {
        let hint = error.hint();
        Failure::usage(error).hints(hint)
    })?;
    let mut intent = Intent::of_target(target.ok_or_else(|| Failure::usage("nothing to ask for"))?);
    for origin in &flags.around.door {
        if !intent.doors.iter().any(|door| door.origin == *origin) {
            intent.doors.push(Door::new(origin.clone()));
        }
    }
    for door in &mut intent.doors {
        door.realms.extend(flags.around.realm.iter().cloned());
        door.storage.extend(flags.around.storage.iter().cloned());
    }
    // A credential that came by a flag belongs to the target alone.
    if let Some(door) = intent.doors.first()
        && let Some(login) = login(flags, door).map_err(Failure::usage)?
    {
        let show_to = vec![door.name.clone()];
        intent.identities.push(Identity {
            role: Role::Control,
            login,
            show_to,
            owns: None,
            may: Vec::new(),
            revoke: None,
        });
    }
    Ok(intent)
}

fn login(flags: &Asked, door: &Door) -> Result<Option<Login>, Box<dyn Error + Send + Sync>> {
    source(&flags.around).map(|source| find(Path::new(""), &source, door)).transpose()
}

/// Where the control's secret comes from, if a flag or the environment says so.
fn source(around: &Around) -> Option<Source> {
    match (around.login, &around.credential_file) {
        (Some(KnownLogin::DockerLogin), _) => Some(Source::DockerLogin),
        (None, Some(file)) => Some(Source::File(file.clone())),
        (None, None) => variable(CREDENTIAL).map(|_| Source::Environment(CREDENTIAL.to_owned())),
    }
}

/// An intent from a file.
pub(crate) fn of_file(path: &Path) -> Result<Intent, Failure> {
    let text = read_text(path, MAX_INTENT_BYTES)
        .map_err(|source| Failure::usage(IntentFileError { path: path.into(), source }))?;
    let base = path.parent().unwrap_or(Path::new(""));
    of_text(&text, base).map_err(|error| mistake(path, &text, &error))
}

/// Whether a file is an intent, its logins aside: they may come later.
pub(crate) fn check_file(path: &Path) -> Result<(), Failure> {
    let text = read_text(path, MAX_INTENT_BYTES)
        .map_err(|source| Failure::usage(IntentFileError { path: path.into(), source }))?;
    let base = path.parent().unwrap_or(Path::new(""));
    let somebody = || Login { user: "somebody".to_owned(), secret: Secret::new(String::new()) };
    let file = |name: &str| read_file(&base.join(name));
    let read = Intent::read(&text, |_, _| Ok(somebody()), |words| hook::of(words, base), file);
    read.map(|_| ()).map_err(|error| mistake(path, &text, &error))
}

/// An intent whose files lie in this folder.
fn of_text(text: &str, base: &Path) -> Result<Intent, IntentError> {
    let file = |name: &str| read_file(&base.join(name));
    Intent::read(text, |source, door| find(base, source, door), |words| hook::of(words, base), file)
}

/// The secret of an identity; files are named from the folder of the intent.
pub(crate) fn find(base: &Path, source: &Source, door: &Door) -> Result<Login, Box<dyn Error + Send + Sync>> {
    let text = match source {
        Source::DockerLogin => return Ok(docker_login::find(&door.origin.authority())?),
        Source::File(file) => return Ok(Login::parse(&read_file(&base.join(file))?)?),
        Source::Environment(name) => {
            let value = variable(name).and_then(|value| value.into_string().ok());
            value.ok_or_else(|| format!("the environment variable `{name}` is not set, or is no text"))?
        }
    };
    Ok(Login::parse(&Secret::new(text))?)
}

/// A file with something secret in it.
fn read_file(path: &Path) -> Result<Secret, Box<dyn Error + Send + Sync>> {
    let text = read_text(path, MAX_CREDENTIAL_BYTES);
    Ok(Secret::new(text.map_err(|source| IntentFileError { path: path.into(), source })?))
}

/// A file that was named and cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{path}`")]
struct IntentFileError {
    path: std::path::PathBuf,
    source: crate::config::TextError,
}

/// A mistake in an intent file, with its line.
fn mistake(path: &Path, text: &str, error: &IntentError) -> Failure {
    let excerpt = error.span().map(|span| Excerpt::new(text, span));
    let place = excerpt.as_ref().map(|excerpt| format!(", line {}", excerpt.line())).unwrap_or_default();
    let message = error.to_string();
    let failure = Failure::usage(format!("cannot use the intent `{}`{place}: {}", path.display(), plain(&message)));
    failure.exhibit(excerpt.map(|excerpt| excerpt.exhibit())).hints(meant(&message))
}
