//! Access tokens: ES256 JWTs (RFC 7519) that carry scopes which were decided and written, and never replace the decision.

mod claims;
mod issuer;
mod verifier;

#[cfg(test)]
pub(crate) use issuer::Grounds;
pub use issuer::{TokenError, TokenIssuer};
pub(crate) use verifier::{TokenVerifier, Verified};

/// How long a token lives, in seconds; none that claims to live longer is ours.
const LIFETIME: i64 = 300;

#[cfg(test)]
mod tests;
