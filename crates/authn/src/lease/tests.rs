//! Every way in which a lease ends, and what does not end it.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use policy::Principal;
use state::Change;

use super::*;
use crate::fixture::{KEY_LIFE, MANIFEST, World, at, head};
use crate::robot_key::RobotKeyText;

fn name() -> policy::PrincipalName {
    "ci".parse().unwrap()
}

fn jti(world: &World, token: &str) -> String {
    world.show(token, at(1)).unwrap().credential.id.unwrap()
}

/// A robot by its key, by a token, and nobody by a token; what each comes to after the change.
fn after(change: impl Fn(&World, &str, &str) -> Change) -> [Result<(), LeaseEnded>; 3] {
    let world = World::new();
    let (token, nobody) = (world.token(at(0)), world.token_of(&Principal::Anonymous, at(0)));
    let leases = [world.key.expose(), &token, &nobody].map(|shown| world.show(shown, at(1)).unwrap().lease);
    assert!(leases.iter().all(|lease| lease.still_standing().is_ok()));
    world.change(change(&world, &jti(&world, &token), &jti(&world, &nobody)), at(2));
    leases.map(|lease| lease.still_standing())
}

#[test]
fn revoking_a_robot_ends_what_it_holds() {
    let ended = after(|_, _, _| Change::RevokeRobot(name()));
    assert_eq!(ended, [Err(LeaseEnded::Key), Err(LeaseEnded::Key), Ok(())]);
}

#[test]
fn revoking_a_key_ends_it_and_its_tokens() {
    let ended = after(|world, _, _| Change::RevokeKey(world.key.id().parse().unwrap()));
    assert_eq!(ended, [Err(LeaseEnded::Key), Err(LeaseEnded::Key), Ok(())]);
}

#[test]
fn disabling_and_deleting() {
    let ended = after(|_, _, _| Change::DisableRobot(name()));
    assert_eq!(ended, [Err(LeaseEnded::Disabled), Err(LeaseEnded::Disabled), Ok(())]);
    let ended = after(|_, _, _| Change::DeleteRobot(name()));
    assert_eq!(ended, [Err(LeaseEnded::Deleted), Err(LeaseEnded::Deleted), Ok(())]);
}

#[test]
fn revoking_a_token_ends_that_token() {
    let revoke = |jti: &str| Change::RevokeToken { jti: jti.to_owned(), expires: at(300).wall };
    assert_eq!(after(|_, robots, _| revoke(robots)), [Ok(()), Err(LeaseEnded::Token), Ok(())]);
    assert_eq!(after(|_, _, nobodys| revoke(nobodys)), [Ok(()), Ok(()), Err(LeaseEnded::Token)]);
}

#[test]
fn all_before_ends_what_is_older() {
    let ended = after(|_, _, _| Change::RevokeAllBefore(at(2).wall));
    assert_eq!(ended, [Err(LeaseEnded::Key), Err(LeaseEnded::Key), Err(LeaseEnded::Token)]);
    // The moment is before everything; the epochs move all the same, and with them what robots hold.
    let ended = after(|_, _, _| Change::RevokeAllBefore(at(-10).wall));
    assert_eq!(ended, [Err(LeaseEnded::Epoch), Err(LeaseEnded::Epoch), Ok(())]);
}

#[test]
fn a_token_of_the_very_second_of_all_before() {
    let world = World::new();
    let old = world.token_of(&Principal::Anonymous, at(5));
    let half = jiff::Timestamp::from_millisecond(at(5).wall.as_millisecond() + 500).unwrap();
    world.change(Change::RevokeAllBefore(half), at(6));
    // A new key for the robot, and a token of the same second, after the moment.
    let key = RobotKeyText::generate().unwrap();
    world.change(Change::RotateKey { robot: name(), key: world.kept(&key) }, at(6));
    let principal = world.principal();
    let grounds = crate::token::Grounds { key: Some(key.id()), ..world.grounds(&principal, &[]) };
    let new = world.issuer.sign(&grounds, at(5)).unwrap();
    assert!(world.show(&new, at(6)).is_ok(), "its epoch tells that it came later");
    assert!(world.show(&old, at(6)).is_err(), "nothing tells whether it came later");
    assert!(world.show(&world.token_of(&Principal::Anonymous, at(6)), at(6)).is_ok());
}

#[test]
fn what_does_not_end_it() {
    for change in
        [Change::EnableRobot(name()), Change::RevokeToken { jti: "another".to_owned(), expires: at(300).wall }]
    {
        assert_eq!(after(|_, _, _| change.clone()), [Ok(()), Ok(()), Ok(())], "{change:?}");
    }
    let rotated = after(|world, _, _| {
        let key = world.kept(&RobotKeyText::generate().unwrap());
        Change::RotateKey { robot: name(), key }
    });
    assert_eq!(rotated, [Ok(()), Ok(()), Ok(())]);
}

#[test]
fn enabled_again_it_stands_again() {
    let world = World::new();
    let lease = world.show(world.key.expose(), at(1)).unwrap().lease;
    world.change(Change::DisableRobot(name()), at(2));
    assert_eq!(lease.still_standing(), Err(LeaseEnded::Disabled));
    world.change(Change::EnableRobot(name()), at(3));
    assert_eq!(lease.still_standing(), Ok(()));
}

#[test]
fn expiry_refuses_the_next_request_and_cuts_nothing() {
    let world = World::new();
    let (token, last) = (world.token(at(0)), world.token(at(KEY_LIFE - 1)));
    // A key that ends, a token that ends, and a token whose key ends.
    for (shown, end) in [(world.key.expose(), KEY_LIFE), (&token, 300), (&last, KEY_LIFE)] {
        let lease = world.show(shown, at(end - 1)).unwrap().lease;
        assert!(world.show(shown, at(end)).is_err());
        assert_eq!(lease.still_standing(), Ok(()));
    }
}

#[test]
fn nobody_rests_on_nothing() {
    let world = World::new();
    let lease = world.identify(&head(MANIFEST, &[]), at(1)).unwrap().lease;
    for change in [Change::RevokeAllBefore(at(2).wall), Change::DeleteRobot(name())] {
        world.change(change, at(2));
        assert_eq!(lease.still_standing(), Ok(()));
    }
}

#[test]
fn a_key_of_somebody_else_holds_nothing() {
    let world = World::new();
    let others = RobotKeyText::generate().unwrap();
    world.create("other", &others, at(0));
    let robot = world.robot().robot.clone();
    let stands = |key: &str| {
        let holder = Holder { robot: robot.id.clone(), epoch: robot.epoch, key: key.parse().unwrap() };
        Rests { holder: Some(holder), token: None }.stand(&world.state.snapshot())
    };
    assert_eq!(stands(world.key.id()), Ok(()));
    assert_eq!(stands(others.id()), Err(LeaseEnded::Key));
    assert_eq!(stands("000000000000"), Err(LeaseEnded::Key));
}

#[test]
fn wakes_at_every_change() {
    let world = World::new();
    let mut lease = world.show(world.key.expose(), at(1)).unwrap().lease;
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..3 {
        let mut changed = pin!(lease.changed());
        assert_eq!(changed.as_mut().poll(&mut context), Poll::Pending);
        world.change(Change::EnableRobot(name()), at(2));
        assert_eq!(changed.as_mut().poll(&mut context), Poll::Ready(()));
    }
    assert_eq!(lease.still_standing(), Ok(()), "woken, and untouched");
}
