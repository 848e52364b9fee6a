//! 7.1: lists of tags.

use serde_json::json;
use testkit::http::Response;

use super::{Place, header, is, json as body, place, problem};

/// Pushes one image under several tags.
fn tagged(place: &Place, repository: &str, tags: &[&str]) {
    let text = place.image(repository, tags[0]);
    for tag in &tags[1..] {
        assert_eq!(place.put(repository, tag, &text).head.status, 201);
    }
}

fn list(place: &Place, repository: &str, query: &str) -> Response {
    place.get(&format!("/v2/{repository}/tags/list{query}"))
}

#[test]
fn s7_1_the_list_names_the_repository_and_its_tags_in_order() {
    let place = place();
    tagged(&place, "team/list", &["b", "a", "c10", "c9", "B", "_x", "1.0"]);
    let answer = list(&place, "team/list", "");
    assert_eq!((answer.head.status, header(&answer, "content-type")), (200, "application/json"));
    let tags = ["1.0", "B", "_x", "a", "b", "c10", "c9"];
    assert_eq!(body(&answer), json!({ "name": "team/list", "tags": tags }));
    assert_eq!(answer.head.header("link"), None);
}

#[test]
fn s7_1_n_and_last_cut_pages_and_link_leads_through_all_of_them() {
    let place = place();
    tagged(&place, "team/pages", &["a", "b", "c", "d", "e"]);
    let mut target = "/v2/team/pages/tags/list?n=2".to_owned();
    let mut pages = Vec::new();
    loop {
        let answer = place.get(&target);
        pages.push(body(&answer)["tags"].clone());
        let Some(link) = answer.head.header("link") else { break };
        let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).expect("a link");
        assert!(next.starts_with("/v2/team/pages/tags/list?"), "relative to this registry: {next}");
        target = next.to_owned();
    }
    assert_eq!(json!(pages), json!([["a", "b"], ["c", "d"], ["e"]]));
}

#[test]
fn s7_1_a_page_has_as_many_as_asked_for() {
    let place = place();
    tagged(&place, "team/counts", &["a", "b", "c"]);
    for (query, tags, link) in [
        ("?n=0", json!([]), false),
        ("?n=2", json!(["a", "b"]), true),
        ("?n=3", json!(["a", "b", "c"]), false),
        ("?n=9", json!(["a", "b", "c"]), false),
        ("?last=a", json!(["b", "c"]), false),
        ("?last=aa", json!(["b", "c"]), false),
        ("?n=1&last=a", json!(["b"]), true),
        ("?n=1&last=c", json!([]), false),
    ] {
        let answer = list(&place, "team/counts", query);
        assert_eq!((answer.head.status, &body(&answer)["tags"]), (200, &tags), "{query}");
        assert_eq!(answer.head.header("link").is_some(), link, "{query}");
    }
    for bad in ["?n=x", "?n=-1", "?n=1&n=2", "?last=.x"] {
        assert_eq!(list(&place, "team/counts", bad).head.status, 400, "{bad}");
    }
}

#[test]
fn s7_1_a_repository_without_tags_has_an_empty_list_and_none_is_404() {
    let place = place();
    place.push("team/tagless", b"x");
    assert_eq!(body(&list(&place, "team/tagless", "")), json!({ "name": "team/tagless", "tags": [] }));
    assert_eq!(problem(&list(&place, "team/never", "")), is(404, "NAME_UNKNOWN"));
}

#[test]
fn s7_1_to_pull_is_to_list_unless_it_is_taken_away() {
    let place = place();
    place.image("team/listed", "v1");
    let robot = place.registry.robot("blind", &["--pull", "team/**", "--no-list"]);
    let ask = |robot, what: &str| place.registry.ask(Some(robot), "GET", &format!("/v2/team/listed/{what}"), b"");
    assert_eq!(ask(&place.reader, "tags/list").head.status, 200);
    assert_eq!(ask(&robot, "manifests/v1").head.status, 200);
    assert_eq!(problem(&ask(&robot, "tags/list")), is(403, "DENIED"));
    let bearer = place.bearer(&place.reader, &["repository:team/listed:pull"]);
    assert_eq!(place.show(&bearer, "GET", "/v2/team/listed/tags/list", b"").head.status, 200, "on the wire it is pull");
}
