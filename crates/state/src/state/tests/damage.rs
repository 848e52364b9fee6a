//! A state that is not what was written refuses to open, and says where.

use std::fs;

use super::*;

/// Two robots with a key and a grant each, a revoked token, a checkpoint; closed.
fn folder() -> Folder {
    let folder = Folder::new();
    let state = folder.open();
    commit(&state, create(&state, "ci", "one"), at(1));
    commit(&state, create(&state, "cd", "two"), at(2));
    commit(&state, Change::RevokeToken { jti: "token".to_owned(), expires: second(10_000) }, at(3));
    state.store_checkpoint(3, [9; 32]).unwrap();
    drop(state);
    folder
}

fn id_of(folder: &Folder, robot: &str) -> String {
    super::robot(&folder.open(), robot).robot.id.to_string()
}

#[track_caller]
fn assert_refused(folder: &Folder, expected: &str) {
    let error = folder.try_open(at(10)).unwrap_err();
    let words = words(&error);
    assert!(words.starts_with(&format!("cannot open `{}`: ", folder.path("state.db").display())), "{words}");
    assert!(words.contains(expected), "{words}");
}

#[test]
fn every_changed_cell_names_its_row() {
    let changes = [
        "UPDATE robot SET name = 'cx' WHERE name = 'ci'",
        "UPDATE robot SET owner = 'me' WHERE name = 'ci'",
        "UPDATE robot SET purpose = '' WHERE name = 'ci'",
        "UPDATE robot SET created = '2020-01-01T00:00:00Z' WHERE name = 'ci'",
        "UPDATE robot SET deleted = '2020-01-01T00:00:00Z' WHERE name = 'ci'",
        "UPDATE robot SET enabled = 0 WHERE name = 'ci'",
        "UPDATE robot SET epoch = 7 WHERE name = 'ci'",
        "UPDATE robot SET grants_revision = 7 WHERE name = 'ci'",
        "UPDATE robot SET mac = zeroblob(32) WHERE name = 'ci'",
        "UPDATE robot_key SET id = 'abcdefghijkl' WHERE id = '000000000one'",
        "UPDATE robot_key SET hash = zeroblob(32) WHERE id = '000000000one'",
        "UPDATE robot_key SET created = '2020-01-01T00:00:00Z' WHERE id = '000000000one'",
        "UPDATE robot_key SET expires = '2099-01-01T00:00:00Z' WHERE id = '000000000one'",
        "UPDATE robot_key SET revoked = 1 WHERE id = '000000000one'",
        "UPDATE robot_grant SET id = 'g_other' WHERE robot = (SELECT id FROM robot WHERE name = 'ci')",
        "UPDATE robot_grant SET pattern = '**' WHERE robot = (SELECT id FROM robot WHERE name = 'ci')",
        "UPDATE robot_grant SET actions = 'write-blob' WHERE robot = (SELECT id FROM robot WHERE name = 'ci')",
        "UPDATE robot_grant SET until = '2099-01-01T00:00:00Z' WHERE robot = (SELECT id FROM robot WHERE name = 'ci')",
        "UPDATE robot_grant SET reason = NULL WHERE robot = (SELECT id FROM robot WHERE name = 'ci')",
        "DELETE FROM robot_key WHERE id = '000000000one'",
        "DELETE FROM robot_grant WHERE robot = (SELECT id FROM robot WHERE name = 'ci')",
        "INSERT INTO robot_key SELECT robot, 1, 'abcdefghijkl', hash, created, expires, 0 FROM robot_key
            WHERE id = '000000000one'",
        "UPDATE robot_key SET robot = (SELECT id FROM robot WHERE name = 'ci'), place = 1 WHERE id = '000000000two'",
    ];
    for change in changes {
        let folder = folder();
        let id = id_of(&folder, "ci");
        folder.sql(change);
        let error = words(&folder.try_open(at(10)).unwrap_err());
        // What was moved away from the second robot may be found missing there first.
        let other = change.contains("000000000two");
        assert!(error.contains(&format!("row `{id}` of table `robot`")) || other, "{change}: {error}");
        assert!(error.contains("of table `robot`"), "{change}: {error}");
    }
}

