//! What each change does to the snapshot, to epochs and to grants revisions; and what it refuses.

use policy::{Epoch, GrantId};

use super::*;

#[test]
fn a_new_state_is_empty_and_can_sign() {
    let state = Folder::new().open();
    assert_eq!(state.sequence(), Sequence(0));
    assert_eq!(state.snapshot().robots().count(), 0);
    assert_eq!(state.snapshot().key_ring().all().count(), 1);
    assert_eq!(state.snapshot().all_before(), None);
}

#[test]
fn creating_a_robot() {
    let folder = Folder::new();
    let state = folder.open();
    let applied = commit(&state, create(&state, "ci", "one"), at(1));
    let entry = robot(&state, "ci");
    assert_eq!(applied.sequence, Sequence(1));
    assert_eq!(applied.object, "robot:ci");
    assert_eq!(applied.robots, std::slice::from_ref(&entry.robot.id));
    assert_eq!(applied.grants, std::slice::from_ref(&entry.grants[0].id));
    assert_eq!(applied.key.as_ref(), Some(&entry.keys[0].id));
    assert_eq!((entry.robot.epoch, entry.grants_revision, entry.enabled), (Epoch(0), 0, true));
    assert_eq!((entry.created, entry.purpose.as_str(), entry.robot.owner.as_str()), (second(1), "tests", "team"));
    assert_eq!((entry.robot.id.as_str().len(), entry.grants[0].id.as_str().len()), (22, 14));
    let snapshot = state.snapshot();
    assert_eq!(snapshot.grants().of(&entry.robot.id).count(), 1);
    let key = snapshot.key("000000000one").unwrap();
    assert_eq!(key.robot, entry.robot.id);
    assert!(key.matches(&state.hash_robot_key("one")) && !key.matches(&state.hash_robot_key("two")));
    assert!(key.is_live(second(999)) && !key.is_live(second(1000)));
    assert!(!format!("{snapshot:?}").contains("hash"));
}

#[test]
fn a_name_is_taken_once() {
    let state = Folder::new().open();
    commit(&state, create(&state, "ci", "one"), at(1));
    assert_eq!(refused(&state, create(&state, "ci", "two"), at(2)), ChangeError::RobotExists { name: name("ci") });
    let again = refused(&state, create(&state, "cd", "one"), at(2));
    assert_eq!(again, ChangeError::KeyExists { id: "000000000one".parse().unwrap() });
    assert_eq!(state.sequence(), Sequence(1));
}

#[test]
fn rotating_keeps_two_live_keys_and_moves_nothing_else() {
    let state = Folder::new().open();
    commit(&state, create(&state, "ci", "one"), at(1));
    let rotate =
        |key, now| commit(&state, Change::RotateKey { robot: name("ci"), key: new_key(&state, key, 2000) }, at(now));
    assert_eq!(rotate("two", 2).revoked_keys, []);
    let revoked = rotate("three", 3).revoked_keys;
    assert_eq!(revoked.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["000000000one"]);
    let entry = robot(&state, "ci");
    assert_eq!(entry.live_keys(second(4)).count(), 2);
    assert_eq!((entry.robot.epoch, entry.grants_revision), (Epoch(0), 0));
    assert!(state.snapshot().key("000000000one").unwrap().revoked);
}

#[test]
fn an_expired_key_does_not_count_as_live() {
    let state = Folder::new().open();
    commit(&state, create(&state, "ci", "one"), at(1));
    let rotate = |key| Change::RotateKey { robot: name("ci"), key: new_key(&state, key, 5000) };
    commit(&state, rotate("two"), at(2));
    assert_eq!(commit(&state, rotate("three"), at(1000)).revoked_keys, []);
}

#[test]
fn disabling_and_enabling_move_the_revision_and_keep_the_keys() {
    let state = Folder::new().open();
    commit(&state, create(&state, "ci", "one"), at(1));
    commit(&state, Change::DisableRobot(name("ci")), at(2));
    let entry = robot(&state, "ci");
    assert_eq!((entry.enabled, entry.robot.epoch, entry.grants_revision), (false, Epoch(0), 1));
    assert_eq!(entry.live_keys(second(3)).count(), 1);
    commit(&state, Change::EnableRobot(name("ci")), at(3));
    let entry = robot(&state, "ci");
    assert_eq!((entry.enabled, entry.robot.epoch, entry.grants_revision), (true, Epoch(0), 2));
}

