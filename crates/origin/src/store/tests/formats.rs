//! What clients push, and the names that it has: both hash functions, all formats, each kept byte for byte.

use protocol::Algorithm;
use serde_json::{Value, json};

use super::support::{Bench, descriptor, digest, header, image, index, manifest, status, text};
use crate::store::hashing::Hashing;

const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

fn sha512(content: &str) -> String {
    Hashing::of(Algorithm::Sha512, content.as_bytes()).to_string()
}

fn push_sha512(bench: &Bench, repository: &str, content: &str) -> String {
    let digest = sha512(content);
    let line = format!("POST /v2/{repository}/blobs/uploads/?digest={digest}");
    assert_eq!(header(&bench.ask(&line, content).unwrap(), "docker-content-digest"), digest);
    digest
}

/// Pushes a manifest under its SHA-512, and says that.
fn put_sha512(bench: &Bench, repository: &str, content: &str, query: &str) -> String {
    let digest = sha512(content);
    let stored = bench.ask(&format!("PUT /v2/{repository}/manifests/{digest}{query}"), content).unwrap();
    assert_eq!((stored.status, header(&stored, "docker-content-digest")), (201, digest.clone()));
    assert_eq!(header(&stored, "location"), format!("/v2/{repository}/manifests/{digest}"));
    digest
}

