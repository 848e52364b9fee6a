//! This room's part of the configuration.

use std::time::Duration;

/// What the gate is told about itself.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The URLs under which clients reach it; none on loopback.
    pub public_urls: Vec<String>,
    /// How much it takes at once.
    pub limits: Limits,
}

/// Bounds of connections and bodies.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address.
    pub connections_per_address: usize,
    /// Request line and headers together, in bytes.
    pub head_bytes: usize,
    /// Header lines.
    pub headers: usize,
    /// A target, in bytes.
    pub target_bytes: usize,
    /// Until a head is complete.
    pub head_timeout: Duration,
    /// Without a byte of a body, in either direction.
    pub idle: Duration,
    /// Body bytes that are read after an early refusal, so that the client reads the answer.
    pub drain_bytes: u64,
    /// And for how long.
    pub drain_time: Duration,
    /// The form of a token request, in bytes.
    pub form_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: 512,
            head_bytes: 40 * 1024,
            headers: 96,
            target_bytes: 8 * 1024,
            head_timeout: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            drain_bytes: 256 * 1024,
            drain_time: Duration::from_secs(2),
            form_bytes: 64 * 1024,
        }
    }
}
