//! 7.3: referrers.

use serde_json::{Value, json};
use testkit::http::Response;
use testkit::image::digest_of;

use super::content::{CONFIG, EMPTY_JSON, IMAGE, INDEX, absent, descriptor, image, index, with};
use super::{Place, header, is, json as body, place, problem};

const SBOM: &str = "application/vnd.example.sbom";
const SIGNATURE: &str = "application/vnd.example.signature";

fn list(place: &Place, repository: &str, subject: &str, query: &str) -> Response {
    place.get(&format!("/v2/{repository}/referrers/{subject}{query}"))
}

/// The entries, which must stand in a whole index.
fn entries(answer: &Response) -> Vec<Value> {
    assert_eq!((answer.head.status, header(answer, "content-type")), (200, INDEX), "{}", answer.text());
    let list = body(answer);
    assert_eq!((&list["schemaVersion"], &list["mediaType"]), (&json!(2), &json!(INDEX)));
    list["manifests"].as_array().expect("a list").clone()
}

/// Pushes an artifact that refers to the subject; gives the entry it should have.
fn refer(place: &Place, repository: &str, subject: &Value, artifact_type: &str, note: &str) -> Value {
    let empty = place.blob(repository, EMPTY_JSON, b"{}");
    let annotations = json!({ "org.example.note": note });
    let manifest = with(image(&empty, std::slice::from_ref(&empty)), "subject", subject.clone());
    let manifest = with(with(manifest, "artifactType", json!(artifact_type)), "annotations", annotations.clone());
    let stored = place.store(repository, &manifest);
    with(with(stored, "artifactType", json!(artifact_type)), "annotations", annotations)
}

fn sorted(mut entries: Vec<Value>) -> Vec<Value> {
    entries.sort_by_key(|entry| entry["digest"].as_str().map(str::to_owned));
    entries
}

#[test]
fn s7_3_what_is_not_known_has_an_empty_index() {
    let place = place();
    place.push("team/refs-none", b"x");
    for repository in ["team/refs-none", "team/never"] {
        assert_eq!(entries(&list(&place, repository, &absent(), "")), Vec::<Value>::new(), "{repository}");
    }
}

#[test]
fn s7_3_what_is_no_digest_is_400() {
    let place = place();
    for subject in ["latest", "sha256:x", "sha256:ABCDEF", "md5:d41d8cd98f00b204e9800998ecf8427e"] {
        assert_eq!(problem(&list(&place, "team/a", subject, "")), is(400, "DIGEST_INVALID"), "{subject}");
    }
}

#[test]
fn s7_3_a_push_with_a_subject_names_it_in_the_answer() {
    let place = place();
    let empty = place.blob("team/refs-push", EMPTY_JSON, b"{}");
    let subject = json!({ "mediaType": IMAGE, "digest": absent(), "size": 22 });
    for (reference, manifest) in [("image", image(&empty, &[])), ("index", index(&[]))] {
        let text = with(manifest, "subject", subject.clone()).to_string();
        let stored = place.put("team/refs-push", reference, &text);
        assert_eq!((stored.head.status, header(&stored, "oci-subject")), (201, absent().as_str()), "{reference}");
    }
    let plain = place.put("team/refs-push", "plain", &image(&empty, &[]).to_string());
    assert_eq!(plain.head.header("oci-subject"), None);
}

#[test]
fn s7_3_an_entry_is_a_descriptor_with_type_and_annotations() {
    let place = place();
    let repository = "team/refs-entry";
    let text = place.image(repository, "v1");
    let subject = descriptor(IMAGE, text.as_bytes());
    let sbom = refer(&place, repository, &subject, SBOM, "one");
    // Without a type of its own an image has that of its configuration, and an index has none.
    let config = place.blob(repository, CONFIG, b"{\"config\":true}");
    let plain = place.store(repository, &with(image(&config, &[]), "subject", subject.clone()));
    let nameless = with(image(&config, &[]), "artifactType", json!(""));
    let nameless = place.store(repository, &with(nameless, "subject", subject.clone()));
    let list_of = place.store(repository, &with(index(&[]), "subject", subject.clone()));
    let typed = with(with(index(&[]), "artifactType", json!(SIGNATURE)), "subject", subject.clone());
    let typed = with(place.store(repository, &typed), "artifactType", json!(SIGNATURE));
    let [plain, nameless] = [plain, nameless].map(|entry| with(entry, "artifactType", json!(CONFIG)));
    let expected = [sbom, plain, nameless, list_of, typed];
    let found = entries(&list(&place, repository, &digest_of(text.as_bytes()), ""));
    assert_eq!(sorted(found), sorted(expected.to_vec()));
}

#[test]
fn s7_3_the_subject_may_come_after_what_refers_to_it() {
    let place = place();
    let repository = "team/refs-before";
    let config = place.blob(repository, CONFIG, b"{\"late\":true}");
    let late = image(&config, &[]);
    let subject = descriptor(IMAGE, late.to_string().as_bytes());
    let entry = refer(&place, repository, &subject, SBOM, "early");
    let digest = subject["digest"].as_str().expect("a digest").to_owned();
    assert_eq!(entries(&list(&place, repository, &digest, "")), std::slice::from_ref(&entry));
    place.store(repository, &late);
    assert_eq!(entries(&list(&place, repository, &digest, "")), [entry]);
}

