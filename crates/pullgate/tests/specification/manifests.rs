//! 5.1 and 5.2: manifests are kept as they came, and only where the repository has all that they name.

use serde_json::{Value, json};
use testkit::image::digest_of;

use super::content::{CONFIG, EMPTY_JSON, IMAGE, INDEX, LAYER, absent, descriptor, image, index, with};
use super::{Place, header, headers, is, json as body, place, problem};

const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// Pushes the manifest under a tag, and holds that it comes back byte for byte, under its type and digest.
fn kept(place: &Place, repository: &str, text: &str, media_type: &str) {
    let digest = digest_of(text.as_bytes());
    let target = format!("/v2/{repository}/manifests/kept");
    let stored = place.ask_with("PUT", &target, &[("Content-Type", media_type)], text.as_bytes());
    assert_eq!(stored.head.status, 201, "{}", stored.text());
    assert_eq!(header(&stored, "docker-content-digest"), digest);
    for target in [place.location(&stored), target, format!("/v2/{repository}/manifests/{digest}")] {
        let read = place.get(&target);
        assert!(read.head.status == 200 && read.text() == text, "{target}: {}", read.text());
        assert_eq!(header(&read, "content-type"), media_type, "{target}");
        assert_eq!(header(&read, "docker-content-digest"), digest, "{target}");
        let head = place.ask("HEAD", &target, b"");
        assert_eq!((head.head.status, header(&head, "content-length")), (200, text.len().to_string().as_str()));
        assert_eq!(
            (header(&head, "content-type"), header(&head, "docker-content-digest")),
            (media_type, digest.as_str())
        );
    }
}

#[test]
fn s5_1_a_read_is_decided_on_the_repository_by_tag_as_by_digest() {
    let place = place();
    let text = place.image("team/decided", "v1");
    let robot = place.registry.robot("narrow", &["--pull", "team/decided/below"]);
    for reference in ["v1", "v9", &digest_of(text.as_bytes()), &absent()] {
        let target = format!("/v2/team/decided/manifests/{reference}");
        assert_eq!(problem(&place.registry.ask(Some(&robot), "GET", &target, b"")), is(403, "DENIED"), "{reference}");
    }
}

#[test]
fn s5_1_what_a_client_accepts_converts_nothing() {
    let place = place();
    let text = place.image("team/accept", "v1");
    let one = ("Accept", "application/vnd.docker.distribution.manifest.v1+prettyjws");
    for accept in [vec![], vec![one], vec![one, ("Accept", DOCKER)], vec![("Accept", "text/plain;q=0.1, */*;q=0")]] {
        let read = place.ask_with("GET", "/v2/team/accept/manifests/v1", &accept, b"");
        assert_eq!((read.text(), header(&read, "content-type")), (text.clone(), IMAGE), "{accept:?}");
    }
}

#[test]
fn s5_1_what_is_not_there_is_404() {
    let place = place();
    place.image("team/missing", "v1");
    for target in [
        "team/missing/manifests/v2".into(),
        format!("team/missing/manifests/{}", absent()),
        "team/never/manifests/v1".into(),
    ] {
        for method in ["GET", "HEAD"] {
            assert_eq!(place.ask(method, &format!("/v2/{target}"), b"").head.status, 404, "{method} {target}");
        }
        assert_eq!(problem(&place.get(&format!("/v2/{target}"))), is(404, "MANIFEST_UNKNOWN"), "{target}");
    }
}

#[test]
fn s5_2_a_manifest_is_kept_byte_for_byte_under_its_own_digest() {
    let place = place();
    let config = place.blob("team/kept", CONFIG, b"{}");
    let text = image(&config, &[]).to_string();
    let spaced = format!("\n\t{}  \r\n", text.replace(',', " ,\n"));
    kept(&place, "team/kept", &text, IMAGE);
    kept(&place, "team/kept", &spaced, IMAGE);
}

#[test]
fn s5_2_docker_schema_2_is_kept_as_it_is() {
    let place = place();
    let config = place.blob("team/docker", "application/vnd.docker.container.image.v1+json", b"{}");
    let manifest = with(image(&config, &[]), "mediaType", json!(DOCKER)).to_string();
    kept(&place, "team/docker", &manifest, DOCKER);
    let child = descriptor(DOCKER, manifest.as_bytes());
    kept(&place, "team/docker", &with(index(&[child]), "mediaType", json!(DOCKER_LIST)).to_string(), DOCKER_LIST);
}

