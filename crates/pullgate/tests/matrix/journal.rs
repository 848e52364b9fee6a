//! What the journal has noted since it was last looked at.

use std::collections::HashSet;
use std::path::PathBuf;

use serde_json::Value;

use super::refusal::Refusal;
use crate::support::{self, Registry, Robot};

/// The journal of a running registry.
#[derive(Debug)]
pub(crate) struct Journal {
    data: PathBuf,
    config: PathBuf,
    seen: HashSet<u64>,
}

impl Journal {
    pub(crate) fn of(registry: &Registry) -> Self {
        let config = registry.folder.path().join("pullgate.toml");
        Self { data: registry.data.clone(), config, seen: HashSet::new() }
    }

    /// Each of these routes or actions is among what was allowed to this robot since the last look.
    pub(crate) fn allowed(&mut self, robot: &Robot, expected: &[&str]) {
        let new = self.fresh();
        let allowed = |word: &&str| {
            let is = |record: &Value| record["action"] == *word || record["route"] == *word;
            new.iter().any(|record| record["decision"] == "allow" && about(record, robot) && is(record))
        };
        let missing: Vec<&&str> = expected.iter().filter(|word| !allowed(word)).collect();
        assert!(missing.is_empty(), "{missing:?} were not allowed: {new:#?}");
    }

    /// The last refusal since the last look is this one. What does not parse is no answer to a client's wish: it is the
    /// question whether we speak TLS.
    pub(crate) fn refused(&mut self, refusal: Refusal, robot: Option<&Robot>) {
        let new = self.fresh();
        let refusals = |record: &&Value| record["decision"] != "allow" && record["decision"] != "malformed";
        let last = new.iter().rfind(refusals);
        assert!(last.is_some_and(|last| is(last, refusal, robot)), "{refusal:?}: {new:#?}");
    }

    /// `pullgate why` knows the id that a client printed, and says what the record says and what would help.
    pub(crate) fn explains(&self, id: &str, refusal: Refusal, robot: Option<&Robot>) {
        let records = self.query(&["--request-id", id]);
        assert!(matches!(records.as_slice(), [record] if is(record, refusal, robot)), "{refusal:?}: {records:#?}");
        let said = self.verb(&["why", id]);
        let (_, reason) = refusal.record();
        assert!(said.contains(&format!("({reason})")), "{said}");
        if let Some(Robot { name, .. }) = robot {
            assert!(said.contains(&format!("robot:{name}")) && said.contains(&refusal.remedy(name)), "{said}");
        }
    }

    /// Nothing in it was changed or lost.
    pub(crate) fn is_whole(&self) {
        self.verb(&["audit", "verify"]);
    }

    fn fresh(&mut self) -> Vec<Value> {
        let mut records = self.query(&[]);
        records.retain(|record| self.seen.insert(record["sequence"].as_u64().expect("a decision has its sequence")));
        records
    }

    fn query(&self, filter: &[&str]) -> Vec<Value> {
        let arguments = [&["audit", "query", "--format", "json"], filter].concat();
        support::json_lines(&support::verb(&self.data, &self.config, &arguments))
    }

    fn verb(&self, arguments: &[&str]) -> String {
        let output = support::verb(&self.data, &self.config, arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }
}

fn is(record: &Value, refusal: Refusal, robot: Option<&Robot>) -> bool {
    let (decision, reason) = refusal.record();
    record["decision"] == decision && record["reason"] == reason && robot.is_none_or(|robot| about(record, robot))
}

fn about(record: &Value, robot: &Robot) -> bool {
    record["principal"]["id"] == robot.id.as_str()
}
