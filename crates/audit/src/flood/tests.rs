use policy::Principal;
use protocol::{Problem, Route};

use super::*;
use crate::leaf::Leaf;
use crate::samples::*;

fn from(source: impl Into<IpAddr>) -> Circumstances {
    Circumstances { source: source.into(), ..circumstances() }
}

fn at(seconds: u64) -> Circumstances {
    Circumstances { received: later(seconds).wall, ..circumstances() }
}

/// Admits so many refusals for no credential; says how many stand in full.
fn admit(floods: &mut Floods, times: usize, circumstances: &Circumstances) -> usize {
    let (problem, request) = (problem(), request(Route::ReadBlob));
    let refused = strangers(&problem, Some(&request));
    (0..times).filter(|_| floods.admit(&refused, circumstances)).count()
}

fn ended(mut floods: Floods) -> Vec<Flood> {
    floods.end(now().wall);
    floods.take()
}

#[test]
fn twenty_stand_in_full_and_the_rest_is_one_leaf() {
    let mut floods = Floods::default();
    assert_eq!(admit(&mut floods, 20, &at(0)), 20);
    assert_eq!(admit(&mut floods, 1, &at(1)), 0);
    assert_eq!(admit(&mut floods, 4, &at(3)), 0);
    let [flood] = ended(floods).try_into().unwrap();
    assert_eq!((flood.count, flood.source.as_deref(), flood.decision), (5, Some("192.0.2.7"), Decision::Deny));
    assert_eq!((flood.reason.as_str(), flood.names), ("no_credential", vec!["team/app".to_owned()]));
    assert_eq!((flood.first, flood.last), (micros(later(1).wall), micros(later(3).wall)));
}

#[test]
fn each_source_has_its_twenty_and_its_leaf() {
    let mut floods = Floods::default();
    let same = ["2001:db8::1", "2001:db8::2"].map(|address| from(address.parse::<IpAddr>().unwrap()));
    assert_eq!(admit(&mut floods, 19, &same[0]) + admit(&mut floods, 19, &same[1]), 20);
    let other = from("2001:db8:0:1::1".parse::<IpAddr>().unwrap());
    assert_eq!(admit(&mut floods, 21, &other), 20);
    let mapped = ["::ffff:192.0.2.7", "192.0.2.7"].map(|address| from(address.parse::<IpAddr>().unwrap()));
    assert_eq!(admit(&mut floods, 19, &mapped[0]) + admit(&mut floods, 19, &mapped[1]), 20);
    let mut found: Vec<_> = ended(floods).into_iter().map(|flood| (flood.source.unwrap(), flood.count)).collect();
    found.sort();
    let expected = [("192.0.2.7", 18), ("2001:db8:0:1::/64", 1), ("2001:db8::/64", 18)];
    assert_eq!(found, expected.map(|(source, count)| (source.to_owned(), count)));
}

#[test]
fn each_reason_has_its_leaf_and_all_share_the_twenty() {
    let (mut floods, problem) = (Floods::default(), problem());
    for reason in [Reason::NO_CREDENTIAL, Reason::UNPARSABLE, Reason::UNKNOWN_CREDENTIAL] {
        let refused = Refused { reason, ..strangers(&problem, None) };
        let in_full = (0..15).filter(|_| floods.admit(&refused, &circumstances())).count();
        assert!(in_full == 15 || reason != Reason::NO_CREDENTIAL);
    }
    let mut found: Vec<_> = ended(floods).into_iter().map(|flood| (flood.reason, flood.count)).collect();
    found.sort();
    assert_eq!(found, [("unknown_credential".to_owned(), 15), ("unparsable".to_owned(), 10)]);
}

