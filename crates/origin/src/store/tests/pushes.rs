//! Writing: uploads in one piece and in many, mounts, manifests, deletions, limits.

use std::time::Duration;

use policy::{Condition, Epoch, UploadOwner};
use protocol::{Algorithm, Manifest};

use super::support::{Bench, Body, descriptor, digest, header, image, index, manifest, owner, run, status, text};
use crate::body::UploadError;
use crate::error::StoreError;
use crate::settings::Settings;
use crate::store::Work;
use crate::store::hashing::Hashing;

#[test]
fn an_upload_in_chunks() {
    let bench = Bench::new();
    let opened = bench.ask("POST /v2/a/blobs/uploads/", ()).unwrap();
    let (location, id) = (header(&opened, "location"), header(&opened, "docker-upload-uuid"));
    assert_eq!((opened.status, location.as_str()), (202, format!("/v2/a/blobs/uploads/{id}").as_str()));
    assert_eq!((header(&opened, "range").as_str(), id.len()), ("0-0", 22));

    let patch = format!("PATCH {location}");
    let first = bench.ask_with(&patch, &[("content-range", "0-4")], Body::pieces(["he", "llo"])).unwrap();
    assert_eq!(
        (first.status, header(&first, "range"), header(&first, "location")),
        (202, "0-4".into(), location.clone())
    );
    let second = bench.ask(&patch, " w").unwrap();
    assert_eq!((second.status, header(&second, "range").as_str()), (202, "0-6"));
    let reached = bench.ask(&format!("GET {location}"), ()).unwrap();
    assert_eq!((reached.status, header(&reached, "range").as_str(), reached.length), (204, "0-6", None));

    let digest = digest("hello world");
    let put = format!("PUT {location}?digest={digest}");
    let stored = bench.ask_with(&put, &[("content-range", "7-10")], "orld").unwrap();
    assert_eq!((stored.status, header(&stored, "location")), (201, format!("/v2/a/blobs/{digest}")));
    assert_eq!(header(&stored, "docker-content-digest"), digest);
    assert_eq!(bench.content(&format!("/v2/a/blobs/{digest}")).unwrap(), "hello world");
    assert_eq!(status(&bench.ask(&format!("GET {location}"), ())), 404);
    assert_eq!(std::fs::read_dir(bench.path("uploads")).unwrap().count(), 0);
}

#[test]
fn a_chunk_out_of_order_is_refused_and_changes_nothing() {
    let bench = Bench::new();
    let location = bench.begin("a");
    bench.ask(&format!("PATCH {location}"), "hello").unwrap();
    for (line, range) in [("PATCH", "0-2"), ("PATCH", "6-8"), ("PUT", "6-8")] {
        let line = format!("{line} {location}?digest={}", digest("hello"));
        let refused = bench.ask_with(&line, &[("content-range", range)], "abc").unwrap();
        assert_eq!((refused.status, header(&refused, "range").as_str()), (416, "0-4"), "{range}");
        assert_eq!(header(&refused, "location"), location);
        assert!(text(refused).contains("BLOB_UPLOAD_INVALID"));
    }
    assert_eq!(status(&bench.ask(&format!("PUT {location}?digest={}", digest("hello")), ())), 201);
}

#[test]
fn a_chunk_of_another_length_than_announced() {
    let bench = Bench::new();
    for body in ["ab", "abcd"] {
        let location = bench.begin("a");
        let wrong = bench.ask_with(&format!("PATCH {location}"), &[("content-range", "0-2")], body).unwrap_err();
        assert_eq!((wrong.problem().status, wrong.problem().code.as_str()), (400, "SIZE_INVALID"));
    }
}

#[test]
fn a_body_that_ends_early_keeps_what_came() {
    let mut bench = Bench::new();
    for (error, expected) in [(UploadError::Client, 400), (UploadError::Limit, 408), (UploadError::Revoked, 401)] {
        let location = bench.begin("a");
        let body = Body::pieces(["hel", "lo"]).then(error);
        assert_eq!(status(&bench.ask(&format!("PATCH {location}"), body)), expected);
        assert_eq!(header(&bench.ask(&format!("GET {location}"), ()).unwrap(), "range"), "0-4");
        bench.reopen();
        bench.ask(&format!("PATCH {location}"), " again").unwrap();
        let put = format!("PUT {location}?digest={}", digest("hello again"));
        assert_eq!(status(&bench.ask(&put, ())), 201);
    }
}

