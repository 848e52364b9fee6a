//! Under which circumstances a request came: what the record tells beside question and decision.

use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use policy::Principal;
use protocol::{Problem, Request};
use serde::{Deserialize, Serialize};

use crate::reason::Reason;

/// What is known of a request before anything is decided, collected while it passes.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// When its head was complete.
    pub received: Timestamp,
    /// Its id, which refusals carry.
    pub request_id: String,
    /// Who is at the other end, after trusted proxies.
    pub source: IpAddr,
    /// The other end of the socket.
    pub peer: SocketAddr,
    /// Our end of the socket.
    pub listener: SocketAddr,
    /// The host that was asked for.
    pub host: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// The method.
    pub method: String,
    /// `Range`, as it came.
    pub range: Option<String>,
    /// The credential that was shown and recognised.
    pub credential: Option<CredentialSeen>,
}

/// What is recorded of a credential: never a value, not even hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialSeen {
    /// `robot-key`, `token` or `anonymous`.
    pub kind: &'static str,
    /// The id of the key, or the `jti` of the token.
    pub id: Option<String>,
    /// The leaf that issued it.
    pub issued_by: Option<LeafName>,
    /// A user name that is not the robot's whose key it came with.
    pub claimed_user: Option<String>,
}

/// The place of a leaf: which log, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeafName {
    /// The name of the log.
    pub log: String,
    /// The index of the leaf.
    pub sequence: u64,
}

/// What became of a request, as the journal divides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It may be served.
    Allow,
    /// Policy said no, to anonymous too, or the token lacked the scope.
    Deny,
    /// A credential was shown and not accepted.
    Unidentified,
    /// It did not parse.
    Malformed,
    /// It could not be decided or written: 503.
    Broken,
}

impl Decision {
    /// Every one there is.
    pub const ALL: [Self; 5] = [Self::Allow, Self::Deny, Self::Unidentified, Self::Malformed, Self::Broken];

    /// The word in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Unidentified => "unidentified",
            Self::Malformed => "malformed",
            Self::Broken => "broken",
        }
    }
}

/// A refusal that is to be noted. It cannot be turned into an admission.
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    /// Which kind of no.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// What the client reads.
    pub problem: &'a Problem,
    /// What was asked, as far as it parsed.
    pub request: Option<&'a Request>,
    /// Who asked, as far as they were recognised.
    pub principal: Option<&'a Principal>,
    /// The decision of the policy, where it came so far.
    pub denial: Option<&'a policy::Denial>,
}

impl Refused<'_> {
    /// Nothing shown, nothing recognised, nothing that parses: floods of these are summed up.
    pub(crate) fn is_of_a_stranger(&self) -> bool {
        match self.decision {
            Decision::Malformed | Decision::Unidentified | Decision::Deny => {
                self.principal.is_none_or(|principal| *principal == Principal::Anonymous)
            }
            Decision::Allow | Decision::Broken => false,
        }
    }
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// Everything was sent.
    Complete,
    /// The client went away.
    Client,
    /// Access ended while bytes flowed, or before the first.
    Revoked,
    /// What stands behind the gate failed.
    Upstream,
    /// A limit was reached.
    Limit,
    /// The condition of a write did not hold.
    Condition,
    /// The process ended before it was known.
    Unknown,
}

impl Ended {
    /// Every one there is.
    pub const ALL: [Self; 7] =
        [Self::Complete, Self::Client, Self::Revoked, Self::Upstream, Self::Limit, Self::Condition, Self::Unknown];
}

/// What became of an admitted request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Status of the answer.
    pub status: u16,
    /// Bytes of content that went out, or came in.
    pub bytes: u64,
    /// From the head of the request to the end of the answer, in microseconds.
    pub duration_us: u64,
    /// How it ended.
    pub ended: Ended,
    /// What a read by tag was served.
    pub digest: Option<String>,
}
