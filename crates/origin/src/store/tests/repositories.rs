//! The list of repositories: what is shown, how it is paged, and that what is hidden shows in nothing.

use std::net::IpAddr;
use std::sync::Arc;

use policy::{
    ActionSet, Bound, Context, Epoch, Grant, GrantId, Permit, Policy, PolicyText, Principal, PrincipalId, Question,
    Robot, Settings,
};
use protocol::{Group, Page, Request};

use super::support::{Answer, Bench, Body, header, run, text};
use crate::error::StoreError;

const NAMES: [&str; 12] = ["a", "a-b", "a.b", "a/b", "a/b/c", "a/b-c", "a/secret/x", "a0", "b", "b/c", "c/d/e", "zz"];
const PULL_ALL: &str = "permit(principal, action == Pullgate::Action::\"read-blob\", resource);";
const HIDE: &str = "forbid(principal, action, resource in Pullgate::Namespace::\"a/secret\");
    forbid(principal, action, resource == Pullgate::Repository::\"b\");";

/// A permit to list, for a robot that may list and pull there.
fn permit(bench: &Bench, rules: &str, patterns: &[&str]) -> Permit {
    let settings = Settings { catalog: true, ..Settings::default() };
    let text = PolicyText { name: "test.cedar".to_owned(), text: rules.to_owned() };
    let policy = Policy::build(&settings, Vec::new(), &[text]).unwrap();
    let holder = PrincipalId::new("r1");
    let grant = |pattern: &&str| Grant {
        id: GrantId::new(pattern),
        holder: holder.clone(),
        pattern: pattern.parse().unwrap(),
        actions: ActionSet::of(Group::List),
        until: None,
        reason: None,
    };
    let grants = patterns.iter().map(grant).collect();
    let robot = Robot { id: holder.clone(), name: "ci".parse().unwrap(), owner: "test".to_owned(), epoch: Epoch(1) };
    let source: IpAddr = [192, 0, 2, 7].into();
    let context = Context::new(source);
    let request = Request::Catalog { page: Page::default() };
    let question = Question::new(Principal::Robot(Arc::new(robot)), Bound::Everything, request, context);
    policy.decide(&Arc::new(question), &grants, bench.now).unwrap()
}

fn ask(bench: &Bench, permit: &Permit, target: &str, body: &Body) -> Answer {
    let head = protocol::Head::new(http::Method::GET, target);
    let Request::Catalog { page } = Request::parse(&head).unwrap() else { panic!("{target}") };
    run(bench.store().list_repositories(&page, permit.visible().unwrap(), body))
}

/// Everything that a client sees of an answer.
fn seen(bench: &Bench, permit: &Permit, target: &str) -> (String, Option<String>) {
    let served = ask(bench, permit, target, &().into()).unwrap();
    assert_eq!((served.status, header(&served, "content-type").as_str()), (200, "application/json"));
    let link = served.headers.get("link").map(|link| link.to_str().unwrap().to_owned());
    (text(served), link)
}

fn stored(names: &[&str]) -> Bench {
    let bench = Bench::new();
    names.iter().for_each(|name| drop(bench.push(name, "layer")));
    bench
}

#[test]
fn names_are_paged_in_ascii_order() {
    let bench = stored(&NAMES);
    let everything = permit(&bench, "", &["**"]);
    let mut sorted = NAMES;
    sorted.sort_unstable();
    let all = serde_json::json!({ "repositories": sorted }).to_string();
    assert_eq!(seen(&bench, &everything, "/v2/_catalog"), (all.clone(), None));
    assert_eq!(seen(&bench, &everything, "/v2/_catalog?n=12"), (all, None));
    let first = seen(&bench, &everything, "/v2/_catalog?n=2");
    let next = r#"</v2/_catalog?n=2&last=a-b>; rel="next""#.to_owned();
    assert_eq!(first, (r#"{"repositories":["a","a-b"]}"#.to_owned(), Some(next)));
    let none = (r#"{"repositories":[]}"#.to_owned(), None);
    for target in ["/v2/_catalog?n=0", "/v2/_catalog?last=zz", "/v2/_catalog?last=zzz"] {
        assert_eq!(seen(&bench, &everything, target), none, "{target}");
    }
}

#[test]
fn a_repository_is_listed_while_something_is_in_it() {
    let bench = Bench::new();
    let everything = permit(&bench, "", &["**"]);
    let listed = || seen(&bench, &everything, "/v2/_catalog").0;
    bench.begin("a");
    assert_eq!(listed(), r#"{"repositories":[]}"#);
    let index = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
    bench.ask("PUT /v2/a/manifests/x", index).unwrap();
    let blob = bench.push("b", "layer");
    assert_eq!(listed(), r#"{"repositories":["a","b"]}"#);
    bench.ask(&format!("DELETE /v2/b/blobs/{blob}"), ()).unwrap();
    assert_eq!(listed(), r#"{"repositories":["a"]}"#);
}

#[test]
fn what_is_hidden_shows_in_nothing() {
    let bench = stored(&NAMES);
    for patterns in [&["**"][..], &["a/**"], &["a/b", "b/**", "a"], &["a/b/**", "a/**", "b", "none/**"], &["b"]] {
        let permit = permit(&bench, HIDE, patterns);
        let visible: Vec<&str> = NAMES.into_iter().filter(|name| is_visible(&permit, name)).collect();
        let bare = stored(&visible);
        for n in 0..=NAMES.len() {
            // A client may name any place to go on from, also one that it cannot see.
            for last in NAMES.iter().chain(&["", "a/a", "a/secret/y", "b/b"]) {
                let target = format!("/v2/_catalog?n={n}&last={last}");
                assert_eq!(seen(&bench, &permit, &target), seen(&bare, &permit, &target), "{patterns:?} {target}");
            }
        }
        let mut walked = Vec::new();
        let mut next = Some("/v2/_catalog?n=2".to_owned());
        while let Some(target) = next {
            let (body, link) = seen(&bench, &permit, &target);
            let page: serde_json::Value = serde_json::from_str(&body).unwrap();
            walked
                .extend(page["repositories"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()));
            next = link.map(|link| link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned());
        }
        let mut sorted = visible;
        sorted.sort_unstable();
        assert_eq!(walked, sorted, "{patterns:?}");
    }
}

fn is_visible(permit: &Permit, name: &str) -> bool {
    permit.visible().unwrap().shows(&name.parse().unwrap()).unwrap()
}

/// As many repositories as that, named `many/1` and so on.
fn fill(bench: &Bench, count: u32) {
    let digest = bench.push("seed", "layer");
    let rows = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO blob SELECT 'many/' || i, '{digest}' FROM n"
    );
    bench.store().database().execute_batch(&rows).unwrap();
}

#[test]
fn an_answer_has_at_most_a_thousand_names() {
    let bench = Bench::new();
    fill(&bench, 1001);
    let many = permit(&bench, "", &["many/**"]);
    for query in ["", "?n=1001", "?n=18446744073709551615"] {
        let (body, link) = seen(&bench, &many, &format!("/v2/_catalog{query}"));
        let page: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(page["repositories"].as_array().unwrap().len(), 1000, "{query}");
        assert_eq!(link.unwrap(), r#"</v2/_catalog?n=1000&last=many%2F998>; rel="next""#, "{query}");
    }
}

#[test]
fn what_nothing_could_allow_is_not_looked_at() {
    let bench = Bench::new();
    fill(&bench, 200_000);
    let seed = permit(&bench, "", &["seed"]);
    assert_eq!(seen(&bench, &seed, "/v2/_catalog").0, r#"{"repositories":["seed"]}"#);
}

#[test]
fn too_much_that_is_hidden_is_an_error_and_no_short_list() {
    let bench = Bench::with(crate::settings::Settings { keep_free: 0, looks_per_page: 50, ..Default::default() });
    fill(&bench, 50);
    let open = "permit(principal, action == Pullgate::Action::\"list-repositories\", resource)
        when { resource.name == \"seed\" };";
    let (open, all) = (permit(&bench, &format!("{PULL_ALL}\n{open}"), &[]), permit(&bench, "", &["**"]));
    let refused = ask(&bench, &open, "/v2/_catalog", &().into()).unwrap_err();
    assert!(matches!(ask(&bench, &all, "/v2/_catalog", &().into()), Err(StoreError::TooManyHidden { .. })));
    assert_eq!(ask(&bench, &all, "/v2/_catalog?n=49", &().into()).unwrap().status, 200);
    assert!(matches!(refused, StoreError::TooManyHidden { limit: 50 }));
    assert_eq!(refused.problem().status, 503);
}

#[test]
fn a_rule_that_cannot_be_evaluated_ends_the_list() {
    let bench = stored(&["a", "b"]);
    let broken =
        "forbid(principal, action, resource == Pullgate::Repository::\"b\") when { 9223372036854775807 + 1 > 0 };";
    let permit = permit(&bench, broken, &["**"]);
    let refused = ask(&bench, &permit, "/v2/_catalog", &().into()).unwrap_err();
    assert!(matches!(&refused, StoreError::Undecided(undecided) if undecided.repository.as_str() == "b"));
    assert_eq!(refused.problem().status, 503);
    assert!(!refused.problem().message.contains("`b`"));
}

#[test]
fn a_list_ends_when_what_it_rests_on_does() {
    let bench = stored(&["a"]);
    let everything = permit(&bench, "", &["**"]);
    let refused = ask(&bench, &everything, "/v2/_catalog", &Body::from(()).fallen()).unwrap_err();
    assert!(matches!(refused, StoreError::Revoked));
}
