//! Why a decision came out as it did: a closed list, each of it produced by a test.

use std::fmt;

/// A reason, as records name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reason(&'static str);

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        impl Reason {
            $($(#[$doc])* pub const $name: Self = Self($text);)*

            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

reasons! {
    /// Rules allow everything that was asked.
    GRANTED = "granted",
    /// Rules allow part of what was asked; the rest is gone from the request.
    NARROWED = "narrowed",
    /// Nobody said who they are.
    NO_CREDENTIAL = "no_credential",
    /// The token does not name the repository.
    SCOPE_ABSENT = "scope_absent",
    /// The token carries less than policy would allow.
    SCOPE_NARROWER = "scope_narrower",
    /// Nothing allows it.
    NOT_GRANTED = "not_granted",
    /// A rule forbids it.
    FORBIDDEN = "forbidden",
    /// The upload belongs to somebody else.
    FOREIGN_UPLOAD = "foreign_upload",
    /// It is off in the configuration.
    SWITCHED_OFF = "switched_off",
    /// Not a key or token of ours.
    UNKNOWN_CREDENTIAL = "unknown_credential",
    /// The secret of a known key is wrong.
    WRONG_SECRET = "wrong_secret",
    /// The key has expired.
    EXPIRED_KEY = "expired_key",
    /// The key was revoked.
    REVOKED_KEY = "revoked_key",
    /// The principal is disabled.
    DISABLED = "disabled",
    /// The principal was deleted.
    DELETED = "deleted",
    /// The token is not ours, or was changed.
    BAD_TOKEN = "bad_token",
    /// The token has expired.
    EXPIRED_TOKEN = "expired_token",
    /// The token was revoked, or what it rests on was.
    REVOKED_TOKEN = "revoked_token",
    /// The header or form that should hold a credential does not parse, or is too large.
    BAD_AUTHORIZATION = "bad_authorization",
    /// The request is outside the grammar.
    UNPARSABLE = "unparsable",
    /// The token request names a service that is not this one.
    FOREIGN_SERVICE = "foreign_service",
    /// The `Host` is not one of this registry.
    FOREIGN_HOST = "foreign_host",
    /// The connection never became a request: framing, header limits, time-outs.
    FRAMING = "framing",
    /// A rule could not be evaluated.
    POLICY_ERROR = "policy_error",
    /// The journal could not write.
    JOURNAL_ERROR = "journal_error",
    /// What stands behind the gate could not be asked.
    ORIGIN_ERROR = "origin_error",
}

impl Reason {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}
