use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue, RANGE};
use proptest::prelude::*;

use super::*;

fn parse(method: Method, target: &str) -> Result<Request, Malformed> {
    Request::parse(&Head::new(method, target))
}

fn status(method: Method, target: &str) -> u16 {
    parse(method, target).map_or_else(|malformed| malformed.problem.status, |request| panic!("{target}: {request:?}"))
}

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[test]
fn reserved_words_are_legal_names() {
    for (target, name) in [
        ("/v2/acme/pub/manifests/priv/manifests/v1", "acme/pub/manifests/priv"),
        ("/v2/a/blobs/uploads/manifests/v1", "a/blobs/uploads"),
        ("/v2/a/tags/list/tags/list", "a/tags/list"),
        ("/v2/manifests/manifests/manifests", "manifests"),
    ] {
        let request = parse(Method::GET, target).unwrap();
        assert_eq!(request.repository().map(Repository::as_str), Some(name), "{target}");
    }
    let upload = parse(Method::POST, "/v2/blobs/uploads/blobs/uploads/").unwrap();
    assert_eq!(upload.repository().map(Repository::as_str), Some("blobs/uploads"));
}

#[test]
fn what_is_not_canonical_is_refused() {
    for target in [
        "/v2/acme/pub/%2e%2e/priv/manifests/v1",
        "/v2/acme%2Fpriv/manifests/v1",
        "/v2/acme/pub%5c/manifests/v1",
        "/v2/acme/pub%00/manifests/v1",
        "/v2//acme/priv/manifests/v1",
        "/v2/acme//priv/manifests/v1",
        "/v2/./acme/manifests/v1",
        "/v2/../acme/manifests/v1",
        "/v2/acme;x=1/manifests/v1",
        "/v2/ACME/manifests/v1",
        "/v2/acme/blobs/sha256:../../x",
        "/v2/acme/blobs/sha256%253Aaa",
    ] {
        assert_eq!(status(Method::GET, target), 400, "{target}");
    }
    for target in [
        "/V2/a/manifests/v1",
        "//v2/a/manifests/v1",
        "/v2/_catalog/",
        "/v2/_catalog/x",
        "//v2/_catalog",
        "/v2/a/tags/list/",
        "/v2/a/manifests/v1/",
        "/v2/a",
        "/",
        "/metrics",
        "/token/",
    ] {
        assert_eq!(status(Method::GET, target), 404, "{target}");
    }
}

#[test]
fn an_encoded_colon_is_a_colon() {
    for colon in ["%3A", "%3a", ":"] {
        let target = format!("/v2/a/blobs/{}", DIGEST.replace(':', colon));
        assert_eq!(parse(Method::GET, &target), parse(Method::GET, &format!("/v2/a/blobs/{DIGEST}")));
    }
}

#[test]
fn methods_are_closed() {
    let odd = || Method::from_bytes(b"PROPFIND").unwrap();
    for target in [
        "/v2/",
        "/v2/a/manifests/v1",
        &format!("/v2/a/blobs/{DIGEST}"),
        "/v2/a/tags/list",
        "/v2/a/blobs/uploads/",
        "/v2/_catalog",
        "/token",
    ] {
        for method in [Method::OPTIONS, Method::TRACE, Method::CONNECT, odd(), Method::from_bytes(b"get").unwrap()] {
            assert_eq!(status(method, target), 405, "{target}");
        }
    }
}

#[test]
fn parameters_stand_once() {
    for target in [
        format!("/v2/a/blobs/uploads/?mount={DIGEST}&from=a&from=b"),
        format!("/v2/a/blobs/uploads/?digest={DIGEST}&digest={DIGEST}"),
    ] {
        assert_eq!(status(Method::POST, &target), 400, "{target}");
    }
    assert_eq!(status(Method::GET, "/v2/a/tags/list?n=1&n=2"), 400);
    assert_eq!(status(Method::GET, "/v2/a/tags/list?n=-1"), 400);
    assert_eq!(status(Method::GET, "/v2/a/tags/list?n=x"), 400);
    let referrers = format!("/v2/a/referrers/{DIGEST}");
    for query in ["n=x", "n=1&n=2", "last=v1", "artifactType=a&artifactType=b"] {
        assert_eq!(status(Method::GET, &format!("{referrers}?{query}")), 400, "{query}");
    }
}

