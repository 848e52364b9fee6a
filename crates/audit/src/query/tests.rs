use jiff::SignedDuration;
use protocol::{Request, Route};
use tempfile::{TempDir, tempdir};

use super::*;
use crate::circumstances::Circumstances;
use crate::fixture::wait;
use crate::journal::Journal;
use crate::samples::*;

/// What is asked, by a robot that may, one second after the other.
fn admitted(journal: &Journal, second: u64, request: Request, outcome: Option<Outcome>) {
    let circumstances = Circumstances {
        received: later(second).wall,
        request_id: format!("id-{second}"),
        source: [10, 0, 0, second.to_be_bytes()[7]].into(),
        ..with_token()
    };
    let admission = wait(journal.admit(permit(request), &circumstances)).unwrap();
    outcome.into_iter().for_each(|outcome| journal.outcome(admission.receipt(), outcome));
}

/// Leaf 0 reads a blob, 1 reads a tag, 2 writes a manifest with a tag, 3 asks for a token, 4 is a stranger's.
fn journal_of_five() -> TempDir {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    admitted(&journal, 0, read_of(1), Some(outcome()));
    admitted(&journal, 1, request(Route::ReadManifest), Some(served(&digest(2))));
    admitted(&journal, 2, write_with_tags("team/other", &["v2".to_owned()]), None);
    admitted(&journal, 3, token(&["team/app".to_owned()]), Some(outcome()));
    let (problem, read) = (problem(), request(Route::ReadBlob));
    let stranger = Circumstances { received: later(4).wall, ..named("id-4") };
    journal.note(&strangers(&problem, Some(&read)), &stranger).unwrap();
    journal.close(later(5)).unwrap();
    folder
}

fn sequences(folder: &TempDir, filter: &Filter) -> Vec<u64> {
    query(folder.path(), filter).unwrap().iter().map(|joined| joined.sequence).collect()
}

fn word(set: impl Fn(&mut Filter, String), word: &str) -> Filter {
    let mut filter = Filter::default();
    set(&mut filter, word.to_owned());
    filter
}

#[test]
fn every_filter_finds_what_it_names() {
    let folder = journal_of_five();
    let find = |set: fn(&mut Filter, String), text: &str| sequences(&folder, &word(set, text));
    let principal = |text| find(|filter, text| filter.principal = Some(text), text);
    for robot in ["ci", "rb_1", "robot:ci", "robot:rb_1"] {
        assert_eq!(principal(robot), [0, 1, 2, 3], "{robot}");
    }
    assert_eq!(principal("anonymous"), [4]);
    for nobody in ["robot", "person:ci", "c", "robot:anonymous", "anonymous:"] {
        assert!(principal(nobody).is_empty(), "{nobody}");
    }
    let repository = |text| find(|filter, text| filter.repository = Some(text), text);
    assert_eq!((repository("team/other"), repository("team")), (vec![2], vec![]));
    let source = |text| find(|filter, text| filter.source = Some(text), text);
    assert_eq!((source("10.0.0.1"), source("192.0.2.7")), (vec![1], vec![4]));
    let tag = |text| find(|filter, text| filter.tag = Some(text), text);
    assert_eq!((tag("v1"), tag("v2"), tag("v")), (vec![1], vec![2], vec![]));
    let credential = |text| find(|filter, text| filter.credential = Some(text), text);
    assert_eq!((credential("jti-1"), credential("jti")), (vec![0, 1, 2, 3], vec![]));
    let request_id = |text| find(|filter, text| filter.request_id = Some(text), text);
    assert_eq!((request_id("id-3"), request_id("id-")), (vec![3], vec![]));
}

#[test]
fn actions_are_found_one_by_one_and_by_group() {
    let folder = journal_of_five();
    let action = |text| sequences(&folder, &word(|filter, text| filter.action = Some(text), text));
    assert_eq!((action("read-blob"), action("read-manifest")), (vec![0, 4], vec![1]));
    assert_eq!(action("create-tag"), [2], "also where it is not the first");
    assert_eq!((action("pull"), action("push"), action("delete")), (vec![0, 1, 4], vec![2], vec![]));
}

#[test]
fn a_digest_is_found_where_it_was_asked_for_and_where_it_was_served() {
    let folder = journal_of_five();
    let digest = |byte| sequences(&folder, &Filter { digest: Some(digest(byte).to_string()), ..Filter::default() });
    assert_eq!((digest(1), digest(2), digest(3)), (vec![0, 2], vec![1], vec![]));
}

