//! The line of one decision: who asked what, what was decided and why.

mod decided;

use serde::{Deserialize, Deserializer, Serialize};

use crate::circumstances::{Decision, LeafName};
use crate::leaf::LeafKind;

/// A decision, as it was written before its effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The finest action; where there are several, the first, and `policy` has all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What the client was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerGroup>,
    /// What the client says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientGroup>,
    /// Both ends of the socket.
    pub connection: ConnectionGroup,
    /// What was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialGroup>,
    /// `allow`, `deny`, `unidentified`, `malformed`, `broken`; every line has it.
    #[serde(deserialize_with = "present")]
    pub decision: Option<Decision>,
    /// The digest that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The kind of leaf.
    pub kind: LeafKind,
    /// The method.
    pub method: String,
    /// What was left out so that the line stays short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub omitted: Option<OmittedGroup>,
    /// The name of the origin; `main` when there is only one.
    pub origin: String,
    /// What the policy found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyGroup>,
    /// Who asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<PrincipalGroup>,
    /// Why: one of [`crate::Reason::ALL`].
    pub reason: String,
    /// Which repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// More of what was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestGroup>,
    /// The id that refusals carry.
    pub request_id: String,
    /// Which kind of request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The rules that determined it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub rules: Vec<String>,
    /// Who is at the other end.
    pub source: String,
    /// The status of a refusal; an allow has it in its outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Which tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// When the head was complete: UTC, microseconds.
    pub time: String,
    /// `User-Agent`, cut and cleaned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// What the client was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerGroup {
    /// The error code of the body.
    pub code: String,
}

/// What the client says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientGroup {
    /// A user name that is not the robot's whose key it came with.
    pub user: String,
}

/// Both ends of the socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionGroup {
    /// The host that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Our end.
    pub listener: String,
    /// The other end.
    pub peer: String,
}

/// What was shown, by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialGroup {
    /// Key or token id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The leaf that issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_by: Option<LeafName>,
    /// `robot-key`, `token` or `anonymous`.
    pub kind: String,
}

/// How many entries of long lists do not stand in the line: it is at most 16 KiB, whatever was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OmittedGroup {
    /// Of `policy.granted` and `policy.missing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accesses: Option<u64>,
    /// Of `rules`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<u64>,
    /// Of `request.scopes_asked`; `scopes_granted` names the same repositories and is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<u64>,
}

/// What the policy found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyGroup {
    /// What was allowed, where the request was more than one access.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub granted: Vec<AccessGroup>,
    /// What was not allowed, or not there.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub missing: Vec<AccessGroup>,
    /// Which policy decided.
    pub revision: String,
}

/// One access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessGroup {
    /// What is done.
    pub action: String,
    /// Where.
    pub repository: String,
    /// To which tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalGroup {
    /// The immutable id; anonymous has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `anonymous` or `robot`.
    pub kind: String,
    /// The name people gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// More of what was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestGroup {
    /// The source of a mount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_from: Option<String>,
    /// The part of a blob.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// The scopes that a token was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes_asked: Option<Vec<String>>,
    /// The scopes that it got; refused ones stand there without actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes_granted: Option<Vec<String>>,
}

/// A line without the member is no record, although the type could do without.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decision>, D::Error> {
    Decision::deserialize(deserializer).map(Some)
}
