//! The state as its users see it: what a change does, what a restart keeps, what is refused.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use policy::{ActionSet, Grant, PrincipalName};
use protocol::{Group, Now};

use crate::{
    Applied, Change, ChangeError, NewGrant, NewKey, RobotEntry, SecretKey, Sequence, Snapshot, State, StateError,
};

mod changes;
mod damage;
mod model;
mod restart;

/// A data folder of its own.
struct Folder {
    temporary: tempfile::TempDir,
    key: SecretKey,
}

impl Folder {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let key = SecretKey::load_or_create(&temporary.path().join("secret.key"), true).unwrap();
        Self { temporary, key }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.temporary.path().join(name)
    }

    fn try_open(&self, now: Now) -> Result<State, StateError> {
        State::open(self.temporary.path(), &self.key, now)
    }

    fn open(&self) -> State {
        self.try_open(at(0)).unwrap()
    }

    fn sql(&self, statements: &str) {
        rusqlite::Connection::open(self.path("state.db")).unwrap().execute_batch(statements).unwrap();
    }
}

/// A moment, in seconds after midnight of a day in 2026.
fn at(seconds: i64) -> Now {
    Now { wall: second(seconds), tick: Duration::ZERO }
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

fn name(text: &str) -> PrincipalName {
    text.parse().unwrap()
}

/// A key whose id ends in `id`; it ends at second `expires`.
fn new_key(state: &State, id: &str, expires: i64) -> NewKey {
    NewKey { id: format!("{id:0>12}").parse().unwrap(), hash: state.hash_robot_key(id), expires: second(expires) }
}

fn new_grant(pattern: &str) -> NewGrant {
    let actions = ActionSet::of(Group::Pull);
    NewGrant { pattern: pattern.parse().unwrap(), actions, until: None, reason: Some("asked for".to_owned()) }
}

fn create(state: &State, robot: &str, key: &str) -> Change {
    Change::CreateRobot {
        name: name(robot),
        owner: "team".to_owned(),
        purpose: "tests".to_owned(),
        grants: vec![new_grant("team/**")],
        key: new_key(state, key, 1000),
    }
}

fn commit(state: &State, change: Change, now: Now) -> Applied {
    state.begin(change, now).unwrap().commit().unwrap()
}

fn refused(state: &State, change: Change, now: Now) -> ChangeError {
    let refused = state.begin(change, now);
    let Err(StateError::Change(error)) = refused else { panic!("{refused:?}") };
    error
}

fn robot(state: &State, robot: &str) -> Arc<RobotEntry> {
    Arc::clone(state.snapshot().robot_named(&name(robot)).unwrap())
}

/// The error with all its causes, as the command line prints them.
fn words(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {}", words(cause)))
}

/// Everything in a snapshot, in a form that compares.
#[derive(Debug, PartialEq)]
struct Facts {
    sequence: Sequence,
    robots: HashMap<policy::PrincipalId, Arc<RobotEntry>>,
    named: Vec<Arc<RobotEntry>>,
    keys: BTreeMap<String, Arc<crate::RobotKey>>,
    grants: BTreeMap<String, Arc<Grant>>,
    ring: crate::KeyRing,
    tokens: HashMap<String, Timestamp>,
    all_before: Option<Timestamp>,
}

impl From<Arc<Snapshot>> for Facts {
    fn from(snapshot: Arc<Snapshot>) -> Self {
        Self {
            sequence: snapshot.sequence(),
            robots: (*snapshot.robots).clone(),
            named: snapshot.robots().cloned().collect(),
            keys: snapshot.keys.iter().map(|(id, key)| (id.to_string(), Arc::clone(key))).collect(),
            grants: snapshot.grants().iter().map(|grant| (grant.id.to_string(), Arc::clone(grant))).collect(),
            ring: snapshot.key_ring().clone(),
            tokens: (*snapshot.revoked_tokens).clone(),
            all_before: snapshot.all_before(),
        }
    }
}

fn facts(state: &State) -> Facts {
    state.snapshot().into()
}
