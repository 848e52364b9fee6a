//! Everything that ends a request early, and the one place that turns it into status, challenge, body and record.

use std::error::Error;

use audit::{Decision, Ended, JournalError, Reason};
use origin::StoreError;
use policy::{Denial, Refusal};
use protocol::{Challenge, ChallengeError, ErrorCode, Malformed, Oci, Operation, Problem, Request};

use crate::hosts::PublicName;

/// Why a request goes no further.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It does not parse.
    Malformed(Malformed),
    /// It was sent to a host that is not this registry.
    ForeignHost,
    /// The token it asks for is for another service.
    ForeignService,
    /// A credential was shown and not accepted.
    Unidentified(Box<authn::Refused>),
    /// The policy says no.
    Denied(Box<Denial>),
    /// The journal cannot write.
    Journal(JournalError),
    /// After the decision was written: what it rests on has ended.
    Ended,
    /// The token could not be signed.
    Token(authn::TokenError),
    /// What stands behind the gate says no, or cannot answer.
    Origin(StoreError),
}

/// What a stop looks like from outside, and in the record.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) decision: Decision,
    pub(crate) reason: Reason,
    pub(crate) problem: Problem,
    pub(crate) asks: Asks,
    pub(crate) ended: Ended,
}

/// Which challenge the answer carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// None: asking again is no use.
    Nothing,
    /// A user name and password, at the token endpoint.
    Password,
    /// A token.
    Token(Option<ChallengeError>),
}

impl Stop {
    /// What went wrong with us, for the log.
    pub(crate) fn cause(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Journal(error) => Some(error),
            Self::Token(error) => Some(error),
            Self::Origin(error) => Some(error),
            Self::Malformed(_)
            | Self::ForeignHost
            | Self::ForeignService
            | Self::Unidentified(_)
            | Self::Denied(_)
            | Self::Ended => None,
        }
    }

    /// The decision of the policy, where it was one.
    pub(crate) fn denial(&self) -> Option<&Denial> {
        if let Self::Denied(denial) = self { Some(denial) } else { None }
    }

    /// The mapping of every kind of no.
    pub(crate) fn verdict(&self, request: Option<&Request>) -> Verdict {
        match self {
            Self::Malformed(malformed) => plain(Decision::Malformed, Reason::UNPARSABLE, malformed.problem.clone()),
            Self::ForeignHost => plain(
                Decision::Malformed,
                Reason::FOREIGN_HOST,
                Problem::new(421, ErrorCode::Unsupported, "this host is not served here"),
            ),
            Self::ForeignService => plain(
                Decision::Malformed,
                Reason::FOREIGN_SERVICE,
                Problem::new(400, ErrorCode::Unsupported, "the parameter `service` names another service"),
            ),
            Self::Unidentified(refused) => unidentified(refused, request),
            Self::Denied(denial) => denied(denial, request),
            Self::Journal(_) => broken(Reason::JOURNAL_ERROR),
            Self::Ended | Self::Origin(StoreError::Revoked) => {
                Verdict { ended: Ended::Revoked, ..unauthenticated(Reason::REVOKED_TOKEN, request) }
            }
            Self::Token(_) => broken(Reason::ORIGIN_ERROR),
            Self::Origin(error) => origin(error),
        }
    }
}

fn unidentified(refused: &authn::Refused, request: Option<&Request>) -> Verdict {
    let verdict = unauthenticated(refused.reason, request);
    if refused.reason == Reason::BAD_AUTHORIZATION {
        let message = "the credential cannot be read: send one `Authorization` header, Basic or Bearer";
        return plain(Decision::Unidentified, verdict.reason, Problem::new(400, ErrorCode::Unsupported, message));
    }
    verdict
}

/// A credential was shown and is not good: one answer for every reason, so that the answer tells none of them.
fn unauthenticated(reason: Reason, request: Option<&Request>) -> Verdict {
    let asks = match request {
        Some(Request::Token(_)) => Asks::Password,
        Some(Request::Oci(_) | Request::Catalog { .. } | Request::Ping { .. }) | None => {
            Asks::Token(Some(ChallengeError::InvalidToken))
        }
    };
    let problem = Problem::new(401, ErrorCode::Unauthorized, "authentication failed");
    Verdict { asks, ..plain(Decision::Unidentified, reason, problem) }
}

