//! The log of the server: what somebody may have to act on, on standard error. Who pulled what stands in the journal.

use std::io::IsTerminal as _;

use tracing::Level;
use tracing_subscriber::fmt;

/// Begins to log. Text from outside is escaped by the formatter, and no field ever holds a credential.
pub(crate) fn begin() {
    let terminal = std::io::stderr().is_terminal();
    let log = fmt().with_writer(std::io::stderr).with_max_level(Level::INFO).with_target(false).with_ansi(terminal);
    // A second call would mean a second server in the process; the first log then goes on.
    let _ = log.try_init();
}