#[test]
fn a_body_in_one_request_that_ends_early_leaves_nothing() {
    let bench = Bench::new();
    let line = format!("POST /v2/a/blobs/uploads/?digest={}", digest("hello"));
    assert_eq!(status(&bench.ask(&line, Body::pieces(["hel"]).then(UploadError::Client))), 400);
    assert_eq!(std::fs::read_dir(bench.path("uploads")).unwrap().count(), 0);
}

#[test]
fn a_digest_that_does_not_match_ends_the_upload() {
    let bench = Bench::new();
    let location = bench.begin("a");
    let wrong = bench.ask(&format!("PUT {location}?digest={}", digest("other")), "hello").unwrap_err();
    assert_eq!((wrong.problem().status, wrong.problem().code.as_str()), (400, "DIGEST_INVALID"));
    assert_eq!(status(&bench.ask(&format!("GET {location}"), ())), 404);
    for content in ["hello", "other"] {
        assert_eq!(bench.content(&format!("/v2/a/blobs/{}", digest(content))), None);
    }
    let whole = format!("POST /v2/a/blobs/uploads/?digest={}", digest("other"));
    assert_eq!(status(&bench.ask(&whole, "hello")), 400);
    assert_eq!(std::fs::read_dir(bench.path("uploads")).unwrap().count(), 0);
}

#[test]
fn an_empty_blob() {
    let bench = Bench::new();
    let location = bench.begin("a");
    let digest = digest("");
    assert_eq!(status(&bench.ask(&format!("PUT {location}?digest={digest}"), ())), 201);
    let served = bench.ask(&format!("GET /v2/a/blobs/{digest}"), ()).unwrap();
    assert_eq!((served.status, served.length, text(served)), (200, Some(0), String::new()));
}

#[test]
fn sha512_announced_or_not() {
    let bench = Bench::new();
    for (content, query) in [("one", ""), ("two", "?digest-algorithm=sha512")] {
        let digest = Hashing::of(Algorithm::Sha512, content.as_bytes());
        let opened = bench.ask(&format!("POST /v2/a/blobs/uploads/{query}"), ()).unwrap();
        let location = header(&opened, "location");
        bench.ask(&format!("PATCH {location}"), content).unwrap();
        assert_eq!(status(&bench.ask(&format!("PUT {location}?digest={digest}"), ())), 201);
        assert_eq!(bench.content(&format!("/v2/a/blobs/{digest}")).unwrap(), content);
    }
    let image = image(&bench.push("a", "{}"), &[]);
    let digest = Hashing::of(Algorithm::Sha512, image.as_bytes());
    assert_eq!(status(&bench.ask(&format!("PUT /v2/a/manifests/{digest}"), image.as_str())), 201);
    assert_eq!(bench.content(&format!("/v2/a/manifests/{digest}")).unwrap(), image);
}

#[test]
fn cancelled_uploads_are_gone() {
    let bench = Bench::new();
    let location = bench.begin("a");
    assert_eq!(status(&bench.ask(&format!("DELETE {location}"), ())), 204);
    for method in ["GET", "PATCH", "DELETE"] {
        assert_eq!(status(&bench.ask(&format!("{method} {location}"), ())), 404, "{method}");
    }
    assert_eq!(std::fs::read_dir(bench.path("uploads")).unwrap().count(), 0);
}

#[test]
fn an_upload_belongs_to_its_repository_and_to_who_opened_it() {
    let bench = Bench::new();
    let location = bench.begin("a");
    let elsewhere = location.replace("/v2/a/", "/v2/b/");
    assert_eq!(status(&bench.ask(&format!("GET {elsewhere}"), ())), 404);
    assert_eq!(status(&bench.ask(&format!("PATCH {elsewhere}"), "x")), 404);
    let (repository, id) = ("a".parse().unwrap(), location.rsplit_once('/').unwrap().1.parse().unwrap());
    assert_eq!(bench.store().upload_owner(&repository, &id).unwrap(), Some(owner("r1")));
    assert_eq!(bench.store().upload_owner(&"b".parse().unwrap(), &id).unwrap(), None);

    let request = super::support::request(&format!("PATCH {location}"), &[]);
    let foreign = owner("r2");
    let work = Work { request: &request, conditions: &[], owner: &foreign, now: bench.now, body: Body::from("x") };
    assert_eq!(status(&run(bench.store().serve(work))), 404);
}

