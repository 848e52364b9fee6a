//! Decision to record: the journal, its tree and its queries.
//!
//! The lower floor is a [`Log`]: lines in segments under a Merkle tree with signed heads. The upper floor is the
//! [`Journal`], which alone turns a permit into an [`Admission`], and does so only after the record is written.

mod checkpoint;
mod circumstances;
mod error;
#[cfg(test)]
mod fixture;
mod flood;
mod journal;
mod keeper;
mod late;
mod leaf;
mod leaves;
mod log;
mod probed;
mod query;
mod reason;
mod record;
mod recover;
mod review;
#[cfg(test)]
mod samples;
mod segment;
mod tail;
mod tree;
mod verify;

pub use checkpoint::{Checkpoint, CheckpointError, CheckpointKey, CheckpointPublicKey, LogName};
pub use circumstances::{Circumstances, CredentialSeen, Decision, Ended, LeafName, Outcome, Refused};
pub use error::{Broken, Fault, LineFault, LogError, Place, ReadError};
pub use journal::{Admission, Journal, JournalError, Kind, Receipt, Settings};
pub use leaf::{Administration, Flood, Gap, Leaf, LeafKind, OutcomeEntry, Outcomes};
pub use leaves::Leaves;
pub use log::{Log, LogSettings};
pub use probed::{ProbeAnswer, ProbeRun, Probed, probes};
pub use query::{Filter, Joined, query};
pub use reason::Reason;
pub use record::{
    AccessGroup, AnswerGroup, ClientGroup, ConnectionGroup, CredentialGroup, OmittedGroup, PolicyGroup, PrincipalGroup,
    Record, RequestGroup,
};
pub use recover::{Recovered, Torn};
pub use review::{JournalReport, LeafCounts, find, last_state_sequence, verify_journal};
pub use segment::MAX_LINE;
pub use tail::Tail;
pub use tree::{Frontier, Hash};
pub use verify::{Report, verify};
