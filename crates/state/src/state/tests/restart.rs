//! What a restart keeps, and what it forgets on purpose.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use aws_lc_rs::encoding::AsBigEndian;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use policy::{Epoch, GrantId, PrincipalId, Robot};

use crate::robot::RobotKey;
use crate::rows;

use super::*;

fn populated(folder: &Folder) -> State {
    let state = folder.open();
    commit(&state, create(&state, "ci", "one"), at(1));
    commit(&state, create(&state, "cd", "two"), at(2));
    commit(&state, create(&state, "gone", "three"), at(3));
    commit(&state, Change::DeleteRobot(name("gone")), at(4));
    commit(&state, Change::RotateKey { robot: name("ci"), key: new_key(&state, "four", 2000) }, at(5));
    let grant = NewGrant { until: Some(second(100)), reason: None, ..new_grant("**") };
    commit(&state, Change::AddGrant { holder: name("cd"), grant }, at(6));
    commit(&state, Change::RevokeAllBefore(second(2)), at(7));
    commit(&state, Change::RevokeToken { jti: "token".to_owned(), expires: second(10_000) }, at(8));
    commit(&state, Change::DisableRobot(name("cd")), at(9));
    state
}

#[test]
fn a_restart_keeps_everything() {
    let folder = Folder::new();
    let state = populated(&folder);
    let before = facts(&state);
    drop(state);
    assert_eq!(facts(&folder.open()), before);
}

#[test]
fn the_file_is_the_owners_alone_and_nothing_is_left_beside_it() {
    let folder = Folder::new();
    let state = populated(&folder);
    for entry in fs::read_dir(folder.temporary.path()).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    drop(state);
    let mut left: Vec<_> =
        fs::read_dir(folder.temporary.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["secret.key", "state.db"]);
}

#[test]
fn no_secret_is_in_the_file() {
    let folder = Folder::new();
    let state = populated(&folder);
    let ring = state.snapshot();
    let pair = ring.key_ring().current().pair();
    let number = pair.private_key().as_be_bytes().unwrap().as_ref().to_vec();
    let text = STANDARD.encode(pair.to_pkcs8v1().unwrap());
    drop(state);
    let file = fs::read(folder.path("state.db")).unwrap();
    let holds = |wanted: &[u8]| file.windows(wanted.len()).any(|window| window == wanted);
    assert!(holds(b"000000000one"));
    assert!(!holds(&number) && !holds(text.as_bytes()));
    assert!(!holds(folder.key.derive(crate::secret_key::Purpose::KeyRing).as_slice()));
}

#[test]
fn revocations_of_expired_tokens_are_forgotten_an_hour_later() {
    let folder = Folder::new();
    let state = folder.open();
    for (jti, expires) in [("early", 100), ("late", 200)] {
        commit(&state, Change::RevokeToken { jti: jti.to_owned(), expires: second(expires) }, at(1));
    }
    drop(state);
    let known = |seconds| {
        let state = folder.try_open(at(seconds)).unwrap();
        assert_eq!(state.sequence(), Sequence(2));
        ["early", "late"].map(|jti| state.snapshot().is_token_revoked(jti))
    };
    assert_eq!(known(3699), [true, true]);
    assert_eq!(known(3700), [false, true]);
    assert_eq!(known(0), [false, true]);
}

#[test]
fn a_checkpoint_grows_and_moves_no_sequence() {
    let folder = Folder::new();
    let state = folder.open();
    assert_eq!(state.checkpoint(), None);
    state.store_checkpoint(5, [1; 32]).unwrap();
    state.store_checkpoint(5, [1; 32]).unwrap();
    state.store_checkpoint(7, [2; 32]).unwrap();
    for (size, root) in [(5, [1; 32]), (7, [3; 32]), (0, [0; 32])] {
        let refused = state.store_checkpoint(size, root).unwrap_err();
        assert!(matches!(refused, StateError::Checkpoint { stored: 7, given } if given == size));
    }
    drop(state);
    let state = folder.open();
    assert_eq!(state.checkpoint(), Some((7, [2; 32])));
    assert_eq!(state.sequence(), Sequence(0));
}

#[test]
fn a_checkpoint_waits_for_no_change_and_is_kept_with_it() {
    let folder = Folder::new();
    let state = folder.open();
    let pending = state.begin(create(&state, "ci", "one"), at(1)).unwrap();
    state.store_checkpoint(5, [1; 32]).unwrap();
    pending.commit().unwrap();
    drop(state);
    let state = folder.open();
    assert_eq!(state.checkpoint(), Some((5, [1; 32])));
    let pending = state.begin(create(&state, "cd", "two"), at(2)).unwrap();
    state.store_checkpoint(6, [2; 32]).unwrap();
    drop(pending);
    state.store_checkpoint(6, [2; 32]).unwrap();
    drop(state);
    assert_eq!(folder.open().checkpoint(), Some((6, [2; 32])));
}

#[test]
fn what_was_committed_survives_a_process_that_ends_without_a_word() {
    let folder = Folder::new();
    let state = populated(&folder);
    let before = facts(&state);
    // Neither closed nor checkpointed: the other folder has what a crash leaves.
    let crashed = tempfile::tempdir().unwrap();
    for file in ["state.db", "state.db-wal"] {
        fs::copy(folder.path(file), crashed.path().join(file)).unwrap();
    }
    let restarted = State::open(crashed.path(), &folder.key, at(20)).unwrap();
    assert_eq!(facts(&restarted), before);
}

#[test]
fn a_first_start_that_was_cut_short_is_made_good() {
    let folder = Folder::new();
    fs::write(folder.path("state.db.new"), "half").unwrap();
    fs::write(folder.path("state.db.new-journal"), "half").unwrap();
    assert_eq!(folder.open().sequence(), Sequence(0));
}

#[test]
fn a_hundred_thousand_robots_open() {
    const ROBOTS: usize = 100_000;
    let folder = Folder::new();
    let state = folder.open();
    let transaction = state.transaction().unwrap();
    for number in 0..ROBOTS {
        rows::write_robot(&transaction, &state.0.rows, &robot_of(number)).unwrap();
    }
    rows::write_seal(&transaction, &state.0.rows, Sequence(1), None).unwrap();
    transaction.execute_batch("COMMIT").unwrap();
    drop(transaction);
    drop(state);
    let state = folder.open();
    assert_eq!(state.snapshot().robots().count(), ROBOTS);
    assert_eq!(state.snapshot().grants().iter().count(), ROBOTS);
    commit(&state, Change::RevokeRobot(name("robot-99999")), at(1));
    assert!(state.snapshot().key("000000099999").unwrap().revoked);
}

fn robot_of(number: usize) -> RobotEntry {
    let id = PrincipalId::new(&format!("r_{number}"));
    let key = RobotKey {
        id: format!("{number:0>12}").parse().unwrap(),
        robot: id.clone(),
        hash: [7; 32],
        created: second(0),
        expires: second(1000),
        revoked: false,
    };
    let grant = Grant {
        id: GrantId::new(&format!("g_{number}")),
        holder: id.clone(),
        pattern: "team/**".parse().unwrap(),
        actions: ActionSet::of(Group::Push),
        until: None,
        reason: None,
    };
    let robot = Robot { id, name: name(&format!("robot-{number}")), owner: "team".to_owned(), epoch: Epoch(3) };
    RobotEntry {
        robot: Arc::new(robot),
        enabled: true,
        deleted: None,
        purpose: String::new(),
        created: second(0),
        keys: vec![Arc::new(key)],
        grants: vec![Arc::new(grant)],
        grants_revision: 2,
    }
}
