use protocol::Route;

use super::*;
use crate::leaf::Leaf;
use crate::samples::*;

fn line(record: Record) -> Vec<u8> {
    Leaf::Decision(Box::new(record)).line().unwrap()
}

fn of(request: Request) -> Record {
    Record::of_permit(&permit(request), &circumstances())
}

/// Everything a client can send, as long and as hard to escape as it may be.
fn longest_circumstances() -> Circumstances {
    let quotes = Some("\"".repeat(1000));
    let mut longest = with_token();
    longest.user_agent.clone_from(&quotes);
    longest.host.clone_from(&quotes);
    longest.range.clone_from(&quotes);
    longest.method = "M".repeat(1000);
    if let Some(credential) = &mut longest.credential {
        credential.claimed_user = quotes;
    }
    longest
}

#[test]
fn a_line_is_at_most_16_kib_whatever_was_asked() {
    let name = |number: usize| format!("team/{number:0>250}");
    let names: Vec<String> = (0..32).map(name).collect();
    let refused: Vec<String> = names.iter().map(|name| name.replace("team", "tame")).collect();
    let mixed: Vec<String> = names[..16].iter().chain(&refused[16..]).cloned().collect();
    for scopes in [&names, &refused, &mixed] {
        let record = Record::of_permit(&permit(token(scopes)), &longest_circumstances());
        let request = record.request.as_ref().unwrap();
        assert_eq!(request.scopes_granted.as_ref().unwrap().len(), 32, "what a token carries is written");
        let asked = request.scopes_asked.as_ref().unwrap().len();
        assert_eq!(record.omitted.as_ref().unwrap().scopes, Some(32 - asked as u64));
        let length = line(record).len();
        assert!(length <= Leaf::MAX_BYTES, "{length}");
    }
    let tags: Vec<String> = (0..1000).map(|number| format!("{number:0>128}")).collect();
    let record = Record::of_permit(&permit(write_with_tags(&name(0), &tags)), &longest_circumstances());
    let granted = record.policy.as_ref().unwrap().granted.len();
    assert_eq!(record.omitted.as_ref().unwrap().accesses, Some(1001 - granted as u64));
    assert!(line(record).len() <= Leaf::MAX_BYTES);
}

#[test]
fn ten_tags_of_any_length_stand_in_the_record() {
    let tags: Vec<String> = (0..10).map(|number| format!("{number:0>128}")).collect();
    let record = of(write_with_tags(&format!("team/{:0>250}", 0), &tags));
    assert_eq!((record.policy.unwrap().granted.len(), record.omitted), (11, None));
}

#[test]
fn long_lists_are_cut_and_counted() {
    let mut omitted = None;
    let kept = keep(["aa", "bbbb", "c"].into_iter(), 9, &mut omitted);
    assert_eq!((kept, omitted), (vec!["aa", "c"], Some(1)));
    assert_eq!(keep(["aa"].into_iter(), 5, &mut omitted), ["aa"]);
    assert_eq!(omitted, Some(1));
}

#[test]
fn an_allow_names_who_what_and_why() {
    let record = of(request(Route::ReadManifest));
    assert_eq!((record.decision, record.reason.as_str()), (Some(Decision::Allow), "granted"));
    assert_eq!((record.action.as_deref(), record.route.as_deref()), (Some("read-manifest"), Some("read-manifest")));
    assert_eq!((record.repository.as_deref(), record.tag.as_deref()), (Some("team/app"), Some("v1")));
    assert_eq!((record.rules, record.status), (vec!["grant:gr_1".to_owned()], None));
    assert_eq!(record.principal.unwrap().name.as_deref(), Some("ci"));
    assert_eq!(record.time, "2027-01-15T08:00:00.000000Z");
    assert!(record.policy.unwrap().granted.is_empty());
}

#[test]
fn more_than_one_access_is_told_one_by_one() {
    let record = of(write_with_tags("team/app", &["v1".to_owned()]));
    let granted = record.policy.unwrap().granted;
    let actions: Vec<&str> = granted.iter().map(|access| access.action.as_str()).collect();
    assert_eq!((record.action.as_deref(), actions), (Some("write-manifest"), vec!["write-manifest", "create-tag"]));
}