#[test]
fn deleting_ends_everything_and_frees_the_name_alone() {
    let state = Folder::new().open();
    commit(&state, create(&state, "ci", "one"), at(1));
    let old = robot(&state, "ci").robot.id.clone();
    let applied = commit(&state, Change::DeleteRobot(name("ci")), at(2));
    assert_eq!(applied.revoked_keys.len(), 1);
    let snapshot = state.snapshot();
    let entry = snapshot.robot(&old).unwrap();
    assert!(snapshot.robot_named(&name("ci")).is_none() && snapshot.robots().next().is_none());
    assert_eq!((entry.enabled, entry.deleted, entry.robot.epoch), (false, Some(second(2)), Epoch(1)));
    assert!(snapshot.key("000000000one").unwrap().revoked);
    assert_eq!(snapshot.grants().iter().count(), 0);
    refused(&state, create(&state, "ci", "one"), at(3));
    commit(&state, create(&state, "ci", "two"), at(3));
    assert_ne!(robot(&state, "ci").robot.id, old);
    assert!(state.snapshot().robot(&old).unwrap().deleted.is_some());
}

#[test]
fn grants_come_and_go_with_the_revision_and_without_the_epoch() {
    let state = Folder::new().open();
    commit(&state, create(&state, "ci", "one"), at(1));
    let applied = commit(&state, Change::AddGrant { holder: name("ci"), grant: new_grant("other/app") }, at(2));
    let entry = robot(&state, "ci");
    assert_eq!((entry.robot.epoch, entry.grants_revision, entry.grants.len()), (Epoch(0), 1, 2));
    assert_eq!(state.snapshot().grants().of(&entry.robot.id).count(), 2);
    let id = applied.grants[0].clone();
    let removed = commit(&state, Change::RemoveGrant(id.clone()), at(3));
    assert_eq!(removed.object, format!("grant:{id}"));
    let entry = robot(&state, "ci");
    assert_eq!((entry.robot.epoch, entry.grants_revision, entry.grants.len()), (Epoch(0), 2, 1));
    assert_eq!(state.snapshot().grants().of(&entry.robot.id).count(), 1);
    assert_eq!(refused(&state, Change::RemoveGrant(id.clone()), at(4)), ChangeError::UnknownGrant { id });
}

#[test]
fn revoking_a_robot_ends_keys_and_epoch_and_keeps_grants() {
    let state = Folder::new().open();
    commit(&state, create(&state, "ci", "one"), at(1));
    commit(&state, Change::RevokeRobot(name("ci")), at(2));
    let entry = robot(&state, "ci");
    assert_eq!((entry.robot.epoch, entry.grants_revision, entry.enabled, entry.grants.len()), (Epoch(1), 0, true, 1));
    assert_eq!(entry.live_keys(second(3)).count(), 0);
    commit(&state, Change::RotateKey { robot: name("ci"), key: new_key(&state, "two", 9) }, at(3));
    assert_eq!(robot(&state, "ci").live_keys(second(4)).count(), 1);
}

#[test]
fn revoking_one_key_or_token_leaves_the_rest() {
    let state = Folder::new().open();
    commit(&state, create(&state, "ci", "one"), at(1));
    commit(&state, Change::RotateKey { robot: name("ci"), key: new_key(&state, "two", 9) }, at(2));
    let applied = commit(&state, Change::RevokeKey("000000000one".parse().unwrap()), at(3));
    assert_eq!(applied.object, "key:000000000one");
    let entry = robot(&state, "ci");
    assert_eq!((entry.robot.epoch, entry.live_keys(second(4)).count()), (Epoch(0), 1));
    assert!(matches!(
        refused(&state, Change::RevokeKey("00000000none".parse().unwrap()), at(4)),
        ChangeError::UnknownKey { .. }
    ));
    commit(&state, Change::RevokeToken { jti: "token".to_owned(), expires: second(9) }, at(5));
    assert!(state.snapshot().is_token_revoked("token") && !state.snapshot().is_token_revoked("other"));
}

#[test]
fn all_before_moves_every_epoch_and_ends_the_keys_made_before() {
    let state = Folder::new().open();
    commit(&state, create(&state, "old", "one"), at(1));
    commit(&state, create(&state, "new", "two"), at(5));
    let applied = commit(&state, Change::RevokeAllBefore(second(5)), at(6));
    assert_eq!(applied.robots.len(), 2);
    assert_eq!([robot(&state, "old").robot.epoch, robot(&state, "new").robot.epoch], [Epoch(1), Epoch(1)]);
    assert!(state.snapshot().key("000000000one").unwrap().revoked);
    assert!(!state.snapshot().key("000000000two").unwrap().revoked);
    commit(&state, Change::RevokeAllBefore(second(2)), at(7));
    assert_eq!(state.snapshot().all_before(), Some(second(5)));
    assert!(matches!(refused(&state, Change::RevokeAllBefore(second(9)), at(8)), ChangeError::NotYet { .. }));
}