#[test]
fn a_leaf_keeps_a_hundred_distinct_names_and_stays_short() {
    for (length, kept) in [(20, 100), (255, 48)] {
        let (mut floods, problem) = (Floods::default(), problem());
        for number in (0..121).chain(0..121) {
            let name = format!("{number:0>length$}");
            let request = Request::samples(Route::ReadBlob, &repository(&name)).swap_remove(0);
            floods.admit(&strangers(&problem, Some(&request)), &circumstances());
        }
        let [flood] = ended(floods).try_into().unwrap();
        assert_eq!((flood.count, flood.names.len()), (222, kept));
        assert!(Leaf::Flood(flood).line().unwrap().len() <= Leaf::MAX_BYTES);
    }
}

#[test]
fn memory_is_bounded_whoever_comes() {
    let (mut floods, problem) = (Floods::default(), problem());
    let request = request(Route::ReadBlob);
    let refused = strangers(&problem, Some(&request));
    let in_full = (0..100_000_u32).filter(|source| floods.admit(&refused, &from(source.to_be_bytes()))).count();
    assert_eq!((in_full, floods.sources.len(), floods.summed.len()), (SOURCES, SOURCES, 1));
    let [flood] = ended(floods).try_into().unwrap();
    assert_eq!((flood.count, flood.source), (90_000, None));
}

#[test]
fn names_are_bounded_over_all_sources() {
    let (mut floods, problem) = (Floods::default(), problem());
    for source in 0..300_u32 {
        for number in 0..120 {
            let request = Request::samples(Route::ListTags, &repository(&format!("n{number}"))).swap_remove(0);
            floods.admit(&strangers(&problem, Some(&request)), &from(source.to_be_bytes()));
        }
    }
    let floods = ended(floods);
    assert_eq!(floods.len(), 300);
    assert_eq!(floods.iter().map(|flood| flood.names.len()).sum::<usize>(), ALL_NAMES);
}

#[test]
fn a_new_minute_gives_a_new_twenty_and_hands_out_the_last() {
    let mut floods = Floods::default();
    assert_eq!(admit(&mut floods, 30, &at(0)), 20);
    floods.turn(later(59).wall);
    assert!(floods.take().is_empty());
    assert_eq!(admit(&mut floods, 30, &at(60)), 20);
    // It began before the minute ended and comes after it: no third twenty.
    assert_eq!(admit(&mut floods, 30, &at(59)), 0);
    let [flood] = floods.take().try_into().unwrap();
    assert_eq!((flood.count, flood.time), (10, micros(later(60).wall)));
    floods.turn(later(120).wall);
    assert_eq!(floods.take().iter().map(|flood| flood.count).collect::<Vec<_>>(), [40]);
}

#[test]
fn a_minute_goes_on_while_the_last_one_cannot_be_written() {
    let mut floods = Floods::default();
    admit(&mut floods, 21, &at(0));
    floods.turn(later(60).wall);
    let unwritten = floods.take();
    floods.give_back(unwritten);
    admit(&mut floods, 21, &at(60));
    for minute in 2..100 {
        assert_eq!(admit(&mut floods, 1, &at(60 * minute)), 0);
    }
    assert_eq!(floods.take().len(), 1);
    floods.turn(later(6000).wall);
    assert_eq!(floods.take().iter().map(|flood| flood.count).collect::<Vec<_>>(), [99]);
}

#[test]
fn only_strangers_are_summed() {
    let (problem, robot) = (Problem::new(403, protocol::ErrorCode::Denied, "access denied"), robot());
    let anonymous = strangers(&problem, None);
    for (decision, principal, summed) in [
        (Decision::Deny, Some(&Principal::Anonymous), true),
        (Decision::Deny, Some(&robot), false),
        (Decision::Unidentified, None, true),
        (Decision::Unidentified, Some(&robot), false),
        (Decision::Malformed, None, true),
        (Decision::Broken, Some(&Principal::Anonymous), false),
    ] {
        let refused = Refused { decision, principal, ..anonymous };
        assert_eq!(refused.is_of_a_stranger(), summed, "{decision:?} {principal:?}");
    }
}
