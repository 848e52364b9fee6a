//! Long lists and short ones: what a page costs must not depend on how much there is besides.

use std::sync::Arc;

use testkit::image::digest_of;

use crate::exchange::{Body, Exchange, token};
use crate::subject::{NAMESPACE, Pullgate, ROBOT};

/// Entries of the long lists.
const LONG: usize = 10_000;
/// Entries of the short ones, and of a page of either.
const PAGE: usize = 10;
/// The most tags that one request gives to a manifest.
const TAGS_AT_ONCE: usize = 10;
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const ARTIFACT_TYPE: &str = "application/vnd.example.signature";

/// Fills the lists; for each kind a page out of the middle of the long one, and the whole short one.
pub(crate) fn filled(pullgate: &Pullgate) -> Vec<(&'static str, [Arc<Exchange>; 2])> {
    let key = pullgate.main_robot();
    let address = pullgate.subject().address;
    let lists = [("long", LONG), ("short", PAGE)].map(|(name, length)| {
        let repository = format!("{NAMESPACE}/{name}");
        let scoped = token(address, (ROBOT, &key), &format!("repository:{repository}:pull,push"));
        List { pullgate, repository, token: scoped, length }.filled()
    });
    let [long, short] = lists;
    let pair = |name, page: fn(&Pages) -> &Arc<Exchange>| (name, [page(&long).clone(), page(&short).clone()]);
    vec![
        pair("tags", |pages| &pages.tags),
        pair("referrers", |pages| &pages.referrers),
        pair("referrers of a type", |pages| &pages.typed),
    ]
}

struct List<'a> {
    pullgate: &'a Pullgate,
    repository: String,
    token: String,
    length: usize,
}

/// One page of each kind.
struct Pages {
    tags: Arc<Exchange>,
    referrers: Arc<Exchange>,
    typed: Arc<Exchange>,
}

impl List<'_> {
    fn filled(&self) -> Pages {
        let tags: Vec<String> = (0..self.length).map(|number| format!("tag-{number:05}")).collect();
        let plain = r#"{"schemaVersion":2,"manifests":[]}"#;
        for some in tags.chunks(TAGS_AT_ONCE) {
            self.put(plain, &format!("?tag={}", some.join("&tag=")));
        }
        let subject = digest_of(plain.as_bytes());
        let referrers = (0..self.length).map(|number| referrer(&subject, plain.len(), number));
        let mut digests: Vec<String> = referrers.map(|manifest| self.put(&manifest, "")).collect();
        digests.sort_unstable();
        let base = format!("/v2/{}", self.repository);
        let behind = |entries: &[String]| {
            let last = entries.len().checked_sub(PAGE + 1).map(|last| &entries[last / 2]);
            last.map(|last| format!("&last={last}")).unwrap_or_default()
        };
        let referrers = format!("{base}/referrers/{subject}?n={PAGE}{}", behind(&digests));
        Pages {
            tags: self.asked("tags", &format!("{base}/tags/list?n={PAGE}{}", behind(&tags))),
            typed: self.asked("referrers of a type", &format!("{referrers}&artifactType={ARTIFACT_TYPE}")),
            referrers: self.asked("referrers", &referrers),
        }
    }

    fn put(&self, manifest: &str, query: &str) -> String {
        let digest = digest_of(manifest.as_bytes());
        let target = format!("/v2/{}/manifests/{digest}{query}", self.repository);
        self.pullgate.sent("PUT", &target, &self.token, (INDEX, manifest.as_bytes()));
        digest
    }

    fn asked(&self, name: &'static str, target: &str) -> Arc<Exchange> {
        let address = self.pullgate.subject().address;
        let exchange = Exchange::asked(name, address, (target, Some(&self.token)), (200, Body::Memory));
        let body: serde_json::Value = serde_json::from_slice(&exchange.answer.body).expect("a list is JSON");
        let entries = body["tags"].as_array().or(body["manifests"].as_array()).map(Vec::len);
        assert_eq!(entries, Some(PAGE), "{target}: {body}");
        Arc::new(exchange)
    }
}

fn referrer(subject: &str, size: usize, number: usize) -> String {
    format!(
        r#"{{"schemaVersion":2,"manifests":[],"artifactType":"{ARTIFACT_TYPE}","annotations":{{"number":"{number:05}"}},"subject":{{"mediaType":"{INDEX}","digest":"{subject}","size":{size}}}}}"#
    )
}
