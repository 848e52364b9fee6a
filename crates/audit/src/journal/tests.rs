use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use policy::{Permit, Principal};
use protocol::{Algorithm, Route};
use tempfile::tempdir;

use super::*;
use crate::circumstances::{Decision, Ended};
use crate::fixture::{broken, check, eventually, key, read, wait};
use crate::query::{Filter, Joined, query};
use crate::reason::Reason;
use crate::samples::*;

fn admit(journal: &Journal, permit: Permit, request_id: &str) -> Admission {
    wait(journal.admit(permit, &named(request_id))).unwrap()
}

fn all(folder: &Path) -> Vec<Joined> {
    query(folder, &Filter::default()).unwrap()
}

fn leaves(folder: &Path) -> Vec<Leaf> {
    read(folder, 0).iter().map(|(_, line)| Leaf::parse(line).unwrap()).collect()
}

fn device(path: &str) -> Arc<File> {
    Arc::new(OpenOptions::new().write(true).open(path).unwrap())
}

#[test]
fn an_allow_stands_in_the_file_when_it_is_admitted() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    let admission = admit(&journal, permit(request(Route::ReadBlob)), "one");
    let text = fs::read_to_string(folder.path().join("00000000000000000000.ndjson")).unwrap();
    assert!(text.ends_with('\n') && text.contains(r#""request_id":"one""#), "{text}");
    assert_eq!(admission.leaf(), &LeafName { log: "example/one".to_owned(), sequence: 0 });
    assert_eq!((admission.kind(), admission.receipt(), journal.size()), (Kind::Origin, Receipt { sequence: 0 }, 1));
    assert_eq!(admission.permit().request(), &request(Route::ReadBlob));
}

#[test]
fn an_admission_says_who_serves_it_and_what_was_shown() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    for (route, kind) in [(Route::Ping, Kind::Ping), (Route::Token, Kind::Token), (Route::ListTags, Kind::Origin)] {
        let admission = wait(journal.admit(permit(request(route)), &with_token())).unwrap();
        assert_eq!((admission.kind(), admission.credential()), (kind, with_token().credential.as_ref()));
    }
}

#[test]
fn what_publishes_deletes_or_issues_is_synced_first() {
    let synced: Vec<&str> =
        Route::ALL.into_iter().filter(|route| is_synced(&request(*route))).map(Route::as_str).collect();
    assert_eq!(synced, ["write-manifest", "delete-manifest", "delete-blob", "finish-upload", "token"]);
    let open = |digest| oci(Operation::OpenUpload { mount: None, digest, algorithm: Algorithm::Sha256 });
    assert!(is_synced(&mount_from("base/app")) && is_synced(&open(Some(digest(1)))) && !is_synced(&open(None)));
    assert!(!is_synced(permit(mount_from("other/app")).request()), "a refused mount is a plain upload");
}

#[test]
fn what_must_be_synced_and_cannot_be_is_not_admitted() {
    for (strict, route, admitted) in
        [(false, Route::ReadBlob, true), (false, Route::FinishUpload, false), (true, Route::ReadBlob, false)]
    {
        let folder = tempdir().unwrap();
        let mut journal = journal(folder.path());
        journal.strict = strict;
        // A device that takes every write and refuses every sync.
        journal.log.swap_file(device("/dev/null"));
        let result = wait(journal.admit(permit(request(route)), &circumstances()));
        assert_eq!(result.is_ok(), admitted, "{route:?}");
        assert!(matches!(result, Ok(_) | Err(JournalError(LogError::Sync(_)))));
        eventually(|| matches!(journal.settle(now()), Err(JournalError(LogError::Sync(_)))));
    }
}

#[test]
fn a_journal_that_cannot_write_admits_nothing() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    let file = journal.log.swap_file(device("/dev/full"));
    for route in Route::ALL {
        let refused = wait(journal.admit(permit(request(route)), &circumstances()));
        assert!(matches!(refused, Err(JournalError(LogError::Write(_)))), "{route:?}");
    }
    let problem = problem();
    assert!(journal.note(&strangers(&problem, None), &circumstances()).is_err());
    assert!(wait(journal.administrate(change(1))).is_err());
    journal.log.swap_file(file);
    assert_eq!(admit(&journal, permit(request(Route::Ping)), "again").leaf().sequence, 0);
    assert_eq!(all(folder.path()).len(), 1);
}

