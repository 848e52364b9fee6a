//! A whole gate in one process: every room is real, and only the clock is the test's.
#![expect(dead_code, reason = "each test uses its part")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a helper of tests fails like a test")]

mod clock;
mod robot;

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use audit::{
    Administration, CheckpointKey, Decision, Filter, Joined, Journal, Leaf, LeafKind, Leaves, LogName, Record,
};
use authn::{Authn, TokenIssuer};
use gate::{Behind, Gate, Hosts, Limits, Listener};
use origin::{Origin, Store};
use policy::{Policy, PolicyText, RepositoryRule};
use state::{Change, SecretKey, State};
use testkit::http::{self, Response};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::LocalSet;

use clock::Clock;
pub(crate) use robot::Robot;

/// Content that is a manifest as well as a blob.
pub(crate) const CONTENT: &[u8] =
    br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

/// How a house differs from the usual one.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) journal: audit::Settings,
    pub(crate) policy: policy::Settings,
    pub(crate) limits: Limits,
}

impl Default for Plan {
    /// With every route there is.
    fn default() -> Self {
        let policy = policy::Settings { catalog: true, ..policy::Settings::default() };
        Self { journal: audit::Settings::default(), policy, limits: Limits::default() }
    }
}

/// A gate on a port of its own, with everything that stands behind it.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) state: State,
    pub(crate) clock: Clock,
    journal: Arc<Journal>,
    policy: watch::Sender<Arc<Policy>>,
    settings: policy::Settings,
    leaves: Leaves,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
    folder: tempfile::TempDir,
}

impl House {
    pub(crate) fn open() -> Self {
        Self::with(Plan::default())
    }

    pub(crate) fn with(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::default();
        let key = SecretKey::load_or_create(&folder.path().join("secret.key"), true).unwrap();
        let state = State::open(folder.path(), &key, clock.now()).unwrap();
        let journal = journal(&plan.journal, folder.path(), &key, &clock);
        let policy = watch::Sender::new(Arc::new(Policy::build(&plan.policy, Vec::new(), &[]).unwrap()));
        let socket = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let hosts = Hosts::new(&[], &[address]).unwrap();
        let store = Store::open(&folder.path().join("store"), origin::Settings::default(), clock.now()).unwrap();
        let behind = Behind {
            authn: Authn::new(state.clone(), hosts.service()),
            tokens: TokenIssuer::new(state.clone(), hosts.service()),
            state: state.clone(),
            policy: policy.subscribe(),
            journal: Arc::clone(&journal),
            origin: Origin::Store(store),
        };
        let time = clock.clone();
        let gate = Gate::new(behind, hosts, plan.limits, Arc::default(), move || time.now());
        let (stop, stopping) = watch::channel(false);
        let listener = Listener::new(Arc::new(gate), Arc::default());
        let server = thread::spawn(move || {
            let serving = listener.run(vec![socket], stopping, Duration::ZERO);
            runtime().block_on(LocalSet::new().run_until(serving)).unwrap();
        });
        let leaves = Leaves::new(&folder.path().join("journal"), 0);
        let (settings, server) = (plan.policy, Some(server));
        Self { address, state, clock, journal, policy, settings, leaves, stop, server, folder }
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        http::request(self.address, method, target, headers, body)
    }

    /// One request with a robot's key.
    pub(crate) fn ask_as(&self, robot: &Robot, method: &str, target: &str, body: &[u8]) -> Response {
        self.ask(method, target, &[("Authorization", &robot.basic())], body)
    }

