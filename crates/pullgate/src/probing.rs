//! The `[[probe]]` entries of a running server: it asks its own doors as a stranger would, and what came of it goes into
//! health, metrics and journal. It changes nothing that is served.

mod told;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use audit::Journal;
use outbound::Origin;
use probe::{
    Door, Identity, Intent, Known, Login, Outcome, Plan, Report, Role, Settings, Source, Target, Thresholds, Visibility,
};
use protocol::Reference;
use serde_json::Value;
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;

use crate::clock;
use crate::config::{self, Configuration};
use crate::figures::Figures;
use crate::interval::pause;
use crate::output::Failure;
use crate::verbs::probe::{check_file, find, of_file, run};

/// All entries, and what the last run of each has found.
#[derive(Debug)]
pub(crate) struct Probes {
    entries: watch::Sender<Vec<Arc<Entry>>>,
    own: Vec<Origin>,
    figures: Figures,
    journal: Arc<Journal>,
    latest: Mutex<BTreeMap<u64, Value>>,
    /// One run at a time.
    turn: tokio::sync::Mutex<()>,
}

/// One entry, numbered as in the file.
#[derive(Debug)]
struct Entry {
    number: u64,
    settings: config::Probe,
    own: Vec<Origin>,
}

/// The doors of this server: its public names, or else where it listens.
///
/// # Errors
/// A public name that cannot be asked.
pub(crate) fn own(configuration: &Configuration, addresses: &[SocketAddr]) -> Result<Vec<Origin>, Failure> {
    let urls = configuration.settings.public_urls.iter().map(ToString::to_string);
    let mut urls: Vec<String> = urls.collect();
    if urls.is_empty() {
        urls.extend(addresses.first().map(|address| format!("http://{address}")));
    }
    urls.iter().map(|url| url.parse().map_err(Failure::usage)).collect()
}

impl Probes {
    /// Reads every entry as a run would, logins aside, so that a mistake is told at the start.
    ///
    /// # Errors
    /// The mistake, with its place.
    pub(crate) fn new(
        configuration: &Configuration,
        addresses: &[SocketAddr],
        journal: Arc<Journal>,
        figures: Figures,
    ) -> Result<Self, Failure> {
        let own = own(configuration, addresses)?;
        let (entries, _) = watch::channel(read(configuration, &own)?);
        Ok(Self { entries, own, figures, journal, latest: Mutex::default(), turn: tokio::sync::Mutex::default() })
    }

