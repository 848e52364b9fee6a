//! Flaws of what somebody gets who is known and may do little.

use serde_json::json;

use super::repository::{bytes, manifest_of};
use super::token::Grant;
use super::{Flaw, GROUP, LOW, LOW_PASSWORD, REFUSED, REPOSITORY, Registry, SECOND, TAG, THROUGH};
use crate::http::basic;
use crate::image::digest_of;
use crate::raw::{Answer, Request};

impl Registry {
    /// Whether whoever asks is let into a repository that they may not pull.
    pub(super) fn lets_in(&self, request: &Request, repository: &str) -> bool {
        let grant = self.grant(request);
        let is_known = |grant: &Grant| !grant.user.is_empty();
        let known = grant.as_ref().is_some_and(is_known);
        let empty = grant.as_ref().is_some_and(|grant| grant.access.iter().all(|entry| entry.actions.is_empty()));
        let shown = request.header("authorization").unwrap_or_default();
        match repository {
            SECOND => {
                (known && empty && self.has(Flaw::EmptyTokenReads))
                    || (known && self.has(Flaw::TokenIsNotRead))
                    || (known && self.service == "mirror" && self.has(Flaw::MirrorForgetsScopes))
                    || (known && request.target.contains("?ns=") && self.has(Flaw::NamespaceSwitchesRules))
                    || (self.has(Flaw::KeyIsBearer) && shown == format!("Bearer {LOW_PASSWORD}"))
                    || self.merges(request)
                    || (self.has(Flaw::KeyIsPassword) && shown == basic("token", LOW_PASSWORD))
            }
            GROUP => known && self.has(Flaw::GroupIsOpen),
            THROUGH => known && self.has(Flaw::PulledThroughIsOpen),
            REPOSITORY if grant.is_some_and(|grant| grant.user == REFUSED) => self.has(Flaw::AttributesAreIgnored),
            REPOSITORY => self.has(Flaw::LoginReadsAll) && shown == basic(LOW, LOW_PASSWORD),
            _ => false,
        }
    }

    /// What one route gives to whoever has a token, whatever for.
    pub(super) fn to_known(&self, request: &Request, repository: &str, rest: &str) -> Option<Answer> {
        let known = self.grant(request).is_some_and(|grant| !grant.user.is_empty());
        if !known || repository != SECOND {
            return None;
        }
        let image = &self.state.repositories[SECOND];
        let list = |body: serde_json::Value| Some(Answer::http(request, 200, &[], body.to_string().as_bytes()));
        match rest.split_once('/')? {
            ("manifests", TAG) if self.has(Flaw::KnownReadsTags) => Some(manifest_of(request, image)),
            ("manifests", TAG) if request.method == "HEAD" && self.has(Flaw::KnownReadsHeads) => {
                Some(manifest_of(request, image))
            }
            ("manifests", digest) if digest == digest_of(&image.manifest) && self.has(Flaw::KnownReadsDigests) => {
                Some(manifest_of(request, image))
            }
            ("manifests", tag) if tag.ends_with(".att") && self.has(Flaw::KnownReadsFallbackTags) => {
                Some(manifest_of(request, image))
            }
            ("blobs", digest) if digest == digest_of(&image.layer) && self.has(Flaw::KnownReadsLayers) => {
                Some(bytes(request, &image.layer))
            }
            ("blobs", digest) if digest == digest_of(&image.config) && self.has(Flaw::KnownReadsConfigs) => {
                Some(bytes(request, &image.config))
            }
            ("tags", "list") if self.has(Flaw::KnownListsTags) => list(json!({ "name": SECOND, "tags": [TAG] })),
            ("referrers", _) if self.has(Flaw::KnownListsReferrers) => {
                list(json!({ "schemaVersion": 2, "manifests": [] }))
            }
            _ => None,
        }
    }

    /// The list of repositories, for whoever should not see it.
    pub(super) fn listed(&self, request: &Request, path: &str) -> Option<Answer> {
        let opaque = self.has(Flaw::OpaqueCatalogForAnybody) && self.grant(request).is_some();
        let known = self.has(Flaw::CatalogForKnown) && self.grant(request).is_some_and(|grant| !grant.user.is_empty());
        let list = || json!({ "repositories": self.state.repositories.keys().collect::<Vec<_>>() }).to_string();
        (path == "/v2/_catalog" && (opaque || known)).then(|| Answer::http(request, 200, &[], list().as_bytes()))
    }
}
