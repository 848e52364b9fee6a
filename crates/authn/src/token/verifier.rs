//! Verifies access tokens: each signature once, everything that may have changed on every request.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use protocol::{Now, Scope};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use state::KeyRing;

use super::claims::Claims;
use crate::envelope::Envelope;
use crate::lease::Rests;
use crate::refused::Cause;

/// How far the clocks of two nodes may differ, in seconds. A token's end has no such margin: whoever set it shares it.
const LEEWAY: i64 = 60;
/// What remembered tokens may weigh together, in bytes of tokens.
const REMEMBERED: u64 = 16 * 1024 * 1024;
/// The size of a token with one scope, in bytes.
const USUAL: u64 = 640;

/// Verifies the tokens of one service.
pub(crate) struct TokenVerifier {
    service: Arc<str>,
    trust: ArcSwap<Trust>,
}

/// A key ring and what it has verified: another ring begins with nothing.
struct Trust {
    envelope: Envelope,
    /// SHA-256 of the token -> what it says. Refused tokens are not remembered: there is no end of them.
    verified: Cache<[u8; 32], Arc<Verified>, BySize>,
}

/// What a token says whose signature, form and parties are right. Nothing can make that untrue but another key ring.
#[derive(Debug)]
pub(crate) struct Verified {
    /// What it rests on.
    pub(crate) rests: Rests,
    /// Its id.
    pub(crate) jti: String,
    /// What it is for.
    pub(crate) scopes: Arc<[Scope]>,
    /// Log and sequence of the leaf that issued it.
    pub(crate) issued_by: (String, u64),
    begins: i64,
    ends: i64,
    bytes: u64,
}

impl Verified {
    /// Whether it is in time: from its beginning, or a little before, up to and without its last second.
    pub(crate) fn in_time(&self, now: Now) -> Result<(), Cause> {
        let now = now.unix_seconds();
        match (self.ends <= now, self.begins > now.saturating_add(LEEWAY)) {
            (true, _) => Err(Cause::ExpiredToken),
            (false, true) => Err(Cause::EarlyToken),
            (false, false) => Ok(()),
        }
    }
}

impl TokenVerifier {
    pub(crate) fn new(ring: &KeyRing, service: &str) -> Self {
        Self { service: service.into(), trust: ArcSwap::from_pointee(Trust::new(ring)) }
    }

    /// What the token says, if this ring has signed it for this service; whether it is in time is asked afterwards.
    pub(crate) fn verify(&self, token: &str, ring: &KeyRing, now: Now) -> Option<Arc<Verified>> {
        let trust = self.trust(ring);
        let hash: [u8; 32] = digest(&SHA256, token.as_bytes()).as_ref().try_into().ok()?;
        if let Some(verified) = trust.verified.get(&hash) {
            if verified.in_time(now) == Err(Cause::ExpiredToken) {
                trust.verified.remove(&hash);
            }
            return Some(verified);
        }
        let verified = Arc::new(self.read(token, &trust.envelope)?);
        if verified.in_time(now).is_ok() {
            trust.verified.insert(hash, Arc::clone(&verified));
        }
        Some(verified)
    }

    fn trust(&self, ring: &KeyRing) -> Arc<Trust> {
        let known = self.trust.load_full();
        if known.envelope.is_of(ring) {
            return known;
        }
        let fresh = Arc::new(Trust::new(ring));
        self.trust.store(Arc::clone(&fresh));
        fresh
    }

    fn read(&self, token: &str, envelope: &Envelope) -> Option<Verified> {
        let claims = Claims::parse(&envelope.open(token)?)?;
        if claims.iss != *self.service || claims.aud != *self.service {
            return None;
        }
        Some(Verified {
            rests: claims.rests()?,
            scopes: claims.scopes()?.into(),
            begins: claims.nbf,
            ends: claims.exp,
            bytes: u64::try_from(token.len()).ok()?,
            jti: claims.jti,
            issued_by: claims.issued_by,
        })
    }

    /// How many tokens are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.trust.load().verified.len()
    }
}

impl Trust {
    fn new(ring: &KeyRing) -> Self {
        let usually = usize::try_from(REMEMBERED / USUAL).unwrap_or(usize::MAX);
        Self { envelope: Envelope::new(ring), verified: Cache::with_weighter(usually, REMEMBERED, BySize) }
    }
}

#[derive(Clone)]
struct BySize;

impl Weighter<[u8; 32], Arc<Verified>> for BySize {
    fn weight(&self, _hash: &[u8; 32], verified: &Arc<Verified>) -> u64 {
        verified.bytes
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenVerifier").field("service", &self.service).finish_non_exhaustive()
    }
}
