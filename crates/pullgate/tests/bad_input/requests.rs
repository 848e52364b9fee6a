//! Names, digests, ranges, paths and parameters outside the grammar.

use super::{Case, Expected, Place, check_in_parts};

const NAME: Expected = Expected(400, "NAME_INVALID", "malformed", "unparsable");
const TAG: Expected = Expected(400, "MANIFEST_INVALID", "malformed", "unparsable");
const DIGEST: Expected = Expected(400, "DIGEST_INVALID", "malformed", "unparsable");
const QUERY: Expected = Expected(400, "UNSUPPORTED", "malformed", "unparsable");
const METHOD: Expected = Expected(405, "UNSUPPORTED", "malformed", "unparsable");
const NOWHERE: Expected = Expected(404, "UNSUPPORTED", "malformed", "unparsable");
const NO_MANIFEST: Expected = Expected(404, "MANIFEST_UNKNOWN", "malformed", "unparsable");

#[test]
fn names_outside_the_grammar() {
    let long = format!("team/{}", "a".repeat(251));
    let names = [
        "Team/app",
        "team//app",
        "team/../app",
        "./team/app",
        "team/app/.",
        "team%2Fapp",
        "team%2fapp",
        "team/pub/%2e%2e/priv",
        "team/pub/%5c",
        "team/app%00",
        "team/app;x=1",
        "team/-app",
        "team/app_",
        "/team/app",
        "te am/app",
        "team/äpp",
        &long,
    ];
    let sendable = names.iter().filter(|name| !name.contains(' ') && name.is_ascii());
    let cases: Vec<Case> = sendable.map(|name| Case::new("GET", format!("/v2/{name}/manifests/v1"), NAME)).collect();
    assert_eq!(cases.len(), names.len() - 2);
    check_in_parts(cases);
}

#[test]
fn names_at_the_limit() {
    let mut place = Place::new();
    let longest = format!("team/{}", "a".repeat(250));
    let absent = Expected(404, "MANIFEST_UNKNOWN", "allow", "granted");
    let refused = Expected(403, "DENIED", "deny", "not_granted");
    place.check([
        Case::new("GET", format!("/v2/{longest}/manifests/v1"), absent),
        Case::new("GET", format!("/v2/team/app/manifests/{}", "t".repeat(128)), absent),
        // Decided on the name up to the last reserved word, and never on a shorter one.
        Case::new("GET", "/v2/acme/team/app/manifests/priv/manifests/v1", refused),
        Case::new("GET", "/v2/acme/blobs/uploads/manifests/v1", refused),
        Case::new("GET", "/v2/team/app/blobs/uploads/manifests/v1", absent),
        Case::new("GET", "/v2/acme/priv/manifests/v1?/v2/team/app/", refused),
    ]);
}

#[test]
fn tags_outside_the_grammar() {
    let mut cases = Vec::new();
    for tag in [".hidden", "-x", "a+b", "a%20b", &"t".repeat(129)] {
        let target = format!("/v2/team/app/manifests/{tag}");
        let written = if tag.contains('%') { DIGEST } else { TAG };
        cases.push(Case::new("PUT", target.clone(), written).body("{}"));
        cases.push(Case::new("DELETE", target.clone(), written));
        cases.push(Case::new("GET", target, NO_MANIFEST));
    }
    cases.push(Case::new("PUT", "/v2/team/app/manifests/v2?tag=.hidden", TAG).body("{}"));
    cases.push(Case::new("GET", "/v2/team/app/tags/list?last=.hidden", TAG));
    check_in_parts(cases);
}

#[test]
fn digests_outside_the_grammar() {
    let hex = "0123456789abcdef".repeat(4);
    let mut cases = Vec::new();
    for digest in [
        "sha256:xyz".to_owned(),
        format!("sha256:{}", hex.to_uppercase()),
        format!("sha256:{}", &hex[1..]),
        format!("sha256:{hex}0"),
        format!("sha512:{hex}"),
        format!("md5:{hex}"),
        format!("sha256%3A{}", &hex[1..]),
        "latest".to_owned(),
    ] {
        cases.push(Case::new("GET", format!("/v2/team/app/blobs/{digest}"), DIGEST));
        cases.push(Case::new("DELETE", format!("/v2/team/app/blobs/{digest}"), DIGEST));
        cases.push(Case::new("POST", format!("/v2/team/app/blobs/uploads/?digest={digest}"), DIGEST).body("x"));
    }
    cases.push(Case::new("GET", "/v2/team/app/blobs/sha256:../../x", NAME));
    cases.push(Case::new("GET", format!("/v2/team/app/manifests/sha256:{}", &hex[1..]), NO_MANIFEST));
    cases.push(Case::new("PUT", format!("/v2/team/app/manifests/sha256:{}", &hex[1..]), DIGEST).body("{}"));
    cases.push(Case::new("POST", "/v2/team/app/blobs/uploads/?digest-algorithm=md5", DIGEST));
    cases.push(Case::new("POST", "/v2/team/app/blobs/uploads/?mount=sha256:x&from=team/other", DIGEST));
    check_in_parts(cases);
}

