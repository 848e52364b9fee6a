//! The journal: what may be served is written here first, and what is refused is written here too.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use policy::Permit;
use protocol::{Now, Oci, Operation, Request};
use serde::Deserialize;
use tokio::sync::watch;

use crate::checkpoint::{Checkpoint, CheckpointKey, LogName};
use crate::circumstances::{Circumstances, CredentialSeen, LeafName, Outcome, Refused};
use crate::error::LogError;
use crate::flood::Floods;
use crate::late::Late;
use crate::leaf::{Administration, Gap, Leaf, LeafKind, OutcomeEntry, Outcomes, micros};
use crate::log::{Log, LogSettings};
use crate::probed::ProbeRun;
use crate::record::Record;
use crate::recover::Recovered;

/// Outcomes that wait to be written together; what comes beyond is lost and reads `unknown`.
const WAITING_OUTCOMES: usize = 100_000;
/// Outcomes in one leaf: each takes at most 222 bytes, and a line at most 16 KiB.
pub(crate) const OUTCOMES_PER_LEAF: usize = 64;
/// Leaves in one call.
const LEAVES_AT_ONCE: usize = 64;

/// This room's part of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Sync every allow before its answer; by default reads are synced within 100 ms.
    pub strict: bool,
    /// A segment is closed when it has this many bytes.
    pub segment_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { strict: false, segment_bytes: LogSettings::SEGMENT_BYTES }
    }
}

/// The journal does not open or cannot write: nothing may be allowed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct JournalError(LogError);

impl From<LogError> for JournalError {
    fn from(error: LogError) -> Self {
        Self(error)
    }
}

/// Proof that a decision was written. Only [`Journal::admit`] makes one; origins and the token issuer ask for it.
pub struct Admission {
    permit: Permit,
    leaf: LeafName,
    credential: Option<CredentialSeen>,
}

/// Which room serves an admitted request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The ping: the gate itself.
    Ping,
    /// The token issuer.
    Token,
    /// The origin.
    Origin,
}

impl Admission {
    /// What was permitted.
    #[must_use]
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    /// What was shown for it.
    #[must_use]
    pub fn credential(&self) -> Option<&CredentialSeen> {
        self.credential.as_ref()
    }

    /// The leaf that tells of it.
    #[must_use]
    pub fn leaf(&self) -> &LeafName {
        &self.leaf
    }

    /// Which room serves it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.permit.request() {
            Request::Ping { .. } => Kind::Ping,
            Request::Token(_) => Kind::Token,
            Request::Oci(_) | Request::Catalog { .. } => Kind::Origin,
        }
    }

    /// The name of the leaf, for the outcome.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        Receipt { sequence: self.leaf.sequence }
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Admission").field("leaf", &self.leaf).finish_non_exhaustive()
    }
}

/// Names the leaf of a decision; proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    sequence: u64,
}

/// The journal of one node.
#[derive(Debug)]
pub struct Journal {
    log: Log,
    name: Arc<str>,
    strict: bool,
    floods: Mutex<Floods>,
    late: Mutex<Late>,
    outcomes: Mutex<Vec<OutcomeEntry>>,
}

impl Journal {
    /// Opens the journal in a folder. A line that a crash has torn is told by a `gap` leaf.
    ///
    /// # Errors
    /// [`JournalError`] where it is damaged, older than its checkpoint, or cannot be written.
    pub fn open(
        settings: &Settings,
        folder: PathBuf,
        name: &LogName,
        key: CheckpointKey,
        now: Now,
    ) -> Result<(Self, Recovered), JournalError> {
        let text: Arc<str> = name.to_string().into();
        let (log, recovered) = Log::open(LogSettings { folder, segment_bytes: settings.segment_bytes }, key)?;
        let (floods, late, outcomes) = Default::default();
        let journal = Self { log, name: text, strict: settings.strict, floods, late, outcomes };
        if let Some(torn) = recovered.torn {
            let reason = "a write was interrupted".to_owned();
            let gap = Gap { bytes: torn.bytes, kind: LeafKind::Gap, reason, time: micros(now.wall) };
            journal.append(&Leaf::Gap(gap))?;
        }
        Ok((journal, recovered))
    }