#[test]
fn the_catalog_is_read_and_nothing_else() {
    let page = |n, last: &str| Request::Catalog { page: Page { n, last: Some(last.to_owned()) } };
    assert_eq!(parse(Method::GET, "/v2/_catalog").unwrap(), Request::Catalog { page: Page::default() });
    assert_eq!(parse(Method::GET, "/v2/_catalog?n=2&last=a%2Fb").unwrap(), page(Some(2), "a/b"));
    for query in ["n=-1", "n=x", "n=1&n=2", "last=A", "last=_catalog", "last=a&last=b"] {
        assert_eq!(status(Method::GET, &format!("/v2/_catalog?{query}")), 400, "{query}");
    }
    for method in [Method::HEAD, Method::PUT, Method::POST, Method::DELETE] {
        assert_eq!(status(method, "/v2/_catalog"), 405);
    }
}

#[test]
fn referrers_are_asked_for_by_digest() {
    let filter = |query: &str| {
        let request = parse(Method::GET, &format!("/v2/a/referrers/{DIGEST}{query}")).unwrap();
        let Request::Oci(Oci { operation: Operation::ListReferrers { artifact_type, .. }, .. }) = request else {
            panic!("{request:?}")
        };
        artifact_type
    };
    assert_eq!(filter("?artifactType="), None);
    for query in ["?artifactType=application/spdx+json", "?n=3&artifactType=application%2Fspdx%2Bjson"] {
        assert_eq!(filter(query).as_deref(), Some("application/spdx+json"), "{query}");
    }
    for bad in ["/v2/a/referrers/v1", "/v2/a/referrers/sha256:abc", "/v2/a/referrers/", "/v2/A/referrers/sha256:abc"] {
        assert_eq!(status(Method::GET, bad), 400, "{bad}");
    }
    let nested = parse(Method::GET, &format!("/v2/a/referrers/b/referrers/{DIGEST}")).unwrap();
    assert_eq!(nested.repository().map(Repository::as_str), Some("a/referrers/b"));
    for method in [Method::HEAD, Method::PUT, Method::POST, Method::DELETE] {
        assert_eq!(status(method, &format!("/v2/a/referrers/{DIGEST}")), 405);
    }
}

#[test]
fn a_query_never_names_another_route() {
    let plain = parse(Method::GET, "/v2/a/manifests/v1").unwrap();
    for query in ["x=/health", "/v2/b/", "ns=docker.io"] {
        assert_eq!(parse(Method::GET, &format!("/v2/a/manifests/v1?{query}")).unwrap(), plain);
    }
}

#[test]
fn repeated_headers_are_refused() {
    let mut head = Head::new(Method::GET, &format!("/v2/a/blobs/{DIGEST}"));
    head.headers.append(RANGE, HeaderValue::from_static("bytes=0-1"));
    assert!(Request::parse(&head).is_ok());
    head.headers.append(RANGE, HeaderValue::from_static("bytes=2-3"));
    assert_eq!(Request::parse(&head).unwrap_err().problem.status, 400);
}

#[test]
fn a_push_names_each_tag() {
    let request = parse(Method::PUT, &format!("/v2/a/manifests/{DIGEST}?tag=v1&tag=v2")).unwrap();
    let Accesses::Every(accesses) = request.accesses() else { panic!("{request:?}") };
    let told: Vec<_> = accesses.iter().map(|a| (a.action, a.tag.as_ref().map(Tag::as_str))).collect();
    assert_eq!(told, [(Action::WriteManifest, None), (Action::CreateTag, Some("v1")), (Action::CreateTag, Some("v2"))]);
}