#[test]
fn a_blob_is_known_to_be_of_all_who_brought_it() {
    let mut bench = Bench::new();
    let digest = bench.push("a", "layer");
    bench.ask(&format!("POST /v2/b/blobs/uploads/?mount={digest}&from=a"), ()).unwrap();
    let later = UploadOwner { epoch: Epoch(2), ..owner("r1") };
    let nobody = UploadOwner { principal: None, epoch: Epoch(0) };
    for by in [&owner("r2"), &later, &nobody] {
        let request = super::support::request(&format!("POST /v2/c/blobs/uploads/?digest={digest}"), &[]);
        let work = Work { request: &request, conditions: &[], owner: by, now: bench.now, body: Body::from("layer") };
        assert_eq!(status(&run(bench.store().serve(work))), 201);
    }
    let named = digest.parse().unwrap();
    let brought = |bench: &Bench, repository: &str, by: &UploadOwner| {
        bench.store().is_brought_by(&repository.parse().unwrap(), &named, by).unwrap()
    };
    for (repository, first, second, again) in
        [("a", true, false, false), ("b", true, false, false), ("c", false, true, true)]
    {
        assert_eq!(brought(&bench, repository, &owner("r1")), first, "{repository}");
        assert_eq!(brought(&bench, repository, &owner("r2")), second, "{repository}");
        assert_eq!(brought(&bench, repository, &later), again, "{repository}");
        assert!(!brought(&bench, repository, &nobody), "nobody in particular has brought anything: {repository}");
    }
    bench.reopen();
    assert!(brought(&bench, "a", &owner("r1")));
    bench.ask(&format!("DELETE /v2/a/blobs/{digest}"), ()).unwrap();
    bench.ask(&format!("POST /v2/a/blobs/uploads/?mount={digest}&from=b"), ()).unwrap();
    assert!(brought(&bench, "a", &owner("r1")));
    assert!(!brought(&bench, "a", &owner("r2")));
}

#[test]
fn anonymous_is_somebody() {
    let bench = Bench::with(Settings { keep_free: 0, uploads_per_principal: 1, ..Settings::default() });
    let anonymous = UploadOwner { principal: None, epoch: Epoch(0) };
    let ask = |line: &str| {
        let request = super::support::request(line, &[]);
        let work =
            Work { request: &request, conditions: &[], owner: &anonymous, now: bench.now, body: Body::from("x") };
        run(bench.store().serve(work))
    };
    let location = header(&ask("POST /v2/a/blobs/uploads/").unwrap(), "location");
    assert_eq!(status(&ask("POST /v2/a/blobs/uploads/")), 429);
    assert_eq!(status(&bench.ask(&format!("PATCH {location}"), "x")), 404);
    assert_eq!(status(&ask(&format!("PUT {location}?digest={}", digest("x")))), 201);
}

#[test]
fn one_principal_has_so_many_uploads_and_for_so_long() {
    let mut bench = Bench::with(Settings { keep_free: 0, uploads_per_principal: 3, ..Settings::default() });
    let first: Vec<String> = (0..3).map(|_| bench.begin("a")).collect();
    let many = bench.ask("POST /v2/b/blobs/uploads/", ()).unwrap_err();
    assert_eq!((many.problem().status, many.problem().code.as_str()), (429, "TOOMANYREQUESTS"));
    assert_eq!(std::fs::read_dir(bench.path("uploads")).unwrap().count(), 3);

    bench.now = bench.now.after(Duration::from_hours(24));
    assert_eq!(status(&bench.ask("POST /v2/b/blobs/uploads/", ())), 429);
    bench.now = bench.now.after(Duration::from_secs(1));
    bench.begin("b");
    assert_eq!(status(&bench.ask(&format!("GET {}", first[0]), ())), 404);
    assert_eq!(std::fs::read_dir(bench.path("uploads")).unwrap().count(), 1);
}

