//! A whole gate in this process, with a clock that the test sets.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use audit::{CheckpointKey, Filter, Joined, Journal, LogName};
use authn::{Authn, RobotKeyText, TokenIssuer};
use gate::{Behind, Gate, Hosts, Limits, Listener, Metrics};
use jiff::Timestamp;
use origin::{Origin, Store};
use policy::{ActionSet, Policy, PolicyText, Settings};
use protocol::{Group, Now};
use state::{Change, NewGrant, NewKey, SecretKey, State};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::LocalSet;

/// The moment at which every test begins.
const BEGINNING: i64 = 1_800_000_000;

/// A running gate.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) state: State,
    clock: Arc<AtomicI64>,
    folder: TempDir,
    mounted: bool,
    _stop: watch::Sender<bool>,
}

impl House {
    /// With one rule of the operator's, or none.
    pub(crate) fn open(rule: &str) -> Self {
        Self::begin(rule, false)
    }

    /// With a journal that can be filled.
    pub(crate) fn with_a_small_journal() -> Self {
        Self::begin("", true)
    }

    fn begin(rule: &str, mounted: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        if mounted {
            Self::mount(&data.join("journal"));
        }
        let clock = Arc::new(AtomicI64::new(BEGINNING));
        let read = clock.clone();
        let now = move || moment(read.load(Ordering::SeqCst));
        let key = SecretKey::load_or_create(&data.join("secret.key"), true).unwrap();
        let state = State::open(data, &key, now()).unwrap();
        let name = LogName::new("pullgate", "test").unwrap();
        let signer = CheckpointKey::new(name.clone(), &key.checkpoint_seed()).unwrap();
        let settings = audit::Settings::default();
        let (journal, _) = Journal::open(&settings, data.join("journal"), &name, signer, now()).unwrap();
        let journal = Arc::new(journal);
        let text = PolicyText { name: "test.cedar".to_owned(), text: rule.to_owned() };
        let settings = Settings { catalog: true, ..Settings::default() };
        let policy = Policy::build(&settings, Vec::new(), &[text]).unwrap();
        let (sender, policy) = watch::channel(Arc::new(policy));
        // Kept for as long as the process: a gate whose policy can never change again is no case of these tests.
        std::mem::forget(sender);
        let sockets = vec![TcpListener::bind("127.0.0.1:0").unwrap()];
        let address = sockets.first().unwrap().local_addr().unwrap();
        let hosts = Hosts::new(&[], &[address]).unwrap();
        let store = Store::open(&data.join("store"), origin::Settings { keep_free: 0, ..Default::default() }, now());
        let behind = Behind {
            authn: Authn::new(state.clone(), hosts.service()),
            tokens: TokenIssuer::new(state.clone(), hosts.service()),
            state: state.clone(),
            policy,
            journal,
            origin: Origin::Store(store.unwrap()),
        };
        let gate = Arc::new(Gate::new(behind, hosts, Limits::default(), Arc::new(Metrics::default()), now));
        let (stop, stopping) = watch::channel(false);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let listener = Listener::new(gate, Arc::default());
            runtime.block_on(LocalSet::new().run_until(listener.run(sockets, stopping, Duration::ZERO))).unwrap();
        });
        Self { address, state, clock, folder, mounted, _stop: stop }
    }

    /// What the clock says.
    pub(crate) fn now(&self) -> Now {
        moment(self.clock.load(Ordering::SeqCst))
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A robot with a key for a day and these grants; the key comes back.
    pub(crate) fn robot(&self, name: &str, grants: &[(&str, Group)], until: Option<Timestamp>) -> RobotKeyText {
        let text = RobotKeyText::generate().unwrap();
        let key = NewKey {
            id: text.id().parse().unwrap(),
            hash: self.state.hash_robot_key(text.expose()),
            expires: self.now().wall + Duration::from_secs(86_400),
        };
        let grant = |(pattern, group): &(&str, Group)| NewGrant {
            pattern: pattern.parse().unwrap(),
            actions: ActionSet::of(*group),
            until,
            reason: None,
        };
        self.change(Change::CreateRobot {
            name: name.parse().unwrap(),
            owner: "test".to_owned(),
            purpose: String::new(),
            grants: grants.iter().map(grant).collect(),
            key,
        });
        text
    }

    /// Makes a change, as an administrator would.
    pub(crate) fn change(&self, change: Change) {
        self.state.begin(change, self.now()).unwrap().commit().unwrap();
    }

    /// The decision on a request.
    pub(crate) fn record(&self, request_id: &str) -> Option<Joined> {
        audit::find(&self.folder.path().join("journal"), request_id).unwrap()
    }

    /// How many decisions there are.
    pub(crate) fn decisions(&self) -> usize {
        audit::query(&self.folder.path().join("journal"), &Filter::default()).unwrap().len()
    }

    /// Every file of the store, with its length: what a refused request must leave as it is.
    pub(crate) fn store(&self) -> BTreeSet<(String, u64)> {
        let mut files = BTreeSet::new();
        collect(&self.folder.path().join("store"), &mut files);
        files
    }

    /// Puts the journal on a small file system of its own, which only root may mount.
    fn mount(folder: &Path) {
        std::fs::create_dir(folder).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(folder).status();
        assert!(mounted.unwrap().success(), "cannot mount a file system");
    }

    /// Nothing can be written to the journal any more: its file system is full.
    pub(crate) fn fill_the_journal(&self) {
        let mut filler = std::fs::File::create(self.folder.path().join("journal/filler")).unwrap();
        while filler.write_all(&[0; 256]).is_ok() {}
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if self.mounted {
            let _ = Command::new("umount").arg("--lazy").arg(self.folder.path().join("journal")).status();
        }
    }
}

fn collect(folder: &Path, files: &mut BTreeSet<(String, u64)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), files);
        } else {
            files.insert((entry.path().display().to_string(), entry.metadata().unwrap().len()));
        }
    }
}

fn moment(seconds: i64) -> Now {
    let tick = Duration::from_secs(u64::try_from(seconds - BEGINNING).unwrap_or(0));
    Now { wall: Timestamp::from_second(seconds).unwrap(), tick }
}
