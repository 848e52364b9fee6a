//! Referrers: what is listed, how it is filtered and paged, and what it never costs.

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::support::{Bench, descriptor, digest, header, index, manifest, status, text};

const SBOM: &str = "application/spdx+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// Pushes an artifact without layers that refers to the subject, and says its digest.
fn attach(bench: &Bench, repository: &str, subject: &str, more: &str) -> String {
    let config = descriptor(EMPTY, &bench.push(repository, "{}"));
    let members = format!(r#""config":{config},"layers":[],"subject":{}{more}"#, descriptor(IMAGE, subject));
    let artifact = manifest("image.manifest", &members);
    let digest = digest(&artifact);
    let stored = bench.ask(&format!("PUT /v2/{repository}/manifests/{digest}"), artifact.as_str()).unwrap();
    assert_eq!((stored.status, header(&stored, "oci-subject").as_str()), (201, subject));
    digest
}

/// The entries of an answer, and where the list goes on.
fn listed(bench: &Bench, target: &str) -> (Vec<Value>, Option<String>) {
    let served = bench.ask(&format!("GET {target}"), ()).unwrap();
    assert_eq!(
        (served.status, header(&served, "content-type").as_str()),
        (200, "application/vnd.oci.image.index.v1+json")
    );
    let next = served.headers.get("link").map(|_| header(&served, "link"));
    let next = next.map(|link| link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned());
    let index: Value = serde_json::from_str(&text(served)).unwrap();
    assert_eq!(
        (&index["schemaVersion"], &index["mediaType"]),
        (&json!(2), &json!("application/vnd.oci.image.index.v1+json"))
    );
    (index["manifests"].as_array().unwrap().clone(), next)
}

/// The digests of all pages, one after the other.
fn walk(bench: &Bench, target: &str) -> Vec<String> {
    let (mut digests, mut next) = (Vec::new(), Some(target.to_owned()));
    while let Some(target) = next {
        let (entries, behind) = listed(bench, &target);
        digests.extend(entries.iter().map(|entry| entry["digest"].as_str().unwrap().to_owned()));
        next = behind;
    }
    digests
}

#[test]
fn an_entry_is_a_descriptor_with_type_and_annotations() {
    let bench = Bench::new();
    let subject = bench.push_image("a", "latest", "layer");
    let more = format!(r#","artifactType":"{SBOM}","annotations":{{"org.example.b":"2","org.example.a":"\u00e9\n"}}"#);
    let typed = attach(&bench, "a", &subject, &more);
    let plain = attach(&bench, "a", &subject, "");
    let size = |digest: &str| bench.ask(&format!("HEAD /v2/a/manifests/{digest}"), ()).unwrap().length;
    let mut expected = vec![
        json!({ "mediaType": IMAGE, "digest": typed, "size": size(&typed), "artifactType": SBOM,
                "annotations": { "org.example.a": "\u{e9}\n", "org.example.b": "2" } }),
        json!({ "mediaType": IMAGE, "digest": plain, "size": size(&plain), "artifactType": EMPTY }),
    ];
    expected.sort_by_key(|entry| entry["digest"].as_str().unwrap().to_owned());
    assert_eq!(listed(&bench, &format!("/v2/a/referrers/{subject}")), (expected, None));
}

#[test]
fn an_index_refers_too_and_has_only_a_type_of_its_own() {
    let bench = Bench::new();
    let subject = digest("later");
    let members = format!(r#""manifests":[],"subject":{}"#, descriptor(IMAGE, &subject));
    let list = manifest("image.index", &members);
    assert_eq!(status(&bench.ask("PUT /v2/a/manifests/list", list.as_str())), 201);
    let entry =
        json!({ "mediaType": "application/vnd.oci.image.index.v1+json", "digest": digest(&list), "size": list.len() });
    assert_eq!(listed(&bench, &format!("/v2/a/referrers/{subject}")), (vec![entry], None));
    assert_eq!(listed(&bench, &format!("/v2/a/referrers/{subject}?artifactType={EMPTY}")).0, Vec::<Value>::new());
}

#[test]
fn nothing_refers_to_what_nobody_knows() {
    let bench = Bench::new();
    let subject = bench.push_image("a", "latest", "layer");
    attach(&bench, "a", &subject, "");
    for target in [
        format!("/v2/a/referrers/{}", digest("nobody")),
        format!("/v2/none/referrers/{subject}"),
        // It refers within its repository, whoever has the same image elsewhere.
        format!("/v2/b/referrers/{subject}"),
    ] {
        bench.push_image("b", "latest", "layer");
        assert_eq!(listed(&bench, &target), (Vec::new(), None), "{target}");
    }
}

#[test]
fn a_deleted_referrer_is_listed_no_more_and_one_of_a_deleted_subject_still_is() {
    let bench = Bench::new();
    let subject = bench.push_image("a", "latest", "layer");
    let (first, second) = (attach(&bench, "a", &subject, ""), attach(&bench, "a", &subject, r#","annotations":{}"#));
    let all = format!("/v2/a/referrers/{subject}");
    bench.ask(&format!("DELETE /v2/a/manifests/{first}"), ()).unwrap();
    assert_eq!(walk(&bench, &all), [second.as_str()]);
    bench.ask(&format!("DELETE /v2/a/manifests/{subject}"), ()).unwrap();
    assert_eq!(walk(&bench, &all), [second]);
}

#[test]
fn a_filter_says_so_and_pages_keep_it() {
    let bench = Bench::new();
    let subject = bench.push_image("a", "latest", "layer");
    let typed = |number: usize, of: &str| {
        attach(&bench, "a", &subject, &format!(r#","artifactType":"{of}","annotations":{{"number":"{number}"}}"#))
    };
    let mut sboms: Vec<String> = (0..5).map(|number| typed(number, SBOM)).collect();
    let mut all = sboms.clone();
    all.extend((0..5).map(|number| typed(number, "application/vnd.example")));
    sboms.sort();
    all.sort();
    let target = format!("/v2/a/referrers/{subject}");
    let filtered = format!("{target}?artifactType=application%2Fspdx%2Bjson");
    let header_of =
        |target: &str| bench.ask(&format!("GET {target}"), ()).unwrap().headers.get("oci-filters-applied").cloned();
    assert_eq!(header_of(&target), None);
    assert_eq!(header_of(&filtered).unwrap(), "artifactType");
    for n in [1, 2, 3, 9, 10, 11] {
        assert_eq!(walk(&bench, &format!("{target}?n={n}")), all, "{n}");
        assert_eq!(walk(&bench, &format!("{filtered}&n={n}")), sboms, "{n}");
    }
    let next = listed(&bench, &format!("{filtered}&n=2")).1.unwrap();
    assert_eq!(next, format!("{filtered}&n=2&last={}", sboms[1].replace(':', "%3A")));
    assert_eq!(header_of(&next).unwrap(), "artifactType");
    assert_eq!(listed(&bench, &format!("{target}?n=0")), (Vec::new(), None));
    assert_eq!(listed(&bench, &format!("{target}?n=10")).1, None);
    assert_eq!(walk(&bench, &format!("{target}?last={}", all[6])), all[7..]);
}

#[test]
fn a_page_has_at_most_a_thousand_entries_and_fewer_bytes_than_clients_read() {
    let bench = Bench::new();
    let (subject, many) = (digest("subject"), digest("many"));
    for number in 0..5 {
        let annotation = "x".repeat(1 << 20);
        attach(&bench, "a", &subject, &format!(r#","annotations":{{"{number}":"{annotation}"}}"#));
    }
    let first = bench.ask(&format!("GET /v2/a/referrers/{subject}"), ()).unwrap();
    assert!(first.length.unwrap() < 4 << 20 && first.headers.contains_key("link"), "{first:?}");
    assert_eq!(walk(&bench, &format!("/v2/a/referrers/{subject}")).len(), 5);
    // One alone is always listed, with what there is room for.
    let annotation = "x".repeat(4_190_000);
    attach(&bench, "a", &digest("large"), &format!(r#","annotations":{{"x":"{annotation}"}}"#));
    let (entries, next) = listed(&bench, &format!("/v2/a/referrers/{}", digest("large")));
    assert_eq!((entries.len(), entries[0].get("annotations"), next), (1, None, None));

    let database = bench.store().database();
    let transaction = database.unchecked_transaction().unwrap();
    let mut all: Vec<String> = (0..1001).map(|number| stow(&bench, &transaction, &many, &number.to_string())).collect();
    transaction.commit().unwrap();
    drop(database);
    all.sort();
    for query in ["", "?n=2000", "?n=18446744073709551615"] {
        let (entries, next) = listed(&bench, &format!("/v2/a/referrers/{many}{query}"));
        assert!(next.unwrap().contains("?n=1000&last="), "{query}");
        assert_eq!(entries.len(), 1000, "{query}");
    }
    assert_eq!(walk(&bench, &format!("/v2/a/referrers/{many}")), all);
}

/// Puts a manifest into the store as an earlier version could have, and says its digest.
fn stow(bench: &Bench, database: &Connection, subject: &str, annotation: &str) -> String {
    let bytes = format!(r#"{{"annotations":{{"a":{annotation}}}}}"#);
    let digest = digest(&bytes);
    let hex = digest.strip_prefix("sha256:").unwrap();
    let path = bench.path("blobs/sha256").join(hex.split_at(2).0);
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join(hex), &bytes).unwrap();
    database.execute("INSERT INTO content VALUES (?1, ?2, 0)", params![digest, bytes.len()]).unwrap();
    let insert = "INSERT INTO manifest VALUES ('a', ?1, ?2, ?3, ?4)";
    database.execute(insert, params![digest, IMAGE, SBOM, subject]).unwrap();
    digest
}

#[test]
fn a_page_is_found_by_its_index() {
    let bench = Bench::new();
    let plan = |index: &str, filter: &str| -> String {
        let query = format!(
            "EXPLAIN QUERY PLAN SELECT digest FROM manifest INDEXED BY {index}
             WHERE repository = ?1 AND subject = ?2 AND digest > ?3 {filter} ORDER BY digest LIMIT 9"
        );
        bench.store().database().query_row(&query, ["a", "b", "c"], |row| row.get(3)).unwrap()
    };
    assert!(plan("manifest_subject", "").contains("subject=? AND digest>?"));
    assert!(plan("manifest_artifact_type", "AND artifact_type = 'x'").contains("artifact_type=? AND digest>?"));
}

#[test]
fn a_list_that_a_client_keeps_under_a_tag_is_a_tag() {
    let bench = Bench::new();
    let subject = bench.push_image("a", "latest", "layer");
    let config = descriptor(EMPTY, &bench.push("a", "{}"));
    // A referrer of old: it names no subject, and the list under the tag does.
    let members = format!(r#""config":{config},"layers":[],"artifactType":"{SBOM}""#);
    let old = manifest("image.manifest", &members);
    assert_eq!(status(&bench.ask(&format!("PUT /v2/a/manifests/{}", digest(&old)), old.as_str())), 201);
    let (list, tag) = (index(&[&digest(&old)]), subject.replace(':', "-"));
    assert_eq!(status(&bench.ask(&format!("PUT /v2/a/manifests/{tag}"), list.as_str())), 201);

    assert_eq!(bench.content(&format!("/v2/a/manifests/{tag}")).unwrap(), list);
    assert!(bench.content("/v2/a/tags/list").unwrap().contains(&tag));
    assert_eq!(listed(&bench, &format!("/v2/a/referrers/{subject}")), (Vec::new(), None));
    let new = attach(&bench, "a", &subject, "");
    assert_eq!(walk(&bench, &format!("/v2/a/referrers/{subject}")), [new]);
    assert_eq!(bench.content(&format!("/v2/a/manifests/{tag}")).unwrap(), list);
    assert_eq!(status(&bench.ask(&format!("DELETE /v2/a/manifests/{tag}"), ())), 202);
}

#[test]
fn a_store_of_an_earlier_version_lists_what_it_has() {
    let mut bench = Bench::new();
    let subject = bench.push_image("a", "latest", "layer");
    let referrer = attach(&bench, "a", &subject, &format!(r#","artifactType":"{SBOM}","annotations":{{"a":"1"}}"#));
    bench.store().database().execute_batch("DROP INDEX manifest_artifact_type; PRAGMA user_version = 2").unwrap();
    bench.reopen();
    let (entries, _) = listed(&bench, &format!("/v2/a/referrers/{subject}?artifactType={SBOM}"));
    assert_eq!(
        (entries[0]["digest"].as_str(), &entries[0]["annotations"]["a"]),
        (Some(referrer.as_str()), &json!("1"))
    );
    // What is no text was accepted then, and is not repeated: clients could not read the whole list.
    let odd = stow(&bench, &bench.store().database(), &digest("odd"), "1");
    let (entries, _) = listed(&bench, &format!("/v2/a/referrers/{}", digest("odd")));
    assert_eq!((entries[0]["digest"].as_str(), entries[0].get("annotations")), (Some(odd.as_str()), None));
}