#[test]
fn mounts_need_the_blob_in_their_source() {
    let bench = Bench::new();
    let digest = bench.push("a", "layer");
    for (query, expected) in [
        (format!("mount={digest}&from=b"), 202),
        (format!("mount={digest}"), 202),
        (format!("mount={}&from=a", super::support::digest("none")), 202),
    ] {
        assert_eq!(status(&bench.ask(&format!("POST /v2/c/blobs/uploads/?{query}"), ())), expected, "{query}");
        assert_eq!(bench.content(&format!("/v2/c/blobs/{digest}")), None, "{query}");
    }
    let mounted = bench.ask(&format!("POST /v2/c/blobs/uploads/?mount={digest}&from=a"), ()).unwrap();
    assert_eq!((mounted.status, header(&mounted, "location")), (201, format!("/v2/c/blobs/{digest}")));
    assert_eq!(bench.content(&format!("/v2/c/blobs/{digest}")).unwrap(), "layer");
    // Each membership stands for itself.
    bench.ask(&format!("DELETE /v2/a/blobs/{digest}"), ()).unwrap();
    assert_eq!(bench.content(&format!("/v2/a/blobs/{digest}")), None);
    assert_eq!(bench.content(&format!("/v2/c/blobs/{digest}")).unwrap(), "layer");
}

#[test]
fn a_manifest_needs_all_that_it_names_in_its_own_repository() {
    let bench = Bench::new();
    let child = bench.push_image("a", "latest", "layer");
    let config = bench.push("b", "{}");
    for (manifest, missing) in [
        (image(&config, &[&digest("layer")]), digest("layer")),
        (index(&[&child]), child.clone()),
        // A blob is no child manifest.
        (index(&[&config]), config.clone()),
    ] {
        let refused = bench.ask("PUT /v2/b/manifests/latest", manifest.as_str()).unwrap_err().problem();
        assert_eq!((refused.status, refused.code.as_str()), (400, "MANIFEST_BLOB_UNKNOWN"));
        assert!(refused.message.contains(&missing), "{}", refused.message);
        assert_eq!(bench.content("/v2/b/manifests/latest"), None);
    }
    assert_eq!(status(&bench.ask("PUT /v2/a/manifests/all", index(&[&child]).as_str())), 201);
}

