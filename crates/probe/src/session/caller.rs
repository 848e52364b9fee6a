//! Who asks.

use std::sync::Arc;

use outbound::Credential;

use crate::observation::ObservationId;
use crate::token::Token;

/// Who asks.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Nobody in particular, with nothing in hand.
    Nobody,
    /// Nobody in particular, with the token that anybody gets.
    Stranger(Token),
    /// Nobody in particular, with something made up in hand, which the request itself carries.
    Imposter,
    /// Somebody with a token of their own.
    Holder(Token),
    /// Somebody with a credential.
    Known(Arc<Credential>),
}

impl Caller {
    /// What it shows.
    #[must_use]
    pub fn credential(&self) -> Option<&Arc<Credential>> {
        match self {
            Self::Nobody | Self::Imposter => None,
            Self::Stranger(token) | Self::Holder(token) => Some(&token.credential),
            Self::Known(credential) => Some(credential),
        }
    }

    /// How it came to what it shows.
    pub(crate) fn earlier(&self) -> Option<ObservationId> {
        match self {
            Self::Nobody | Self::Imposter | Self::Known(_) => None,
            Self::Stranger(token) | Self::Holder(token) => Some(token.seen.id),
        }
    }
}