#[test]
fn a_refusal_that_finds_no_room_is_written_later_and_told_until_then() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    let (problem, robot, read) = (problem(), robot(), request(Route::ReadBlob));
    let refused = Refused { principal: Some(&robot), ..strangers(&problem, Some(&read)) };
    let file = journal.log.swap_file(device("/dev/full"));
    journal.settle(now()).unwrap();
    for number in 0..1_005 {
        assert!(journal.note(&refused, &named(&number.to_string())).is_err());
    }
    for _ in 0..3 {
        assert!(journal.settle(now()).is_err(), "who asks for health must hear of it, also where no outcome waits");
    }
    journal.log.swap_file(file);
    journal.settle(now()).unwrap();
    journal.settle(now()).unwrap();
    let leaves = leaves(folder.path());
    let [written @ .., Leaf::Gap(gap)] = leaves.as_slice() else { panic!("{:?}", leaves.last()) };
    let is_whose = |leaf: &Leaf, id| matches!(leaf, Leaf::Decision(record) if record.request_id == id);
    let whose = |(leaf, number): (&Leaf, u32)| is_whose(leaf, number.to_string());
    assert!(written.len() == 1_000 && written.iter().zip(0..).all(whose), "each once, in the order in which they came");
    assert_eq!(gap.reason, "5 refusals could not be written");
    assert!(gap.bytes > 5 * 100);
    journal.close(now()).unwrap();
    check(folder.path()).unwrap();
}

#[test]
fn a_refusal_is_noted_once_with_what_is_known() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    let (problem, robot, read) = (problem(), robot(), request(Route::ReadBlob));
    let reason = Reason::REVOKED_KEY;
    let decision = Decision::Unidentified;
    let refused = Refused { decision, reason, principal: Some(&robot), ..strangers(&problem, Some(&read)) };
    journal.note(&refused, &with_token()).unwrap();
    let [joined] = all(folder.path()).try_into().unwrap();
    assert_eq!((joined.record.status, joined.outcome), (Some(401), None));
    assert_eq!(joined.record.credential.unwrap().id.as_deref(), Some("jti-1"));
}

#[test]
fn outcomes_are_gathered_and_joined() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    let admissions: Vec<_> = (0..150).map(|_| admit(&journal, permit(request(Route::Ping)), "many")).collect();
    let unknown = admit(&journal, permit(request(Route::Ping)), "unknown");
    for (admission, bytes) in admissions.iter().zip(0..) {
        journal.outcome(admission.receipt(), Outcome { bytes, ..outcome() });
    }
    assert_eq!(journal.size(), 151, "nobody waits for an outcome");
    journal.settle(now()).unwrap();
    journal.settle(now()).unwrap();
    assert_eq!(journal.size(), 151 + 3);
    let found = all(folder.path());
    let bytes: Vec<u64> = found.iter().filter_map(|joined| Some(joined.outcome.as_ref()?.bytes)).collect();
    assert_eq!(bytes, (0..150).collect::<Vec<_>>());
    let printed = found.last().unwrap().to_json();
    assert_eq!((&printed["sequence"], &printed["ended"]), (&unknown.leaf().sequence.into(), &"unknown".into()));
    assert!(["status", "bytes", "duration_us"].iter().all(|member| printed[member].is_null()));
    assert_eq!(found[0].to_json()["ended"], "complete");
}

#[test]
fn what_has_gathered_is_kept_until_it_can_be_written() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    let admission = admit(&journal, permit(request(Route::Ping)), "one");
    let problem = problem();
    for _ in 0..25 {
        journal.note(&strangers(&problem, None), &circumstances()).unwrap();
    }
    journal.outcome(admission.receipt(), outcome());
    let size = journal.size();
    let file = journal.log.swap_file(device("/dev/full"));
    for minute in 1..4 {
        assert!(journal.settle(later(60 * minute)).is_err());
    }
    journal.outcome(admission.receipt(), Outcome { ended: Ended::Client, ..outcome() });
    journal.log.swap_file(file);
    journal.settle(later(240)).unwrap();
    assert_eq!(journal.size(), size + 2);
    let leaves = leaves(folder.path());
    let [.., Leaf::Flood(flood), Leaf::Outcome(outcomes)] = leaves.as_slice() else { panic!("{leaves:?}") };
    let ended: Vec<Ended> = outcomes.of.iter().map(|entry| entry.outcome().ended).collect();
    assert_eq!((flood.count, ended), (5, vec![Ended::Complete, Ended::Client]));
}

