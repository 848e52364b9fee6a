//! Reading the journal: decisions joined with their outcomes.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use protocol::{Action, Group};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::circumstances::{Decision, Ended, Outcome};
use crate::error::ReadError;
use crate::leaves::Leaves;
use crate::record::{Leaf, Record};

/// Which decisions are wanted; an empty filter wants all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not before.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
    /// Name, id, or `robot:name` of who asked.
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
#[derive(Clone, Debug)]
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
    let wanted = |joined: &Joined| filter.digest.as_deref().is_none_or(|digest| joined.has_digest(digest));
    Ok(found.into_values().filter(wanted).collect())
}

fn absorb(found: &mut BTreeMap<u64, Joined>, filter: &Filter, sequence: u64, line: &[u8]) {
    match Leaf::parse(line) {
        Ok(Leaf::Decision(record)) if filter.wants(&record) => {
            found.insert(sequence, Joined { sequence, record: *record, outcome: None });
        }
        Ok(Leaf::Outcome(outcomes)) => {
            for entry in outcomes.of {
                if let Some(joined) = found.get_mut(&entry.sequence()) {
                    joined.outcome = Some(entry.outcome());
                }
            }
        }
        _ => {}
    }
}

impl Filter {
    /// Everything but the digest, which an outcome may still bring.
    pub(crate) fn wants(&self, record: &Record) -> bool {
        let is =
            |wanted: &Option<String>, value: Option<&str>| wanted.as_deref().is_none_or(|wanted| value == Some(wanted));
        let credential = record.credential.as_ref().and_then(|credential| credential.id.as_deref());
        self.wants_time(record)
            && is(&self.repository, record.repository.as_deref())
            && is(&self.source, Some(&record.source))
            && is(&self.tag, record.tag.as_deref())
            && is(&self.credential, credential)
            && is(&self.request_id, Some(&record.request_id))
            && self.decision.is_none_or(|decision| record.decision == Some(decision))
            && self.action.as_deref().is_none_or(|wanted| is_action(wanted, record))
            && self.principal.as_deref().is_none_or(|wanted| is_principal(wanted, record))
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
    let (kind, name) = wanted.split_once(':').map_or((None, wanted), |(kind, name)| (Some(kind), name));
    let named = principal.name.as_deref() == Some(name) || principal.id.as_deref() == Some(name);
    kind.is_none_or(|kind| principal.kind == kind) && (named || principal.kind == wanted)
}

impl Joined {
    fn has_digest(&self, digest: &str) -> bool {
        let served = self.outcome.as_ref().and_then(|outcome| outcome.digest.as_deref());
        self.record.digest.as_deref() == Some(digest) || served == Some(digest)
    }

    /// One object with the members that scripts rely on first, null where not known, then the other groups.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let record = &self.record;
        let refused = record.decision != Some(Decision::Allow);
        let ended = match &self.outcome {
            Some(outcome) => Some(outcome.ended),
            None => (!refused).then_some(Ended::Unknown),
        };
        let served = self.outcome.as_ref().and_then(|outcome| outcome.digest.clone());
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("sequence", json(self.sequence));
        put("time", json(&record.time));
        put("request_id", json(&record.request_id));
        put("origin", json(&record.origin));
        put("decision", json(record.decision));
        put("reason", json(&record.reason));
        put("rules", json(&record.rules));
        put("principal", json(&record.principal));
        put("credential", json(&record.credential));
        put("source", json(&record.source));
        put("user_agent", json(&record.user_agent));
        put("method", json(&record.method));
        put("route", json(&record.route));
        put("action", json(&record.action));
        put("repository", json(&record.repository));
        put("tag", json(&record.tag));
        put("digest", json(served.or_else(|| record.digest.clone())));
        put("status", json(self.outcome.as_ref().map(|outcome| outcome.status).or(record.status)));
        put("bytes", json(self.outcome.as_ref().map(|outcome| outcome.bytes)));
        put("duration_us", json(self.outcome.as_ref().map(|outcome| outcome.duration_us)));
        put("ended", json(ended));
        put("answer", json(&record.answer));
        put("client", json(&record.client));
        put("connection", json(&record.connection));
        put("policy", json(&record.policy));
        put("request", json(&record.request));
        Value::Object(object)
    }
}

fn json(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
