//! What is remembered of verified tokens, and for how long.

use super::*;

#[test]
fn good_tokens_until_they_end() {
    let world = World::new();
    let (verifier, snapshot) = (verifier(&world), world.state.snapshot());
    let token = world.token(at(0));
    for second in [1, 2, 299] {
        assert!(verifier.verify(&token, snapshot.key_ring(), at(second)).is_some());
        assert_eq!(verifier.remembered(), 1);
    }
    let ended = verifier.verify(&token, snapshot.key_ring(), at(300)).unwrap();
    assert_eq!(ended.in_time(at(300)), Err(Cause::ExpiredToken));
    assert_eq!(verifier.remembered(), 0);
    verifier.verify(&token, snapshot.key_ring(), at(300)).unwrap();
    assert_eq!(verifier.remembered(), 0, "what has ended does not come back");
}

#[test]
fn the_same_answer_from_memory() {
    let world = World::new();
    let (verifier, snapshot) = (verifier(&world), world.state.snapshot());
    let token = world.token(at(0));
    let [first, second] = [1, 2].map(|second| verifier.verify(&token, snapshot.key_ring(), at(second)).unwrap());
    assert!(std::sync::Arc::ptr_eq(&first, &second));
    assert_eq!(*first.scopes, *scopes());
    assert_eq!(first.issued_by, ("example/one".to_owned(), 7));
    let mut changed = token.into_bytes();
    *changed.last_mut().unwrap() ^= 1;
    assert!(verifier.verify(std::str::from_utf8(&changed).unwrap(), snapshot.key_ring(), at(2)).is_none());
}

#[test]
fn refused_tokens_are_not() {
    let world = World::new();
    let (verifier, snapshot) = (verifier(&world), world.state.snapshot());
    for bad in ["a.b.c", &crate::fixture::foreign_token(), &world.resign("{}")] {
        assert!(verifier.verify(bad, snapshot.key_ring(), at(1)).is_none());
    }
    let early = world.token(at(1000));
    assert!(verifier.verify(&early, snapshot.key_ring(), at(1)).is_some());
    assert_eq!(verifier.remembered(), 0);
}

#[test]
fn another_ring_begins_with_nothing() {
    let (world, other) = (World::new(), World::new());
    let (ours, theirs) = (world.state.snapshot(), other.state.snapshot());
    let verifier = verifier(&world);
    let token = world.token(at(0));
    assert!(verifier.verify(&token, ours.key_ring(), at(1)).is_some());
    assert!(verifier.verify(&token, theirs.key_ring(), at(1)).is_none(), "its key is not in the ring any more");
    assert_eq!(verifier.remembered(), 0);
    assert!(verifier.verify(&other.token(at(0)), theirs.key_ring(), at(1)).is_some());
    assert!(verifier.verify(&token, ours.key_ring(), at(1)).is_some());
}

#[test]
fn no_more_than_fits() {
    let world = World::new();
    let (verifier, snapshot) = (verifier(&world), world.state.snapshot());
    let principal = world.principal();
    let scope = |number: u32| Scope::pull(&format!("{number:0>255}").parse::<Repository>().unwrap());
    let scopes: Vec<Scope> = (0..32).map(scope).collect();
    let (mut bytes, mut tokens) = (0, 0);
    while bytes < 20 * 1024 * 1024 {
        let token = world.issuer.sign(&world.grounds(&principal, &scopes), at(0)).unwrap();
        assert!(verifier.verify(&token, snapshot.key_ring(), at(1)).is_some());
        (bytes, tokens) = (bytes + token.len(), tokens + 1);
    }
    let kept = verifier.remembered();
    assert!((1..=16 * 1024 * 1024 * tokens / bytes).contains(&kept), "{kept} of {tokens}");
}