#[test]
fn sha512_from_blob_to_referrer() {
    let bench = Bench::new();
    let (config, layer) = (push_sha512(&bench, "a", "{}"), push_sha512(&bench, "a", "layer"));
    let child = put_sha512(&bench, "a", &image(&config, &[&layer]), "");
    let nested = put_sha512(&bench, "a", &index(&[&child]), "");
    let list = index(&[&nested, &child]);
    let top = put_sha512(&bench, "a", &list, "?tag=x&tag=y");
    for tag in ["x", "y"] {
        let served = bench.ask(&format!("GET /v2/a/manifests/{tag}"), ()).unwrap();
        assert_eq!((header(&served, "docker-content-digest"), text(served)), (top.clone(), list.clone()));
    }
    let head = bench.ask(&format!("HEAD /v2/a/blobs/{layer}"), ()).unwrap();
    assert_eq!((header(&head, "docker-content-digest"), head.length), (layer.clone(), Some(5)));

    let subject = descriptor("application/vnd.oci.image.index.v1+json", &top);
    let config = descriptor("application/vnd.oci.empty.v1+json", &config);
    let members = format!(r#""config":{config},"layers":[],"subject":{subject}"#);
    let referrer = put_sha512(&bench, "a", &manifest("image.manifest", &members), "");
    let listed: Value = serde_json::from_str(&bench.content(&format!("/v2/a/referrers/{top}")).unwrap()).unwrap();
    assert_eq!(listed["manifests"][0]["digest"], json!(referrer));

    let mounted = bench.ask(&format!("POST /v2/b/blobs/uploads/?mount={layer}&from=a"), ()).unwrap();
    assert_eq!((mounted.status, header(&mounted, "docker-content-digest")), (201, layer.clone()));
    assert_eq!(bench.content(&format!("/v2/b/blobs/{layer}")).unwrap(), "layer");
    // The same bytes under the other function are other content, which is not there.
    assert_eq!(bench.content(&format!("/v2/a/blobs/{}", digest("layer"))), None);
    assert_eq!(status(&bench.ask(&format!("DELETE /v2/a/blobs/{layer}"), ())), 405);
    for gone in [top, nested, child, referrer] {
        assert_eq!(status(&bench.ask(&format!("DELETE /v2/a/manifests/{gone}"), ())), 202);
    }
    assert_eq!(status(&bench.ask(&format!("DELETE /v2/a/blobs/{layer}"), ())), 202);
}

#[test]
fn a_sha512_that_does_not_match_is_refused() {
    let bench = Bench::new();
    let image = image(&bench.push("a", "{}"), &[]);
    let location = bench.begin("a");
    for (line, body) in [
        (format!("POST /v2/a/blobs/uploads/?digest={}", sha512("other")), "content"),
        (format!("PUT {location}?digest={}", sha512("other")), "content"),
        (format!("PUT /v2/a/manifests/{}", sha512("other")), &image),
    ] {
        let refused = bench.ask(&line, body).unwrap_err().problem();
        assert_eq!((refused.status, refused.code.as_str()), (400, "DIGEST_INVALID"), "{line}");
    }
}

#[test]
fn indexes_in_indexes_and_empty_ones() {
    let bench = Bench::new();
    let empty = index(&[]);
    assert_eq!(status(&bench.ask("PUT /v2/a/manifests/empty", empty.as_str())), 201);
    let mut inner = digest(&empty);
    for _ in 0..3 {
        let outer = index(&[&inner]);
        assert_eq!(status(&bench.ask(&format!("PUT /v2/a/manifests/{}", digest(&outer)), outer.as_str())), 201);
        assert_eq!(bench.content(&format!("/v2/a/manifests/{}", digest(&outer))).unwrap(), outer);
        inner = digest(&outer);
    }
}

#[test]
fn docker_schema_2_byte_for_byte() {
    let bench = Bench::new();
    let config = descriptor("application/vnd.docker.container.image.v1+json", &bench.push("a", "{}"));
    let layer = descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", &bench.push("a", "layer"));
    let foreign = descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", &digest("windows"));
    let image = format!(
        "{{\n   \"schemaVersion\": 2,\n   \"mediaType\": \"{DOCKER_IMAGE}\",\n\t\"config\": {config},\r\n\
         \"layers\": [{foreign}, {layer}],   \"x\": 1.0e2, \"y\": \"\\u00e9/\\/\" }}\n"
    );
    let child = descriptor(DOCKER_IMAGE, &digest(&image));
    let list = format!("{{ \"manifests\":[{child}],\"mediaType\":\"{DOCKER_LIST}\",\"schemaVersion\":2 }}");
    for (tag, media_type, content) in [("image", DOCKER_IMAGE, &image), ("list", DOCKER_LIST, &list)] {
        let line = format!("PUT /v2/a/manifests/{tag}");
        let stored = bench.ask_with(&line, &[("content-type", media_type)], content.as_str()).unwrap();
        assert_eq!(header(&stored, "docker-content-digest"), digest(content));
        let served = bench.ask(&format!("GET /v2/a/manifests/{tag}"), ()).unwrap();
        assert_eq!((header(&served, "content-type").as_str(), text(served)), (media_type, content.clone()));
    }
}

#[test]
fn an_image_without_layers_and_members_that_nobody_knows() {
    let bench = Bench::new();
    let config = descriptor("application/vnd.oci.image.config.v1+json", &bench.push("a", "{}"));
    let members = format!(r#""config":{config},"layers":[],"org.example":{{"a":[1,null,true,-2.5e3]}}"#);
    let plain = manifest("image.manifest", &members);
    assert_eq!(status(&bench.ask("PUT /v2/a/manifests/x", plain.as_str())), 201);
    assert_eq!(bench.content("/v2/a/manifests/x").unwrap(), plain);
}

#[test]
fn chunks_may_be_as_small_as_clients_like() {
    let bench = Bench::new();
    let opened = bench.ask("POST /v2/a/blobs/uploads/", ()).unwrap();
    // `OCI-Chunk-Min-Length` would bind clients to a length that nothing here needs.
    assert!(!opened.headers.contains_key("oci-chunk-min-length"));
    let location = header(&opened, "location");
    for (place, byte) in ["a", "b", "c"].into_iter().enumerate() {
        let range = format!("{place}-{place}");
        let taken = bench.ask_with(&format!("PATCH {location}"), &[("content-range", &range)], byte).unwrap();
        assert_eq!((taken.status, header(&taken, "range")), (202, format!("0-{place}")));
    }
    assert_eq!(status(&bench.ask(&format!("PUT {location}?digest={}", digest("abc")), ())), 201);
}
