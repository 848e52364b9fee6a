use std::fs;

use protocol::Route;
use tempfile::{TempDir, tempdir};

use super::*;
use crate::error::{Fault, Place};
use crate::fixture::{broken, fill, key, names, open, settle, wait};
use crate::journal::{Journal, Settings};
use crate::leaf::{OutcomeEntry, Outcomes};
use crate::log::Log;
use crate::query::{Filter, query};
use crate::samples::*;

/// A journal of many segments, each of a leaf or two: every third leaf is a change, the others are pings.
fn journal_of_changes(changes: u64) -> TempDir {
    let folder = tempdir().unwrap();
    let settings = Settings { segment_bytes: 600, ..Settings::default() };
    let open = Journal::open(&settings, folder.path().to_owned(), key().public().name(), key(), now());
    let journal = open.unwrap().0;
    for number in 0..changes {
        wait(journal.administrate(change(number))).unwrap();
        for turn in ["a", "b"] {
            let circumstances = named(&format!("{number}-{turn}"));
            let admission = wait(journal.admit(permit(request(Route::Token)), &circumstances)).unwrap();
            journal.outcome(admission.receipt(), crate::Outcome { bytes: number, ..outcome() });
        }
        journal.settle(now()).unwrap();
    }
    journal.close(now()).unwrap();
    folder
}

#[test]
fn one_request_is_found_with_its_outcome_wherever_it_stands() {
    let folder = journal_of_changes(6);
    assert!(names(folder.path()).len() > 10);
    for compressed in [false, true] {
        settle(folder.path(), compressed);
        for joined in query(folder.path(), &Filter::default()).unwrap() {
            assert!(joined.outcome.is_some());
            assert_eq!(find(folder.path(), &joined.record.request_id).unwrap(), Some(joined));
        }
        assert_eq!(find(folder.path(), "nobody").unwrap(), None);
    }
}

#[test]
fn of_requests_with_one_id_the_newest_is_found() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    let problem = problem();
    wait(journal.admit(permit(request(Route::Ping)), &named("same"))).unwrap();
    journal.note(&strangers(&problem, None), &named("same")).unwrap();
    assert_eq!(find(folder.path(), "same").unwrap().unwrap().sequence, 1);
    wait(journal.admit(permit(request(Route::Ping)), &named("same"))).unwrap();
    let found = find(folder.path(), "same").unwrap().unwrap();
    assert_eq!((found.sequence, found.outcome), (2, None));
}

#[test]
fn the_last_change_is_found_wherever_it_stands() {
    let folder = journal_of_changes(5);
    assert_eq!(last_state_sequence(folder.path()).unwrap(), Some(4));
    let journal = journal(folder.path());
    (0..20).for_each(|_| drop(wait(journal.admit(permit(request(Route::Ping)), &circumstances())).unwrap()));
    assert_eq!(last_state_sequence(folder.path()).unwrap(), Some(4));
    // The last one counts, not the highest: a start tells of a change that was not committed.
    wait(journal.administrate(change(3))).unwrap();
    assert_eq!(last_state_sequence(folder.path()).unwrap(), Some(3));
}

#[test]
fn a_journal_without_changes_names_no_state() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    assert_eq!(last_state_sequence(folder.path()).unwrap(), None);
    wait(journal.admit(permit(request(Route::Ping)), &circumstances())).unwrap();
    assert_eq!(last_state_sequence(folder.path()).unwrap(), None);
    assert!(last_state_sequence(&folder.path().join("missing")).is_err());
}

#[test]
fn only_the_segments_that_are_needed_are_read() {
    let folder = journal_of_changes(6);
    settle(folder.path(), false);
    fs::write(folder.path().join("00000000000000000000.ndjson"), [0xff; 100]).unwrap();
    assert_eq!(last_state_sequence(folder.path()).unwrap(), Some(5));
    assert!(find(folder.path(), "5-b").unwrap().is_some());
}

#[test]
fn an_intact_journal_is_counted() {
    let folder = journal_of_changes(3);
    let journal = journal(folder.path());
    let problem = problem();
    (0..21).for_each(|_| journal.note(&strangers(&problem, None), &circumstances()).unwrap());
    journal.close(now()).unwrap();
    let report = verify_journal(folder.path(), key().public(), None).unwrap();
    let expected = LeafCounts { decisions: 20, tokens: 6, outcomes: 6, changes: 3, floods: 1, gaps: 0, probes: 0 };
    assert_eq!(report.counts, expected);
    let text = report.to_string();
    let end = "20 decisions, 6 tokens, 6 outcomes, 3 changes, 1 floods, 0 gaps, 0 probes";
    assert!(text.starts_with("intact: 33 leaves in ") && text.ends_with(end), "{text}");
}

