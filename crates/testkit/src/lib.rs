//! Real clients, servers and images for the tests.
//!
//! Everything here blocks, waits with a bound, and panics with the whole output of what failed.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "what goes wrong here is a failed test, and a panic is how a test says so"
)]

pub mod browser;
pub mod clients;
pub mod daemons;
pub mod double;
mod home;
pub mod http;
pub mod image;
pub mod issuer;
mod normal;
pub mod process;
pub mod raw;
pub mod registries;
pub mod secure;
mod tools;

pub use home::{Home, Ran};
pub use normal::normalised;
pub use tools::tool;