#[test]
fn cells_that_do_not_parse_are_named() {
    for (change, expected) in [
        ("UPDATE robot SET name = 'CI' WHERE name = 'ci'", "of table `robot`: `name` is unreadable"),
        ("UPDATE robot SET epoch = -1 WHERE name = 'ci'", "of table `robot`: `epoch` is unreadable"),
        ("UPDATE robot SET created = 'now' WHERE name = 'ci'", "of table `robot`: `created` is unreadable"),
        ("UPDATE robot SET mac = x'00'", "of table `robot`: `mac` is unreadable"),
        (
            "UPDATE robot_key SET hash = x'00' WHERE id = '000000000one'",
            "row `000000000one` of table `robot_key`: `hash`",
        ),
        ("UPDATE robot_grant SET actions = 'all'", "of table `robot_grant`: `actions` is unreadable"),
        ("UPDATE robot_grant SET pattern = '*'", "of table `robot_grant`: `pattern` is unreadable"),
        ("UPDATE revoked_token SET expires = ''", "row `token` of table `revoked_token`: `expires` is unreadable"),
    ] {
        let folder = folder();
        folder.sql(change);
        assert_refused(&folder, expected);
    }
}

#[test]
fn whole_robots_revocations_and_rings_cannot_come_or_go() {
    for change in [
        "DELETE FROM robot_key WHERE id = '000000000one';
         DELETE FROM robot_grant WHERE robot = (SELECT id FROM robot WHERE name = 'ci');
         DELETE FROM robot WHERE name = 'ci'",
        "DELETE FROM revoked_token",
        "UPDATE revoked_token SET expires = '2026-01-01T00:00:00Z'",
        "INSERT INTO revoked_token VALUES ('other', '2099-01-01T00:00:00Z')",
        "UPDATE state SET sequence = 9",
        "UPDATE state SET all_before = '2020-01-01T00:00:00Z'",
        "UPDATE state SET seal = zeroblob(32)",
    ] {
        let folder = folder();
        folder.sql(change);
        assert_refused(&folder, "row `1` of table `state`");
    }
}

#[test]
fn rows_that_are_gone_are_named() {
    for (change, expected) in [
        ("DELETE FROM robot WHERE name = 'ci'", "row `000000000one` of table `robot_key` belongs to robot"),
        ("DELETE FROM robot_key; DELETE FROM robot WHERE name = 'ci'", "of table `robot_grant` belongs to robot"),
        ("DELETE FROM key_ring", "row `1` of table `key_ring` is missing"),
        ("DELETE FROM state", "row `1` of table `state` is missing"),
        ("DELETE FROM checkpoint", "row `1` of table `checkpoint` is missing"),
        ("UPDATE checkpoint SET size = 2", "row `1` of table `checkpoint`, or"),
        ("UPDATE checkpoint SET root = zeroblob(32)", "row `1` of table `checkpoint`, or"),
        ("UPDATE key_ring SET sealed = zeroblob(300)", "row `1` of table `key_ring` does not open"),
    ] {
        let folder = folder();
        folder.sql(change);
        assert_refused(&folder, expected);
    }
}

#[test]
fn rows_of_two_robots_cannot_be_swapped() {
    for change in [
        "UPDATE robot SET name = CASE name WHEN 'ci' THEN 'cd' ELSE 'ci' END",
        "UPDATE robot_key SET place = 1 WHERE id = '000000000one';
         UPDATE robot_key SET robot = (SELECT id FROM robot WHERE robot.id <> robot_key.robot)",
        "UPDATE robot SET mac = (SELECT other.mac FROM robot AS other WHERE other.id <> robot.id)",
    ] {
        let folder = folder();
        folder.sql(change);
        assert_refused(&folder, "of table `robot`, or a row that belongs to it");
    }
}

