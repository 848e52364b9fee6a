//! A test is ignored only where a command of ours runs it: `cargo xtask test` as root, or `cargo xtask soak`.

use crate::sources::{self, NEEDS_ROOT, SOAK, Test};

#[test]
fn every_ignored_test_is_run_by_a_command() {
    let lost: Vec<Test> = sources::tests().unwrap().into_iter().filter(is_lost).collect();
    assert!(lost.is_empty(), "say `{NEEDS_ROOT}: ...` or name it `{SOAK}...`: {lost:#?}");
}

fn is_lost(test: &Test) -> bool {
    test.ignored.as_deref().is_some_and(|reason| !reason.starts_with(NEEDS_ROOT)) && !test.name.starts_with(SOAK)
}

#[test]
fn a_lost_test_is_seen() {
    let test = |name: &str, reason: &str| Test { room: "gate".into(), name: name.into(), ignored: Some(reason.into()) };
    assert!(is_lost(&test("drains", "slow")));
    assert!(!is_lost(&test("soak_drains", "an hour")));
    assert!(!is_lost(&test("mounts", "needs root: mount")));
}
