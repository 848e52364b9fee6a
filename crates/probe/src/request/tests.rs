use outbound::{Origin, Part};
use protocol::Secret;

use super::*;

fn origin() -> Origin {
    "http://127.0.0.1:5000".parse().unwrap()
}

fn bytes(request: &Request) -> String {
    let message = request.message(&origin(), "run");
    let parts = message.parts().iter().map(|part| match part {
        Part::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Part::Credential(_) => "[credential]".to_owned(),
    });
    parts.collect()
}

#[test]
fn nothing_is_repaired() {
    for target in [
        "/v2/p/../r/manifests/t",
        "/v2/p/%2e%2e/r/manifests/t",
        "/v2/p\\..\\r/manifests/t",
        "/v2/r/manifests/t#x",
        "/v2/r /manifests/t",
        "/v2/ｒ/manifests/t",
        "//v2//r/manifests/t;x=1%2f%00",
        "http://core/v2/",
    ] {
        assert!(bytes(&Request::get(target)).starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{target}");
    }
}

#[test]
fn own_headers_take_the_place_of_those_in_front() {
    let agent = format!("User-Agent: {USER_AGENT}\r\n");
    assert_eq!(
        bytes(&Request::get("/v2/")),
        format!("GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1:5000\r\n{agent}X-Probe-Run: run\r\nConnection: close\r\n\r\n")
    );
    let request =
        Request::get("/").header("host", "a").header("Host", "b").without("X-Probe-Run").without("User-Agent");
    assert_eq!(bytes(&request), "GET / HTTP/1.1\r\nConnection: close\r\nhost: a\r\nHost: b\r\n\r\n");
}

#[test]
fn a_form_has_its_length_and_hides_its_secret() {
    let login = Arc::new(Credential::form(&origin(), "ci", &Secret::new("s3cret".into())));
    let request = Request::form("/token", "grant_type=password", Some(&login)).without("X-Probe-Run");
    let written = bytes(&request);
    assert!(written.contains("\r\nContent-Length: 47\r\n"), "{written}");
    assert!(written.ends_with("\r\n\r\ngrant_type=password&[credential]"), "{written}");
    assert!(request.curl(&origin()).contains(r#"--data-binary 'grant_type=password' --data-binary "$FORM""#));
    assert!(!format!("{request:?}{}", request.curl(&origin())).contains("s3cret"));
}

#[test]
fn the_oldest_version_has_no_host() {
    let request = Request::get("/v2/").http_1_0().without("User-Agent").without("X-Probe-Run");
    assert_eq!(bytes(&request), "GET /v2/ HTTP/1.0\r\nConnection: close\r\n\r\n");
}

#[test]
fn the_line_for_a_shell_shows_no_credential() {
    let token = Arc::new(Credential::bearer(&origin(), &Secret::new("s3cret".into())));
    let request = Request::head("/v2/a/manifests/it's").header("Accept", "x").credential(Some(&token));
    assert_eq!(
        request.curl(&origin()),
        r#"curl -sSI -H 'Accept: x' -H "Authorization: Bearer $TOKEN" --path-as-is --globoff 'http://127.0.0.1:5000/v2/a/manifests/it'\''s'"#
    );
    assert_eq!(
        Request::new("FOO", "/v2/a b#c").curl(&origin()),
        "curl -sSi -X 'FOO' --request-target '/v2/a b#c' 'http://127.0.0.1:5000'"
    );
    assert!(!format!("{request:?}").contains("s3cret"));
}
