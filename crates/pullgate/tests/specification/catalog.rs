//! 7.2: the list of repositories.

use serde_json::{Value, json};

use super::{Place, header, is, json as body, place, problem};

/// A registry with a catalog, four repositories, and a robot that may list some of them.
fn catalogued() -> (Place, super::Robot) {
    let place = Place::configured("[policy]\ncatalog = true\n");
    for name in ["team/a", "team/b", "team/c/d", "team/hidden"] {
        place.push(name, b"x");
    }
    let robot = place.registry.robot("lister", &[]);
    for area in ["team/a", "team/b", "team/c/**"] {
        place.registry.ok(&["grant", "add", "robot:lister", "--list", area]);
    }
    (place, robot)
}

#[test]
fn s7_2_it_does_not_exist_unless_it_is_switched_on() {
    let place = place();
    for target in ["/v2/_catalog", "/v2/_catalog?n=1"] {
        assert_eq!(place.get(target).head.status, 404, "{target}");
    }
}

#[test]
fn s7_2_it_shows_what_may_be_listed_before_it_is_paged() {
    let (place, robot) = catalogued();
    let ask = |target: &str| place.registry.ask(Some(&robot), "GET", target, b"");
    let names = |answer| body(&answer)["repositories"].clone();
    assert_eq!(names(ask("/v2/_catalog")), json!(["team/a", "team/b", "team/c/d"]));
    let mut pages: Vec<Value> = Vec::new();
    let mut target = "/v2/_catalog?n=1".to_owned();
    loop {
        let answer = ask(&target);
        pages.push(body(&answer)["repositories"].clone());
        let Some(link) = answer.head.header("link") else { break };
        target = link.trim_start_matches('<').trim_end_matches(">; rel=\"next\"").to_owned();
    }
    assert_eq!(json!(pages), json!([["team/a"], ["team/b"], ["team/c/d"]]), "what is hidden leaves no empty page");
}

#[test]
fn s7_2_its_scope_is_registry_catalog() {
    let (place, robot) = catalogued();
    let stranger = place.stranger("GET", "/v2/_catalog");
    assert_eq!(problem(&stranger), is(401, "UNAUTHORIZED"));
    assert!(header(&stranger, "www-authenticate").ends_with(",scope=\"registry:catalog:*\""));
    let with = |scope: &str| place.show(&place.bearer(&robot, &[scope]), "GET", "/v2/_catalog", b"");
    assert_eq!(with("registry:catalog:*").head.status, 200);
    let narrow = with("repository:team/a:pull");
    assert_eq!(narrow.head.status, 401);
    assert!(header(&narrow, "www-authenticate").ends_with(",error=\"insufficient_scope\""));
}

#[test]
fn s7_2_no_other_spelling_of_the_path_reaches_it() {
    let (place, robot) = catalogued();
    for target in
        ["//v2/_catalog", "/v2//_catalog", "/v2/_catalog/", "/v2/./_catalog", "/v2/%5Fcatalog", "/V2/_catalog"]
    {
        let status = place.registry.ask(Some(&robot), "GET", target, b"").head.status;
        assert!(status == 400 || status == 404, "{target}: {status}");
    }
}