#[test]
fn s5_2_docker_schema_1_is_refused_with_the_reason() {
    let place = place();
    let schema1 = br#"{"schemaVersion":1,"name":"team/old","tag":"v1","fsLayers":[],"history":[]}"#;
    for media_type in [
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    ] {
        let refused = place.ask_with("PUT", "/v2/team/old/manifests/v1", &[("Content-Type", media_type)], schema1);
        assert_eq!(problem(&refused), is(400, "MANIFEST_INVALID"));
        assert!(refused.text().contains("docker schema 1 manifests are not accepted"), "{}", refused.text());
    }
    assert_eq!(problem(&place.put("team/old", "v1", &String::from_utf8_lossy(schema1))), is(400, "MANIFEST_INVALID"));
}

#[test]
fn s5_2_two_readers_see_one_kind_of_manifest() {
    let place = place();
    let config = place.blob("team/strict", CONFIG, b"{}");
    let manifest = image(&config, &[]);
    let both = with(manifest.clone(), "manifests", json!([])).to_string();
    let cased = manifest.to_string().replacen('{', r#"{"Layers":[],"#, 1);
    let twice = manifest.to_string().replacen('{', r#"{"config":{},"#, 1);
    let other = with(manifest.clone(), "mediaType", json!(INDEX)).to_string();
    for text in [both, cased, twice, other] {
        assert_eq!(problem(&place.put("team/strict", "v1", &text)), is(400, "MANIFEST_INVALID"), "{text}");
    }
    let declared = [("Content-Type", INDEX)];
    let refused = place.ask_with("PUT", "/v2/team/strict/manifests/v1", &declared, manifest.to_string().as_bytes());
    assert_eq!(problem(&refused), is(400, "MANIFEST_INVALID"), "what is declared is what it says");
    assert_eq!(place.get("/v2/team/strict/manifests/v1").head.status, 404);
}

#[test]
fn s5_2_parameters_of_the_content_type_are_ignored_and_none_is_sent() {
    let place = place();
    let config = place.blob("team/parameters", CONFIG, b"{}");
    let text = image(&config, &[]).to_string();
    let declared = format!("{IMAGE}; charset=utf-8");
    let target = "/v2/team/parameters/manifests/v1";
    assert_eq!(place.ask_with("PUT", target, &[("Content-Type", &declared)], text.as_bytes()).head.status, 201);
    assert_eq!(header(&place.get(target), "content-type"), IMAGE);
}

#[test]
fn s5_2_a_manifest_without_media_type_is_what_its_content_type_says() {
    let place = place();
    let config = place.blob("team/untyped", CONFIG, b"{}");
    let text = json!({ "schemaVersion": 2, "config": config, "layers": [] }).to_string();
    kept(&place, "team/untyped", &text, IMAGE);
}

#[test]
fn s5_2_a_digest_that_is_not_its_own_is_refused() {
    let place = place();
    let config = place.blob("team/named", CONFIG, b"{}");
    let text = image(&config, &[]).to_string();
    for reference in [absent(), "sha256:baddigeststring".to_owned()] {
        assert_eq!(problem(&place.put("team/named", &reference, &text)), is(400, "DIGEST_INVALID"), "{reference}");
        assert_eq!(place.get(&format!("/v2/team/named/manifests/{reference}")).head.status, 404, "{reference}");
    }
}

#[test]
fn s5_2_what_a_manifest_names_must_be_in_the_same_repository() {
    let place = place();
    let config = place.blob("team/whole", CONFIG, b"{}");
    let foreign = place.blob("team/foreign", LAYER, b"a layer of another repository");
    let unknown = json!({ "mediaType": LAYER, "digest": absent(), "size": 22 });
    for layer in [foreign, unknown] {
        let text = image(&config, &[layer]).to_string();
        let refused = place.put("team/whole", "v1", &text);
        assert_eq!(problem(&refused), is(400, "MANIFEST_BLOB_UNKNOWN"));
        assert_eq!(place.get("/v2/team/whole/manifests/v1").head.status, 404);
    }
    let elsewhere = place.blob("team/foreign", CONFIG, b"{}");
    let child = place.store("team/foreign", &image(&elsewhere, &[]));
    let refused = place.put("team/whole", "v1", &index(&[child]).to_string());
    assert_eq!(problem(&refused), is(400, "MANIFEST_BLOB_UNKNOWN"));
}

#[test]
fn s5_2_an_index_lists_images_indexes_and_nothing() {
    let place = place();
    let config = place.blob("team/lists", CONFIG, b"{}");
    let platform = json!({ "os": "linux", "architecture": "amd64" });
    let child = with(place.store("team/lists", &image(&config, &[])), "platform", platform);
    let inner = place.store("team/lists", &index(std::slice::from_ref(&child)));
    kept(&place, "team/lists", &index(&[inner, child]).to_string(), INDEX);
    kept(&place, "team/lists", &index(&[]).to_string(), INDEX);
}

#[test]
fn s5_2_artifacts_have_types_of_their_own_and_may_have_no_layer() {
    let place = place();
    let empty = place.blob("team/artifact", EMPTY_JSON, b"{}");
    let own = place.blob("team/artifact", "application/vnd.example.data", b"data");
    let artifact = |layers: &[Value]| with(image(&empty, layers), "artifactType", json!("application/vnd.example"));
    kept(&place, "team/artifact", &artifact(&[own]).to_string(), IMAGE);
    kept(&place, "team/artifact", &artifact(std::slice::from_ref(&empty)).to_string(), IMAGE);
    kept(&place, "team/artifact", &artifact(&[]).to_string(), IMAGE);
    let child = place.store("team/artifact", &artifact(&[]));
    let listed = with(index(&[child]), "artifactType", json!("application/vnd.example"));
    kept(&place, "team/artifact", &listed.to_string(), INDEX);
}

#[test]
fn s5_2_members_and_types_that_nobody_knows_are_kept() {
    let place = place();
    let config = with(place.blob("team/fields", "application/vnd.example.config", b"{}"), "new", json!([1, null, 1.5]));
    let layer = place.blob("team/fields", "application/vnd.example.layer", b"x");
    let manifest = with(image(&config, &[layer]), "org.example.field", json!({ "deep": [true] }));
    kept(&place, "team/fields", &manifest.to_string(), IMAGE);
    let child = place.store("team/fields", &manifest);
    kept(&place, "team/fields", &with(index(&[child]), "field", json!(-1)).to_string(), INDEX);
}

#[test]
fn s5_2_data_in_a_descriptor_is_kept() {
    let place = place();
    let config = with(place.blob("team/data", EMPTY_JSON, b"{}"), "data", json!("e30="));
    kept(&place, "team/data", &image(&config, std::slice::from_ref(&config)).to_string(), IMAGE);
}

#[test]
fn s5_2_layers_that_may_not_be_distributed_need_not_be_here() {
    let place = place();
    let config = place.blob("team/windows", CONFIG, b"{}");
    let layer = |media_type: &str| {
        let url = "https://store.example/layer";
        json!({ "mediaType": media_type, "digest": absent(), "size": 22, "urls": [url] })
    };
    let layers = [
        layer("application/vnd.oci.image.layer.nondistributable.v1.tar"),
        layer("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
        layer("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
        place.blob("team/windows", LAYER, b"mine"),
    ];
    kept(&place, "team/windows", &image(&config, &layers).to_string(), IMAGE);
}

#[test]
fn s5_2_a_manifest_of_4_mib_is_taken_and_a_larger_one_is_413() {
    let place = place();
    let config = place.blob("team/large", CONFIG, b"{}");
    let text = image(&config, &[]).to_string();
    let padded = |length: usize| format!("{text}{}", " ".repeat(length - text.len()));
    kept(&place, "team/large", &padded(4 << 20), IMAGE);
    let annotations: serde_json::Map<_, _> = (0..390).map(|n| (format!("a{n}"), json!("A".repeat(10_000)))).collect();
    kept(&place, "team/large", &with(image(&config, &[]), "annotations", json!(annotations)).to_string(), IMAGE);
    assert_eq!(problem(&place.put("team/large", "v1", &padded((4 << 20) + 1))), is(413, "SIZE_INVALID"));
}

#[test]
fn s5_2_tags_of_the_query_are_set_and_named_in_the_answer() {
    let place = place();
    let config = place.blob("team/tagged", CONFIG, b"{}");
    let text = image(&config, &[]).to_string();
    let tags: Vec<String> = (0..10).map(|number| format!("t{number}")).collect();
    let put = |tags: &[String]| {
        let query: Vec<String> = tags.iter().map(|tag| format!("tag={tag}")).collect();
        let reference = format!("{}?{}", digest_of(text.as_bytes()), query.join("&"));
        place.put("team/tagged", &reference, &text)
    };
    let stored = put(&tags);
    assert_eq!((stored.head.status, headers(&stored, "oci-tag")), (201, tags.iter().map(String::as_str).collect()));
    assert_eq!(body(&place.get("/v2/team/tagged/tags/list"))["tags"], json!(tags));
    assert_eq!(place.get("/v2/team/tagged/manifests/t7").text(), text);
    let eleven: Vec<String> = (0..11).map(|number| format!("u{number}")).collect();
    assert_eq!(put(&eleven).head.status, 400, "more than ten at once");
}

#[test]
fn s5_2_every_tag_of_a_push_is_decided() {
    let place = Place::configured("[[repository]]\nname = \"team/kept\"\nprotected_tags = [\"v*\"]\n");
    let old = place.image("team/kept", "v1");
    let digest = digest_of(old.as_bytes());
    let new = format!("{old}\n");
    let by = |tags: &str| place.put("team/kept", &format!("{}?{tags}", digest_of(new.as_bytes())), &new);
    assert_eq!(problem(&by("tag=free&tag=v1")), is(403, "DENIED"));
    assert_eq!(problem(&place.put("team/kept", "v1", &new)), is(403, "DENIED"));
    assert_eq!(place.get("/v2/team/kept/manifests/free").head.status, 404, "all or nothing");
    assert_eq!(header(&place.get("/v2/team/kept/manifests/v1"), "docker-content-digest"), digest);
    assert_eq!(by("tag=free&tag=v2").head.status, 201, "a protected tag may be created");
}

#[test]
fn s5_2_a_tag_moves_to_what_was_pushed_last() {
    let place = place();
    let first = place.image("team/moves", "v1");
    let second = format!("{first} ");
    assert_eq!(place.put("team/moves", "v1", &second).head.status, 201);
    assert_eq!(place.get("/v2/team/moves/manifests/v1").text(), second);
    assert_eq!(place.get(&format!("/v2/team/moves/manifests/{}", digest_of(first.as_bytes()))).text(), first);
}

#[test]
fn s5_2_data_that_is_not_what_its_descriptor_names_is_refused() {
    let place = place();
    let config = place.blob("team/data-bad", EMPTY_JSON, b"{}");
    for data in [json!("e30"), json!("W10="), json!(7)] {
        let text = image(&with(config.clone(), "data", data), &[]).to_string();
        assert_eq!(problem(&place.put("team/data-bad", "v1", &text)), is(400, "MANIFEST_INVALID"), "{text}");
    }
}

#[test]
fn s5_2_an_index_may_list_what_is_no_manifest_if_it_is_here() {
    let place = place();
    let layer = place.blob("team/cache", "application/vnd.example.cache", b"cached");
    kept(&place, "team/cache", &index(&[layer]).to_string(), INDEX);
    let missing = json!({ "mediaType": "application/vnd.example.cache", "digest": absent(), "size": 22 });
    assert_eq!(
        problem(&place.put("team/cache", "v1", &index(&[missing]).to_string())),
        is(400, "MANIFEST_BLOB_UNKNOWN")
    );
}

#[test]
fn s5_2_a_digest_that_nobody_here_can_check_is_refused() {
    let place = place();
    let config = json!({ "mediaType": CONFIG, "digest": format!("blake3:{}", "0".repeat(64)), "size": 2 });
    assert_eq!(problem(&place.put("team/blake", "v1", &image(&config, &[]).to_string())), is(400, "MANIFEST_INVALID"));
}

#[test]
fn s5_2_sparse_manifests_are_kept_where_they_are_switched_on() {
    let place = Place::configured("[store]\nsparse_indexes = true\n");
    let config = place.blob("team/sparse", CONFIG, b"{}");
    let layer = json!({ "mediaType": LAYER, "digest": absent(), "size": 22 });
    kept(&place, "team/sparse", &image(&config, &[layer]).to_string(), IMAGE);
    let here = place.store("team/sparse", &image(&config, &[]));
    let missing = json!({ "mediaType": IMAGE, "digest": absent(), "size": 22 });
    kept(&place, "team/sparse", &index(&[here, missing]).to_string(), INDEX);
    let foreign = place.blob("team/foreign", LAYER, b"not in this repository");
    kept(&place, "team/sparse", &image(&config, std::slice::from_ref(&foreign)).to_string(), IMAGE);
    let named = format!("/v2/team/sparse/blobs/{}", foreign["digest"].as_str().expect("a digest"));
    assert_eq!(place.get(&named).head.status, 404, "to be named is not to be mounted");
}
