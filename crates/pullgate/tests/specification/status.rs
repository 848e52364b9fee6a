//! 2.1: which status says what.

use testkit::image::digest_of;

use super::content::absent;
use super::{header, is, place, problem};

/// Every path with a method of its own, in a repository.
fn paths(repository: &str) -> Vec<(&'static str, String)> {
    let digest = absent();
    let upload = format!("/v2/{repository}/blobs/uploads/AAAAAAAAAAAAAAAAAAAAAA");
    vec![
        ("GET", format!("/v2/{repository}/manifests/v1")),
        ("PUT", format!("/v2/{repository}/manifests/v1")),
        ("DELETE", format!("/v2/{repository}/manifests/{digest}")),
        ("GET", format!("/v2/{repository}/blobs/{digest}")),
        ("DELETE", format!("/v2/{repository}/blobs/{digest}")),
        ("POST", format!("/v2/{repository}/blobs/uploads/")),
        ("PATCH", upload.clone()),
        ("PUT", format!("{upload}?digest={digest}")),
        ("GET", upload.clone()),
        ("DELETE", upload),
        ("GET", format!("/v2/{repository}/tags/list")),
        ("GET", format!("/v2/{repository}/referrers/{digest}")),
    ]
}

#[test]
fn s2_1_no_credentials_is_401_with_a_challenge_on_every_v2_path() {
    let place = place();
    place.image("team/status-there", "v1");
    let there = paths("team/status-there").into_iter();
    for ((method, target), (_, missing)) in there.zip(paths("team/status-none")) {
        let [there, missing] = [&target, &missing].map(|target| {
            let answer = place.stranger(method, target);
            assert_eq!(problem(&answer), is(401, "UNAUTHORIZED"), "{method} {target}");
            assert!(header(&answer, "www-authenticate").starts_with("Bearer realm="), "{method} {target}");
            answer.text().replace(header(&answer, "x-request-id"), "ID")
        });
        assert_eq!(there, missing, "{method} {target}");
    }
}

#[test]
fn s2_1_a_bad_token_is_401_invalid_token() {
    let place = place();
    for (method, target) in paths("team/status-bad") {
        let answer = place.show("Bearer nonsense", method, &target, b"");
        assert_eq!(problem(&answer), is(401, "UNAUTHORIZED"), "{method} {target}");
        assert!(header(&answer, "www-authenticate").ends_with(",error=\"invalid_token\""), "{method} {target}");
    }
}

#[test]
fn s2_1_a_revoked_key_and_its_tokens_are_401_invalid_token() {
    let place = place();
    let robot = place.registry.robot("leaving", &["--pull", "team/**"]);
    let bearer = place.bearer(&robot, &["repository:team/status-left:pull"]);
    place.registry.ok(&["revoke", "robot:leaving"]);
    for authorization in [robot.basic(), bearer] {
        let answer = place.show(&authorization, "GET", "/v2/team/status-left/tags/list", b"");
        assert_eq!(problem(&answer), is(401, "UNAUTHORIZED"));
        assert!(header(&answer, "www-authenticate").ends_with(",error=\"invalid_token\""));
    }
}

#[test]
fn s2_1_a_token_that_does_not_name_the_repository_is_401_insufficient_scope() {
    let place = place();
    let bearer = place.bearer(&place.all, &["repository:team/status-other:pull"]);
    for (method, target) in paths("team/status-absent") {
        let answer = place.show(&bearer, method, &target, b"");
        assert_eq!(answer.head.status, 401, "{method} {target}");
        let challenge = header(&answer, "www-authenticate");
        assert!(challenge.contains(",scope=\"repository:team/status-absent:"), "{challenge}");
        assert!(challenge.ends_with(",error=\"insufficient_scope\""), "{challenge}");
    }
}

#[test]
fn s2_1_a_token_with_less_than_policy_allows_is_asked_for_more() {
    let place = place();
    let bearer = place.bearer(&place.all, &["repository:team/status-less:pull"]);
    let answer = place.show(&bearer, "POST", "/v2/team/status-less/blobs/uploads/", b"");
    assert_eq!(answer.head.status, 401);
    let challenge = header(&answer, "www-authenticate");
    assert!(challenge.contains("scope=\"repository:team/status-less:pull,push\",error=\"insufficient_scope\""));
}