#[test]
fn a_restored_state_goes_beyond_every_epoch_and_sequence_that_was_lost() {
    let state = Folder::new().open();
    commit(&state, create(&state, "ci", "one"), at(1));
    let applied = commit(&state, Change::AcceptRestored { journal: Sequence(4) }, at(2));
    // Three changes were lost; each may have moved the epoch.
    assert_eq!((applied.sequence, state.sequence()), (Sequence(5), Sequence(5)));
    assert_eq!(robot(&state, "ci").robot.epoch, Epoch(4));
    assert!(state.snapshot().key("000000000one").unwrap().revoked);
    let again = refused(&state, Change::AcceptRestored { journal: Sequence(5) }, at(3));
    assert_eq!(again, ChangeError::NotOlder { state: Sequence(5), journal: Sequence(5) });
}

#[test]
fn an_unknown_robot_is_answered_with_the_nearest() {
    let state = Folder::new().open();
    commit(&state, create(&state, "deploy", "one"), at(1));
    let error = refused(&state, Change::RevokeRobot(name("deplyo")), at(2));
    assert_eq!(error.to_string(), "there is no robot `deplyo`");
    assert_eq!(error.hint().as_deref(), Some("did you mean `deploy`?"));
    assert_eq!(refused(&state, Change::RevokeRobot(name("zzz")), at(2)).hint(), None);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let state = Folder::new().open();
    commit(&state, create(&state, "ci", "one"), at(1));
    let grant = |change: fn(&mut NewGrant)| {
        let mut grant = new_grant("**");
        change(&mut grant);
        refused(&state, Change::AddGrant { holder: name("ci"), grant }, at(2))
    };
    assert_eq!(grant(|grant| grant.actions = ActionSet::default()), ChangeError::NoActions);
    assert!(matches!(grant(|grant| grant.until = Some(second(2))), ChangeError::AlreadyOver { .. }));
    for text in ["a\nb".to_owned(), "\u{1b}[2J".to_owned(), "a".repeat(513)] {
        let grant = NewGrant { reason: Some(text.clone()), ..new_grant("**") };
        let reason = refused(&state, Change::AddGrant { holder: name("ci"), grant }, at(2));
        assert_eq!(reason, ChangeError::Text { what: "reason" });
        let token = refused(&state, Change::RevokeToken { jti: text, expires: second(9) }, at(2));
        assert_eq!(token, ChangeError::Text { what: "token id" });
    }
    let expired = Change::RotateKey { robot: name("ci"), key: new_key(&state, "two", 2) };
    assert!(matches!(refused(&state, expired, at(2)), ChangeError::AlreadyOver { .. }));
    let unknown = GrantId::new("g_nothing");
    assert!(matches!(refused(&state, Change::RemoveGrant(unknown), at(2)), ChangeError::UnknownGrant { .. }));
}

#[test]
fn a_change_that_is_dropped_never_was() {
    let folder = Folder::new();
    let state = folder.open();
    commit(&state, create(&state, "ci", "one"), at(1));
    let before = facts(&state);
    let mut changes = state.changes();
    changes.mark_unchanged();
    let pending = state.begin(Change::DeleteRobot(name("ci")), at(2)).unwrap();
    assert_eq!((pending.sequence(), pending.summary()), (Sequence(2), "robot:ci"));
    assert_eq!(facts(&state), before);
    drop(pending);
    assert_eq!(facts(&state), before);
    assert!(!changes.has_changed().unwrap());
    drop(state);
    let state = folder.open();
    assert_eq!(facts(&state), before);
    assert_eq!(commit(&state, Change::DisableRobot(name("ci")), at(3)).sequence, Sequence(2));
}

#[test]
fn a_commit_wakes_whoever_waits() {
    let state = Folder::new().open();
    let mut changes = state.changes();
    changes.mark_unchanged();
    let pending = state.begin(create(&state, "ci", "one"), at(1)).unwrap();
    assert!(!changes.has_changed().unwrap());
    pending.commit().unwrap();
    assert!(changes.has_changed().unwrap());
    assert_eq!(*changes.borrow_and_update(), Sequence(1));
}

#[test]
fn a_snapshot_in_hand_stays_as_it_was() {
    let state = Folder::new().open();
    commit(&state, create(&state, "ci", "one"), at(1));
    let held = state.snapshot();
    commit(&state, Change::RevokeRobot(name("ci")), at(2));
    assert!(!held.key("000000000one").unwrap().revoked);
    assert!(state.snapshot().key("000000000one").unwrap().revoked);
}
