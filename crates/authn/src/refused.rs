//! Why a credential that was shown is not accepted: a closed list, each of it produced by a test.

use audit::{CredentialSeen, Reason};
use policy::Principal;

use crate::lease::LeaseEnded;

/// A credential was shown and not accepted. The client is told neither cause nor reason.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Why, exactly.
    pub cause: Cause,
    /// Why, in the words of records.
    pub reason: Reason,
    /// Whose it is, where it was recognised.
    pub principal: Option<Principal>,
    /// What was shown, where it was recognised.
    pub credential: Option<CredentialSeen>,
}

impl Refused {
    /// Nobody whom we know.
    pub(crate) fn unrecognised(cause: Cause) -> Box<Self> {
        Box::new(Self { cause, reason: cause.reason(), principal: None, credential: None })
    }

    /// Somebody whom we know, with what is theirs.
    pub(crate) fn recognised(cause: Cause, principal: Principal, credential: CredentialSeen) -> Box<Self> {
        Box::new(Self { principal: Some(principal), credential: Some(credential), ..*Self::unrecognised(cause) })
    }
}

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $text:literal in $reason:ident,)*) => {
        /// Why a credential is not accepted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Cause {
            $($(#[$doc])* $name,)*
        }

        impl Cause {
            /// Every cause there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The reason under which records file it.
            #[must_use]
            pub fn reason(self) -> Reason {
                match self {
                    $(Self::$name => Reason::$reason,)*
                }
            }
        }
    };
}

causes! {
    /// Header or form do not hold one readable credential.
    MalformedAuthorization = "malformed_authorization" in BAD_AUTHORIZATION,
    /// Longer than any credential that is accepted.
    TooLarge = "too_large" in BAD_AUTHORIZATION,
    /// Neither Basic nor Bearer.
    UnknownScheme = "unknown_scheme" in UNKNOWN_CREDENTIAL,
    /// Neither a key nor a token of ours.
    UnknownCredential = "unknown_credential" in UNKNOWN_CREDENTIAL,
    /// A key that was mistyped or cut.
    BadChecksum = "bad_checksum" in UNKNOWN_CREDENTIAL,
    /// No key has this id.
    UnknownKey = "unknown_key" in UNKNOWN_CREDENTIAL,
    /// A key has this id, with another secret.
    WrongSecret = "wrong_secret" in WRONG_SECRET,
    /// The key's time is over.
    ExpiredKey = "expired_key" in EXPIRED_KEY,
    /// The key was revoked.
    RevokedKey = "revoked_key" in REVOKED_KEY,
    /// The robot is disabled.
    Disabled = "disabled" in DISABLED,
    /// The robot was deleted.
    Deleted = "deleted" in DELETED,
    /// A token that is not ours, or was changed.
    BadToken = "bad_token" in BAD_TOKEN,
    /// A token from further in the future than clocks may differ.
    EarlyToken = "early_token" in BAD_TOKEN,
    /// A token shown where tokens are asked for: none begets another.
    TokenForToken = "token_for_token" in BAD_TOKEN,
    /// The token's time is over.
    ExpiredToken = "expired_token" in EXPIRED_TOKEN,
    /// The time of the key that it was issued for is over.
    TokenOfExpiredKey = "token_of_expired_key" in EXPIRED_TOKEN,
    /// The token was revoked.
    RevokedToken = "revoked_token" in REVOKED_TOKEN,
    /// The key that it was issued for was revoked.
    TokenOfRevokedKey = "token_of_revoked_key" in REVOKED_TOKEN,
    /// Everything the robot held when it was issued was revoked.
    StaleEpoch = "stale_epoch" in REVOKED_TOKEN,
}

impl Cause {
    /// Why a key that rests on this is not accepted.
    pub(crate) fn of_key(ended: LeaseEnded) -> Self {
        match ended {
            LeaseEnded::Deleted => Self::Deleted,
            LeaseEnded::Disabled => Self::Disabled,
            LeaseEnded::Key | LeaseEnded::Epoch | LeaseEnded::Token => Self::RevokedKey,
        }
    }

    /// Why a token that rests on this is not accepted.
    pub(crate) fn of_token(ended: LeaseEnded) -> Self {
        match ended {
            LeaseEnded::Deleted => Self::Deleted,
            LeaseEnded::Disabled => Self::Disabled,
            LeaseEnded::Key => Self::TokenOfRevokedKey,
            LeaseEnded::Epoch => Self::StaleEpoch,
            LeaseEnded::Token => Self::RevokedToken,
        }
    }
}
