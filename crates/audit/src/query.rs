//! Reading the journal: decisions joined with their outcomes.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use protocol::{Action, Group};
use serde_json::{Value, json};

use crate::circumstances::{Decision, Ended, Outcome};
use crate::error::ReadError;
use crate::leaf::Leaf;
use crate::leaves::Leaves;
use crate::record::Record;

/// Which decisions are wanted; an empty filter wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Not before.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
    /// Name or id of who asked, with or without their kind in front as in `robot:ci`; or `anonymous`.
    pub principal: Option<String>,
    /// Exactly this repository.
    pub repository: Option<String>,
    /// An action, or a group of them.
    pub action: Option<String>,
    /// Which decision.
    pub decision: Option<Decision>,
    /// From this address.
    pub source: Option<String>,
    /// Asked for, or served for a tag.
    pub digest: Option<String>,
    /// Exactly this tag.
    pub tag: Option<String>,
    /// The id of a key or token.
    pub credential: Option<String>,
    /// One request.
    pub request_id: Option<String>,
}

/// A decision with what became of it, as `audit query` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The index of the decision's leaf.
    pub sequence: u64,
    /// The decision.
    pub record: Record,
    /// What became of it.
    pub outcome: Option<Outcome>,
}

/// Every decision that the filter wants, in order.
///
/// # Errors
/// [`ReadError`] where the journal cannot be read.
pub fn query(folder: &Path, filter: &Filter) -> Result<Vec<Joined>, ReadError> {
    let mut found: BTreeMap<u64, Joined> = BTreeMap::new();
    for leaf in Leaves::new(folder, 0) {
        let (sequence, line) = leaf?;
        absorb(&mut found, filter, sequence, &line);
    }
    Ok(found.into_values().filter(|joined| filter.wants_joined(joined)).collect())
}

fn absorb(found: &mut BTreeMap<u64, Joined>, filter: &Filter, sequence: u64, line: &[u8]) {
    match Leaf::parse(line) {
        Ok(Leaf::Decision(record)) if filter.wants(&record) => {
            found.insert(sequence, Joined::new(sequence, *record));
        }
        Ok(Leaf::Outcome(outcomes)) => {
            for entry in outcomes.of {
                if let Some(joined) = found.get_mut(&entry.sequence()) {
                    joined.outcome = Some(entry.outcome());
                }
            }
        }
        // `audit verify` tells of lines that are no leaves.
        Ok(Leaf::Decision(_) | Leaf::Admin(_) | Leaf::Flood(_) | Leaf::Gap(_) | Leaf::Probe(_)) | Err(_) => {}
    }
}

impl Filter {
    /// What the decision alone tells: where it names no digest, its outcome may still bring one.
    pub(crate) fn wants(&self, record: &Record) -> bool {
        let is =
            |wanted: &Option<String>, value: Option<&str>| wanted.as_deref().is_none_or(|wanted| value == Some(wanted));
        let credential = record.credential.as_ref().and_then(|credential| credential.id.as_deref());
        self.wants_time(record)
            && is(&self.repository, record.repository.as_deref())
            && is(&self.source, Some(&record.source))
            && (record.digest.is_none() || is(&self.digest, record.digest.as_deref()))
            && is(&self.tag, record.tag.as_deref())
            && is(&self.credential, credential)
            && is(&self.request_id, Some(&record.request_id))
            && self.decision.is_none_or(|decision| record.decision == Some(decision))
            && self.action.as_deref().is_none_or(|wanted| is_action(wanted, record))
            && self.principal.as_deref().is_none_or(|wanted| is_principal(wanted, record))
    }

    /// What only the outcome tells.
    pub(crate) fn wants_joined(&self, joined: &Joined) -> bool {
        self.digest.is_none() || self.digest.as_deref() == joined.digest()
    }

    fn wants_time(&self, record: &Record) -> bool {
        let Ok(time) = record.time.parse::<Timestamp>() else { return true };
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time <= until)
    }
}

fn is_action(wanted: &str, record: &Record) -> bool {
    let group = Group::ALL.into_iter().find(|group| group.as_str() == wanted);
    let is = |action: &str| match group {
        Some(group) => group.members().iter().any(|member: &Action| member.as_str() == action),
        None => action == wanted,
    };
    let more = record.policy.iter().flat_map(|policy| policy.granted.iter().chain(&policy.missing));
    record.action.as_deref().is_some_and(is) || more.map(|access| access.action.as_str()).any(is)
}

fn is_principal(wanted: &str, record: &Record) -> bool {
    let Some(principal) = &record.principal else { return false };
    let Some(id) = &principal.id else { return principal.kind == wanted };
    let is = |wanted: &str| wanted == id || principal.name.as_deref() == Some(wanted);
    is(wanted) || wanted.split_once(':').is_some_and(|(kind, rest)| kind == principal.kind && is(rest))
}

impl Joined {
    /// A decision of which nothing more is known.
    pub(crate) fn new(sequence: u64, record: Record) -> Self {
        Self { sequence, record, outcome: None }
    }

    /// The digest that was served, or else the one that was asked for.
    fn digest(&self) -> Option<&str> {
        let served = self.outcome.as_ref().and_then(|outcome| outcome.digest.as_deref());
        served.or(self.record.digest.as_deref())
    }

    fn ended(&self) -> Option<Ended> {
        let allowed = self.record.decision == Some(Decision::Allow);
        let known = self.outcome.as_ref().map(|outcome| outcome.ended);
        known.or(allowed.then_some(Ended::Unknown))
    }

    /// One object: the members that scripts rely on, null where nothing is known, then the other groups.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (record, outcome) = (&self.record, self.outcome.as_ref());
        let principal = record.principal.as_ref();
        let credential = record.credential.as_ref();
        json!({
            "sequence": self.sequence,
            "time": record.time,
            "request_id": record.request_id,
            "origin": record.origin,
            "decision": record.decision,
            "reason": record.reason,
            "rules": record.rules,
            "principal": principal.map(|who| json!({ "kind": who.kind, "id": who.id, "name": who.name })),
            "credential": credential
                .map(|shown| json!({ "kind": shown.kind, "id": shown.id, "issued_by": shown.issued_by })),
            "source": record.source,
            "user_agent": record.user_agent,
            "method": record.method,
            "route": record.route,
            "action": record.action,
            "repository": record.repository,
            "tag": record.tag,
            "digest": self.digest(),
            "status": outcome.map(|outcome| outcome.status).or(record.status),
            "bytes": outcome.map(|outcome| outcome.bytes),
            "duration_us": outcome.map(|outcome| outcome.duration_us),
            "ended": self.ended(),
            "answer": record.answer,
            "client": record.client,
            "connection": record.connection,
            "omitted": record.omitted,
            "policy": record.policy,
            "request": record.request,
        })
    }
}

#[cfg(test)]
mod tests;
