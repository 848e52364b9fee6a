//! 2.2: the challenge, as the plainest parser reads it.

use testkit::http;

use super::content::absent;
use super::{header, headers, is, place, problem};

#[test]
fn s2_2_one_line_holds_one_challenge_with_every_value_in_quotes() {
    let place = place();
    let mount = format!("/v2/team/one/blobs/uploads/?mount={}&from=team/two", absent());
    for (method, target) in [("GET", "/v2/"), ("GET", "/v2/team/one/manifests/v1"), ("POST", mount.as_str())] {
        let answer = place.stranger(method, target);
        assert_eq!(headers(&answer, "www-authenticate").len(), 1, "{target}");
        let challenge = header(&answer, "www-authenticate");
        let parameters = challenge.strip_prefix("Bearer ").expect("a Bearer challenge");
        // A value may hold commas: a parameter ends where a quote does.
        for parameter in parameters.split("\",").map(|parameter| parameter.trim_end_matches('"')) {
            let (name, value) = parameter.split_once("=\"").expect("a name, and a value in quotes");
            assert!(["realm", "service", "scope"].contains(&name), "{challenge}");
            assert!(!value.is_empty() && !value.contains('"'), "{challenge}");
        }
    }
}

#[test]
fn s2_2_the_scope_holds_all_that_the_request_needs() {
    let place = place();
    let digest = absent();
    let upload = "/v2/team/a/blobs/uploads/AAAAAAAAAAAAAAAAAAAAAA";
    let mount = format!("/v2/team/a/blobs/uploads/?mount={digest}&from=team/b");
    let own = format!("/v2/team/a/blobs/uploads/?mount={digest}&from=team/a");
    for (method, target, scope) in [
        ("HEAD", "/v2/team/a/manifests/v1", "repository:team/a:pull"),
        ("GET", "/v2/team/a/tags/list", "repository:team/a:pull"),
        ("PUT", "/v2/team/a/manifests/v1", "repository:team/a:pull,push"),
        ("DELETE", "/v2/team/a/manifests/v1", "repository:team/a:delete"),
        ("DELETE", &format!("/v2/team/a/blobs/{digest}"), "repository:team/a:delete"),
        ("POST", "/v2/team/a/blobs/uploads/", "repository:team/a:pull,push"),
        ("PATCH", upload, "repository:team/a:pull,push"),
        ("DELETE", upload, "repository:team/a:pull,push"),
        ("POST", &mount, "repository:team/a:pull,push repository:team/b:pull"),
        ("POST", &own, "repository:team/a:pull,push"),
    ] {
        let answer = place.stranger(method, target);
        let challenge = header(&answer, "www-authenticate");
        assert!(challenge.ends_with(&format!(",scope=\"{scope}\"")), "{method} {target}: {challenge}");
    }
    assert!(!header(&place.stranger("GET", "/v2/"), "www-authenticate").contains("scope="));
}

#[test]
fn s2_2_realm_and_service_are_constant_and_the_realm_has_the_host_and_port_that_was_called() {
    let place = place();
    let port = place.registry.address.port();
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        for target in ["/v2/", "/v2/team/a/tags/list", "/v2/team/b/manifests/v1"] {
            let answer = http::request(place.registry.address, "GET", target, &[("Host", &host)], b"");
            let constant = format!("Bearer realm=\"http://{host}/token\",service=\"pullgate\"");
            assert!(header(&answer, "www-authenticate").starts_with(&constant), "{host} {target}");
        }
    }
}

#[test]
fn s2_2_a_foreign_host_is_never_a_realm() {
    let place = place();
    let answer = http::request(place.registry.address, "GET", "/v2/", &[("Host", "evil.example")], b"");
    assert_eq!(answer.head.status, 421);
    assert!(answer.head.headers.iter().all(|(_, value)| !value.contains("evil")), "{answer:?}");
}

#[test]
fn s2_2_error_stands_only_where_a_credential_was_shown() {
    let place = place();
    let shown = |authorization: &str| {
        let answer = place.show(authorization, "GET", "/v2/team/a/manifests/v1", b"");
        header(&answer, "www-authenticate").to_owned()
    };
    assert!(!header(&place.stranger("GET", "/v2/team/a/manifests/v1"), "www-authenticate").contains("error="));
    assert!(!shown("Basic Og==").contains("error="), "an empty user and password is nobody");
    assert!(shown("Bearer x").ends_with(",error=\"invalid_token\""));
    assert!(shown(&http::basic("all", "x")).ends_with(",error=\"invalid_token\""));
}

#[test]
fn s2_2_nothing_from_the_path_ends_the_header() {
    let place = place();
    for path in ["/v2/team/a\"b/manifests/v1", "/v2/team/a%0d%0aX-Evil:1/manifests/v1", "/v2/team/a%22/tags/list"] {
        let answer = place.stranger("GET", path);
        assert_eq!(problem(&answer), is(400, "NAME_INVALID"), "{path}");
        assert!(headers(&answer, "www-authenticate").is_empty() && answer.head.header("x-evil").is_none(), "{path}");
    }
}

#[test]
fn s2_2_the_scheme_is_read_without_case() {
    let place = place();
    let basic = place.all.basic().replacen("Basic", "bAsIc", 1);
    let bearer = place.bearer(&place.all, &[]).replacen("Bearer", "BEARER", 1);
    for authorization in [basic, bearer] {
        assert_eq!(place.show(&authorization, "GET", "/v2/", b"").head.status, 200, "{authorization}");
    }
}
