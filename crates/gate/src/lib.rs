//! The flow: one connection, one request, one answer.
//!
//! Only this room knows the order of the steps. Read [`Gate::answer`] and the `pass` below it first: there it stands
//! who classifies, who identifies, who decides, who writes and who serves.

mod answer;
mod connection;
mod gate;
mod hosts;
mod listener;
mod metrics;
mod operations;
mod request_body;
mod revocable;
mod seen;
mod settings;
mod stop;

pub use answer::{Answer, Download};
pub use connection::{Armed, Arrival};
pub use gate::{Behind, Gate};
pub use hosts::{HostError, Hosts, PublicName};
pub use listener::{Listener, Places, Shutdown};
pub use metrics::Metrics;
pub use operations::{Health, Operations};
pub use revocable::Revocable;
pub use settings::{Limits, Settings};