    /// An access token for scopes.
    pub(crate) fn token(&self, robot: Option<&Robot>, scopes: &[&str]) -> String {
        let target = format!("/token?scope={}", scopes.join("+"));
        let answer = match robot {
            Some(robot) => self.ask_as(robot, "GET", &target, b""),
            None => self.ask("GET", &target, &[], b""),
        };
        assert_eq!(answer.head.status, 200, "{target}: {}", answer.text());
        let reply: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        reply["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn change(&self, change: Change) {
        self.state.begin(change, self.clock.now()).unwrap().commit().unwrap();
    }

    /// Lets these rules count from now on.
    pub(crate) fn rule(&self, repositories: Vec<RepositoryRule>, cedar: &str) {
        let text = PolicyText { name: "rules.cedar".to_owned(), text: cedar.to_owned() };
        let policy = Policy::build(&self.settings, repositories, &[text]).unwrap();
        self.policy.send_replace(Arc::new(policy));
    }

    /// Puts the content into a repository, as a blob and as the manifest `v1`, and gives its digest.
    pub(crate) fn fill(&self, robot: &Robot, repository: &str) -> String {
        let digest = testkit::image::digest_of(CONTENT);
        for (method, target) in [
            ("POST", format!("/v2/{repository}/blobs/uploads/?digest={digest}")),
            ("PUT", format!("/v2/{repository}/manifests/v1")),
        ] {
            let answer = self.ask_as(robot, method, &target, CONTENT);
            assert_eq!(answer.head.status, 201, "{method} {target}: {}", answer.text());
        }
        digest
    }

    /// Opens an upload and gives its id.
    pub(crate) fn open_upload(&self, robot: &Robot, repository: &str) -> String {
        let answer = self.ask_as(robot, "POST", &format!("/v2/{repository}/blobs/uploads/"), b"");
        assert_eq!(answer.head.status, 202, "{}", answer.text());
        answer.head.header("location").unwrap().rsplit('/').next().unwrap().to_owned()
    }

    /// The leaves that were written since this was last asked.
    pub(crate) fn new_leaves(&mut self) -> Vec<Leaf> {
        self.leaves.by_ref().map(|leaf| Leaf::parse(&leaf.unwrap().1).unwrap()).collect()
    }

    /// The decisions among the new leaves.
    pub(crate) fn new_decisions(&mut self) -> Vec<Record> {
        let decision = |leaf| if let Leaf::Decision(record) = leaf { Some(*record) } else { None };
        self.new_leaves().into_iter().filter_map(decision).collect()
    }

    /// Every decision of the journal, once all that were allowed have their outcomes.
    pub(crate) fn settled(&self) -> Vec<Joined> {
        let mut found = Vec::new();
        self.wait("every outcome is known", |house| {
            house.settle();
            found = audit::query(&house.folder.path().join("journal"), &Filter::default()).unwrap();
            found.iter().all(|joined| joined.outcome.is_some() || joined.record.decision != Some(Decision::Allow))
        });
        found
    }

    /// How many leaves the journal has.
    pub(crate) fn leaves_written(&self) -> u64 {
        self.journal.size()
    }

    /// Looks again and again until something is so.
    pub(crate) fn wait(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        for _ in 0..2_000 {
            if is_so(self) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it never came to be that {what}");
    }

    /// Writes what has gathered in the journal.
    pub(crate) fn settle(&self) {
        self.journal.settle(self.clock.now()).unwrap();
    }

    /// From now on the journal takes nothing more: its segment is full, and no new one can be made durable. The house
    /// needs a plan in which every segment is full.
    pub(crate) fn break_journal(&self) {
        let next = self.journal.size();
        for sequence in next..next + 64 {
            // What has no sync cannot be synced; the place may be taken by the segment that just began.
            let _ = symlink("/dev/null", self.folder.path().join(format!("journal/{sequence:020}.tree")));
        }
        let leaf = Administration {
            actor: 0,
            command: "test".to_owned(),
            kind: LeafKind::Admin,
            object: "nothing".to_owned(),
            state_sequence: 0,
            time: format!("{:.6}", self.clock.now().wall),
            via: "lock".to_owned(),
            working_as: 0,
        };
        let write = || runtime().block_on(self.journal.administrate(leaf.clone()));
        assert!((0..64).any(|_| write().is_err()), "a journal that cannot go on refuses leaves");
    }

    /// The database of the store.
    pub(crate) fn store_database(&self) -> PathBuf {
        self.folder.path().join("store/store.db")
    }

    /// Every file of the store with its bytes, but for the one in which SQLite counts readers.
    pub(crate) fn stored(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(&self.folder.path().join("store"), &mut files);
        files.retain(|path, _| !path.ends_with("store.db-shm"));
        files
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let served = self.server.take().map(JoinHandle::join);
        assert!(thread::panicking() || served.is_some_and(|served| served.is_ok()), "the server has panicked");
    }
}

fn journal(settings: &audit::Settings, folder: &Path, key: &SecretKey, clock: &Clock) -> Arc<Journal> {
    let name = LogName::new("pullgate", "main").unwrap();
    let key = CheckpointKey::new(name.clone(), &key.checkpoint_seed()).unwrap();
    let (journal, _) = Journal::open(settings, folder.join("journal"), &name, key, clock.now()).unwrap();
    Arc::new(journal)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn gather(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}
