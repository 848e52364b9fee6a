//! Credential to principal: robot keys and access tokens, and the leases that say whether they still stand.

mod authorization;
mod envelope;
#[cfg(test)]
mod fixture;
mod identify;
mod lease;
mod refused;
mod robot_key;
mod token;

pub use identify::{Authn, EndingKey, Identified};
pub use lease::{Lease, LeaseEnded};
pub use refused::{Cause, Refused};
pub use robot_key::{RobotKeyFault, RobotKeyText};
pub use token::{TokenError, TokenIssuer};
