//! Flaws of what strangers get besides manifests and blobs: lists, odd requests, odd credentials.

use serde_json::json;

use super::repository::{MANIFEST, bytes, manifest_of};
use super::{Flaw, REPOSITORY, Registry, TAG};
use crate::image::digest_of;
use crate::raw::{Answer, Request};

impl Registry {
    /// What a flaw answers; none where the registry is as it should be.
    pub(super) fn to_strangers(&self, request: &Request, path: &str, query: &str) -> Option<Answer> {
        let rest = path.strip_prefix(&format!("/v2/{REPOSITORY}/"));
        rest.and_then(|rest| self.in_repository(request, rest, query)).or_else(|| self.in_all(request, path, query))
    }

    fn in_repository(&self, request: &Request, rest: &str, query: &str) -> Option<Answer> {
        let image = &self.state.repositories[REPOSITORY];
        let manifest = digest_of(&image.manifest);
        let list = |body: serde_json::Value| Some(Answer::http(request, 200, &[], body.to_string().as_bytes()));
        let tags = || list(json!({ "name": REPOSITORY, "tags": [TAG] }));
        match rest.split_once('/')? {
            ("blobs", digest) if request.method == "HEAD" && self.has(Flaw::OpenLayerHead) => {
                (digest == digest_of(&image.layer)).then(|| bytes(request, &image.layer))
            }
            ("tags", "list") if self.has(Flaw::OpenTags) => tags(),
            ("tags", "list") if query == "n=-1" && self.has(Flaw::OpenTagsByPage) => tags(),
            ("referrers", _) if self.has(Flaw::OpenReferrers) => list(json!({ "schemaVersion": 2, "manifests": [] })),
            ("referrers", _) if !query.is_empty() && self.has(Flaw::OpenReferrersByType) => {
                list(json!({ "schemaVersion": 2, "manifests": [] }))
            }
            ("manifests", tag) if tag.ends_with(".sbom") && self.has(Flaw::OpenFallbackTag) => {
                Some(Answer::http(request, 200, &[("Content-Type", MANIFEST)], &image.manifest))
            }
            ("manifests", TAG) if query.starts_with("ns=") && self.has(Flaw::OpenToMirrors) => {
                Some(manifest_of(request, image))
            }
            ("manifests", TAG) if self.has(Flaw::OpenSchema1) => {
                let oldest = "application/vnd.docker.distribution.manifest.v1+prettyjws";
                let layers = json!([{ "blobSum": manifest }]);
                let asked = request.header("accept") == Some(oldest);
                asked.then(|| list(json!({ "schemaVersion": 1, "name": REPOSITORY, "fsLayers": layers })))?
            }
            ("manifests", _) if request.method == "DELETE" && self.has(Flaw::DeletesFirst) => {
                Some(Answer::http(request, 404, &[], b"{}"))
            }
            ("blobs", digest) if digest.len() != manifest.len() && self.has(Flaw::ReadsDigestsFirst) => {
                Some(Answer::http(request, 404, &[], b"{}"))
            }
            ("_oci", "ext/discover") if self.has(Flaw::OpenOwnDiscovery) => {
                list(json!({ "extensions": [{ "name": REPOSITORY }] }))
            }
            _ => None,
        }
    }

    fn in_all(&self, request: &Request, path: &str, query: &str) -> Option<Answer> {
        let list = |body: serde_json::Value| Some(Answer::http(request, 200, &[], body.to_string().as_bytes()));
        match path {
            "/v2/_catalog" if self.has(Flaw::OpenCatalog) => list(json!({ "repositories": [REPOSITORY] })),
            "/v2/_catalog" if query.starts_with("last=") && self.has(Flaw::OpenCatalogByPage) => {
                list(json!({ "repositories": [REPOSITORY] }))
            }
            "/v2/_oci/ext/discover" if self.has(Flaw::OpenDiscovery) => {
                list(json!({ "extensions": [{ "name": "_seen", "repositories": [REPOSITORY] }] }))
            }
            "/v2/_zot/ext/search" if self.has(Flaw::OpenSearch) => {
                list(json!({ "data": { "GlobalSearch": { "Repos": [{ "Name": REPOSITORY }] } } }))
            }
            _ => None,
        }
    }

    /// Whether what is no credential is taken for one.
    pub(super) fn admits(&self, request: &Request) -> bool {
        let shown: Vec<&str> = request.all("authorization").collect();
        match shown.as_slice() {
            ["Bearer null"] => self.has(Flaw::AdmitsNull),
            ["Basic YW5vbnltb3VzOg=="] => self.has(Flaw::AdmitsAnonymous),
            [_, _] => self.has(Flaw::AdmitsTwo),
            _ => false,
        }
    }
}