#[test]
fn s2_1_a_refusal_is_403_existing_or_missing() {
    let place = place();
    place.image("team/status-refused", "v1");
    let robot = place.registry.robot("elsewhere", &["--pull", "other/**"]);
    let token = |name: &str| place.bearer(&robot, &[&format!("repository:team/{name}:pull,push,delete")]);
    let (there, missing) = (token("status-refused"), token("status-nowhere"));
    let missing_paths = paths("team/status-nowhere").into_iter();
    for ((method, target), (_, other)) in paths("team/status-refused").into_iter().zip(missing_paths) {
        let [one, two] = [(&there, &target), (&missing, &other)].map(|(bearer, target)| {
            let answer = place.show(bearer, method, target, b"");
            assert_eq!(problem(&answer), is(403, "DENIED"), "{method} {target}");
            assert_eq!(answer.head.header("www-authenticate"), None, "{method} {target}: asking again is no use");
            answer.text().replace(header(&answer, "x-request-id"), "ID")
        });
        assert_eq!(one, two, "{method} {target}");
    }
}

#[test]
fn s2_1_head_of_one_who_may_push_and_not_pull_is_404() {
    let place = place();
    let manifest = place.image("team/status-push", "v1");
    let layer = digest_of(b"layer of team/status-push");
    let bearer = place.bearer(&place.writer, &["repository:team/status-push:pull,push"]);
    for authorization in [place.writer.basic(), bearer] {
        for what in
            [format!("manifests/{}", digest_of(manifest.as_bytes())), "manifests/v1".into(), "manifests/v9".into()]
                .into_iter()
                .chain([format!("blobs/{layer}"), format!("blobs/{}", absent())])
        {
            let target = format!("/v2/team/status-push/{what}");
            let head = place.show(&authorization, "HEAD", &target, b"");
            assert_eq!((head.head.status, head.head.header("docker-content-digest")), (404, None), "{target}");
            assert_eq!(place.show(&authorization, "GET", &target, b"").head.status, 403, "{target}");
        }
    }
}

#[test]
fn s2_1_head_is_answered_as_get_without_a_body() {
    let place = place();
    place.image("team/status-head", "v1");
    let refused = place.registry.robot("outside", &["--pull", "other/**"]);
    let targets = ["/v2/", "/v2/team/status-head/manifests/v1", "/v2/team/status-head/manifests/v9"].map(str::to_owned);
    let blobs = [digest_of(b"layer of team/status-head"), absent()]
        .map(|digest| format!("/v2/team/status-head/blobs/{digest}"));
    for target in targets.iter().chain(&blobs) {
        for robot in [&place.all, &refused] {
            let [get, head] = ["GET", "HEAD"].map(|method| place.registry.ask(Some(robot), method, target, b""));
            assert!(head.body.is_empty(), "{target}");
            let told = |answer: &testkit::http::Response| {
                let once = |(name, _): &&(String, String)| {
                    !matches!(name.as_str(), "date" | "x-request-id" | "content-length")
                };
                let headers: Vec<_> = answer.head.headers.iter().filter(once).cloned().collect();
                (answer.head.status, headers)
            };
            assert_eq!(told(&get), told(&head), "{target}");
            if get.head.status == 200 {
                assert_eq!(header(&get, "content-length"), header(&head, "content-length"), "{target}");
            }
        }
    }
}

/// The codes of the specification; a 5xx may have another.
const CODES: [&str; 14] = [
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
    "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "SIZE_INVALID",
    "UNAUTHORIZED",
    "DENIED",
    "UNSUPPORTED",
    "TOOMANYREQUESTS",
];

#[test]
fn s2_1_every_error_has_the_one_form_and_a_known_code() {
    let place = place();
    let upload = place.open("team/errors");
    for (method, target) in [
        ("GET", "/v2/team/errors/tags/list"),
        ("GET", "/v2/team/errors/manifests/v1"),
        ("PUT", "/v2/team/errors/manifests/v1"),
        ("GET", "/v2/team/errors/blobs/sha256:x"),
        ("GET", &format!("/v2/team/errors/blobs/{}", absent())),
        ("PUT", &upload),
        ("GET", &upload.replace("errors", "others")),
        ("GET", "/v2/team/Errors/tags/list"),
        ("GET", "/v2/other/tags/list"),
        ("DELETE", "/v2/"),
        ("GET", "/nowhere"),
    ] {
        let answer = place.ask(method, target, b"");
        assert!((400..500).contains(&answer.head.status), "{method} {target}: {}", answer.head.status);
        assert_eq!(header(&answer, "content-type"), "application/json", "{method} {target}");
        let body = super::json(&answer);
        let errors = body["errors"].as_array().expect("a list of errors");
        assert_eq!((errors.len(), body.as_object().map(serde_json::Map::len)), (1, Some(1)), "{body}");
        assert!(CODES.iter().any(|code| errors[0]["code"] == **code), "{body}");
        assert!(errors[0]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    }
}