#[test]
fn s7_3_a_filter_is_applied_and_says_so() {
    let place = place();
    let repository = "team/refs-filter";
    let text = place.image(repository, "v1");
    let (subject, digest) = (descriptor(IMAGE, text.as_bytes()), digest_of(text.as_bytes()));
    let sbom = refer(&place, repository, &subject, SBOM, "one");
    let signature = refer(&place, repository, &subject, SIGNATURE, "two");
    for (artifact_type, expected) in [(SBOM, vec![sbom]), (SIGNATURE, vec![signature]), ("application/none", vec![])] {
        let answer = list(&place, repository, &digest, &format!("?artifactType={artifact_type}"));
        assert_eq!(header(&answer, "oci-filters-applied"), "artifactType");
        assert_eq!(entries(&answer), expected, "{artifact_type}");
    }
    assert_eq!(list(&place, repository, &digest, "").head.header("oci-filters-applied"), None);
}

#[test]
fn s7_3_pages_are_linked_and_keep_the_filter() {
    let place = place();
    let repository = "team/refs-pages";
    let text = place.image(repository, "v1");
    let subject = descriptor(IMAGE, text.as_bytes());
    let mut expected: Vec<Value> =
        (0..5).map(|number| refer(&place, repository, &subject, SBOM, &number.to_string())).collect();
    refer(&place, repository, &subject, SIGNATURE, "other");
    expected = sorted(expected);
    let mut target = format!("/v2/{repository}/referrers/{}?artifactType={SBOM}&n=2", digest_of(text.as_bytes()));
    let mut found = Vec::new();
    let mut pages = 0;
    loop {
        let answer = place.get(&target);
        assert_eq!(header(&answer, "oci-filters-applied"), "artifactType");
        found.extend(entries(&answer));
        pages += 1;
        let Some(link) = answer.head.header("link") else { break };
        let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).expect("a link");
        assert!(next.starts_with(&format!("/v2/{repository}/referrers/")), "{next}");
        target = next.to_owned();
    }
    assert_eq!((pages, found), (3, expected));
}

#[test]
fn s7_3_referrers_stay_in_their_repository_and_under_its_policy() {
    let place = place();
    let text = place.image("team/refs-here", "v1");
    let (subject, digest) = (descriptor(IMAGE, text.as_bytes()), digest_of(text.as_bytes()));
    refer(&place, "team/refs-here", &subject, SBOM, "here");
    assert_eq!(entries(&list(&place, "team/refs-there", &digest, "")), Vec::<Value>::new());
    let robot = place.registry.robot("unlisted", &["--pull", "team/**", "--no-list"]);
    let target = format!("/v2/team/refs-here/referrers/{digest}");
    assert_eq!(problem(&place.registry.ask(Some(&robot), "GET", &target, b"")), is(403, "DENIED"));
    assert_eq!(place.registry.ask(Some(&place.reader), "GET", &target, b"").head.status, 200);
    assert_eq!(problem(&place.get(&target.replace("team/", "other/"))), is(403, "DENIED"));
}

#[test]
fn s7_3_a_deleted_referrer_is_listed_no_more() {
    let place = place();
    let repository = "team/refs-deleted";
    let text = place.image(repository, "v1");
    let entry = refer(&place, repository, &descriptor(IMAGE, text.as_bytes()), SBOM, "short");
    let digest = entry["digest"].as_str().expect("a digest");
    assert_eq!(place.ask("DELETE", &format!("/v2/{repository}/manifests/{digest}"), b"").head.status, 202);
    assert_eq!(entries(&list(&place, repository, &digest_of(text.as_bytes()), "")), Vec::<Value>::new());
}

#[test]
fn s7_3_the_tag_that_older_clients_keep_is_a_tag_like_any_other() {
    let place = place();
    let repository = "team/refs-tag";
    let text = place.image(repository, "v1");
    let digest = digest_of(text.as_bytes());
    let tag = digest.replace(':', "-");
    let fallback = index(&[]).to_string();
    assert_eq!(place.put(repository, &tag, &fallback).head.status, 201);
    assert_eq!(place.get(&format!("/v2/{repository}/manifests/{tag}")).text(), fallback);
    let entry = refer(&place, repository, &descriptor(IMAGE, text.as_bytes()), SBOM, "listed");
    assert_eq!(entries(&list(&place, repository, &digest, "")), [entry]);
    for signature in [format!("{tag}.sig"), format!("{tag}.att"), format!("{tag}.sbom")] {
        assert_eq!(place.put(repository, &signature, &text).head.status, 201);
        let target = format!("/v2/{repository}/manifests/{signature}");
        assert_eq!(place.registry.ask(Some(&place.reader), "GET", &target, b"").head.status, 200);
        let outside = target.replace("team/", "other/");
        assert_eq!(place.get(&outside).head.status, 403, "under the policy of its repository");
    }
}
