//! 3: `/v2/`, from which clients learn how to log in.

use super::{Place, header, json, place};

const PUBLIC: &str = "[policy]\nanonymous = true\n\n[[repository]]\nname = \"team/open\"\nvisibility = \"public\"\n";

#[test]
fn s3_both_spellings_answer_get_and_head() {
    let place = place();
    for target in ["/v2/", "/v2"] {
        for method in ["GET", "HEAD"] {
            assert_eq!(place.ask(method, target, b"").head.status, 200, "{method} {target}");
            assert_eq!(place.stranger(method, target).head.status, 401, "{method} {target}");
        }
    }
}

#[test]
fn s3_a_token_without_any_access_is_enough() {
    let place = place();
    let bearer = place.bearer(&place.reader, &[]);
    assert_eq!(place.show(&bearer, "GET", "/v2/", b"").head.status, 200);
}

#[test]
fn s3_it_never_redirects() {
    let place = place();
    for target in ["/v2/", "/v2", "/v2/?x=y"] {
        let answer = place.ask("GET", target, b"");
        assert_eq!((answer.head.status, answer.head.header("location")), (200, None), "{target}");
    }
}

#[test]
fn s3_where_something_is_public_nobody_still_reads_401_and_pulls_with_an_anonymous_token() {
    let place = Place::configured(PUBLIC);
    let manifest = place.image("team/open", "v1");
    place.image("team/closed", "v1");
    let ping = place.stranger("GET", "/v2/");
    assert_eq!(ping.head.status, 401);
    assert!(header(&ping, "www-authenticate").starts_with("Bearer "));
    assert_eq!(place.stranger("GET", "/v2/team/open/manifests/v1").head.status, 401);

    let scopes = "scope=repository:team/open:pull,push&scope=repository:team/closed:pull";
    let reply = place.stranger("GET", &format!("/token?{scopes}"));
    assert_eq!(reply.head.status, 200, "{}", reply.text());
    let bearer = format!("Bearer {}", json(&reply)["token"].as_str().expect("a token"));
    let status = |method, target| place.show(&bearer, method, target, b"").head.status;
    assert_eq!(place.show(&bearer, "GET", "/v2/team/open/manifests/v1", b"").text(), manifest);
    assert_eq!(status("GET", "/v2/"), 200);
    // Nobody in particular is refused like everybody: asking again is no use.
    assert_eq!(status("POST", "/v2/team/open/blobs/uploads/"), 403);
    assert_eq!(status("GET", "/v2/team/closed/manifests/v1"), 403);
}
