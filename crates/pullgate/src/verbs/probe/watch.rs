//! `pullgate probe watch`: the same run again and again. What changed from one run to the next is printed and posted; the
//! figures of the last one lie in a file.

use std::path::Path;

use outbound::Dialer;
use probe::{Baseline, Change, Mode, Report, Stop, Thresholds, text};
use protocol::Secret;
use tokio::runtime::Builder;
use tokio::time::sleep;

use super::baseline;
use super::webhook::Webhook;
use crate::cli::{Asked, Watch};
use crate::clock;
use crate::config::variable;
use crate::figures::Figures;
use crate::interval::pause;
use crate::output::{Exit, Failure, note, print};
use crate::signal::Signals;

/// What signs the events.
const SECRET: &str = "PULLGATE_PROBE_WEBHOOK_SECRET";
/// What its figures are called.
const NAME: &str = "watch";

/// Runs until it is asked to end. What is wrong at the start is wrong usage; what goes wrong later is said, and tried again.
pub(super) fn watch(flags: &Watch) -> Result<Exit, Failure> {
    let known = flags.asked.baseline.as_deref().map(baseline::read).transpose()?;
    super::plan(&flags.asked, &super::intent(&flags.asked)?, &Stop::default())?;
    flags.metrics.as_deref().map(baseline::writable).transpose()?;
    let webhook = webhook(flags)?;
    let stop = Stop::default();
    let watched = Watched {
        stop: stop.clone(),
        asked: flags.asked.clone(),
        known: known.unwrap_or_else(Baseline::nothing),
        figures: Figures::default(),
        webhook,
    };
    let runtime = Builder::new_current_thread().enable_all().build().map_err(Failure::no)?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::new().map_err(Failure::no)?;
        tokio::select! {
            () = signals.asked_to_end() => {
                stop.now();
                Ok(Exit::Yes)
            }
            ended = watched.again_and_again(flags) => ended,
        }
    });
    match flags.asked.mode >= Mode::Write {
        // A run that is under way takes away what it has written.
        true => drop(runtime),
        false => runtime.shutdown_background(),
    }
    ended
}

fn webhook(flags: &Watch) -> Result<Option<Webhook>, Failure> {
    let Some(to) = flags.webhook.clone() else { return Ok(None) };
    let secret = match variable(SECRET).map(std::ffi::OsString::into_string) {
        None => None,
        Some(Ok(secret)) if !secret.is_empty() => Some(Secret::new(secret)),
        Some(_) => return Err(Failure::usage(format!("the environment variable `{SECRET}` is empty, or is no text"))),
    };
    Ok(Some(Webhook::new(to, secret, Dialer::new().map_err(Failure::no)?)))
}

/// What is known from one run to the next.
struct Watched {
    asked: Asked,
    /// Ends the run that is under way.
    stop: Stop,
    /// What every change up to now has been told about.
    known: Baseline,
    figures: Figures,
    webhook: Option<Webhook>,
}

impl Watched {
    /// Ends only where nobody reads any more.
    async fn again_and_again(mut self, flags: &Watch) -> Result<Exit, Failure> {
        loop {
            let begin = clock::now().tick;
            let (asked, stop) = (self.asked.clone(), self.stop.clone());
            // A run blocks, and reads the intent and the secrets anew: they may have been rotated.
            let run = tokio::task::spawn_blocking(move || {
                let intent = super::intent(&asked)?;
                super::run(&intent, &super::plan(&asked, &intent, &stop)?, super::tell)
            });
            match run.await.map_err(Failure::unknown)? {
                Ok(report) => self.take(report, flags.metrics.as_deref()).await?,
                Err(failure) => {
                    note(&failure.render());
                    self.figures.failed(NAME);
                    self.write(flags.metrics.as_deref());
                }
            }
            let spent = clock::now().tick.saturating_sub(begin);
            sleep(pause(flags.every.duration()).saturating_sub(spent)).await;
        }
    }

    /// Compares a run with the last one, and tells what changed. What was told to nobody is told again after the next run.
    async fn take(&mut self, mut report: Report, metrics: Option<&Path>) -> Result<(), Failure> {
        let thresholds = super::thresholds(&self.asked);
        report.compare(&self.known);
        print(&text::brief(&report, &thresholds))?;
        self.figures.take(NAME, &report, &thresholds);
        self.write(metrics);
        if self.tell(&report, &thresholds).await {
            self.known = Baseline::of(&report);
        }
        Ok(())
    }

    /// Writes the figures, if somebody wants them.
    fn write(&self, metrics: Option<&Path>) {
        if let Some(path) = metrics
            && let Err(error) = baseline::replace(path, &self.figures.text())
        {
            note(&format!("cannot write `{}`: {error}\n", path.display()));
        }
    }

    /// Whether nothing is left to tell.
    async fn tell(&self, report: &Report, thresholds: &Thresholds) -> bool {
        let Some(webhook) = self.webhook.as_ref().filter(|_| has_changed(report)) else { return true };
        let told = webhook.tell(report, thresholds).await;
        if let Err(error) = &told {
            note(&format!("the change was not delivered, and is told again after the next run: {error}\n"));
        }
        told.is_ok()
    }
}

fn has_changed(report: &Report) -> bool {
    let gone = report.drift.as_ref().is_some_and(|drift| !drift.gone.is_empty());
    gone || report.results.iter().filter_map(|result| result.change.as_ref()).any(Change::is_drift)
}
