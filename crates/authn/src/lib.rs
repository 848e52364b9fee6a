//! Credential to principal: robot keys and access tokens, and the leases that say whether they still stand.

mod envelope;
mod identify;
mod lease;
mod robot_key;
mod token;

pub use identify::{Authn, Identified, Refused};
pub use lease::{Lease, LeaseEnded};
pub use robot_key::RobotKeyText;
pub use token::{TokenError, TokenIssuer};