/// A signed log with an allow at 0 and a refusal at 1.
fn decided(folder: &Path) -> Log {
    let (log, _) = open(folder, 1 << 20).unwrap();
    let problem = problem();
    let allow = Record::of_permit(&permit(request(Route::Ping)), &circumstances());
    for record in [allow, Record::of_refusal(&strangers(&problem, None), &circumstances())] {
        log.append(&Leaf::Decision(Box::new(record)).line().unwrap()).unwrap();
    }
    log
}

fn outcomes(of: &[u64]) -> Vec<u8> {
    let of = of.iter().map(|sequence| OutcomeEntry::new(*sequence, outcome())).collect();
    Leaf::Outcome(Outcomes { kind: LeafKind::Outcome, of }).line().unwrap()
}

#[test]
fn an_outcome_without_its_allow_is_named() {
    for of in [&[1][..], &[2], &[3], &[0, 0]] {
        let folder = tempdir().unwrap();
        let log = decided(folder.path());
        log.append(&outcomes(of)).unwrap();
        log.close().unwrap();
        let broken = broken(verify_journal(folder.path(), key().public(), None));
        assert!(matches!(broken.place, Place::Leaf { sequence: 2, .. }), "{of:?}: {broken}");
        let named = format!("leaf {},", of[0]);
        assert!(matches!(&broken.fault, Fault::Record(fault) if fault.to_string().contains(&named)), "{broken}");
    }
    let folder = tempdir().unwrap();
    let log = decided(folder.path());
    log.append(&outcomes(&[0])).unwrap();
    log.close().unwrap();
    assert_eq!(verify_journal(folder.path(), key().public(), None).unwrap().counts.outcomes, 1);
}

#[test]
fn an_outcome_before_its_decision_or_a_second_one_is_named() {
    let folder = tempdir().unwrap();
    let (log, _) = open(folder.path(), 1 << 20).unwrap();
    log.append(&outcomes(&[1])).unwrap();
    log.close().unwrap();
    let first = broken(verify_journal(folder.path(), key().public(), None));
    assert!(matches!(first.place, Place::Leaf { sequence: 0, .. }));

    let folder = tempdir().unwrap();
    let log = decided(folder.path());
    log.append_many(&[outcomes(&[0]), outcomes(&[0])]).unwrap();
    log.close().unwrap();
    let second = broken(verify_journal(folder.path(), key().public(), None));
    assert!(matches!(second.place, Place::Leaf { sequence: 3, .. }));
}

#[test]
fn a_line_that_is_no_canonical_leaf_is_named() {
    let plain = String::from_utf8(outcomes(&[0])).unwrap();
    for (line, fault) in [
        (plain.replace(':', ": "), "canonical"),
        (plain.replace("200", "2e2"), "no leaf"),
        (r#"{"of":[],"kind":"outcome"}"#.to_owned(), "canonical"),
        (r#"{"kind":"decision"}"#.to_owned(), "no leaf"),
        ("no json".to_owned(), "no leaf"),
    ] {
        let folder = tempdir().unwrap();
        let log = decided(folder.path());
        log.append(line.as_bytes()).unwrap();
        log.close().unwrap();
        let broken = broken(verify_journal(folder.path(), key().public(), None));
        assert!(matches!(broken.place, Place::Leaf { sequence: 2, .. }), "{line}: {broken}");
        assert!(broken.to_string().contains(fault), "{line}: {broken}");
    }
}

#[test]
fn a_journal_that_ends_before_what_was_kept_of_it_is_broken() {
    let folder = tempdir().unwrap();
    let log = decided(folder.path());
    let kept = log.close().unwrap();
    assert!(verify_journal(folder.path(), key().public(), Some(kept)).is_ok());
    let longer = Checkpoint { size: kept.size + 1, ..kept };
    let broken = broken(verify_journal(folder.path(), key().public(), Some(longer)));
    assert!(matches!(broken.fault, Fault::Short { size: 2, expected: 3 }), "{broken}");
}

#[test]
fn a_log_of_something_else_is_no_journal() {
    let folder = tempdir().unwrap();
    let (log, _) = open(folder.path(), 1 << 20).unwrap();
    fill(&log, 1);
    log.close().unwrap();
    assert!(matches!(broken(verify_journal(folder.path(), key().public(), None)).fault, Fault::Record(_)));
}