#[test]
fn what_may_be_missing() {
    let bench = Bench::new();
    let config = descriptor("application/vnd.oci.image.config.v1+json", &bench.push("a", "{}"));
    let layer = descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", &digest("licensed"));
    let subject = descriptor("application/vnd.oci.image.manifest.v1+json", &digest("later"));
    let members = format!(r#""config":{config},"layers":[{layer}],"subject":{subject}"#);
    let stored = bench.ask("PUT /v2/a/manifests/latest", manifest("image.manifest", &members).as_str()).unwrap();
    assert_eq!((stored.status, header(&stored, "oci-subject")), (201, digest("later")));
}

#[test]
fn sparse_ones_where_they_are_allowed() {
    let mut bench = Bench::new();
    let child = bench.push_image("a", "latest", "layer of the child");
    bench.push("a", "layer");
    let config = bench.push("b", "{}");
    let sparse_image = image(&config, &[&digest("layer")]);
    let (lone, nested) = (index(&[&digest("nowhere"), &child]), index(&[&digest(&index(&[&child]))]));
    for manifest in [&sparse_image, &lone, &nested] {
        assert_eq!(status(&bench.ask("PUT /v2/b/manifests/x", manifest.as_str())), 400);
    }
    bench.settings.sparse_indexes = true;
    bench.reopen();
    for manifest in [&sparse_image, &lone, &nested] {
        assert_eq!(status(&bench.ask("PUT /v2/b/manifests/x", manifest.as_str())), 201);
        assert_eq!(bench.content("/v2/b/manifests/x").unwrap(), *manifest);
    }
    // What is only elsewhere stays there.
    for elsewhere in [format!("manifests/{child}"), format!("blobs/{}", digest("layer"))] {
        assert_eq!(bench.content(&format!("/v2/b/{elsewhere}")), None);
    }
    let headless = image(&digest("config"), &[]);
    assert_eq!(status(&bench.ask("PUT /v2/b/manifests/y", headless.as_str())), 400);
    // What comes later completes it, and is held by it.
    bench.push("b", "layer");
    assert_eq!(status(&bench.ask(&format!("DELETE /v2/b/blobs/{}", digest("layer")), ())), 405);
}

#[test]
fn an_index_of_blobs_needs_them_as_blobs() {
    let bench = Bench::new();
    let layer = descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &digest("layer"));
    let cache = manifest("image.index", &format!(r#""manifests":[{layer}]"#));
    assert_eq!(status(&bench.ask("PUT /v2/a/manifests/cache", cache.as_str())), 400);
    bench.push("b", "layer");
    assert_eq!(status(&bench.ask("PUT /v2/a/manifests/cache", cache.as_str())), 400);
    bench.push("a", "layer");
    assert_eq!(status(&bench.ask("PUT /v2/a/manifests/cache", cache.as_str())), 201);
    assert_eq!(status(&bench.ask(&format!("DELETE /v2/a/blobs/{}", digest("layer")), ())), 405);
}

#[test]
fn embedded_content_has_its_name() {
    let bench = Bench::new();
    let config = bench.push("a", "{}");
    let put = |data: &str| {
        let config = descriptor("application/vnd.oci.empty.v1+json", &config);
        let config = config.replace("}", &format!(r#","data":"{data}"}}"#));
        bench.ask(
            "PUT /v2/a/manifests/x",
            manifest("image.manifest", &format!(r#""config":{config},"layers":[]"#)).as_str(),
        )
    };
    assert_eq!(status(&put("e30=")), 201);
    for wrong in ["W10=", "e30", "e30gIA=="] {
        let refused = put(wrong).unwrap_err().problem();
        assert_eq!((refused.status, refused.code.as_str()), (400, "MANIFEST_INVALID"), "{wrong}");
        assert!(refused.message.contains(&config), "{}", refused.message);
    }
}

#[test]
fn a_manifest_that_is_not_one_is_refused() {
    let bench = Bench::new();
    let image = image(&bench.push("a", "{}"), &[]);
    let put = |line: &str, body: &str| bench.ask(line, body).unwrap_err().problem();
    assert_eq!(put("PUT /v2/a/manifests/latest", "{}").code.as_str(), "MANIFEST_INVALID");
    let wrong = put(&format!("PUT /v2/a/manifests/{}", digest("other")), &image);
    assert_eq!((wrong.status, wrong.code.as_str()), (400, "DIGEST_INVALID"));

    let filled = |length: usize| image.clone() + &" ".repeat(length - image.len());
    assert_eq!(put("PUT /v2/a/manifests/latest", &filled(Manifest::MAX_BYTES + 1)).status, 413);
    assert_eq!(status(&bench.ask("PUT /v2/a/manifests/latest", filled(Manifest::MAX_BYTES).as_str())), 201);
}

#[test]
fn a_manifest_does_not_change_its_kind() {
    let bench = Bench::new();
    let body =
        image(&bench.push("a", "{}"), &[]).replace("\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",", "");
    let (oci, docker) =
        ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json");
    let put = |media_type| bench.ask_with("PUT /v2/a/manifests/x", &[("content-type", media_type)], body.as_str());
    assert_eq!(status(&put(oci)), 201);
    assert!(matches!(put(docker), Err(StoreError::MediaType { .. })));
    assert_eq!(status(&put(oci)), 201);
}

#[test]
fn tags_of_the_query_are_set_with_the_manifest() {
    let bench = Bench::new();
    let image = image(&bench.push("a", "{}"), &[]);
    let stored = bench.ask(&format!("PUT /v2/a/manifests/{}?tag=x&tag=y", digest(&image)), image.as_str()).unwrap();
    assert_eq!(stored.headers.get_all("oci-tag").iter().collect::<Vec<_>>(), ["x", "y"]);
    for tag in ["x", "y"] {
        assert_eq!(bench.content(&format!("/v2/a/manifests/{tag}")).unwrap(), image);
    }
    let (repository, tags) = ("a".parse().unwrap(), ["x", "z"].map(|tag| tag.parse().unwrap()));
    assert_eq!(bench.store().existing_tags(&repository, &tags).unwrap(), tags[..1]);
}

#[test]
fn conditions_guard_the_race() {
    let bench = Bench::new();
    let image = image(&bench.push("a", "{}"), &[]);
    let tag = || "v1".parse().unwrap();
    let put = |condition| bench.ask_if("PUT /v2/a/manifests/v1", &[condition], image.as_str());
    assert!(matches!(put(Condition::TagPresent(tag())), Err(StoreError::Condition)));
    assert_eq!(bench.content(&format!("/v2/a/manifests/{}", digest(&image))), None);
    assert_eq!(status(&put(Condition::TagAbsent(tag()))), 201);
    assert!(matches!(put(Condition::TagAbsent(tag())), Err(StoreError::Condition)));
    assert_eq!(status(&put(Condition::TagPresent(tag()))), 201);

    let protected = |pattern: &str| vec![Condition::NoProtectedTag(vec![pattern.parse().unwrap()])];
    let delete = format!("DELETE /v2/a/manifests/{}", digest(&image));
    let refused = bench.ask_if(&delete, &protected("v*"), ()).unwrap_err();
    assert_eq!((refused.problem().status, refused.problem().code.as_str()), (403, "DENIED"));
    // Where it cannot be asked it does not hold.
    assert_eq!(status(&bench.ask_if("DELETE /v2/a/manifests/v1", &protected("x"), ())), 403);
    assert_eq!(bench.content("/v2/a/manifests/v1").unwrap(), image);
    assert_eq!(status(&bench.ask_if(&delete, &protected("w*"), ())), 202);
    assert_eq!(bench.content("/v2/a/manifests/v1"), None);
}

#[test]
fn deletions() {
    let bench = Bench::new();
    let manifest = bench.push_image("a", "x", "layer");
    bench.push_image("a", "y", "layer");
    let blob = format!("DELETE /v2/a/blobs/{}", digest("layer"));
    let used = bench.ask(&blob, ()).unwrap_err().problem();
    assert_eq!((used.status, used.code.as_str(), used.message.contains(&manifest)), (405, "UNSUPPORTED", true));

    for (line, expected) in [
        ("DELETE /v2/a/manifests/x".to_owned(), 202),
        ("DELETE /v2/a/manifests/x".to_owned(), 404),
        ("GET /v2/a/manifests/y".to_owned(), 200),
        (format!("DELETE /v2/a/manifests/{manifest}"), 202),
        (format!("DELETE /v2/a/manifests/{manifest}"), 404),
        ("GET /v2/a/manifests/y".to_owned(), 404),
        (blob.clone(), 202),
        (blob, 404),
    ] {
        assert_eq!(status(&bench.ask(&line, ())), expected, "{line}");
    }
}

#[test]
fn what_no_longer_stands_has_no_effect() {
    let bench = Bench::new();
    let manifest = bench.push_image("a", "x", "layer");
    let image = image(&digest("{}"), &[]);
    let location = bench.begin("a");
    let blob = digest("late");
    for (line, content) in [
        (format!("PUT {location}?digest={blob}"), "late"),
        (format!("POST /v2/a/blobs/uploads/?digest={blob}"), "late"),
        (format!("POST /v2/b/blobs/uploads/?mount={}&from=a", digest("layer")), ""),
        ("POST /v2/a/blobs/uploads/".to_owned(), ""),
        ("PUT /v2/a/manifests/late".to_owned(), image.as_str()),
        ("DELETE /v2/a/manifests/x".to_owned(), ""),
        (format!("DELETE /v2/a/manifests/{manifest}"), ""),
    ] {
        let refused = bench.ask(&line, Body::from(content).fallen()).unwrap_err();
        assert!(matches!(refused, StoreError::Revoked), "{line}: {refused}");
    }
    for gone in
        [format!("/v2/a/blobs/{blob}"), format!("/v2/b/blobs/{}", digest("layer")), "/v2/a/manifests/late".into()]
    {
        assert_eq!(bench.content(&gone), None, "{gone}");
    }
    assert!(bench.content("/v2/a/manifests/x").is_some());
    // Only the upload that stood before is left.
    assert_eq!(std::fs::read_dir(bench.path("uploads")).unwrap().count(), 1);
}

#[test]
fn without_space_pushes_end_and_pulls_go_on() {
    let mut bench = Bench::new();
    let blob = bench.push("a", "{}");
    bench.push_image("a", "x", "layer");
    let location = bench.begin("a");
    bench.settings.keep_free = u64::MAX;
    bench.reopen();
    let image = image(&blob, &[]);
    for (line, content) in [
        ("POST /v2/a/blobs/uploads/".to_owned(), ""),
        (format!("POST /v2/a/blobs/uploads/?digest={}", digest("new")), "new"),
        (format!("PATCH {location}"), "new"),
        (format!("PUT {location}?digest={}", digest("new")), "new"),
        ("PUT /v2/a/manifests/y".to_owned(), image.as_str()),
    ] {
        assert_eq!(status(&bench.ask(&line, content)), 507, "{line}");
    }
    for (line, expected) in [
        (format!("GET /v2/a/blobs/{blob}"), 200),
        ("GET /v2/a/manifests/x".to_owned(), 200),
        (format!("DELETE {location}"), 204),
        ("DELETE /v2/a/manifests/x".to_owned(), 202),
    ] {
        assert_eq!(status(&bench.ask(&line, ())), expected, "{line}");
    }
    bench.settings.keep_free = 0;
    bench.reopen();
    bench.push("a", "new");
}