    /// Asks at once, and then as each entry says, until the entries are replaced: then anew. For a local set.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut replaced = self.entries.subscribe();
        loop {
            let entries = replaced.borrow_and_update().clone();
            for entry in &entries {
                self.ask(entry).await;
            }
            for entry in entries {
                tokio::task::spawn_local(Arc::clone(&self).keep_asking(entry, self.entries.subscribe()));
            }
            if replaced.changed().await.is_err() {
                return;
            }
        }
    }

    /// The entries of another configuration, if a run would read each of them.
    ///
    /// # Errors
    /// The mistake, with its place.
    pub(crate) fn read(&self, configuration: &Configuration) -> Result<Entries, Failure> {
        read(configuration, &self.own).map(Entries)
    }

    /// Asks for these from now on. What is known of the ones before is known no more.
    pub(crate) fn replace(&self, entries: Entries) {
        self.entries.send_replace(entries.0);
        self.figures.clear();
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What health tells: numbers and words of ours.
    pub(crate) fn health(&self) -> Value {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn is_current(&self, entry: &Arc<Entry>) -> bool {
        self.entries.borrow().iter().any(|current| Arc::ptr_eq(current, entry))
    }

    async fn keep_asking(self: Arc<Self>, entry: Arc<Entry>, mut replaced: watch::Receiver<Vec<Arc<Entry>>>) {
        let Some(every) = entry.settings.every else { return };
        loop {
            tokio::select! {
                () = sleep(pause(every.duration())) => self.ask(&entry).await,
                _ = replaced.changed() => return,
            }
        }
    }

    async fn ask(&self, entry: &Arc<Entry>) {
        let _turn = self.turn.lock().await;
        if !self.is_current(entry) {
            return;
        }
        let (name, thresholds) = (entry.number.to_string(), Thresholds::default());
        let asked = on_a_thread(entry).await;
        let leaf = match &asked {
            Ok(report) => told::leaf(entry.number, report, &thresholds, clock::now().wall),
            Err(_) => told::no_run(entry.number, clock::now().wall),
        };
        match &asked {
            Ok(report) if report.outcome(&thresholds) == Outcome::Pass => tracing::info!("{}", told::line(&leaf)),
            Ok(_) => tracing::error!("{}", told::line(&leaf)),
            Err(why) => tracing::error!("probe {name} did not run: {why}"),
        }
        if self.is_current(entry) {
            match &asked {
                Ok(report) => self.figures.take(&name, report, &thresholds),
                Err(_) => self.figures.failed(&name),
            }
            self.latest.lock().unwrap_or_else(PoisonError::into_inner).insert(entry.number, told::health(&leaf));
        }
        if let Err(error) = self.journal.probed(leaf).await {
            tracing::error!("what a probe found is not in the journal: {error}");
        }
    }
}

/// Entries that were read and not yet taken over.
#[derive(Debug)]
pub(crate) struct Entries(Vec<Arc<Entry>>);

/// What would be asked; for `pullgate check`.
///
/// # Errors
/// A mistake, with its place.
pub(crate) fn check(configuration: &Configuration, addresses: &[SocketAddr]) -> Result<usize, Failure> {
    let own = own(configuration, addresses)?;
    let read: Vec<Intent> = entries(configuration, &own).map(|entry| entry.intent()).collect::<Result<_, _>>()?;
    Ok(read.len())
}

fn entries(configuration: &Configuration, own: &[Origin]) -> impl Iterator<Item = Entry> {
    let numbered = (1..).zip(&configuration.settings.probe);
    numbered.map(|(number, settings)| Entry { number, settings: settings.clone(), own: own.to_vec() })
}

fn read(configuration: &Configuration, own: &[Origin]) -> Result<Vec<Arc<Entry>>, Failure> {
    let entries: Vec<Arc<Entry>> = entries(configuration, own).map(Arc::new).collect();
    entries.iter().filter_map(|entry| entry.settings.intent.as_deref()).try_for_each(check_file)?;
    Ok(entries)
}

/// A run blocks, and nobody who ends the server waits for it: so it has a thread that the runtime does not know.
async fn on_a_thread(entry: &Arc<Entry>) -> Result<Report, String> {
    let (tell, told) = oneshot::channel();
    let entry = Arc::clone(entry);
    let ask = move || {
        // Whoever asked may have gone.
        let _ = tell.send(entry.ask().map_err(|failure| failure.message()));
    };
    let started: io::Result<_> = thread::Builder::new().name("probe".to_owned()).spawn(ask);
    match started {
        Err(error) => Err(error.to_string()),
        Ok(_) => told.await.unwrap_or_else(|_| Err("the thread has panicked".to_owned())),
    }
}

impl Entry {
    /// The intent and its secrets are read anew each time: they may have been rotated.
    fn ask(&self) -> Result<Report, Failure> {
        let intent = self.intent()?;
        run(&intent, &Plan::new(&intent, &Settings::default()), |_| ())
    }

    fn intent(&self) -> Result<Intent, Failure> {
        if let Some(file) = &self.settings.intent {
            return of_file(file);
        }
        let mut doors: Vec<Origin> = self.settings.doors.iter().map(|door| door.0.clone()).collect();
        if doors.is_empty() {
            doors.clone_from(&self.own);
        }
        let Some(first) = doors.first().cloned() else { return Err(Failure::usage("a probe has nowhere to ask")) };
        let private = self.settings.private.iter().map(|image| Known {
            name: image.0.repository.clone(),
            tag: image.0.reference.as_ref().and_then(Reference::tag).cloned(),
            digest: image.0.reference.as_ref().and_then(Reference::digest).cloned(),
            visibility: Visibility::Private,
        });
        let mut intent = Intent::of_target(Target { origin: first.clone(), private: private.collect() });
        intent.doors = doors.into_iter().map(Door::new).collect();
        intent.identities = self.control(&intent.doors, &first)?.into_iter().collect();
        Ok(intent)
    }

    /// The control is shown at the first door and at our own: whatever else is asked is somebody else's.
    fn control(&self, doors: &[Door], first: &Origin) -> Result<Option<Identity>, Failure> {
        let (Some(file), Some(door)) = (&self.settings.credential_file, doors.first()) else { return Ok(None) };
        let login: Login = find(Path::new(""), &Source::File(file.clone()), door).map_err(Failure::usage)?;
        let ours = doors.iter().filter(|door| door.origin == *first || self.own.contains(&door.origin));
        let show_to = ours.map(|door| door.name.clone()).collect();
        Ok(Some(Identity { role: Role::Control, login, show_to, owns: None, may: Vec::new(), revoke: None }))
    }
}
