//! The guide shows every key of an intent, and what it shows is one that is read.
#![expect(clippy::unwrap_used, clippy::panic, reason = "outside #[test] too, a panic is how a test fails")]

use std::collections::BTreeSet;

use probe::{Hook, Intent, IntentError, Login};
use protocol::Secret;
use testkit::secure::{Shown, authority};
use toml::{Table, Value};

const GUIDE: &str = include_str!("../../../docs/guides/probe.md");
/// How a block of the guide begins that belongs to an intent.
const FENCE: &str = "```toml probe.toml\n";
const NO_KEY: &str = "no-such-key";

/// Everything that the guide shows, as one file.
fn shown() -> Table {
    let blocks = GUIDE.split(FENCE).skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let mut whole = Table::new();
    for (key, value) in blocks.flat_map(|block| block.parse::<Table>().unwrap()) {
        match (whole.get_mut(&key), value) {
            (Some(Value::Array(before)), Value::Array(more)) => before.extend(more),
            (Some(_), _) => panic!("`{key}` is shown twice"),
            (None, value) => drop(whole.insert(key, value)),
        }
    }
    whole
}

fn read(intent: &Table) -> Result<Intent, IntentError> {
    let pair = authority().server(Shown::Good);
    let login = || Login { user: "somebody".into(), secret: Secret::new("s3cret".into()) };
    Intent::read(
        &intent.to_string(),
        |_, _| Ok(login()),
        |_| Hook::new(|| Ok(())),
        |name| match name.ends_with(".txt") {
            true => Ok(Secret::new("name=value".to_owned())),
            false => Ok(Secret::new(format!("{}{}", pair.chain_pem(), pair.key_pem()))),
        },
    )
}

/// The keys that may stand in a table, as the reader names them to who has written another.
fn known(path: &[&str], intent: &mut Table) -> BTreeSet<String> {
    let mut table = &mut *intent;
    for step in path {
        let mut value = table.get_mut(*step).unwrap();
        if value.is_array() {
            value = value.as_array_mut().unwrap().first_mut().unwrap();
        }
        table = value.as_table_mut().unwrap();
    }
    table.insert(NO_KEY.to_owned(), Value::Boolean(true));
    named(&read(intent).unwrap_err())
}

/// What a mistake names beside itself: that which would have been none.
fn named(error: &IntentError) -> BTreeSet<String> {
    let error = error.to_string();
    assert!(error.contains(NO_KEY), "{error}");
    error.split('`').skip(1).step_by(2).filter(|key| *key != NO_KEY).map(str::to_owned).collect()
}

/// The tables of a file, each once, by the keys that lead there.
fn tables<'a>(table: &'a Table, above: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut found = vec![above.to_vec()];
    for (key, value) in table {
        let inner = value.as_array().map_or(Some(value), |entries| entries.first()).and_then(Value::as_table);
        let path = [above, &[key.as_str()]].concat();
        found.extend(inner.into_iter().flat_map(|inner| tables(inner, &path)));
    }
    found
}

/// The keys that are shown in a table, or in any of a list of them.
fn keys(value: &Value, path: &[&str]) -> BTreeSet<String> {
    match (value, path) {
        (Value::Array(entries), path) => entries.iter().flat_map(|entry| keys(entry, path)).collect(),
        (Value::Table(table), [step, rest @ ..]) => keys(table.get(*step).unwrap(), rest),
        (Value::Table(table), []) => table.keys().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn the_guide_shows_an_intent_that_is_read() {
    let intent = read(&shown()).unwrap_or_else(|error| panic!("{error} at {:?}", error.span()));
    assert_eq!((intent.doors.len(), intent.aliases.len()), (2, 3));
}

#[test]
fn the_guide_shows_every_key_of_an_intent() {
    let whole = shown();
    let missing = tables(&whole, &[]).into_iter().map(|path| {
        let shown = keys(&Value::Table(whole.clone()), &path);
        let known = known(&path, &mut whole.clone());
        (path, known.difference(&shown).cloned().collect::<Vec<_>>())
    });
    let missing: Vec<_> = missing.filter(|(_, keys)| !keys.is_empty()).collect();
    assert!(missing.is_empty(), "the guide does not show {missing:?}");
}

#[test]
fn the_guide_shows_every_role() {
    let mut intent = shown();
    let role = |identity: &Value| identity.get("role").and_then(Value::as_str).unwrap().to_owned();
    let roles: BTreeSet<String> = intent["identity"].as_array().unwrap().iter().map(role).collect();
    let identity = intent["identity"].as_array_mut().unwrap().first_mut().unwrap().as_table_mut().unwrap();
    identity.insert("role".to_owned(), Value::String(NO_KEY.to_owned()));
    let missing: Vec<String> = named(&read(&intent).unwrap_err()).difference(&roles).cloned().collect();
    assert!(missing.is_empty(), "the guide does not show {missing:?}");
}
