//! The lines of the journal: one JSON object each, members sorted, nothing in it that is not listed here.
//!
//! The contract is `record.schema.json` beside this crate's manifest; a test holds the two together.

use jiff::Timestamp;
use policy::{Permit, Principal};
use protocol::{Access, Accesses, Action, Oci, Operation, Request, Scope, Tag};
use serde::{Deserialize, Serialize};

use crate::circumstances::{Circumstances, CredentialSeen, Decision, Ended, LeafName, Outcome, Refused};

/// Longest `User-Agent` that is kept, in bytes.
const USER_AGENT_BYTES: usize = 256;
/// Longest foreign user name that is kept, in bytes.
const USER_BYTES: usize = 64;

/// One leaf. Its member `kind` tells the others apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Leaf {
    /// A decision; of the kind `token` where it was asked for a token.
    Decision(Box<Record>),
    /// What became of earlier decisions.
    Outcome(Outcomes),
    /// A change by an administrator.
    Admin(Administration),
    /// Refusals of strangers, summed up.
    Flood(Flood),
    /// Lines are missing, and it is known why.
    Gap(Gap),
}

/// The member `kind` of a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeafKind {
    /// A decision.
    #[default]
    Decision,
    /// The decision on a token request.
    Token,
    /// Outcomes of decisions.
    Outcome,
    /// An administrative change.
    Admin,
    /// Refusals, summed up.
    Flood,
    /// A gap.
    Gap,
}

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
    /// `allow`, `deny`, `unidentified`, `malformed`, `broken`.
    pub decision: Option<Decision>,
    /// The digest that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The kind of leaf.
    pub kind: LeafKind,
    /// The method.
    pub method: String,
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
    pub id: Option<String>,
    /// The leaf that issued it.
    pub issued_by: Option<LeafName>,
    /// `robot-key`, `token` or `anonymous`.
    pub kind: String,
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
    pub id: Option<String>,
    /// `anonymous` or `robot`.
    pub kind: String,
    /// The name people gave it.
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

/// What became of decisions: `[sequence, status, bytes, microseconds, ended]`, and for a read by tag the digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcomes {
    /// The kind of leaf.
    pub kind: LeafKind,
    /// One entry for each decision.
    pub of: Vec<OutcomeEntry>,
}

/// One outcome, named by the sequence of its decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OutcomeEntry {
    /// With the digest that a read by tag was served.
    WithDigest(u64, u16, u64, u64, Ended, String),
    /// Without.
    Plain(u64, u16, u64, u64, Ended),
}

/// A change by an administrator; written and synced before it takes effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Administration {
    /// The user id of who asked.
    pub actor: u32,
    /// The verb and its arguments, secrets aside.
    pub command: String,
    /// The kind of leaf.
    pub kind: LeafKind,
    /// What it is about: a robot, key, grant or token.
    pub object: String,
    /// The sequence of the state that it makes.
    pub state_sequence: u64,
    /// When: UTC, microseconds.
    pub time: String,
    /// `socket` or `lock`.
    pub via: String,
    /// The user id that it worked with: differs where root went on as the owner of the data folder.
    pub working_as: u32,
}

/// Refusals of strangers, summed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flood {
    /// How many.
    pub count: u64,
    /// Which kind of no.
    pub decision: Decision,
    /// The first of them.
    pub first: String,
    /// The kind of leaf.
    pub kind: LeafKind,
    /// The last of them.
    pub last: String,
    /// Up to 100 distinct repositories that were asked for.
    pub names: Vec<String>,
    /// Why they were refused.
    pub reason: String,
    /// From where; none where more sources came than are told apart.
    pub source: Option<String>,
    /// When it was written.
    pub time: String,
}

/// Lines are missing, and it is known why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// How many bytes were dropped.
    pub bytes: u64,
    /// The kind of leaf.
    pub kind: LeafKind,
    /// Why.
    pub reason: String,
    /// When it was noticed.
    pub time: String,
}