#[test]
fn a_mount_without_its_source_is_narrowed() {
    let record = of(mount_from("other/app"));
    let policy = record.policy.unwrap();
    assert_eq!((record.reason.as_str(), policy.granted.len()), ("narrowed", 1));
    let missing = &policy.missing[0];
    assert_eq!((missing.action.as_str(), missing.repository.as_str()), ("mount-from", "other/app"));
    assert_eq!(record.request.unwrap().mount_from.as_deref(), Some("other/app"));
    assert_eq!(of(mount_from("base/app")).reason, "granted");
}

#[test]
fn a_token_tells_what_was_asked_and_what_was_granted() {
    let record = of(token(&["team/app".to_owned(), "base/app".to_owned(), "other/app".to_owned()]));
    let request = record.request.unwrap();
    assert_eq!((record.kind, record.reason.as_str(), record.action), (LeafKind::Token, "narrowed", None));
    assert_eq!(request.scopes_asked.unwrap()[2], "repository:other/app:pull,push,delete");
    let granted = ["repository:team/app:pull,push,delete", "repository:base/app:pull", "repository:other/app:"];
    assert_eq!(request.scopes_granted.unwrap(), granted);
}

#[test]
fn a_refusal_has_its_status_its_code_and_what_was_missing() {
    let elsewhere = Request::samples(Route::DeleteManifest, &repository("other/app")).swap_remove(0);
    let (problem, denial) = (problem(), decide(robot(), elsewhere.clone()).unwrap_err());
    let refused = Refused { denial: Some(&denial), ..strangers(&problem, Some(&elsewhere)) };
    let record = Record::of_refusal(&refused, &circumstances());
    assert_eq!((record.status, record.answer.unwrap().code.as_str()), (Some(401), "UNAUTHORIZED"));
    assert_eq!(record.action.as_deref(), Some("delete-tag"));
    assert_eq!(record.policy.unwrap().missing[0].tag.as_deref(), Some("v1"));
    let anonymous = PrincipalGroup { id: None, kind: "anonymous".to_owned(), name: None };
    assert_eq!(record.principal, Some(anonymous));
}

#[test]
fn what_did_not_parse_leaves_what_is_known() {
    let problem = problem();
    let refused = Refused { principal: None, ..strangers(&problem, None) };
    let record = Record::of_refusal(&refused, &circumstances());
    assert_eq!((record.route, record.action, record.repository, record.principal), (None, None, None, None));
    assert_eq!(record.user_agent.as_deref(), Some("docker/27"));
}

#[test]
fn text_from_outside_is_cut_and_cleaned() {
    assert_eq!(clean("a\nb\u{7f}\u{9b}", 100), "a\u{fffd}b\u{fffd}\u{fffd}");
    assert_eq!(clean("\u{e9}\u{e9}\u{e9}", 5), "\u{e9}\u{e9}");
    assert_eq!(clean(&"x".repeat(300), USER_AGENT_BYTES).len(), 256);
}

#[test]
fn a_secret_in_the_wrong_place_is_not_kept() {
    for secret in ["pgk_0123456789ab_0123", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"] {
        let mut circumstances = with_token();
        circumstances.user_agent = Some(format!("tool {secret}"));
        circumstances.credential.as_mut().unwrap().claimed_user = Some(secret.to_owned());
        let text = String::from_utf8(line(Record::of_permit(&permit(request(Route::Ping)), &circumstances))).unwrap();
        assert!(!text.contains(secret) && text.contains(r#""user":"(a secret)""#), "{text}");
    }
}

#[test]
fn every_route_has_its_record() {
    for route in Route::ALL {
        for request in Request::samples(route, &repository("team/app")) {
            let record = Record::of_permit(&permit(request.clone()), &circumstances());
            assert_eq!(record.route.as_deref(), Some(route.as_str()));
            let touches = !matches!(request.accesses(), Accesses::Identity | Accesses::Scopes(_));
            let names = touches && route != Route::ListRepositories;
            assert_eq!((record.action.is_some(), record.repository.is_some()), (touches, names), "{request:?}");
        }
    }
}
