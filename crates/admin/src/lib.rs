//! What administrators may do: typed commands, handled in one place, each with its record.
//!
//! A command reaches the running server over `DATA/admin.sock`, or is handled by the verb itself under the lock of the
//! data folder when no server runs. Either way the leaf of the change is synced first, then the change commits, then
//! the verb answers.

mod command;
mod explain;
mod handle;
mod reply;
mod socket;

pub use command::{Actor, Command, GrantWords, Via, Who, WhoError};
pub use handle::{Admin, AdminError, Settings};
pub use reply::{GrantLine, KeyLine, NewKeyReply, Reply, RobotLine};
pub use socket::{CallError, Failure, SOCKET, Server, call};
