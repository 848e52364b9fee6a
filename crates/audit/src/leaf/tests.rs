use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::*;
use crate::samples::*;

/// The value as canonical JSON, whatever order its members came in.
fn sorted(value: &Value) -> Box<RawValue> {
    let text = match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().map(|(name, value)| (name, sorted(value))).collect();
            serde_json::to_string(&members)
        }
        Value::Array(items) => serde_json::to_string(&items.iter().map(sorted).collect::<Vec<_>>()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => serde_json::to_string(value),
    };
    RawValue::from_string(text.unwrap()).unwrap()
}

fn has_float_or_null(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.values().any(has_float_or_null),
        Value::Array(items) => items.iter().any(has_float_or_null),
        Value::Number(number) => number.is_f64(),
        Value::Null => true,
        Value::Bool(_) | Value::String(_) => false,
    }
}

#[test]
fn lines_are_sorted_at_every_level_without_floats_or_nulls() {
    for leaf in populated() {
        let line = String::from_utf8(leaf.line().unwrap()).unwrap();
        let value = serde_json::from_str(&line).unwrap();
        assert_eq!(line, sorted(&value).get());
        assert!(!has_float_or_null(&value), "{line}");
    }
}

#[test]
fn lines_are_read_back() {
    for leaf in populated() {
        assert_eq!(Leaf::parse(&leaf.line().unwrap()).unwrap(), leaf);
    }
}

#[test]
fn what_is_no_leaf_is_refused() {
    for line in [
        "",
        "null",
        "{}",
        r#"{"kind":"decision"}"#,
        r#"{"kind":"poem"}"#,
        r#"{"kind":"outcome","of":[[1,200,0,0]]}"#,
        r#"{"kind":"outcome","of":[[1,200,0,0,"complete","d",1]]}"#,
        r#"{"kind":"outcome","kind":"outcome","of":[]}"#,
        r#"{"kind":"outcome","of":[],"more":1}"#,
    ] {
        assert!(Leaf::parse(line.as_bytes()).is_err(), "{line}");
    }
    let record = String::from_utf8(populated()[0].line().unwrap()).unwrap();
    for (member, other) in [(r#""decision":"allow","#, ""), (r#""decision":"allow""#, r#""decision":null"#)] {
        assert!(record.contains(member) && Leaf::parse(record.replace(member, other).as_bytes()).is_err());
    }
}

#[test]
fn a_leaf_of_outcomes_is_short_whatever_they_are() {
    let digest = format!("sha512:{:0128}", 0);
    let longest = Outcome {
        status: u16::MAX,
        bytes: u64::MAX,
        duration_us: u64::MAX,
        ended: Ended::Condition,
        digest: Some(digest),
    };
    let of = vec![OutcomeEntry::new(u64::MAX, longest); crate::journal::OUTCOMES_PER_LEAF];
    let line = Leaf::Outcome(Outcomes { kind: LeafKind::Outcome, of }).line().unwrap();
    assert!(line.len() <= Leaf::MAX_BYTES, "{}", line.len());
}