impl Leaf {
    /// The line, without its newline.
    ///
    /// # Errors
    /// Never for a leaf of ours; the type of the library allows it.
    pub fn line(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads a line that this version has written.
    ///
    /// # Errors
    /// Where a member is missing, unknown or of another type.
    pub fn parse(line: &[u8]) -> Result<Self, serde_json::Error> {
        let head: Head = serde_json::from_slice(line)?;
        match head.kind {
            LeafKind::Decision | LeafKind::Token => serde_json::from_slice(line).map(Self::Decision),
            LeafKind::Outcome => serde_json::from_slice(line).map(Self::Outcome),
            LeafKind::Admin => serde_json::from_slice(line).map(Self::Admin),
            LeafKind::Flood => serde_json::from_slice(line).map(Self::Flood),
            LeafKind::Gap => serde_json::from_slice(line).map(Self::Gap),
        }
    }
}

/// What every leaf has, read first.
#[derive(Deserialize)]
struct Head {
    kind: LeafKind,
}

impl Record {
    /// The record of an allow.
    pub(crate) fn of_permit(permit: &Permit, circumstances: &Circumstances) -> Self {
        let question = permit.question();
        let mut record = Self::of_request(Some(question.request()), circumstances);
        record.decision = Some(Decision::Allow);
        let narrowed = !permit.refused().is_empty() || refuses_scopes(question.request(), permit.scopes());
        let reason = if narrowed { crate::Reason::NARROWED } else { crate::Reason::GRANTED };
        reason.as_str().clone_into(&mut record.reason);
        record.principal = Some(PrincipalGroup::of(question.principal()));
        record.rules = permit.rules().iter().map(ToString::to_string).collect();
        record.action = permit.granted().first().map(|access| access.action.to_string()).or(record.action);
        let more_than_one = permit.granted().len() > 1 || narrowed;
        record.policy = Some(PolicyGroup {
            granted: if more_than_one { groups(permit.granted()) } else { Vec::new() },
            missing: groups(permit.refused()),
            revision: permit.revision().as_str().to_owned(),
        });
        if let Some(request) = record.request.as_mut().filter(|request| request.scopes_asked.is_some()) {
            request.scopes_granted = Some(permit.scopes().iter().map(Scope::to_string).collect());
        }
        record
    }

    /// The record of a refusal.
    pub(crate) fn of_refusal(refused: &Refused<'_>, circumstances: &Circumstances) -> Self {
        let mut record = Self::of_request(refused.request, circumstances);
        record.decision = Some(refused.decision);
        refused.reason.as_str().clone_into(&mut record.reason);
        record.principal = refused.principal.map(PrincipalGroup::of);
        record.status = Some(refused.problem.status);
        record.answer = Some(AnswerGroup { code: refused.problem.code.as_str().to_owned() });
        if let Some(denial) = refused.denial {
            record.rules = denial.rules().iter().map(ToString::to_string).collect();
            record.action = denial.refused().first().map(|access| access.action.to_string()).or(record.action);
            let missing = groups(denial.refused());
            let revision = denial.revision().as_str().to_owned();
            record.policy = Some(PolicyGroup { granted: Vec::new(), missing, revision });
        }
        record
    }

    fn of_request(request: Option<&Request>, circumstances: &Circumstances) -> Self {
        let claimed = circumstances.credential.as_ref().and_then(|credential| credential.claimed_user.as_deref());
        let accesses = request.map(Request::accesses);
        Self {
            action: accesses.as_ref().and_then(first_action).map(|action| action.to_string()),
            client: claimed.map(|user| ClientGroup { user: clean(user, USER_BYTES) }),
            connection: ConnectionGroup {
                host: circumstances.host.as_deref().map(|host| clean(host, USER_AGENT_BYTES)),
                listener: circumstances.listener.to_string(),
                peer: circumstances.peer.to_string(),
            },
            credential: circumstances.credential.as_ref().map(CredentialGroup::of),
            digest: request.and_then(digest),
            kind: match request {
                Some(Request::Token(_)) => LeafKind::Token,
                Some(Request::Oci(_) | Request::Ping { .. }) | None => LeafKind::Decision,
            },
            method: clean(&circumstances.method, 16),
            origin: "main".to_owned(),
            repository: request.and_then(Request::repository).map(ToString::to_string),
            request: request.and_then(|request| RequestGroup::of(request, circumstances)),
            request_id: circumstances.request_id.clone(),
            route: request.map(|request| request.route().as_str().to_owned()),
            source: circumstances.source.to_string(),
            tag: request.and_then(tag).map(ToString::to_string),
            time: micros(circumstances.received),
            user_agent: circumstances.user_agent.as_deref().map(|agent| clean(agent, USER_AGENT_BYTES)),
            ..Self::default()
        }
    }
}

impl PrincipalGroup {
    fn of(principal: &Principal) -> Self {
        Self {
            id: principal.id().map(ToString::to_string),
            kind: principal.kind().to_owned(),
            name: principal.name().map(ToString::to_string),
        }
    }
}

impl CredentialGroup {
    fn of(seen: &CredentialSeen) -> Self {
        Self { id: seen.id.clone(), issued_by: seen.issued_by.clone(), kind: seen.kind.to_owned() }
    }
}

impl RequestGroup {
    fn of(request: &Request, circumstances: &Circumstances) -> Option<Self> {
        let mut group = Self { range: circumstances.range.as_deref().map(|range| clean(range, 64)), ..Self::default() };
        match request {
            Request::Token(token) => group.scopes_asked = Some(token.scopes.iter().map(Scope::to_string).collect()),
            Request::Oci(Oci { operation: Operation::OpenUpload { mount: Some(mount), .. }, .. }) => {
                group.mount_from = mount.from.as_ref().map(ToString::to_string);
            }
            Request::Oci(_) | Request::Ping { .. } => {}
        }
        (group != Self::default()).then_some(group)
    }
}

impl OutcomeEntry {
    pub(crate) fn new(sequence: u64, outcome: Outcome) -> Self {
        let Outcome { status, bytes, duration_us, ended, digest } = outcome;
        match digest {
            None => Self::Plain(sequence, status, bytes, duration_us, ended),
            Some(digest) => Self::WithDigest(sequence, status, bytes, duration_us, ended, digest),
        }
    }