    /// Writes an allow, and admits what it allows: the record survives kill -9 when this returns; what changes
    /// something, and every token, is also synced.
    ///
    /// # Errors
    /// [`JournalError`]: there is no admission, and the answer is 503.
    pub async fn admit(&self, permit: Permit, circumstances: &Circumstances) -> Result<Admission, JournalError> {
        let sequence = self.append(&Leaf::Decision(Box::new(Record::of_permit(&permit, circumstances))))?;
        if self.strict || is_synced(permit.request()) {
            self.log.synced(sequence).await?;
        }
        let leaf = LeafName { log: self.name.to_string(), sequence };
        Ok(Admission { permit, leaf, credential: circumstances.credential.clone() })
    }

    /// Writes a refusal, or counts it where strangers flood. A refusal stays a refusal whatever this returns.
    ///
    /// # Errors
    /// [`JournalError`] where it could not be written now: it is written with what has gathered.
    pub fn note(&self, refused: &Refused<'_>, circumstances: &Circumstances) -> Result<(), JournalError> {
        if refused.is_of_a_stranger() && !guard(&self.floods).admit(refused, circumstances) {
            return Ok(());
        }
        let line = line(&Leaf::Decision(Box::new(Record::of_refusal(refused, circumstances))))?;
        let written = self.log.append(&line);
        if matches!(written, Err(LogError::Write(_) | LogError::Sync(_))) {
            guard(&self.late).keep(line);
        }
        Ok(written.map(|_| ())?)
    }

    /// Hands in what became of an admitted request. It is written soon, many in one leaf.
    pub fn outcome(&self, receipt: Receipt, outcome: Outcome) {
        let mut waiting = guard(&self.outcomes);
        if waiting.len() < WAITING_OUTCOMES {
            waiting.push(OutcomeEntry::new(receipt.sequence, outcome));
        }
    }

    /// Writes what has gathered: refusals that could not be written before, floods of minutes that are over, outcomes. To
    /// be called every 100 ms.
    ///
    /// # Errors
    /// [`JournalError`] where the journal cannot write now, whatever has gathered; it is kept.
    pub fn settle(&self, now: Now) -> Result<(), JournalError> {
        guard(&self.floods).turn(now.wall);
        self.write_gathered(now)
    }

    /// Writes everything that has gathered and closes the log.
    ///
    /// # Errors
    /// [`JournalError`] where something could not be written or signed.
    pub fn close(self, now: Now) -> Result<Checkpoint, JournalError> {
        guard(&self.floods).end(now.wall);
        self.write_gathered(now)?;
        Ok(self.log.close()?)
    }

    /// Writes the leaf of an administrative change and waits until it is synced.
    ///
    /// # Errors
    /// [`JournalError`]: the change must not be made.
    pub async fn administrate(&self, change: Administration) -> Result<LeafName, JournalError> {
        let sequence = self.append(&Leaf::Admin(Administration { kind: LeafKind::Admin, ..change }))?;
        self.log.synced(sequence).await?;
        Ok(LeafName { log: self.name.to_string(), sequence })
    }

    /// Writes what a probe found; synced when this returns.
    ///
    /// # Errors
    /// [`JournalError`]: it is not written.
    pub async fn probed(&self, run: ProbeRun) -> Result<LeafName, JournalError> {
        let sequence = self.append(&Leaf::Probe(ProbeRun { kind: LeafKind::Probe, ..run }))?;
        self.log.synced(sequence).await?;
        Ok(LeafName { log: self.name.to_string(), sequence })
    }

