//! What each stranger must be told, written down from the protocol and not from the code.

use std::net::SocketAddr;

use audit::{Decision, Reason};
use protocol::Route;

use crate::asked::{Asked, THERE};
use crate::strangers::{Path, Stranger, Visitor};

/// One kind of no: its answer, and its record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    /// The `error` of a Bearer challenge.
    pub(crate) error: Option<&'static str>,
    pub(crate) decision: Decision,
    pub(crate) reason: Reason,
    /// Whether there is somebody to write it down.
    pub(crate) written: bool,
}

impl Refusal {
    const fn new(status: u16, code: &'static str, decision: Decision, reason: Reason) -> Self {
        Self { status, code, error: None, decision, reason, written: true }
    }

    /// A credential that is not good.
    const fn unidentified(reason: Reason) -> Self {
        Self { error: Some("invalid_token"), ..Self::new(401, "UNAUTHORIZED", Decision::Unidentified, reason) }
    }

    /// A good token that does not reach as far.
    const fn out_of_scope(reason: Reason) -> Self {
        Self { error: Some("insufficient_scope"), ..Self::new(401, "UNAUTHORIZED", Decision::Deny, reason) }
    }

    const fn denied(reason: Reason) -> Self {
        Self::new(403, "DENIED", Decision::Deny, reason)
    }

    /// The `WWW-Authenticate` that belongs to it.
    pub(crate) fn challenge(&self, asked: &Asked, address: SocketAddr) -> Option<String> {
        if self.status != 401 {
            return None;
        }
        if asked.route == Route::Token {
            return Some(r#"Basic realm="pullgate""#.to_owned());
        }
        let scope = asked.scope().map(|scope| format!(r#",scope="{scope}""#)).unwrap_or_default();
        let error = self.error.map(|error| format!(r#",error="{error}""#)).unwrap_or_default();
        Some(format!(r#"Bearer realm="http://{address}/token",service="pullgate"{scope}{error}"#))
    }
}

impl Asked {
    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Whether a form may carry the credential.
    pub(crate) fn has_form(&self) -> bool {
        self.route == Route::Token && self.method == "POST"
    }
}

/// What is refused, and how; none where this stranger is let in.
pub(crate) fn refusal(visitor: &Visitor, asked: &Asked) -> Option<Refusal> {
    let refusal = stranger(visitor.stranger, visitor.path, asked)?;
    Some(Refusal { written: visitor.stranger != Stranger::JournalDown, ..refusal })
}

fn stranger(stranger: Stranger, path: Path, asked: &Asked) -> Option<Refusal> {
    use Stranger as Is;
    let with_token = path == Path::Token;
    let refusal = match (stranger, asked.route) {
        (Is::Anonymous, _) => Refusal::new(401, "UNAUTHORIZED", Decision::Deny, Reason::NO_CREDENTIAL),
        (Is::ForeignHost, _) => Refusal::new(421, "UNSUPPORTED", Decision::Malformed, Reason::FOREIGN_HOST),
        (Is::UnknownKey, _) => Refusal::unidentified(Reason::UNKNOWN_CREDENTIAL),
        (Is::WrongSecret, _) => Refusal::unidentified(Reason::WRONG_SECRET),
        (Is::ForeignToken | Is::UnsignedToken | Is::ChangedToken, _) => Refusal::unidentified(Reason::BAD_TOKEN),
        (Is::ExpiredKey, _) if !with_token => Refusal::unidentified(Reason::EXPIRED_KEY),
        (Is::ExpiredKey | Is::ExpiredToken, _) => Refusal::unidentified(Reason::EXPIRED_TOKEN),
        (Is::RevokedKey | Is::RevokedRobot, _) if !with_token => Refusal::unidentified(Reason::REVOKED_KEY),
        (Is::RevokedKey | Is::RevokedRobot | Is::RevokedToken, _) => Refusal::unidentified(Reason::REVOKED_TOKEN),
        (Is::Disabled, _) => Refusal::unidentified(Reason::DISABLED),
        (Is::Deleted, _) => Refusal::unidentified(Reason::DELETED),
        // From here on they are somebody. A token begets no token.
        (_, Route::Token) if with_token => Refusal::unidentified(Reason::BAD_TOKEN),
        (Is::JournalDown, _) => Refusal::new(503, "UNAVAILABLE", Decision::Broken, Reason::JOURNAL_ERROR),
        // Whoever is somebody may ask who they are.
        (_, Route::Ping) => return None,
        // Decided name by name, after it was written that it may be read: `listings.rs` reads it.
        (Is::PolicyBroken, Route::ListRepositories) => return None,
        (Is::PolicyBroken, _) => Refusal::new(503, "UNAVAILABLE", Decision::Broken, Reason::POLICY_ERROR),
        // And may have a token, if need be for nothing.
        (_, Route::Token) => return None,
        (Is::ScopeAbsent, _) => Refusal::out_of_scope(Reason::SCOPE_ABSENT),
        (Is::ScopeNarrower, _) => Refusal::out_of_scope(Reason::SCOPE_NARROWER),
        // The list of what is elsewhere.
        (Is::Elsewhere, Route::ListRepositories) => return None,
        (Is::AnonymousToken | Is::Elsewhere | Is::OutsideWindow, _) => Refusal::denied(Reason::NOT_GRANTED),
        (Is::PushOnly, _) => return push_only(asked),
        (Is::PullOnly, Route::ReadManifest | Route::ReadBlob | Route::ListTags | Route::ListReferrers) => return None,
        (Is::PullOnly, _) => Refusal::denied(Reason::NOT_GRANTED),
    };
    Some(refusal)
}

/// They read nothing. HEAD tells them that there is nothing, as clients need to hear before they push; and an upload is
/// its owner's.
fn push_only(asked: &Asked) -> Option<Refusal> {
    let missing = |code| Refusal::new(404, code, Decision::Deny, Reason::NOT_GRANTED);
    match asked.route {
        Route::ReadManifest if asked.is_head() => Some(missing("MANIFEST_UNKNOWN")),
        Route::ReadBlob if asked.is_head() => Some(missing("BLOB_UNKNOWN")),
        Route::ReadManifest
        | Route::ReadBlob
        | Route::ListTags
        | Route::ListReferrers
        | Route::ListRepositories
        | Route::DeleteManifest
        | Route::DeleteBlob => Some(Refusal::denied(Reason::NOT_GRANTED)),
        Route::AppendUpload | Route::FinishUpload | Route::ReadUpload | Route::CancelUpload => {
            (asked.repository == THERE).then(|| Refusal::denied(Reason::FOREIGN_UPLOAD))
        }
        Route::Ping | Route::Token | Route::WriteManifest | Route::OpenUpload => None,
    }
}