    /// The decision that it is the outcome of.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        match self {
            Self::Plain(sequence, ..) | Self::WithDigest(sequence, ..) => *sequence,
        }
    }

    /// The outcome itself.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let (status, bytes, duration_us, ended, digest) = match self {
            Self::Plain(_, status, bytes, duration_us, ended) => (*status, *bytes, *duration_us, *ended, None),
            Self::WithDigest(_, status, bytes, duration_us, ended, digest) => {
                (*status, *bytes, *duration_us, *ended, Some(digest.clone()))
            }
        };
        Outcome { status, bytes, duration_us, ended, digest }
    }
}

fn groups(accesses: &[Access]) -> Vec<AccessGroup> {
    let group = |access: &Access| AccessGroup {
        action: access.action.to_string(),
        repository: access.repository.to_string(),
        tag: access.tag.as_ref().map(ToString::to_string),
    };
    accesses.iter().map(group).collect()
}

fn refuses_scopes(request: &Request, granted: &[Scope]) -> bool {
    matches!(request.accesses(), Accesses::Scopes(asked) if asked != granted)
}

fn first_action(accesses: &Accesses) -> Option<Action> {
    match accesses {
        Accesses::Every(every) | Accesses::Narrowing { every, .. } => every.first().map(|access| access.action),
        Accesses::Identity | Accesses::Scopes(_) => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what names no tag has none to record")]
fn tag(request: &Request) -> Option<&Tag> {
    let Request::Oci(oci) = request else { return None };
    let read = match &oci.operation {
        Operation::ReadManifest { reference, .. } | Operation::DeleteManifest { reference } => reference.tag(),
        _ => None,
    };
    read.or_else(|| oci.operation.written_tags().next())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what names no digest has none to record")]
fn digest(request: &Request) -> Option<String> {
    let Request::Oci(oci) = request else { return None };
    let digest = match &oci.operation {
        Operation::ReadManifest { reference, .. }
        | Operation::WriteManifest { reference, .. }
        | Operation::DeleteManifest { reference } => reference.digest(),
        Operation::ReadBlob { digest, .. }
        | Operation::DeleteBlob { digest }
        | Operation::FinishUpload { digest, .. } => Some(digest),
        Operation::OpenUpload { mount, digest, .. } => mount.as_ref().map(|mount| &mount.digest).or(digest.as_ref()),
        _ => None,
    };
    digest.map(ToString::to_string)
}

/// UTC with microseconds, always of the same width, so that times sort as text.
pub(crate) fn micros(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// Text from outside: without control characters, at most so many bytes.
pub(crate) fn clean(text: &str, bytes: usize) -> String {
    let mut cleaned = String::new();
    for letter in text.chars() {
        let letter = if letter.is_control() { '\u{fffd}' } else { letter };
        if cleaned.len().saturating_add(letter.len_utf8()) > bytes {
            break;
        }
        cleaned.push(letter);
    }
    cleaned
}
