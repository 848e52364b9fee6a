use super::*;

const HEX: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn descriptor_json(media_type: &str) -> String {
    format!(r#"{{"mediaType":"{media_type}","digest":"sha256:{HEX}","size":7}}"#)
}

fn image(more: &str) -> String {
    let config = descriptor_json("application/vnd.oci.image.config.v1+json");
    let layer = descriptor_json("application/vnd.oci.image.layer.v1.tar+gzip");
    format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{layer}]{more}}}"#)
}

fn parse(json: &str, media_type: MediaType) -> Result<Manifest, ManifestError> {
    Manifest::parse(json.as_bytes(), Some(media_type))
}

#[test]
fn an_image() {
    let manifest = parse(&image(""), MediaType::OciManifest).unwrap();
    assert_eq!((manifest.config.iter().len(), manifest.layers.len(), manifest.manifests.len()), (1, 1, 0));
    assert_eq!(manifest.artifact_type.as_deref(), Some("application/vnd.oci.image.config.v1+json"));
}

#[test]
fn the_artifact_type_is_its_own_or_that_of_the_configuration() {
    let of = |json: &str, media_type| parse(json, media_type).unwrap().artifact_type;
    let typed = r#","artifactType":"application/spdx+json""#;
    let config = "application/vnd.oci.image.config.v1+json";
    assert_eq!(of(&image(typed), MediaType::OciManifest).as_deref(), Some("application/spdx+json"));
    assert_eq!(of(&image(r#","artifactType":"""#), MediaType::OciManifest).as_deref(), Some(config));
    let index = |more: &str| format!(r#"{{"schemaVersion":2,"manifests":[]{more}}}"#);
    assert_eq!(of(&index(typed), MediaType::OciIndex).as_deref(), Some("application/spdx+json"));
    assert_eq!(of(&index(r#","artifactType":"""#), MediaType::OciIndex), None);
    assert_eq!(of(&index(""), MediaType::OciIndex), None);
}

#[test]
fn an_index_lists_manifests_and_other_things() {
    let image = descriptor_json(MediaType::DockerManifest.as_str());
    let cache = descriptor_json("application/vnd.buildkit.cacheconfig.v0");
    let json = format!(r#"{{"schemaVersion":2,"manifests":[{image},{cache}]}}"#);
    let index = parse(&json, MediaType::OciIndex).unwrap();
    assert_eq!((index.config, index.layers.len(), index.manifests.len()), (None, 1, 1));
}

#[test]
fn embedded_content_is_what_the_descriptor_says() {
    let with = |data: &str| {
        let embedded = descriptor_json(MediaType::OciManifest.as_str()).replace("\"size\"", &format!("{data}\"size\""));
        parse(&image(&format!(r#","subject":{embedded}"#)), MediaType::OciManifest)
    };
    let subject = with(r#""data":"c2V2ZW4hIQ==","#).unwrap().subject.unwrap();
    assert_eq!(subject.data.as_deref(), Some(b"seven!!".as_slice()));
    assert_eq!(with("").unwrap().subject.unwrap().data, None);
    // Another length, no padding, the other alphabet, bits that are not zero, no text at all.
    for wrong in [r#""c2l4""#, r#""c2V2ZW4hIQ""#, r#""__________""#, r#""c2V2ZW4hIR==""#, r#""""#, "null", "7", "[]"] {
        let expected = Err(ManifestError::Data { digest: format!("sha256:{HEX}").parse().unwrap() });
        assert_eq!(with(&format!(r#""data":{wrong},"#)), expected, "{wrong}");
    }
}

#[test]
fn annotations_are_text() {
    let annotated = image(r#","annotations":{"b":"2","a":"1"}"#);
    let expected = [("a", "1"), ("b", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(parse(&annotated, MediaType::OciManifest).unwrap().annotations, expected.clone().into());
    assert_eq!(Manifest::annotations_of(annotated.as_bytes()), expected.into());
    for wrong in ["1", "[]", "null", r#"{"a":1}"#, r#"{"a":{}}"#] {
        let json = image(&format!(r#","annotations":{wrong}"#));
        assert_eq!(
            parse(&json, MediaType::OciManifest),
            Err(ManifestError::Member { member: "annotations" }),
            "{wrong}"
        );
        assert!(Manifest::annotations_of(json.as_bytes()).is_empty(), "{wrong}");
    }
}

#[test]
fn an_empty_index() {
    let json = format!(r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[]}}"#, MediaType::OciIndex);
    assert_eq!(Manifest::parse(json.as_bytes(), None).unwrap().media_type, MediaType::OciIndex);
}

#[test]
fn two_readers_must_agree() {
    for more in [r#","manifests":[]"#, r#","layers":[]"#, r#","Layers":[]"#, r#","annotations":{"a":"1","a":"2"}"#] {
        assert!(parse(&image(more), MediaType::OciManifest).is_err(), "{more}");
    }
    assert_eq!(
        parse(r#"{"schemaVersion":2,"manifests":[],"config":{}}"#, MediaType::OciIndex),
        Err(ManifestError::Foreign { member: "config" })
    );
    assert_eq!(
        parse(&image(&format!(r#","mediaType":"{}""#, MediaType::OciIndex)), MediaType::OciManifest),
        Err(ManifestError::Contradiction)
    );
}

#[test]
fn schema_1_is_refused_by_name() {
    assert_eq!(
        "application/vnd.docker.distribution.manifest.v1+prettyjws".parse::<MediaType>(),
        Err(ManifestError::Schema1)
    );
    assert_eq!(Manifest::parse(br#"{"schemaVersion":1}"#, None), Err(ManifestError::Schema1));
}

#[test]
fn wrong_types_are_errors() {
    for json in [
        "",
        "[]",
        "null",
        "{",
        r#"{"schemaVersion":"2"}"#,
        r#"{"schemaVersion":2}"#,
        r#"{"schemaVersion":2,"config":null,"layers":[]}"#,
    ] {
        assert!(parse(json, MediaType::OciManifest).is_err(), "{json}");
    }
    let negative = image("").replace("\"size\":7", "\"size\":-7");
    assert!(parse(&negative, MediaType::OciManifest).is_err());
    let traversal = image("").replace(HEX, "../../x");
    assert!(parse(&traversal, MediaType::OciManifest).is_err());
}

#[test]
fn limits_hold_at_the_limit() {
    let nested = |depth: usize| format!(r#","custom":{}1{}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&image(&nested(MAX_DEPTH - 1)), MediaType::OciManifest).is_ok());
    assert!(parse(&image(&nested(MAX_DEPTH)), MediaType::OciManifest).is_err());
    let listing = |count: usize| {
        let entries = vec![descriptor_json(MediaType::OciManifest.as_str()); count].join(",");
        format!(r#"{{"schemaVersion":2,"manifests":[{entries}]}}"#)
    };
    assert!(parse(&listing(1000), MediaType::OciIndex).is_ok());
    assert_eq!(parse(&listing(1001), MediaType::OciIndex), Err(ManifestError::TooMany { limit: 1000 }));
    let padded = |size: usize| format!("{}{}", image(""), " ".repeat(size - image("").len()));
    assert!(parse(&padded(Manifest::MAX_BYTES), MediaType::OciManifest).is_ok());
    assert!(parse(&padded(Manifest::MAX_BYTES + 1), MediaType::OciManifest).is_err());
}
