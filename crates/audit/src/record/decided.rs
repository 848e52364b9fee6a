//! How a decision becomes its record.

use policy::{Permit, Principal};
use protocol::{Access, Accesses, Action, Oci, Operation, Request, Scope, Tag};
use serde::Serialize;

use super::{
    AccessGroup, AnswerGroup, ClientGroup, ConnectionGroup, CredentialGroup, OmittedGroup, PolicyGroup, PrincipalGroup,
    Record, RequestGroup,
};
use crate::circumstances::{Circumstances, CredentialSeen, Decision, Refused};
use crate::leaf::{LeafKind, micros};
use crate::reason::Reason;

/// Longest `User-Agent` that is kept, in bytes; a host is cut there too.
const USER_AGENT_BYTES: usize = 256;
/// Longest foreign user name that is kept, in bytes.
const USER_BYTES: usize = 64;
/// Longest `Range` that is kept, in bytes.
const RANGE_BYTES: usize = 64;
/// Longest method that is kept, in bytes.
const METHOD_BYTES: usize = 16;

// What each list may take of a line, in bytes of JSON.
const RULES_BYTES: usize = 1 << 10;
/// Room for a manifest with ten tags, the names as long as they may be.
const ACCESSES_BYTES: usize = 5 << 10;
const SCOPES_ASKED_BYTES: usize = 2 << 10;
/// Room for as many scopes as one request may ask for: a token carries nothing that is not written.
const SCOPES_GRANTED_BYTES: usize = 10 << 10;

/// How keys of ours and JWTs begin. Some clients send them as the user name.
const SECRET_MARKS: [&str; 2] = ["pgk_", "eyJ"];

impl Record {
    /// The record of an allow.
    pub(crate) fn of_permit(permit: &Permit, circumstances: &Circumstances) -> Self {
        let (question, mut omitted) = (permit.question(), OmittedGroup::default());
        let mut record = Self::of_request(Some(question.request()), circumstances, &mut omitted);
        let narrowed = !permit.refused().is_empty() || refuses_scopes(question.request(), permit.scopes());
        let reason = if narrowed { Reason::NARROWED } else { Reason::GRANTED };
        record.decide(Decision::Allow, reason, Some(question.principal()));
        record.rules = keep(permit.rules().iter().map(ToString::to_string), RULES_BYTES, &mut omitted.rules);
        record.action = permit.granted().first().map(|access| access.action.to_string()).or(record.action);
        let several = if permit.granted().len() > 1 || narrowed { permit.granted() } else { &[] };
        record.policy = Some(PolicyGroup {
            granted: accesses(several, &mut omitted),
            missing: accesses(permit.refused(), &mut omitted),
            revision: permit.revision().as_str().to_owned(),
        });
        if let Some(request) = record.request.as_mut().filter(|request| request.scopes_asked.is_some()) {
            let granted = permit.scopes().iter().map(Scope::to_string);
            request.scopes_granted = Some(keep(granted, SCOPES_GRANTED_BYTES, &mut omitted.scopes));
        }
        record.omitting(omitted)
    }

    /// The record of a refusal.
    pub(crate) fn of_refusal(refused: &Refused<'_>, circumstances: &Circumstances) -> Self {
        let mut omitted = OmittedGroup::default();
        let mut record = Self::of_request(refused.request, circumstances, &mut omitted);
        record.decide(refused.decision, refused.reason, refused.principal);
        record.status = Some(refused.problem.status);
        record.answer = Some(AnswerGroup { code: refused.problem.code.as_str().to_owned() });
        if let Some(denial) = refused.denial {
            record.rules = keep(denial.rules().iter().map(ToString::to_string), RULES_BYTES, &mut omitted.rules);
            record.action = denial.refused().first().map(|access| access.action.to_string()).or(record.action);
            let missing = accesses(denial.refused(), &mut omitted);
            let revision = denial.revision().as_str().to_owned();
            record.policy = Some(PolicyGroup { granted: Vec::new(), missing, revision });
        }
        record.omitting(omitted)
    }

    fn decide(&mut self, decision: Decision, reason: Reason, principal: Option<&Principal>) {
        self.decision = Some(decision);
        reason.as_str().clone_into(&mut self.reason);
        self.principal = principal.map(PrincipalGroup::of);
    }

