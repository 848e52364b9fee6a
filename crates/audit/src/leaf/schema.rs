//! The schema and the code say the same: every member of one is a member of the other.

use std::collections::BTreeSet;

use jsonschema::Validator;
use protocol::{Action, Route};
use serde_json::{Value, json};

use crate::circumstances::{Decision, Ended};
use crate::leaf::Leaf;
use crate::query::Joined;
use crate::reason::Reason;
use crate::record::Record;
use crate::samples::*;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../schema/record.schema.json")).unwrap()
}

/// Validates one definition of the schema.
fn validator(definition: &str) -> Validator {
    let mut schema = schema();
    let members = schema.as_object_mut().unwrap();
    members.remove("anyOf").unwrap();
    members.insert("$ref".to_owned(), json!(format!("#/$defs/{definition}")));
    jsonschema::draft202012::new(&schema).unwrap()
}

fn assert_valid(validator: &Validator, value: &Value) {
    let errors: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {value}");
}

fn value(leaf: &Leaf) -> Value {
    serde_json::from_slice(&leaf.line().unwrap()).unwrap()
}

/// Every record with and without an outcome, as a query prints it.
fn queried() -> Vec<Value> {
    let joined = |record: Record| {
        [None, Some(outcome()), Some(served(&digest(1)))]
            .map(|outcome| Joined { sequence: 4, record: record.clone(), outcome }.to_json())
    };
    records().into_iter().flat_map(joined).collect()
}

fn definition(leaf: &Leaf) -> &'static str {
    match leaf {
        Leaf::Decision(_) => "decision",
        Leaf::Outcome(_) => "outcome",
        Leaf::Admin(_) => "admin",
        Leaf::Flood(_) => "flood",
        Leaf::Gap(_) => "gap",
        Leaf::Probe(_) => "probe",
    }
}

#[test]
fn the_schema_is_one() {
    assert!(jsonschema::meta::is_valid(&schema()));
}

#[test]
fn every_kind_of_line_and_every_queried_object_is_valid() {
    let (line, query) = (validator("line"), validator("queried"));
    for leaf in populated() {
        assert_valid(&line, &value(&leaf));
        assert_valid(&validator(definition(&leaf)), &value(&leaf));
    }
    for value in queried() {
        assert_valid(&query, &value);
        assert!(!line.is_valid(&value));
    }
}

#[test]
fn every_decision_with_every_reason_is_valid() {
    let (line, query, records) = (validator("line"), validator("queried"), records());
    for (decision, reason) in
        Decision::ALL.iter().flat_map(|decision| Reason::ALL.iter().map(|reason| (*decision, *reason)))
    {
        for record in &records {
            let record = Record { decision: Some(decision), reason: reason.as_str().to_owned(), ..record.clone() };
            assert_valid(&line, &value(&Leaf::Decision(Box::new(record.clone()))));
            assert_valid(&query, &Joined::new(4, record).to_json());
        }
    }
}

#[test]
fn the_lists_of_words_are_those_of_the_code() {
    let words = |definition: &str| schema()["$defs"][definition]["enum"].clone();
    assert_eq!(words("reason"), json!(Reason::ALL.iter().map(|reason| reason.as_str()).collect::<Vec<_>>()));
    assert_eq!(words("decision_word"), json!(Decision::ALL));
    assert_eq!(
        Decision::ALL.map(Decision::as_str).to_vec(),
        serde_json::from_value::<Vec<String>>(json!(Decision::ALL)).unwrap()
    );
    assert_eq!(words("ended"), json!(Ended::ALL));
    assert_eq!(words("route"), json!(Route::ALL.map(Route::as_str)));
    assert_eq!(words("action"), json!(Action::ALL.map(Action::as_str)));
}

#[test]
fn schema_and_code_have_the_same_members() {
    for kind in ["decision", "outcome", "admin", "flood", "gap"] {
        let leaves = populated().into_iter().filter(|leaf| definition(leaf) == kind);
        assert_eq!(produced(leaves.map(|leaf| value(&leaf))), described(kind), "{kind}");
    }
    assert_eq!(produced(queried().into_iter()), described("queried"));
}

/// The paths of all members in some values.
fn produced(values: impl Iterator<Item = Value>) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    values.for_each(|value| members(&value, "", &mut paths));
    paths
}

fn members(value: &Value, at: &str, paths: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let path = format!("{at}/{name}");
                members(value, &path, paths);
                paths.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| members(item, at, paths)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The paths of all members that a definition of the schema allows.
fn described(definition: &str) -> BTreeSet<String> {
    let (schema, mut paths) = (schema(), BTreeSet::new());
    properties(&schema, &schema["$defs"][definition], "", &mut paths);
    paths
}

fn properties(schema: &Value, node: &Value, at: &str, paths: &mut BTreeSet<String>) {
    if let Some(name) = node["$ref"].as_str() {
        properties(schema, schema.pointer(name.strip_prefix('#').unwrap()).unwrap(), at, paths);
    }
    node["anyOf"].as_array().into_iter().flatten().for_each(|node| properties(schema, node, at, paths));
    properties_of_items(schema, &node["items"], at, paths);
    for (name, node) in node["properties"].as_object().into_iter().flatten() {
        let path = format!("{at}/{name}");
        properties(schema, node, &path, paths);
        paths.insert(path);
    }
}

fn properties_of_items(schema: &Value, items: &Value, at: &str, paths: &mut BTreeSet<String>) {
    if items.is_object() {
        properties(schema, items, at, paths);
    }
}

#[test]
fn members_that_are_not_described_are_refused() {
    let (line, query) = (validator("line"), validator("queried"));
    for leaf in populated() {
        for strange in with_a_stranger(&value(&leaf)) {
            assert!(!line.is_valid(&strange), "{strange}");
            assert!(Leaf::parse(strange.to_string().as_bytes()).is_err(), "{strange}");
        }
    }
    for strange in queried().iter().flat_map(with_a_stranger) {
        assert!(!query.is_valid(&strange), "{strange}");
    }
}

/// The value with one more member, in each of its objects in turn.
fn with_a_stranger(value: &Value) -> Vec<Value> {
    let replaced = |name: &str, inner: Value| {
        let mut copy = value.clone();
        copy[name] = inner;
        copy
    };
    let mut values = Vec::new();
    for (name, inner) in value.as_object().unwrap() {
        if inner.is_object() {
            values.extend(with_a_stranger(inner).into_iter().map(|inner| replaced(name, inner)));
        }
        if let Some(first) = inner.as_array().and_then(|items| items.first()).filter(|item| item.is_object()) {
            values.extend(with_a_stranger(first).into_iter().map(|item| replaced(name, json!([item]))));
        }
    }
    values.push(replaced("stranger", json!(1)));
    values
}

#[test]
fn what_a_line_must_have_is_required() {
    let line = validator("line");
    for leaf in populated() {
        let (whole, required) = (value(&leaf), schema()["$defs"][definition(&leaf)]["required"].clone());
        for name in required.as_array().unwrap() {
            let mut lacking = whole.clone();
            lacking.as_object_mut().unwrap().remove(name.as_str().unwrap()).unwrap();
            assert!(!line.is_valid(&lacking), "{name}");
            assert!(Leaf::parse(lacking.to_string().as_bytes()).is_err(), "{name}");
        }
    }
}
