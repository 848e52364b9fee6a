use protocol::{Problem, Route};
use tempfile::tempdir;

use super::*;
use crate::circumstances::Ended;
use crate::fixture::wait;
use crate::journal::{Admission, Journal};
use crate::samples::*;

fn admit(journal: &Journal, request_id: &str) -> Admission {
    wait(journal.admit(permit(request(Route::ReadManifest)), &named(request_id))).unwrap()
}

fn refuse(journal: &Journal, problem: &Problem, request_id: &str) {
    journal.note(&strangers(problem, None), &named(request_id)).unwrap();
}

fn ids(joined: Vec<Joined>) -> Vec<String> {
    joined.into_iter().map(|joined| joined.record.request_id).collect()
}

#[test]
fn refusals_come_at_once_and_allows_with_their_outcome() {
    let folder = tempdir().unwrap();
    let (journal, problem) = (journal(folder.path()), problem());
    let before = admit(&journal, "before");
    let mut tail = Tail::new(folder.path(), Filter::default()).unwrap();
    assert!(tail.next_batch().unwrap().is_empty());

    let admission = admit(&journal, "allowed");
    refuse(&journal, &problem, "refused");
    journal.outcome(before.receipt(), outcome());
    journal.settle(now()).unwrap();
    assert_eq!(ids(tail.next_batch().unwrap()), ["refused"]);

    journal.outcome(admission.receipt(), outcome());
    journal.settle(now()).unwrap();
    let [joined] = tail.next_batch().unwrap().try_into().unwrap();
    assert_eq!((joined.record.request_id.as_str(), joined.outcome), ("allowed", Some(outcome())));
    assert!(tail.next_batch().unwrap().is_empty() && tail.flush().is_empty());
}

#[test]
fn what_waits_comes_as_unknown_when_it_is_flushed() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    let mut tail = Tail::new(folder.path(), Filter::default()).unwrap();
    let admission = admit(&journal, "allowed");
    assert!(tail.next_batch().unwrap().is_empty());
    let [joined] = tail.flush().try_into().unwrap();
    assert_eq!((joined.outcome.as_ref(), &joined.to_json()["ended"]), (None, &serde_json::json!(Ended::Unknown)));
    journal.outcome(admission.receipt(), outcome());
    journal.settle(now()).unwrap();
    assert!(tail.next_batch().unwrap().is_empty(), "it comes once");
}

#[test]
fn what_waits_is_bounded() {
    let folder = tempdir().unwrap();
    journal(folder.path()).close(now()).unwrap();
    let mut tail = Tail::new(folder.path(), Filter::default()).unwrap();
    let record = Record::of_permit(&permit(request(Route::Ping)), &circumstances());
    let mut came = (0..WAITING as u64 + 5).filter_map(|sequence| tail.decision(sequence, record.clone()));
    assert!(came.by_ref().map(|joined| joined.sequence).eq(0..5));
    drop(came);
    assert_eq!(tail.flush().len(), WAITING);
}

#[test]
fn only_what_the_filter_wants_comes() {
    let folder = tempdir().unwrap();
    let (journal, problem) = (journal(folder.path()), problem());
    let digest_filter = Filter { digest: Some(digest(2).to_string()), ..Filter::default() };
    let mut by_digest = Tail::new(folder.path(), digest_filter).unwrap();
    let mut by_decision =
        Tail::new(folder.path(), Filter { decision: Some(Decision::Deny), ..Filter::default() }).unwrap();
    for (id, byte) in [("one", 1), ("two", 2)] {
        let admission = admit(&journal, id);
        journal.outcome(admission.receipt(), served(&digest(byte)));
    }
    refuse(&journal, &problem, "refused");
    journal.settle(now()).unwrap();
    assert_eq!(ids(by_digest.next_batch().unwrap()), ["two"]);
    assert_eq!(ids(by_decision.next_batch().unwrap()), ["refused"]);
}

#[test]
fn a_tail_goes_on_through_segments_and_restarts() {
    let folder = tempdir().unwrap();
    let (first, problem) = (journal(folder.path()), problem());
    let mut tail = Tail::new(folder.path(), Filter::default()).unwrap();
    refuse(&first, &problem, "one");
    assert_eq!(ids(tail.next_batch().unwrap()), ["one"]);
    first.close(now()).unwrap();
    let settings = crate::journal::Settings { segment_bytes: 1, ..Default::default() };
    let name = crate::fixture::key();
    let open = Journal::open(&settings, folder.path().to_owned(), name.public().name(), crate::fixture::key(), now());
    let second = open.unwrap().0;
    for number in 0..5_u64 {
        refuse(&second, &problem, "more");
        wait(second.administrate(change(number))).unwrap();
    }
    assert_eq!(ids(tail.next_batch().unwrap()).len(), 5);
    let mut late = Tail::new(folder.path(), Filter::default()).unwrap();
    assert!(late.next_batch().unwrap().is_empty());
}