#[test]
fn docker_schema_1_is_refused_with_the_reason() {
    for media_type in [
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws; charset=utf-8",
    ] {
        let mut head = Head::new(Method::PUT, "/v2/a/manifests/v1");
        head.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        let problem = Request::parse(&head).unwrap_err().problem;
        assert_eq!((problem.status, problem.code.as_str()), (400, "MANIFEST_INVALID"));
        assert!(problem.message.contains("schema 1"), "{}", problem.message);
    }
}

#[test]
fn tags_are_bounded() {
    let many = |count: usize| (0..count).map(|n| format!("tag=t{n}")).collect::<Vec<_>>().join("&");
    assert!(parse(Method::PUT, &format!("/v2/a/manifests/{DIGEST}?{}", many(10))).is_ok());
    assert_eq!(status(Method::PUT, &format!("/v2/a/manifests/{DIGEST}?{}", many(11))), 400);
}

#[test]
fn challenges_hold_everything_that_is_needed() {
    let scopes = |method, target: &str| -> Vec<String> {
        parse(method, target).unwrap().needed_scopes().iter().map(Scope::to_string).collect()
    };
    assert_eq!(scopes(Method::GET, "/v2/a/manifests/v1"), ["repository:a:pull"]);
    assert_eq!(scopes(Method::GET, "/v2/_catalog?n=3"), ["registry:catalog:*"]);
    assert_eq!(scopes(Method::PUT, "/v2/a/manifests/v1"), ["repository:a:pull,push"]);
    assert_eq!(scopes(Method::DELETE, "/v2/a/manifests/v1"), ["repository:a:delete"]);
    let mount = format!("/v2/a/blobs/uploads/?mount={DIGEST}&from=b");
    assert_eq!(scopes(Method::POST, &mount), ["repository:a:pull,push", "repository:b:pull"]);
}

fn repository() -> impl Strategy<Value = Repository> {
    "[a-z0-9]{1,4}([._-][a-z0-9]{1,3})?(/(manifests|blobs|uploads|tags|list|[a-z0-9]{1,4})){0,3}"
        .prop_map(|text| text.parse().unwrap())
}

fn digests() -> impl Strategy<Value = Digest> {
    prop_oneof!["sha256:[0-9a-f]{64}", "sha512:[0-9a-f]{128}"].prop_map(|text| text.parse().unwrap())
}

fn tags() -> impl Strategy<Value = Tag> {
    "[A-Za-z0-9_][A-Za-z0-9._-]{0,12}".prop_map(|text| text.parse().unwrap())
}

fn references() -> impl Strategy<Value = Reference> {
    prop_oneof![tags().prop_map(Reference::Tag), digests().prop_map(Reference::Digest)]
}

fn readings() -> impl Strategy<Value = Reading> {
    prop_oneof![Just(Reading::Get), Just(Reading::Head)]
}

fn uploads() -> impl Strategy<Value = UploadId> {
    "[A-Za-z0-9_-]{22,40}".prop_map(|text| text.parse().unwrap())
}

fn known() -> impl Strategy<Value = Option<EntityTags>> {
    let these = proptest::collection::vec(digests().prop_map(|digest| digest.to_string()), 1..3);
    proptest::option::of(prop_oneof![Just(EntityTags::Any), these.prop_map(EntityTags::These)])
}

fn ranges() -> impl Strategy<Value = Option<ByteRange>> {
    proptest::option::of(prop_oneof![
        (0..99_u64, proptest::option::of(99..999_u64)).prop_map(|(first, last)| ByteRange::From { first, last }),
        (1..99_u64).prop_map(|length| ByteRange::Suffix { length }),
    ])
}