fn denied(denial: &Denial, request: Option<&Request>) -> Verdict {
    let deny = |reason, status, code, message: &str, asks| Verdict {
        asks,
        ..plain(Decision::Deny, reason, Problem::new(status, code, message))
    };
    let unauthorized = ErrorCode::Unauthorized;
    match denial.refusal() {
        Refusal::Unauthenticated => {
            let asks = if matches!(request, Some(Request::Token(_))) { Asks::Password } else { Asks::Token(None) };
            deny(Reason::NO_CREDENTIAL, 401, unauthorized, "authentication required", asks)
        }
        Refusal::ScopeAbsent => {
            let asks = Asks::Token(Some(ChallengeError::InsufficientScope));
            deny(Reason::SCOPE_ABSENT, 401, unauthorized, "the token does not reach this far", asks)
        }
        Refusal::ScopeNarrower => {
            let asks = Asks::Token(Some(ChallengeError::InsufficientScope));
            deny(Reason::SCOPE_NARROWER, 401, unauthorized, "the token does not reach this far", asks)
        }
        Refusal::Refused { may_push } => {
            let reason = if denial.rules().is_empty() { Reason::NOT_GRANTED } else { Reason::FORBIDDEN };
            match request.filter(|request| may_push && request.is_head()).and_then(missing) {
                Some((code, message)) => deny(reason, 404, code, message, Asks::Nothing),
                None => deny(reason, 403, ErrorCode::Denied, "access denied", Asks::Nothing),
            }
        }
        Refusal::ForeignUpload => deny(Reason::FOREIGN_UPLOAD, 403, ErrorCode::Denied, "access denied", Asks::Nothing),
        Refusal::SwitchedOff => plain(Decision::Deny, Reason::SWITCHED_OFF, Malformed::path().problem),
        Refusal::Broken => broken(Reason::POLICY_ERROR),
    }
}

/// What one who may push but not pull reads on HEAD: the answer for content that is not there, which lets them push.
fn missing(request: &Request) -> Option<(ErrorCode, &'static str)> {
    let Request::Oci(Oci { operation, .. }) = request else { return None };
    match operation {
        Operation::ReadManifest { .. } => Some((ErrorCode::ManifestUnknown, "no such manifest")),
        Operation::ReadBlob { .. } => Some((ErrorCode::BlobUnknown, "no such blob")),
        Operation::WriteManifest { .. }
        | Operation::DeleteManifest { .. }
        | Operation::DeleteBlob { .. }
        | Operation::OpenUpload { .. }
        | Operation::AppendUpload { .. }
        | Operation::FinishUpload { .. }
        | Operation::ReadUpload { .. }
        | Operation::CancelUpload { .. }
        | Operation::ListTags { .. }
        | Operation::ListReferrers { .. } => None,
    }
}

fn origin(error: &StoreError) -> Verdict {
    let verdict = plain(Decision::Broken, Reason::ORIGIN_ERROR, error.problem());
    Verdict { ended: error.ended(), ..verdict }
}

fn broken(reason: Reason) -> Verdict {
    let message = "this cannot be decided now: try again later";
    plain(Decision::Broken, reason, Problem::new(503, ErrorCode::Unavailable, message))
}

fn plain(decision: Decision, reason: Reason, problem: Problem) -> Verdict {
    Verdict { decision, reason, problem, asks: Asks::Nothing, ended: Ended::Complete }
}

impl Asks {
    /// The challenge, for a client that calls us by this name.
    pub(crate) fn challenge(self, name: &PublicName, service: &str, request: Option<&Request>) -> Option<Challenge> {
        match self {
            Self::Nothing => None,
            Self::Password => Some(Challenge::Basic { realm: service.to_owned() }),
            Self::Token(error) => Some(Challenge::Bearer {
                realm: name.realm(),
                service: service.to_owned(),
                scopes: request.map(Request::needed_scopes).unwrap_or_default(),
                error,
            }),
        }
    }
}
