//! Opening the house: root key, state, journal and policy, in the order in which each vouches for the next.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use admin::Admin;
use audit::{
    Administration, Checkpoint, CheckpointError, CheckpointKey, Journal, JournalError, LeafKind, LogName, ReadError,
};
use policy::{Policy, PolicyError};
use protocol::Now;
use state::{Change, SecretKey, SecretKeyError, Sequence, State, StateError};
use tokio::sync::watch;

use crate::config::{Configuration, KeyLifetime};
use crate::data_folder::Actor;
use crate::output::Failure;

/// The name of the journal in the data folder.
pub(crate) const JOURNAL: &str = "journal";
/// The name of the root key in the data folder, where it is not kept elsewhere.
const SECRET_KEY: &str = "secret.key";

/// Why the house does not open: nothing was started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HouseError {
    /// The root key.
    #[error(transparent)]
    SecretKey(#[from] SecretKeyError),
    /// The state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The journal.
    #[error("cannot open the journal in `{folder}`")]
    Journal {
        /// Its folder.
        folder: PathBuf,
        /// Why.
        source: JournalError,
    },
    /// The journal could not be read back.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The key of the journal could not be derived.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// An older state was put back.
    #[error(
        "the state is older than the journal: it stands at change {state}, and the journal tells of change {journal}"
    )]
    OldState {
        /// The last change in the state.
        state: Sequence,
        /// The last change that the journal tells of.
        journal: u64,
    },
    /// The journal lost its end, or was replaced.
    #[error("the journal is not the one that the state remembers: it has {found} leaves, and {known} were signed")]
    CutJournal {
        /// Leaves that are there.
        found: u64,
        /// Leaves under the last checkpoint.
        known: u64,
    },
}

impl HouseError {
    /// What to do next, where that can be said.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::OldState { .. } => Some(
                "put the newest state back; or, if it is lost, start once with --accept-restored-state: every key, token and upload ends, and robots, grants and switches are again as they were then",
            ),
            Self::CutJournal { .. } => Some(
                "put the journal back from where its segments were copied to; pullgate audit verify names the place",
            ),
            Self::SecretKey(_)
            | Self::State(_)
            | Self::Journal { .. }
            | Self::Read(_)
            | Self::Checkpoint(_)
            | Self::Policy(_) => None,
        }
    }
}

/// What every verb that changes something works with. The caller holds the lock of the data folder.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) state: State,
    pub(crate) journal: Arc<Journal>,
    pub(crate) policy: watch::Receiver<Arc<Policy>>,
    new_policy: watch::Sender<Arc<Policy>>,
    max_ttl_seconds: u64,
    actor: Actor,
}

impl House {
    /// Opens what lies in the data folder; `first` may make it.
    pub(crate) async fn open(
        configuration: &Configuration,
        first: bool,
        accept_restored_state: bool,
        now: Now,
    ) -> Result<Self, HouseError> {
        let data = &configuration.data;
        let key = secret_key(configuration, first)?;
        let folder = data.join(JOURNAL);
        if !accept_restored_state && folder.is_dir() && !State::exists(data) {
            is_first(&folder)?;
        }
        let state = State::open(data, &key, now)?;
        let checkpoint_key = checkpoint_key(&key)?;
        let opened = Journal::open(&configuration.settings.audit, folder.clone(), &log_name()?, checkpoint_key, now);
        let (journal, recovered) = opened.map_err(|source| HouseError::Journal { folder: folder.clone(), source })?;
        is_continued(&state, recovered.checkpoint)?;
        let settings = &configuration.settings;
        let (new_policy, policy) = watch::channel(Arc::new(policy_of(configuration)?));
        let max_ttl_seconds = match settings.robots.max_ttl {
            KeyLifetime::NoKeys => 0,
            KeyLifetime::AtMost(period) => period.duration().as_secs(),
        };
        let house = Self {
            state,
            journal: Arc::new(journal),
            policy,
            new_policy,
            max_ttl_seconds,
            actor: Actor::of(configuration.actor),
        };
        house.agree(&folder, accept_restored_state, now).await?;
        Ok(house)
    }

    /// The administrator of this house.
    pub(crate) fn admin(&self) -> Admin {
        let settings = admin::Settings { max_ttl_seconds: self.max_ttl_seconds };
        Admin::new(self.state.clone(), self.journal.clone(), self.policy.clone(), settings)
    }