#[test]
fn a_batch_that_fails_leaves_the_rest_in_order() {
    let attempts = Mutex::new(Vec::new());
    let (rest, result) = written(vec![1, 2, 3, 4, 5], 2, |batch| {
        guard(&attempts).push(batch.to_vec());
        if batch == [3, 4] { Err(LogError::Closed.into()) } else { Ok(()) }
    });
    assert_eq!((rest, result.is_err()), (vec![3, 4, 5], true));
    assert_eq!(*guard(&attempts), [vec![1, 2], vec![3, 4]]);
}

#[test]
fn strangers_stand_twenty_times_in_full_and_then_in_one_leaf_of_their_minute() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    let (problem, robot) = (problem(), robot());
    for _ in 0..50 {
        journal.note(&strangers(&problem, None), &circumstances()).unwrap();
        let recognised = Refused { principal: Some(&robot), ..strangers(&problem, None) };
        journal.note(&recognised, &circumstances()).unwrap();
    }
    assert_eq!(journal.size(), 20 + 50);
    journal.settle(later(59)).unwrap();
    assert_eq!(journal.size(), 70);
    journal.settle(later(60)).unwrap();
    journal.settle(later(120)).unwrap();
    assert_eq!(journal.size(), 71);
    assert!(matches!(leaves(folder.path()).last(), Some(Leaf::Flood(flood)) if flood.count == 30));
}

#[test]
fn closing_writes_what_has_gathered_and_signs_it() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    let (admission, problem) = (admit(&journal, permit(request(Route::Ping)), "one"), problem());
    (0..21).for_each(|_| journal.note(&strangers(&problem, None), &circumstances()).unwrap());
    journal.outcome(admission.receipt(), outcome());
    let checkpoint = journal.close(now()).unwrap();
    let report = check(folder.path()).unwrap();
    assert_eq!((checkpoint, checkpoint.size), (report.checkpoint, 1 + 20 + 2));
}

#[test]
fn a_torn_line_is_told_by_a_gap() {
    let folder = tempdir().unwrap();
    let first = journal(folder.path());
    admit(&first, permit(request(Route::Ping)), "one");
    first.close(now()).unwrap();
    let path = folder.path().join("00000000000000000000.ndjson");
    OpenOptions::new().append(true).open(path).unwrap().write_all(b"{\"half").unwrap();
    journal(folder.path()).close(now()).unwrap();
    assert!(matches!(leaves(folder.path()).as_slice(), [_, Leaf::Gap(gap)] if gap.bytes == 6));
    journal(folder.path()).close(now()).unwrap();
    assert_eq!(leaves(folder.path()).len(), 2);
}

#[test]
fn an_administrative_change_is_synced_and_named() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    let wrong = Administration { kind: LeafKind::Gap, ..change(9) };
    let leaf = wait(journal.administrate(wrong)).unwrap();
    assert_eq!(leaf, LeafName { log: "example/one".to_owned(), sequence: 0 });
    assert_eq!(leaves(folder.path()), [Leaf::Admin(change(9))]);
    eventually(|| journal.checkpoints().borrow().size == 1);
    journal.log.swap_file(device("/dev/null"));
    assert!(wait(journal.administrate(change(10))).is_err());
}

#[test]
fn a_journal_that_was_changed_does_not_open() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    admit(&journal, permit(request(Route::Ping)), "one");
    journal.close(now()).unwrap();
    let path = folder.path().join("00000000000000000000.ndjson");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("allow", "alloy")).unwrap();
    let opened = Journal::open(&Settings::default(), folder.path().to_owned(), key().public().name(), key(), now());
    let Err(JournalError(LogError::Read(error))) = opened else { panic!("{opened:?}") };
    assert!(broken::<()>(Err(error)).place.to_string().contains("line 1"));
}

#[test]
fn an_anonymous_denial_by_policy_is_a_strangers() {
    let folder = tempdir().unwrap();
    let journal = journal(folder.path());
    let read = request(Route::ReadBlob);
    let problem = problem();
    for (principal, leaves) in [(Principal::Anonymous, 20), (robot(), 20 + 30)] {
        let elsewhere = Request::samples(Route::ReadBlob, &repository("other/app")).swap_remove(0);
        let denial = decide(principal.clone(), elsewhere).unwrap_err();
        let refused =
            Refused { principal: Some(&principal), denial: Some(&denial), ..strangers(&problem, Some(&read)) };
        (0..30).for_each(|_| journal.note(&refused, &circumstances()).unwrap());
        assert_eq!(journal.size(), leaves);
    }
}
