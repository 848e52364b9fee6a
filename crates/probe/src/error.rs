//! Why a run could not begin.

use std::io;

use outbound::OutboundError;

/// Nothing was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No runtime for the connections.
    #[error("cannot begin to speak to the network")]
    Runtime(#[source] io::Error),
    /// TLS is not to be had.
    #[error("cannot begin to speak TLS")]
    Tls(#[from] OutboundError),
    /// The operating system gives no randomness: no decoy, no id of the run.
    #[error("this machine has no random numbers to give")]
    Randomness,
}
