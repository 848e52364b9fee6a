//! Referrers: what in a repository names a manifest as its subject (distribution-spec, "Listing Referrers").
//!
//! Older clients keep such lists themselves, as indexes under tags named `sha256-<hex>`. Those are tags like any other:
//! they are kept as they were pushed, nothing reads them here, and nothing of them is merged into an answer.

use std::collections::BTreeMap;
use std::io::Read as _;

use http::header::{CONTENT_TYPE, HeaderName};
use protocol::{Digest, Manifest, MediaType, Oci, Operation, Page, Repository, Request};
use rusqlite::{Connection, Row, params};
use serde::{Serialize, Serializer};
use serde_json::json;

use super::{Store, schema};
use crate::error::StoreError;
use crate::served::{Payload, Served};

/// `OCI-Filters-Applied`: the answer holds only what was asked for, and clients need not look again.
const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");

/// The most entries of one answer, and how many it has where nobody says.
const MAX_PAGE: u64 = 1000;
/// A page ends before its manifests have more bytes together than this. Each entry repeats the annotations of its
/// manifest, and clients read at most 4 MiB: what is left is enough for the rest of a thousand entries.
const MAX_BYTES: u64 = 3 << 20;
/// Files that are read before other requests get their turn.
const FILES_AT_ONCE: usize = 32;

/// A manifest that refers to another; the fields are those of a descriptor (image-spec, "Content Descriptors").
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Referrer {
    media_type: String,
    #[serde(serialize_with = "as_text")]
    digest: Digest,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

impl Store {
    /// An index of the referrers, in the order of their digests. Where there are none, and where there is no such
    /// subject or repository, it is empty: 404 would say that this registry does not know of referrers.
    pub(super) async fn list_referrers(
        &self,
        request: &Oci,
        subject: &Digest,
        artifact_type: Option<&str>,
        page: &Page,
    ) -> Result<Served, StoreError> {
        let n = page.n.unwrap_or(MAX_PAGE).min(MAX_PAGE);
        let mut found = after(&self.database(), &request.repository, subject, artifact_type, page, n)?;
        let fitting = fitting(&found, n);
        let more = found.len() > fitting;
        found.truncate(fitting);
        for (place, referrer) in found.iter_mut().enumerate() {
            if place % FILES_AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
            referrer.annotations = self.annotations(referrer)?;
        }
        let served = index(&found);
        let served = artifact_type.iter().fold(served, |served, _| served.with(FILTERS_APPLIED, "artifactType"));
        Ok(match found.last().filter(|_| more) {
            Some(last) => {
                let (subject, artifact_type) = (subject.clone(), artifact_type.map(str::to_owned));
                let page = Page { n: Some(n), last: Some(last.digest.to_string()) };
                let operation = Operation::ListReferrers { subject, artifact_type, page };
                served.followed_by(&Request::Oci(Oci { operation, ..request.clone() }))
            }
            None => served,
        })
    }

    /// What the manifest says about itself, from its own bytes. Annotations that alone are more than fits into a page
    /// are left out: whoever wants them fetches the manifest.
    fn annotations(&self, referrer: &Referrer) -> Result<BTreeMap<String, String>, StoreError> {
        let mut file = self.content.open_blob(&referrer.digest, referrer.size)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(StoreError::at(self.content.blob(&referrer.digest)))?;
        let annotations = Manifest::annotations_of(&bytes);
        let fits = referrer.size <= MAX_BYTES || json!(annotations).to_string().len() as u64 <= MAX_BYTES;
        Ok(if fits { annotations } else { BTreeMap::new() })
    }
}

fn as_text<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(digest)
}

fn index(manifests: &[Referrer]) -> Served {
    let media_type = MediaType::OciIndex.as_str();
    let body = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": manifests }).to_string();
    let served = Served::empty(200).with(CONTENT_TYPE, media_type);
    Served { length: Some(body.len() as u64), payload: Payload::Bytes(body.into()), ..served }
}

/// How many of them make a page: at most `n`, and no more bytes than a page may have, but for the first.
fn fitting(found: &[Referrer], n: u64) -> usize {
    let mut bytes: u64 = 0;
    let fits = |(place, referrer): &(usize, &Referrer)| {
        bytes = bytes.saturating_add(referrer.size);
        (*place as u64) < n && (*place == 0 || bytes <= MAX_BYTES)
    };
    found.iter().enumerate().take_while(fits).count()
}

/// The referrers behind the last page, one more than fit. The planner knows nothing of how few of a repository's
/// manifests refer to one subject, so it is told which index to take.
fn after(
    database: &Connection,
    repository: &Repository,
    subject: &Digest,
    artifact_type: Option<&str>,
    page: &Page,
    n: u64,
) -> rusqlite::Result<Vec<Referrer>> {
    let all = "SELECT digest, media_type, artifact_type, size
        FROM manifest INDEXED BY manifest_subject JOIN content USING (digest)
        WHERE repository = ?1 AND subject = ?2 AND digest > ?3 ORDER BY digest LIMIT ?4";
    let filtered = "SELECT digest, media_type, artifact_type, size
        FROM manifest INDEXED BY manifest_artifact_type JOIN content USING (digest)
        WHERE repository = ?1 AND subject = ?2 AND digest > ?3 AND artifact_type = ?5 ORDER BY digest LIMIT ?4";
    let (last, limit) = (page.last.as_deref().unwrap_or_default(), n.saturating_add(1));
    let (repository, subject) = (repository.as_str(), subject.as_str());
    match artifact_type {
        None => {
            let mut statement = database.prepare_cached(all)?;
            statement.query_map(params![repository, subject, last, limit], read)?.collect()
        }
        Some(artifact_type) => {
            let mut statement = database.prepare_cached(filtered)?;
            statement.query_map(params![repository, subject, last, limit, artifact_type], read)?.collect()
        }
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Referrer> {
    Ok(Referrer {
        media_type: row.get(1)?,
        digest: schema::column(row, 0)?,
        size: row.get(3)?,
        artifact_type: row.get(2)?,
        annotations: BTreeMap::new(),
    })
}
