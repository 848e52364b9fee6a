//! A robot that was deleted and made again under its name is another one: ids are never used again.

use crate::support::Registry;

#[test]
fn a_name_made_again_is_somebody_else() {
    let registry = Registry::start();
    let reach = ["--pull", "team/**", "--push", "team/**"];
    let old = registry.robot("ci", &reach);
    let reply = registry.token(&old, &["repository:team/app:pull,push"]);
    let bearer = format!("Bearer {}", reply["token"].as_str().expect("a token"));
    let opened = registry.ask(Some(&old), "POST", "/v2/team/app/blobs/uploads/", b"");
    let location = opened.head.header("location").expect("an upload has a place");
    let location = location.split_once(&registry.name()).expect("a place on this registry").1;
    assert_eq!(registry.ask(Some(&old), "PATCH", location, b"begun").head.status, 202);

    registry.ok(&["robot", "delete", "ci"]);
    let deleted = registry.ask(Some(&old), "GET", "/v2/", b"");
    assert_eq!((deleted.head.status, &registry.record_of(&deleted)["reason"]), (401, &"deleted".into()));
    let new = registry.robot("ci", &reach);
    assert_ne!(old.id, new.id);

    let key = registry.ask(Some(&old), "GET", "/v2/", b"");
    let token = registry.ask_with(None, "GET", "/v2/team/app/tags/list", &[("Authorization", &bearer)], b"");
    assert_eq!((key.head.status, token.head.status), (401, 401));
    for answer in [key, token] {
        let record = registry.record_of(&answer);
        assert_eq!((&record["reason"], &record["principal"]["id"]), (&"deleted".into(), &old.id.as_str().into()));
    }
    for method in ["GET", "PATCH", "DELETE"] {
        let answer = registry.ask(Some(&new), method, location, b"");
        assert_eq!(answer.head.status, 403, "{method}");
        assert_eq!(registry.record_of(&answer)["reason"], "foreign_upload", "{method}");
    }
    assert_eq!(
        registry.ask(Some(&new), "GET", "/v2/team/app/tags/list", b"").head.status,
        404,
        "it has its own grants"
    );
}