fn chunk() -> impl Strategy<Value = Option<ContentRange>> {
    proptest::option::of((0..99_u64, 99..999_u64).prop_map(|(start, end)| ContentRange { start, end }))
}

fn operations() -> impl Strategy<Value = Operation> {
    let media_type = proptest::option::of(proptest::sample::select(MediaType::ALL.to_vec()));
    let mount = proptest::option::of((digests(), proptest::option::of(repository())));
    let algorithm = prop_oneof![Just(Algorithm::Sha256), Just(Algorithm::Sha512)];
    prop_oneof![
        (references(), readings(), known()).prop_map(|(reference, reading, known)| Operation::ReadManifest {
            reference,
            reading,
            known
        }),
        (references(), proptest::collection::vec(tags(), 0..3), media_type)
            .prop_map(|(reference, tags, media_type)| Operation::WriteManifest { reference, tags, media_type }),
        references().prop_map(|reference| Operation::DeleteManifest { reference }),
        (digests(), readings(), ranges(), known()).prop_map(|(digest, reading, range, known)| Operation::ReadBlob {
            digest,
            reading,
            range,
            known
        }),
        digests().prop_map(|digest| Operation::DeleteBlob { digest }),
        (mount, proptest::option::of(digests()), algorithm).prop_map(|(mount, digest, algorithm)| {
            let algorithm = digest.as_ref().map_or(algorithm, Digest::algorithm);
            let mount = mount.map(|(digest, from)| Mount { digest, from });
            Operation::OpenUpload { mount, digest, algorithm }
        }),
        (uploads(), chunk()).prop_map(|(upload, range)| Operation::AppendUpload { upload, range }),
        (uploads(), digests(), chunk()).prop_map(|(upload, digest, range)| Operation::FinishUpload {
            upload,
            digest,
            range
        }),
        uploads().prop_map(|upload| Operation::ReadUpload { upload }),
        uploads().prop_map(|upload| Operation::CancelUpload { upload }),
        (proptest::option::of(0..u64::MAX), proptest::option::of(tags()))
            .prop_map(|(n, last)| { Operation::ListTags { page: Page { n, last: last.map(|tag| tag.to_string()) } } }),
        (
            digests(),
            proptest::option::of("[!-~]{1,20}"),
            proptest::option::of(0..u64::MAX),
            proptest::option::of(digests())
        )
            .prop_map(|(subject, artifact_type, n, last)| {
                let page = Page { n, last: last.map(|digest| digest.to_string()) };
                Operation::ListReferrers { subject, artifact_type, page }
            }),
    ]
}

fn requests() -> impl Strategy<Value = Request> {
    prop_oneof![
        readings().prop_map(|reading| Request::Ping { reading }),
        (proptest::option::of(0..u64::MAX), proptest::option::of(repository()))
            .prop_map(|(n, last)| Request::Catalog { page: Page { n, last: last.map(|name| name.to_string()) } }),
        (repository(), operations()).prop_map(|(repository, operation)| Request::Oci(Oci { repository, operation })),
        (proptest::option::of("[a-z.]{1,9}"), proptest::collection::btree_set(repository(), 0..4), any::<bool>())
            .prop_map(|(service, names, offline)| Request::Token(TokenRequest {
                method: Method::GET,
                service,
                scopes: names.iter().map(Scope::pull).collect(),
                account: None,
                offline,
            })),
    ]
}

proptest! {
    #[test]
    fn parse_reads_what_render_writes(request in requests()) {
        let rendered = request.render();
        let mut head = Head::new(rendered.method, &rendered.target);
        for (name, value) in rendered.headers {
            head.headers.insert(name, value.parse().unwrap());
        }
        prop_assert_eq!(Request::parse(&head).unwrap(), request);
    }

    #[test]
    fn any_target_is_parsed_or_refused(target in "/[ -~]{0,80}", method in "[A-Z]{1,7}") {
        let _ = parse(Method::from_bytes(method.as_bytes()).unwrap(), &target);
    }
}