    /// The signed checkpoints, as they are made.
    #[must_use]
    pub fn checkpoints(&self) -> watch::Receiver<Checkpoint> {
        self.log.checkpoints()
    }

    /// Number of leaves written.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.log.size()
    }

    fn write_gathered(&self, now: Now) -> Result<(), JournalError> {
        self.log.takes()?;
        self.write_late(now)?;
        self.write_floods()?;
        self.write_outcomes()
    }

    fn write_late(&self, now: Now) -> Result<(), JournalError> {
        let lines = guard(&self.late).take();
        let (rest, result) = written(lines, LEAVES_AT_ONCE, |lines| Ok(self.log.append_many(lines).map(|_| ())?));
        let mut late = guard(&self.late);
        late.give_back(rest);
        result?;
        if let Some(gap) = late.gap(now.wall) {
            self.append(&gap)?;
            late.told();
        }
        Ok(())
    }

    fn write_floods(&self) -> Result<(), JournalError> {
        let floods = guard(&self.floods).take();
        let (rest, result) = written(floods, LEAVES_AT_ONCE, |floods| {
            self.append_all(floods.iter().map(|flood| Leaf::Flood(flood.clone())))
        });
        guard(&self.floods).give_back(rest);
        result
    }

    fn write_outcomes(&self) -> Result<(), JournalError> {
        // Nobody who hands in an outcome waits for the disk.
        let outcomes = std::mem::take(&mut *guard(&self.outcomes));
        let (rest, result) = written(outcomes, OUTCOMES_PER_LEAF, |of| {
            let leaf = Outcomes { kind: LeafKind::Outcome, of: of.to_vec() };
            self.append_all([Leaf::Outcome(leaf)])
        });
        guard(&self.outcomes).splice(0..0, rest);
        result
    }

    fn append(&self, leaf: &Leaf) -> Result<u64, JournalError> {
        Ok(self.log.append(&line(leaf)?)?)
    }

    fn append_all(&self, leaves: impl IntoIterator<Item = Leaf>) -> Result<(), JournalError> {
        let lines: Vec<Vec<u8>> = leaves.into_iter().map(|leaf| line(&leaf)).collect::<Result<_, LogError>>()?;
        self.log.append_many(&lines)?;
        Ok(())
    }
}

fn line(leaf: &Leaf) -> Result<Vec<u8>, LogError> {
    leaf.line().map_err(|error| LogError::Write(error.into()))
}

/// Writes what has gathered, so many at a time; what could not be written comes back.
fn written<T>(
    mut gathered: Vec<T>,
    at_once: usize,
    write: impl Fn(&[T]) -> Result<(), JournalError>,
) -> (Vec<T>, Result<(), JournalError>) {
    let mut done: usize = 0;
    let result = gathered.chunks(at_once).try_for_each(|batch| {
        write(batch)?;
        done = done.saturating_add(batch.len());
        Ok(())
    });
    gathered.drain(..done);
    (gathered, result)
}

/// Whether the record of a request is synced before its effect: what publishes, deletes or issues.
fn is_synced(request: &Request) -> bool {
    match request {
        Request::Token(_) => true,
        Request::Ping { .. } | Request::Catalog { .. } => false,
        Request::Oci(Oci { operation, .. }) => match operation {
            Operation::WriteManifest { .. }
            | Operation::DeleteManifest { .. }
            | Operation::DeleteBlob { .. }
            | Operation::FinishUpload { .. } => true,
            Operation::OpenUpload { mount, digest, .. } => mount.is_some() || digest.is_some(),
            Operation::ReadManifest { .. }
            | Operation::ReadBlob { .. }
            | Operation::AppendUpload { .. }
            | Operation::ReadUpload { .. }
            | Operation::CancelUpload { .. }
            | Operation::ListTags { .. }
            | Operation::ListReferrers { .. } => false,
        },
    }
}

/// A panic elsewhere leaves counts and lists whole: going on with them is right.
fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