#[test]
fn paths_and_methods_that_do_not_exist() {
    let mut cases: Vec<Case> =
        ["/", "/v1/", "/V2/", "/v2/_catalog/", "/v2/team/app/unknown/x", "/_internal", "/metrics"]
            .map(|path| Case::new("GET", path, NOWHERE))
            .into();
    cases.extend(["/v2/team/app/tags/list/", "/v2/team/app/manifests/v1/"].map(|path| Case::new("GET", path, NOWHERE)));
    for (method, path) in [
        ("POST", "/v2/"),
        ("OPTIONS", "/v2/team/app/manifests/v1"),
        ("TRACE", "/v2/team/app/manifests/v1"),
        ("PROPFIND", "/v2/team/app/tags/list"),
        ("get", "/v2/team/app/manifests/v1"),
        ("PUT", "/token"),
        ("DELETE", "/v2/team/app/tags/list"),
        ("GET", "/v2/team/app/blobs/uploads/"),
    ] {
        cases.push(Case::new(method, path, METHOD));
    }
    // It would exist if it were switched on, and reads as if it did not.
    cases.push(Case::new("GET", "/v2/_catalog", Expected(404, "UNSUPPORTED", "deny", "switched_off")));
    check_in_parts(cases);
}

#[test]
fn parameters_that_contradict_themselves() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let uploads = "/v2/team/app/blobs/uploads/";
    check_in_parts(vec![
        Case::new("POST", format!("{uploads}?mount={digest}&from=team/a&from=acme/priv"), QUERY),
        Case::new("POST", format!("{uploads}?digest={digest}&digest={digest}"), QUERY),
        Case::new("POST", format!("{uploads}?mount={digest}&from=../team"), NAME),
        Case::new("GET", "/v2/team/app/tags/list?n=1&n=2", QUERY),
        Case::new("GET", "/v2/team/app/tags/list?n=-1", QUERY),
        Case::new("GET", "/v2/team/app/tags/list?n=99999999999999999999999", QUERY),
        Case::new("GET", "/v2/team/app/tags/list?last=a&last=b", QUERY),
        Case::new(
            "GET",
            format!("/v2/team/app/tags/list?{}", "x".repeat(8 << 10)),
            Expected(414, "UNSUPPORTED", "malformed", "unparsable"),
        ),
    ]);
}

#[test]
fn ranges_and_conditions() {
    let mut place = Place::new();
    let blob = format!("/v2/team/app/blobs/{}", place.blob);
    place.check([
        Case::new("GET", blob.clone(), QUERY).header("Range", "bytes=0-1").header("Range", "bytes=2-3"),
        Case::new("GET", blob.clone(), QUERY).header("If-None-Match", "\"a\"").header("If-None-Match", "\"b\""),
    ]);
    for range in ["bytes=99-", "bytes=-0", "bytes=4-2"] {
        let answer = place.registry.ask_with(Some(&place.robot), "GET", &blob, &[("Range", range)], b"");
        assert_eq!(answer.head.status, 416, "{range}");
        super::told(&answer, "SIZE_INVALID", range);
        assert_eq!(answer.head.header("content-range"), Some("bytes */12"), "{range}");
        place.decisions += 1;
    }
    for ignored in ["bytes=a-b", "lines=1-2", "bytes=0-1,4-5", "bytes", "bytes=+1-2"] {
        let answer = place.registry.ask_with(Some(&place.robot), "GET", &blob, &[("Range", ignored)], b"");
        assert_eq!((answer.head.status, answer.body.as_slice()), (200, super::CONTENT), "{ignored}");
        place.decisions += 1;
    }
    place.stands();
}
