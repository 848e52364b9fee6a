//! What must survive a restart, content and journal aside: robots, their keys and grants, revocations, the key ring.
//!
//! The truth is `state.db`; whoever reads takes a [`Snapshot`] from memory and never waits for a database. Whoever
//! changes opens one [`Change`] at a time, writes its record, and commits. What was altered behind our back, does not
//! open with our [`SecretKey`] or is half there refuses to open: an unreadable state is never an empty one.

mod change;
mod draft;
mod error;
mod key_ring;
mod load;
mod mac;
mod nearest;
mod robot;
mod rows;
mod schema;
mod secret_key;
mod snapshot;
mod state;

pub use change::{Applied, Change, ChangeError, NewGrant, NewKey};
pub use error::{Fault, StateError};
pub use key_ring::{KeyRing, SigningKey};
pub use robot::{KeyId, KeyIdError, RobotEntry, RobotKey};
pub use secret_key::{SecretKey, SecretKeyError};
pub use snapshot::{Sequence, Snapshot};
pub use state::{Pending, State};