#[test]
fn times_and_decisions_bound_what_is_found() {
    let folder = journal_of_five();
    let between = |since: u64, until: u64| {
        let (since, until) = (Some(later(since).wall), Some(later(until).wall));
        sequences(&folder, &Filter { since, until, ..Filter::default() })
    };
    assert_eq!((between(1, 3), between(4, 9), between(5, 9)), (vec![1, 2, 3], vec![4], vec![]));
    let moment_later = later(3).wall + SignedDuration::from_nanos(1000);
    assert_eq!(sequences(&folder, &Filter { since: Some(moment_later), ..Filter::default() }), [4]);
    let decided = |decision| sequences(&folder, &Filter { decision: Some(decision), ..Filter::default() });
    assert_eq!((decided(Decision::Allow), decided(Decision::Deny)), (vec![0, 1, 2, 3], vec![4]));
    assert!(decided(Decision::Broken).is_empty());
    assert_eq!(sequences(&folder, &Filter::default()), [0, 1, 2, 3, 4]);
}

#[test]
fn filters_narrow_each_other() {
    let folder = journal_of_five();
    let filter = Filter { tag: Some("v1".to_owned()), decision: Some(Decision::Deny), ..Filter::default() };
    assert!(sequences(&folder, &filter).is_empty());
    let filter = Filter { tag: Some("v1".to_owned()), action: Some("pull".to_owned()), ..Filter::default() };
    assert_eq!(sequences(&folder, &filter), [1]);
}

#[test]
fn a_query_prints_what_scripts_rely_on() {
    let folder = journal_of_five();
    let found = query(folder.path(), &Filter::default()).unwrap();
    let revision = &found[1].record.policy.as_ref().unwrap().revision;
    let expected = json!({
        "sequence": 1, "time": "2027-01-15T08:00:01.000000Z", "request_id": "id-1", "origin": "main",
        "decision": "allow", "reason": "granted", "rules": ["grant:gr_1"],
        "principal": { "kind": "robot", "id": "rb_1", "name": "ci" },
        "credential": { "kind": "token", "id": "jti-1", "issued_by": { "log": "example/one", "sequence": 3 } },
        "source": "10.0.0.1", "user_agent": "docker/27", "method": "GET", "route": "read-manifest",
        "action": "read-manifest", "repository": "team/app", "tag": "v1", "digest": digest(2).as_str(),
        "status": 200, "bytes": 20, "duration_us": 300, "ended": "complete",
        "answer": null, "client": { "user": "somebody" },
        "connection": { "host": "localhost:5000", "listener": "127.0.0.1:5000", "peer": "192.0.2.7:40000" },
        "omitted": null, "policy": { "revision": revision }, "request": { "range": "bytes=0-9" },
    });
    assert_eq!(found[1].to_json(), expected);
}

#[test]
fn what_is_not_known_is_null() {
    let problem = problem();
    let mut bare = circumstances();
    (bare.host, bare.user_agent, bare.range) = (None, None, None);
    let expected = json!({
        "sequence": 0, "time": "2027-01-15T08:00:00.000000Z", "request_id": "00c0ffee00c0ffee", "origin": "main",
        "decision": "deny", "reason": "no_credential", "rules": [],
        "principal": { "kind": "anonymous", "id": null, "name": null }, "credential": null,
        "source": "192.0.2.7", "user_agent": null, "method": "GET", "route": null, "action": null,
        "repository": null, "tag": null, "digest": null,
        "status": 401, "bytes": null, "duration_us": null, "ended": null,
        "answer": { "code": "UNAUTHORIZED" }, "client": null,
        "connection": { "listener": "127.0.0.1:5000", "peer": "192.0.2.7:40000" },
        "omitted": null, "policy": null, "request": null,
    });
    let joined = Joined::new(0, Record::of_refusal(&strangers(&problem, None), &bare));
    assert_eq!(joined.to_json(), expected);
}

#[test]
fn a_folder_that_is_missing_cannot_be_read() {
    let folder = tempdir().unwrap();
    let missing = folder.path().join("missing");
    assert!(matches!(query(&missing, &Filter::default()), Err(ReadError::Unreadable { .. })));
}