#[test]
fn rows_from_before_a_revocation_cannot_be_put_back() {
    let folder = folder();
    folder.sql(
        "CREATE TABLE old_robot AS SELECT * FROM robot; CREATE TABLE old_key AS SELECT * FROM robot_key;
         CREATE TABLE old_ring AS SELECT * FROM key_ring; CREATE TABLE old_state AS SELECT * FROM state",
    );
    commit(&folder.open(), Change::RevokeRobot(name("ci")), at(4));
    folder.sql("REPLACE INTO robot SELECT * FROM old_robot; REPLACE INTO robot_key SELECT * FROM old_key");
    assert_refused(&folder, "row `1` of table `state`: since sequence 4");
    // With the row of the state as well it is a whole older state: its sequence tells, beside the journal.
    folder.sql("REPLACE INTO state SELECT * FROM old_state");
    assert_eq!(folder.open().sequence(), Sequence(3));
}

#[test]
fn a_ring_of_the_same_key_from_elsewhere_is_refused() {
    let folder = folder();
    let other = tempfile::tempdir().unwrap();
    drop(State::open(other.path(), &folder.key, at(0)).unwrap());
    folder.sql(&format!(
        "ATTACH '{}' AS other; DELETE FROM key_ring; INSERT INTO key_ring SELECT * FROM other.key_ring",
        other.path().join("state.db").display()
    ));
    assert_refused(&folder, "row `1` of table `state`");
}

#[test]
fn another_secret_key_opens_nothing() {
    let folder = folder();
    let other = Folder::new();
    let error = State::open(folder.temporary.path(), &other.key, at(10)).unwrap_err();
    assert!(words(&error).contains("does not open with this `secret.key`"));
}

#[test]
fn a_state_whose_secret_key_is_gone_gets_no_new_one() {
    let folder = folder();
    let path = folder.path("secret.key");
    fs::remove_file(&path).unwrap();
    let may_create = !State::exists(folder.temporary.path());
    let error = SecretKey::load_or_create(&path, may_create).unwrap_err();
    assert!(error.to_string().starts_with(&format!("`{}` is missing", path.display())));
    assert!(!path.exists());
}

#[test]
fn other_schemas_are_refused() {
    for (change, expected) in [
        ("PRAGMA user_version = 2", "it has schema version 2; this program knows versions 1 to 1"),
        ("PRAGMA user_version = 0", "it has schema version 0"),
        ("PRAGMA user_version = -1", "it has schema version -1"),
        ("UPDATE migration SET checksum = x'00'", "migration 1 is not the one that this program knows"),
        ("DELETE FROM migration", "migration 1 is not the one that this program knows"),
    ] {
        let folder = folder();
        folder.sql(change);
        assert_refused(&folder, expected);
    }
}

#[test]
fn what_is_left_of_a_database_is_not_a_new_one() {
    let folder = folder();
    fs::write(folder.path("state.db"), "").unwrap();
    assert_refused(&folder, "it has schema version 0");
    fs::write(folder.path("state.db"), "this was a database once").unwrap();
    assert_refused(&folder, "the database gave an error");
    fs::remove_file(folder.path("state.db")).unwrap();
    fs::write(folder.path("state.db-wal"), "").unwrap();
    assert!(State::exists(folder.temporary.path()));
    assert_refused(&folder, "state.db-wal` is there, but the database that it belongs to is not");
}

#[test]
fn a_changed_byte_is_refused_or_changes_nothing() {
    let folder = folder();
    let before = facts(&folder.open());
    let file = fs::read(folder.path("state.db")).unwrap();
    let copy = tempfile::tempdir().unwrap();
    // Bytes that hold something, and some of the many that hold nothing.
    let (held, empty): (Vec<usize>, Vec<usize>) = (0..file.len()).partition(|place| file[*place] != 0);
    let places: Vec<usize> = held.into_iter().step_by(5).chain(empty.into_iter().step_by(211)).collect();
    let mut refusals = 0;
    for place in &places {
        let mut changed = file.clone();
        changed[*place] ^= 1 << (place % 8);
        for left in ["state.db-wal", "state.db-shm"] {
            let _ = fs::remove_file(copy.path().join(left));
        }
        fs::write(copy.path().join("state.db"), changed).unwrap();
        match State::open(copy.path(), &folder.key, at(10)) {
            Ok(state) => assert_eq!(facts(&state), before, "byte {place}"),
            Err(error) => {
                assert!(matches!(error, StateError::Open { .. }), "byte {place}: {error:?}");
                refusals += 1;
            }
        }
    }
    assert!(refusals > places.len() / 2, "{refusals} of {}", places.len());
}
