//! Uploads and mounts in a repository of one's own, and the flaws that carry content from one repository to another.

use super::repository::{bytes, manifest_of};
use super::{Flaw, Image, OWN, PUBLIC, Registry, SECOND};
use crate::image::digest_of;
use crate::raw::{Answer, Request};

impl Registry {
    /// Whatever changes a repository, and what another repository has; none where it is a plain read of its own.
    pub(super) fn bound(&self, request: &Request, path: &str, query: &str) -> Option<Answer> {
        if let Some(written) = self.written(request, path, query) {
            return Some(written);
        }
        let (repository, rest) = path.strip_prefix("/v2/")?.split_once("/blobs/").or_else(|| {
            let (repository, digest) = path.strip_prefix("/v2/")?.split_once("/manifests/")?;
            Some((repository, digest))
        })?;
        let foreign = self.foreign(rest)?;
        let is_head = request.method == "HEAD";
        let is_mounted =
            self.state.mounted.lock().expect("no handler has panicked").iter().any(|digest| digest == rest);
        let is_layer = digest_of(&foreign.layer) == rest;
        let own = repository == OWN && self.may(request, OWN, "pull");
        match () {
            () if own && is_layer && (is_mounted || self.has(Flaw::OwnHasAllLayers)) => {
                Some(bytes(request, &foreign.layer))
            }
            () if own && is_layer && is_head && self.has(Flaw::OwnTellsAllLayers) => {
                Some(bytes(request, &foreign.layer))
            }
            () if own && !is_layer && self.has(Flaw::OwnHasAllManifests) => Some(manifest_of(request, foreign)),
            () if repository == PUBLIC && is_layer && self.has(Flaw::PublicHasAllLayers) => {
                Some(bytes(request, &foreign.layer))
            }
            () => None,
        }
    }

    /// The image, of whichever repository, that has this layer or this manifest.
    fn foreign(&self, digest: &str) -> Option<&Image> {
        let images = self.state.repositories.values();
        images.into_iter().find(|image| digest_of(&image.layer) == digest || digest_of(&image.manifest) == digest)
    }

    /// An upload; a mount where a flaw lets it take what may not be read.
    pub(super) fn mount(&self, request: &Request, query: &str) -> Answer {
        let values = |wanted: &str| {
            let named = query.split('&').filter_map(|part| part.split_once('='));
            named.filter(|(name, _)| *name == wanted).map(|(_, value)| value).collect::<Vec<_>>()
        };
        let (from, posts) = (values("from"), request.method == "POST");
        let form = request.header("content-type") == Some("application/x-www-form-urlencoded");
        let takes = match from.as_slice() {
            [] if !values("FROM").is_empty() => self.has(Flaw::MountsFromUpperCase),
            [] if form => self.has(Flaw::MountsFromForm),
            [] => self.has(Flaw::MountsFromAnywhere),
            [SECOND] if !posts => self.has(Flaw::MountsByGet),
            [SECOND] => self.has(Flaw::MountsFromAll),
            [SECOND, OWN] => self.has(Flaw::MountsFromFirst),
            [OWN, SECOND] => self.has(Flaw::MountsFromLast),
            [above] => above.contains("/../") && self.has(Flaw::MountsFromAbove),
            _ => false,
        };
        match values("mount").first() {
            Some(digest) if takes => {
                self.state.mounted.lock().expect("no handler has panicked").push((*digest).to_owned());
                let location = format!("/v2/{OWN}/blobs/{digest}");
                Answer::http(request, 201, &[("Location", &location), ("Docker-Content-Digest", digest)], b"")
            }
            _ if !posts => Answer::http(request, 405, &[], b""),
            // Two sources are none, whoever has them.
            _ if from.len() > 1 => Answer::http(request, 400, &[], b"{}"),
            _ => self.begin(request, OWN, None),
        }
    }
}
