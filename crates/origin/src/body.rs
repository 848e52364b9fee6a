//! The body of a request, as the store receives it: bytes that may end at any moment.

use bytes::Bytes;

/// Bytes that a client sends. Whoever hands them over also knows whether the permission behind them still stands.
pub trait Upload {
    /// The next bytes; `None` when all of them came.
    fn next(&mut self) -> impl Future<Output = Option<Result<Bytes, UploadError>>>;

    /// Whether the request may still have an effect. The store asks inside the transaction that publishes.
    fn standing(&self) -> bool;
}

/// Why a body ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// What it rested on has ended.
    #[error("the permission ended during the transfer")]
    Revoked,
    /// The client is gone, or what it sent was not HTTP.
    #[error("the connection ended during the transfer")]
    Client,
    /// The client was too slow.
    #[error("the transfer stood still for too long")]
    Limit,
}