    /// Decides by the policy of this configuration from now on, once the journal knows of it. Where that fails, everything
    /// stays as it was.
    pub(crate) async fn renew(&self, configuration: &Configuration, now: Now) -> Result<(), HouseError> {
        let policy = policy_of(configuration)?;
        let leaf = self.leaf("reload", policy.revision().as_str(), "signal", now);
        self.tell(leaf).await?;
        self.new_policy.send_replace(Arc::new(policy));
        Ok(())
    }

    /// Writes what has gathered and closes the journal. Whoever else held it has ended by now.
    pub(crate) fn close(self, now: Now) -> Result<(), HouseError> {
        let Some(journal) = Arc::into_inner(self.journal) else { return Ok(()) };
        match journal.close(now) {
            Ok(checkpoint) if checkpoint.size == 0 => Ok(()),
            Ok(checkpoint) => Ok(self.state.store_checkpoint(checkpoint.size, *checkpoint.root.as_bytes())?),
            Err(source) => Err(HouseError::Journal { folder: JOURNAL.into(), source }),
        }
    }

    /// State and journal must tell of the same last change. One leaf ahead is a change whose commit never came.
    async fn agree(&self, folder: &Path, accept: bool, now: Now) -> Result<(), HouseError> {
        let state = self.state.sequence();
        let Some(journal) = audit::last_state_sequence(folder)? else { return Ok(()) };
        match journal.checked_sub(state.0) {
            None | Some(0) => Ok(()),
            Some(_) if accept => {
                let pending = self.state.begin(Change::AcceptRestored { journal: Sequence(journal) }, now)?;
                let leaf = self.leaf("serve --accept-restored-state", "restored-state", "lock", now);
                self.tell(Administration { state_sequence: pending.sequence().0, ..leaf }).await?;
                pending.commit()?;
                Ok(())
            }
            Some(1) => self.tell(self.leaf("start", "the last change was not committed", "lock", now)).await,
            Some(_) => Err(HouseError::OldState { state, journal }),
        }
    }

    /// What is told of something that nobody typed.
    fn leaf(&self, command: &str, object: &str, via: &str, now: Now) -> Administration {
        Administration {
            actor: self.actor.uid,
            command: command.to_owned(),
            kind: LeafKind::Admin,
            object: object.to_owned(),
            state_sequence: self.state.sequence().0,
            time: format!("{:.6}", now.wall),
            via: via.to_owned(),
            working_as: self.actor.working_as,
        }
    }

    async fn tell(&self, leaf: Administration) -> Result<(), HouseError> {
        let told = self.journal.administrate(leaf).await;
        told.map(|_| ()).map_err(|source| HouseError::Journal { folder: JOURNAL.into(), source })
    }
}

fn policy_of(configuration: &Configuration) -> Result<Policy, PolicyError> {
    let settings = &configuration.settings;
    Policy::build(&settings.policy, settings.repository.clone(), &configuration.policies)
}

/// The root key, from the data folder or from where the environment says.
pub(crate) fn secret_key(configuration: &Configuration, first: bool) -> Result<SecretKey, SecretKeyError> {
    let default = || configuration.data.join(SECRET_KEY);
    let path = configuration.secret_key.clone().unwrap_or_else(default);
    SecretKey::load_or_create(&path, first && !State::exists(&configuration.data))
}

/// The key that signs the journal's checkpoints.
pub(crate) fn checkpoint_key(key: &SecretKey) -> Result<CheckpointKey, CheckpointError> {
    CheckpointKey::new(log_name()?, &key.checkpoint_seed())
}

fn log_name() -> Result<LogName, CheckpointError> {
    LogName::new("pullgate", "main")
}

/// A state is made only where the journal tells of no change: elsewhere one was lost.
fn is_first(journal: &Path) -> Result<(), HouseError> {
    match audit::last_state_sequence(journal)? {
        Some(journal) => Err(HouseError::OldState { state: Sequence(0), journal }),
        None => Ok(()),
    }
}

/// The state remembers the last signed head: a journal that does not reach it was cut short.
fn is_continued(state: &State, found: Checkpoint) -> Result<(), HouseError> {
    match state.checkpoint() {
        Some((known, root)) if found.size < known || (found.size == known && *found.root.as_bytes() != root) => {
            Err(HouseError::CutJournal { found: found.size, known })
        }
        Some(_) | None => Ok(()),
    }
}

impl From<HouseError> for Failure {
    fn from(error: HouseError) -> Self {
        let hint = error.hint().map(str::to_owned);
        Self::usage(error).hints(hint)
    }
}
