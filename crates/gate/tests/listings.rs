//! Lists over the wire: the catalog as far as somebody may see it, referrers, and where both go on.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like a test")]
#![allow(dead_code, reason = "each file of tests uses a part of the house")]

mod house;

use house::{House, Robot};
use protocol::Group;
use serde_json::{Value, json};
use state::Change;
use testkit::http::Response;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const SUBJECT: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// Pushes an index that refers to the subject; the name makes it one of its own.
fn push(house: &House, robot: &Robot, repository: &str, name: &str) {
    let manifest = json!({
        "schemaVersion": 2, "mediaType": INDEX, "manifests": [], "artifactType": "application/x",
        "subject": { "mediaType": INDEX, "digest": SUBJECT, "size": 2 }, "annotations": { "name": name },
    });
    let target = format!("/v2/{repository}/manifests/{name}");
    let stored = house.ask_as(robot, "PUT", &target, manifest.to_string().as_bytes());
    assert_eq!((stored.head.status, stored.head.header("oci-subject")), (201, Some(SUBJECT)));
}

fn body(answer: &Response) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// A house with four repositories, and a rule of its owner's.
fn stocked(rule: &str) -> House {
    let house = House::open();
    let owner = Robot::called("owner").may(&[Group::Push], "**").live_in(&house);
    for repository in ["other/app", "team/app", "team/hidden/app", "team/web"] {
        push(&house, &owner, repository, "v1");
    }
    house.rule(Vec::new(), rule);
    house
}

fn catalog(house: &House, robot: &Robot) -> Value {
    body(&house.ask_as(robot, "GET", "/v2/_catalog", b"")).get("repositories").unwrap().clone()
}

#[test]
fn the_catalog_holds_what_may_be_seen_and_goes_on_from_what_was_seen() {
    let house = stocked("forbid(principal, action, resource in Pullgate::Namespace::\"team/hidden\");");
    let robot = Robot::called("ci").may(&[Group::List], "team/**").live_in(&house);
    let first = house.ask_as(&robot, "GET", "/v2/_catalog?n=1", b"");
    assert_eq!(body(&first), json!({ "repositories": ["team/app"] }));
    assert_eq!(first.head.header("link"), Some(r#"</v2/_catalog?n=1&last=team%2Fapp>; rel="next""#));
    let second = house.ask_as(&robot, "GET", "/v2/_catalog?n=1&last=team%2Fapp", b"");
    assert_eq!((body(&second), second.head.header("link")), (json!({ "repositories": ["team/web"] }), None));
    for unseen in ["team/hidden/app", "team/nothing"] {
        let answer = house.ask_as(&robot, "GET", &format!("/v2/_catalog?last={unseen}"), b"");
        assert_eq!(body(&answer), json!({ "repositories": ["team/web"] }), "{unseen}");
    }
    let all = Robot::called("all").may(&[Group::List], "**").live_in(&house);
    assert_eq!(catalog(&house, &all), json!(["other/app", "team/app", "team/web"]));
}

#[test]
fn a_token_for_the_catalog_reads_the_catalog() {
    let house = stocked("");
    let robot = Robot::called("ci").may(&[Group::List], "team/**").live_in(&house);
    let listed = |scope: &str| {
        let bearer = format!("Bearer {}", house.token(Some(&robot), &[scope]));
        house.ask("GET", "/v2/_catalog", &[("Authorization", &bearer)], b"")
    };
    assert_eq!(body(&listed("registry:catalog:*"))["repositories"], json!(["team/app", "team/hidden/app", "team/web"]));
    let narrow = listed("repository:team/app:pull");
    assert_eq!(narrow.head.status, 401);
    assert!(narrow.head.header("www-authenticate").unwrap().ends_with(r#"error="insufficient_scope""#));
    house.change(Change::RevokeRobot("ci".parse().unwrap()));
    assert_eq!(house.ask_as(&robot, "GET", "/v2/_catalog", b"").head.status, 401);
}

#[test]
fn a_list_that_cannot_be_decided_is_not_shown() {
    let house = stocked(
        "forbid(principal, action in Pullgate::Action::\"list\", resource == Pullgate::Repository::\"team/web\")
         when { 9223372036854775807 + 1 > 0 };",
    );
    let robot = Robot::called("ci").may(&[Group::List], "**").live_in(&house);
    let refused = house.ask_as(&robot, "GET", "/v2/_catalog", b"");
    assert_eq!((refused.head.status, refused.head.header("retry-after")), (503, Some("5")));
    assert!(!refused.text().contains("team/"), "{}", refused.text());
    let elsewhere = Robot::called("elsewhere").may(&[Group::List], "other/**").live_in(&house);
    assert_eq!(catalog(&house, &elsewhere), json!(["other/app"]));
}

#[test]
fn referrers_over_the_wire() {
    let house = stocked("");
    let robot = Robot::called("ci").may(&[Group::Pull, Group::Push], "team/**").live_in(&house);
    push(&house, &robot, "team/app", "v2");
    let target = format!("/v2/team/app/referrers/{SUBJECT}");
    let ask = |target: &str| house.ask_as(&robot, "GET", target, b"");
    let listed = ask(&target);
    assert_eq!((listed.head.status, listed.head.header("content-type")), (200, Some(INDEX)));
    assert_eq!((listed.head.header("oci-filters-applied"), listed.head.header("link")), (None, None));
    let names = |answer: &Response| -> Vec<Value> {
        let entries = body(answer)["manifests"].as_array().unwrap().clone();
        entries.into_iter().map(|entry| entry["annotations"]["name"].clone()).collect()
    };
    assert_eq!(names(&listed).len(), 2);
    let first = ask(&format!("{target}?artifactType=application%2Fx&n=1"));
    assert_eq!(first.head.header("oci-filters-applied"), Some("artifactType"));
    let link = first.head.header("link").unwrap().strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    let second = ask(link);
    assert_eq!((second.head.header("oci-filters-applied"), second.head.header("link")), (Some("artifactType"), None));
    assert_eq!([names(&first), names(&second)].concat(), names(&listed));
    let none = ask(&format!("/v2/team/none/referrers/{SUBJECT}"));
    assert_eq!((none.head.status, names(&none)), (200, Vec::new()));
    assert_eq!(ask(&format!("/v2/other/app/referrers/{SUBJECT}")).head.status, 403);
    assert_eq!(house.ask_as(&robot, "HEAD", &target, b"").head.status, 405);
}