    fn omitting(self, omitted: OmittedGroup) -> Self {
        Self { omitted: (omitted != OmittedGroup::default()).then_some(omitted), ..self }
    }

    fn of_request(request: Option<&Request>, circumstances: &Circumstances, omitted: &mut OmittedGroup) -> Self {
        let claimed = circumstances.credential.as_ref().and_then(|credential| credential.claimed_user.as_deref());
        Self {
            action: request.and_then(first_action).map(|action| action.to_string()),
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
                Some(Request::Oci(_) | Request::Catalog { .. } | Request::Ping { .. }) | None => LeafKind::Decision,
            },
            method: clean(&circumstances.method, METHOD_BYTES),
            origin: "main".to_owned(),
            repository: request.and_then(Request::repository).map(ToString::to_string),
            request: RequestGroup::of(request, circumstances, omitted),
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
    fn of(request: Option<&Request>, circumstances: &Circumstances, omitted: &mut OmittedGroup) -> Option<Self> {
        let range = circumstances.range.as_deref().map(|range| clean(range, RANGE_BYTES));
        let mut group = Self { range, ..Self::default() };
        match request {
            Some(Request::Token(token)) => {
                let asked = token.scopes.iter().map(Scope::to_string);
                group.scopes_asked = Some(keep(asked, SCOPES_ASKED_BYTES, &mut omitted.scopes));
            }
            Some(Request::Oci(Oci { operation: Operation::OpenUpload { mount: Some(mount), .. }, .. })) => {
                group.mount_from = mount.from.as_ref().map(ToString::to_string);
            }
            Some(Request::Oci(_) | Request::Catalog { .. } | Request::Ping { .. }) | None => {}
        }
        (group != Self::default()).then_some(group)
    }
}

fn accesses(accesses: &[Access], omitted: &mut OmittedGroup) -> Vec<AccessGroup> {
    let group = |access: &Access| AccessGroup {
        action: access.action.to_string(),
        repository: access.repository.to_string(),
        tag: access.tag.as_ref().map(ToString::to_string),
    };
    keep(accesses.iter().map(group), ACCESSES_BYTES, &mut omitted.accesses)
}

/// The entries that fit into so many bytes of JSON; the others are counted.
fn keep<T: Serialize>(entries: impl Iterator<Item = T>, bytes: usize, omitted: &mut Option<u64>) -> Vec<T> {
    let (mut kept, mut left) = (Vec::new(), bytes);
    for entry in entries {
        let length = serde_json::to_vec(&entry).map_or(usize::MAX, |json| json.len().saturating_add(1));
        match left.checked_sub(length) {
            Some(rest) => {
                left = rest;
                kept.push(entry);
            }
            None => *omitted = Some(omitted.unwrap_or(0).saturating_add(1)),
        }
    }
    kept
}

fn refuses_scopes(request: &Request, granted: &[Scope]) -> bool {
    matches!(request, Request::Token(token) if token.scopes != granted)
}

fn first_action(request: &Request) -> Option<Action> {
    match request.accesses() {
        Accesses::Every(every) | Accesses::Narrowing { every, .. } => every.first().map(|access| access.action),
        Accesses::Filter(action) => Some(action),
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
        | Operation::FinishUpload { digest, .. }
        | Operation::ListReferrers { subject: digest, .. } => Some(digest),
        Operation::OpenUpload { mount, digest, .. } => mount.as_ref().map(|mount| &mount.digest).or(digest.as_ref()),
        _ => None,
    };
    digest.map(ToString::to_string)
}

/// Text from outside: without control characters, at most so many bytes, and none of it where a secret stands in it.
fn clean(text: &str, bytes: usize) -> String {
    if SECRET_MARKS.iter().any(|mark| text.contains(mark)) {
        return "(a secret)".to_owned();
    }
    let mut cleaned = String::new();
    for letter in text.chars() {
        let letter = if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter };
        if cleaned.len().saturating_add(letter.len_utf8()) > bytes {
            break;
        }
        cleaned.push(letter);
    }
    cleaned
}

#[cfg(test)]
mod tests;
