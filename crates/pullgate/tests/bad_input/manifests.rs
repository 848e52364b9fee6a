//! Manifests that are none: every class of `protocol::ManifestError`, at the limit and one beyond.

use super::{CONTENT, Case, Expected, Place};
use crate::support::manifest;

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LIMIT: usize = 4 << 20;

fn invalid(code: &'static str) -> Expected {
    Expected(if code == "SIZE_INVALID" { 413 } else { 400 }, code, "allow", "granted")
}

#[test]
fn every_class_of_manifest_that_is_none() {
    let mut place = Place::new();
    let (good, blob) = (place.manifest.clone(), place.blob.clone());
    let put = |body: String, code| Case::new("PUT", "/v2/team/app/manifests/v2", invalid(code)).body(body);
    let bad = |body: &str| put(body.to_owned(), "MANIFEST_INVALID");
    let index = |manifests: &str| format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":{manifests}}}"#);
    let unknown = format!("sha256:{}", "0".repeat(64));
    let twice = good.replacen(r#""schemaVersion":2"#, r#""schemaVersion":2,"schemaVersion":2"#, 1);
    let cased = good.replacen(r#""schemaVersion":2"#, r#""schemaVersion":2,"Layers":[]"#, 1);
    let deep = good.replacen('{', &format!(r#"{{"x":{}{},"#, "[".repeat(33), "]".repeat(33)), 1);
    place.check([
        put(format!("{good}{}", " ".repeat(LIMIT + 1 - good.len())), "SIZE_INVALID"),
        bad(""),
        bad("{"),
        bad("[]"),
        bad(&format!("{good}x")),
        bad("\u{0}"),
        bad(&twice),
        bad(&cased),
        bad(&deep),
        bad(&good.replace(IMAGE, "application/json")),
        bad(&good.replace(&format!(r#""{IMAGE}""#), "7")),
        bad(r#"{"schemaVersion":1,"name":"team/app","fsLayers":[]}"#),
        bad(r#"{"schemaVersion":2}"#),
        bad(&good.replace(r#""schemaVersion":2"#, r#""schemaVersion":3"#)),
        bad(&good.replace(r#""schemaVersion":2"#, r#""schemaVersion":"2""#)),
        bad(&good.replacen('{', r#"{"manifests":[],"#, 1)),
        bad(&index("[]").replacen('{', r#"{"layers":[],"#, 1)),
        bad(&good.replace(r#""config""#, r#""other""#)),
        bad(&good.replace(&format!(r#""digest":"{blob}""#), r#""digest":"sha256:x""#)),
        bad(&good.replace(r#""size":12"#, r#""size":-1"#)),
        bad(&index("{}")),
        bad(&layers(&blob, 1001)),
        put(manifest(&unknown, 1, &blob, CONTENT.len()), "MANIFEST_BLOB_UNKNOWN"),
        put(index(&format!(r#"[{{"mediaType":"{IMAGE}","digest":"{unknown}","size":1}}]"#)), "MANIFEST_BLOB_UNKNOWN"),
        put(good.clone(), "MANIFEST_INVALID").header("Content-Type", INDEX),
        Case::new("PUT", format!("/v2/team/app/manifests/{unknown}"), invalid("DIGEST_INVALID")).body(good),
    ]);
    let tags = place.registry.ask(Some(&place.robot), "GET", "/v2/team/app/tags/list", b"").text();
    assert_eq!(tags, r#"{"name":"team/app","tags":["v1"]}"#, "nothing was tagged");
}

#[test]
fn a_content_type_that_is_no_manifests() {
    let unparsable = Expected(400, "MANIFEST_INVALID", "malformed", "unparsable");
    let put =
        |kind: &str| Case::new("PUT", "/v2/team/app/manifests/v2", unparsable).body("{}").header("Content-Type", kind);
    let signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    Place::new().check([put("text/plain"), put("application/json"), put(signed), put("x")]);
}

#[test]
fn manifests_at_the_limit() {
    let place = Place::new();
    let padded = format!("{}{}", place.manifest, " ".repeat(LIMIT - place.manifest.len()));
    for (tag, body) in [("padded", padded), ("layers", layers(&place.blob, 1000))] {
        let pushed = place.registry.push_manifest(&place.robot, "team/app", tag, &body);
        assert_eq!(pushed.head.status, 201, "{tag}: {}", pushed.text());
        let pulled = place.registry.ask(Some(&place.robot), "GET", &format!("/v2/team/app/manifests/{tag}"), b"");
        assert!(pulled.text() == body, "{tag} is what was pushed");
    }
}

/// An image whose layers are one blob so many times.
fn layers(blob: &str, count: usize) -> String {
    let one = format!(r#"{{"mediaType":"application/octet-stream","digest":"{blob}","size":{}}}"#, CONTENT.len());
    let all = vec![one.clone(); count].join(",");
    format!(r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{one},"layers":[{all}]}}"#)
}
