//! What was written: uploads, blobs, manifests and tags, in the repositories where somebody may write.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::repository::{INDEX, MANIFEST, bytes};
use super::{BESIDE, CREATOR, Flaw, Image, KEPT, OWN, Registry, TAG};
use crate::image::digest_of;
use crate::raw::{Answer, Request};

/// An upload that somebody else has begun, in another repository.
pub const FOREIGN_UPLOAD: &str = "upload-of-another";

/// Everything that was written and not deleted, by repository and name.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    begun: usize,
    uploads: BTreeSet<String>,
    blobs: BTreeMap<(String, String), Vec<u8>>,
    manifests: BTreeMap<(String, String), Vec<u8>>,
    tags: BTreeMap<(String, String), String>,
    /// Whether a tag that was there before was deleted, or moved.
    lost: bool,
}

impl Shelf {
    /// How much there is that was not there before, or the other way round.
    pub(super) fn left_behind(&self) -> usize {
        self.uploads.len() + self.blobs.len() + self.manifests.len() + self.tags.len() + usize::from(self.lost)
    }

    /// A repository is gone.
    pub(super) fn forget(&mut self, repository: &str) {
        let stays = |(place, _): &(String, String)| place != repository;
        self.blobs.retain(|key, _| stays(key));
        self.manifests.retain(|key, _| stays(key));
        self.tags.retain(|key, _| stays(key));
    }

    fn manifest(&self, repository: &str, reference: &str) -> Option<&Vec<u8>> {
        let tagged = self.tags.get(&key(repository, reference)).map_or(reference, String::as_str);
        self.manifests.get(&key(repository, tagged))
    }
}

fn key(repository: &str, name: &str) -> (String, String) {
    (repository.to_owned(), name.to_owned())
}

impl Registry {
    /// Whatever is asked of what was written, or writes; none where it is about something else.
    pub(super) fn written(&self, request: &Request, path: &str, query: &str) -> Option<Answer> {
        let within = |name: &&str| path.strip_prefix("/v2/")?.strip_prefix(*name)?.strip_prefix('/');
        let (repository, rest) = [OWN, BESIDE, KEPT].into_iter().find_map(|name| Some((name, within(&name)?)))?;
        let (kind, name) = rest.split_once('/')?;
        if let Some(upload) = name.strip_prefix("uploads/") {
            return Some(self.upload(request, repository, upload, query));
        }
        match request.method.as_str() {
            "PUT" if kind == "manifests" => Some(self.push(request, repository, name, query)),
            "DELETE" => Some(self.delete(request, repository, (kind, name))),
            "GET" | "HEAD" => self.read(request, repository, (kind, name)),
            _ => None,
        }
    }

    /// Whether whoever asks may do this there, or a flaw lets in anybody, or anybody who may pull.
    fn may_write(&self, request: &Request, repository: &str, action: &str, open: &[Flaw], pulling: Flaw) -> bool {
        self.may(request, repository, action)
            || open.iter().any(|flaw| self.has(*flaw))
            || (self.has(pulling) && self.may(request, repository, "pull"))
    }

    fn upload(&self, request: &Request, repository: &str, upload: &str, query: &str) -> Answer {
        let open = if upload.is_empty() { [Flaw::AnybodyUploads].as_slice() } else { &[] };
        if !self.may_write(request, repository, "push", open, Flaw::PullTokenUploads) {
            return self.refuse(request, Some(repository), None);
        }
        match request.method.as_str() {
            _ if upload.is_empty() && query.contains("mount=") => self.mount(request, query),
            "POST" if upload.is_empty() => self.begin(request, repository, value(query, "digest")),
            _ if upload == FOREIGN_UPLOAD => self.foreign_upload(request),
            method => self.go_on(request, repository, upload, (method, query)),
        }
    }

    /// Begins an upload. Whoever says what it will be called sends it at once, and here nothing was sent.
    pub(super) fn begin(&self, request: &Request, repository: &str, named: Option<&str>) -> Answer {
        match named {
            Some(digest) if self.has(Flaw::TakesNamedUploads) => self.store(request, repository, digest),
            Some(digest) if digest_of(&request.body) != digest => Answer::http(request, 400, &[], b"{}"),
            _ => {
                let mut shelf = self.shelf();
                shelf.begun += 1;
                let upload = format!("upload-{}", shelf.begun);
                let host = if self.has(Flaw::UploadsElsewhere) { "https://uploads.elsewhere.invalid" } else { "" };
                let location = format!("{host}/v2/{repository}/blobs/uploads/{upload}?state=x");
                shelf.uploads.insert(upload);
                Answer::http(request, 202, &[("Location", &location)], b"")
            }
        }
    }

    fn go_on(&self, request: &Request, repository: &str, upload: &str, (method, query): (&str, &str)) -> Answer {
        if !self.shelf().uploads.contains(upload) {
            return Answer::http(request, 404, &[], b"{}");
        }
        let digest = value(query, "digest").unwrap_or_default();
        let empty = request.body.is_empty();
        let named = self.has(if empty { Flaw::TakesEmptyUploads } else { Flaw::TakesMisnamedBlobs });
        match method {
            "DELETE" => {
                self.shelf().uploads.remove(upload);
                Answer::http(request, 204, &[], b"")
            }
            "PUT" if !self.is_small(&request.body) => Answer::http(request, 413, &[], b"{}"),
            "PUT" if named || digest_of(&request.body) == digest => {
                self.shelf().uploads.remove(upload);
                self.store(request, repository, digest)
            }
            _ => Answer::http(request, 400, &[], b"{}"),
        }
    }

    fn store(&self, request: &Request, repository: &str, digest: &str) -> Answer {
        self.shelf().blobs.insert(key(repository, digest), request.body.clone());
        let location = format!("/v2/{repository}/blobs/{digest}");
        Answer::http(request, 201, &[("Location", &location), ("Docker-Content-Digest", digest)], b"")
    }

    /// An upload that was begun in another repository.
    fn foreign_upload(&self, request: &Request) -> Answer {
        let (shared, is_delete) = (self.has(Flaw::UploadsAreShared), request.method == "DELETE");
        let status = match request.method.as_str() {
            "PATCH" if shared => 202,
            "PUT" if shared => 201,
            _ if shared || (is_delete && self.has(Flaw::UploadsAreCancelled)) => 204,
            _ => 404,
        };
        Answer::http(request, status, &[], b"")
    }

    fn push(&self, request: &Request, repository: &str, reference: &str, query: &str) -> Answer {
        if !self.may_write(request, repository, "push", &[Flaw::AnybodyPuts], Flaw::PullTokenPuts) {
            return self.refuse(request, Some(repository), None);
        }
        let digest = digest_of(&request.body);
        let tags: Vec<&str> = query.split('&').filter_map(|part| part.strip_prefix("tag=")).collect();
        let moved = |tag: &&str| self.shelf().tags.contains_key(&key(repository, tag));
        let adds = self.grant(request).is_some_and(|grant| grant.user == CREATOR);
        let queried = tags.iter().any(moved) && !self.has(Flaw::CreatorOverwritesByQuery);
        let plain = moved(&reference) && !self.has(Flaw::CreatorOverwrites);
        let latest = reference == "latest" && self.has(Flaw::CreatorOverwritesLatest);
        if adds && (queried || (plain && !latest)) {
            return self.refuse(request, Some(repository), None);
        }
        if !self.fits(&request.body) {
            return Answer::http(request, 413, &[], b"{}");
        }
        if let Some(image) = self.state.repositories.get(repository).filter(|_| reference == TAG) {
            return self.push_again(request, image, repository);
        }
        if !self.is_sound(request, repository) {
            return Answer::http(request, 400, &[], br#"{"errors":[{"code":"MANIFEST_INVALID"}]}"#);
        }
        let mut shelf = self.shelf();
        let tags = tags.into_iter().chain((reference != digest).then_some(reference));
        shelf.tags.extend(tags.map(|tag| (key(repository, tag), digest.clone())));
        shelf.manifests.insert(key(repository, &digest), request.body.clone());
        Answer::http(request, 201, &[("Docker-Content-Digest", &digest)], b"")
    }

    /// A tag that was there before stays as it is, or is put back.
    fn push_again(&self, request: &Request, image: &Image, repository: &str) -> Answer {
        let same = request.body == image.manifest;
        let moves = repository == OWN && self.has(Flaw::TagsMove);
        if same || moves {
            self.shelf().lost = !same;
        }
        Answer::http(request, if same || moves { 201 } else { 409 }, &[], b"")
    }

    /// Whether a manifest means one thing, and all that it names is there.
    fn is_sound(&self, request: &Request, repository: &str) -> bool {
        let Ok(manifest) = serde_json::from_slice::<Value>(&request.body) else { return false };
        let has = |member: &str| manifest.get(member).is_some();
        let text = String::from_utf8_lossy(&request.body);
        let once = text.matches("\"layers\":").count() < 2 || self.has(Flaw::TakesMembersTwice);
        let one = !(has("layers") && has("manifests")) || self.has(Flaw::TakesBothKinds);
        let typed = request.header("content-type") == manifest["mediaType"].as_str() || self.has(Flaw::TakesOtherTypes);
        let named = manifest["layers"].as_array().into_iter().flatten().chain(manifest.get("config"));
        let there = named.filter_map(|blob| blob["digest"].as_str()).all(|digest| self.has_blob(repository, digest));
        let careless = [Flaw::TakesForeignLayers, Flaw::NamingIsHaving, Flaw::ProxiesForeignLayers];
        let careless = careless.into_iter().any(|flaw| self.has(flaw));
        once && one && typed && (there || careless) && !self.hides_secret(&manifest)
    }

    fn has_blob(&self, repository: &str, digest: &str) -> bool {
        let own = self.state.repositories.get(repository);
        let own = own.is_some_and(|image| [&image.config, &image.layer].iter().any(|blob| digest_of(blob) == digest));
        own || self.shelf().blobs.contains_key(&key(repository, digest))
    }

    fn delete(&self, request: &Request, repository: &str, (kind, name): (&str, &str)) -> Answer {
        let pulling = match kind {
            "blobs" => Flaw::PullTokenDeletesBlobs,
            _ if name.starts_with("sha256:") => Flaw::PullTokenDeletesManifests,
            _ => Flaw::PullTokenDeletesTags,
        };
        if !self.may_write(request, repository, "delete", &[], pulling) {
            return self.refuse(request, Some(repository), None);
        }
        let mut shelf = self.shelf();
        if repository == KEPT {
            shelf.lost = self.has(Flaw::DeletesKeptTags);
            return Answer::http(request, if shelf.lost { 202 } else { 405 }, &[], b"");
        }
        let known = key(repository, name);
        let mut mounted = self.state.mounted.lock().expect("no handler has panicked");
        let before = mounted.len();
        mounted.retain(|digest| kind != "blobs" || digest != name);
        let was_mounted = mounted.len() < before;
        let found = match kind {
            "blobs" => shelf.blobs.remove(&known).is_some() || was_mounted,
            _ if shelf.manifests.remove(&known).is_some() => {
                shelf.tags.retain(|(place, _), digest| place != repository || digest != name);
                true
            }
            _ => shelf.tags.remove(&known).is_some(),
        };
        Answer::http(request, if found { 202 } else { 404 }, &[], b"")
    }

    fn read(&self, request: &Request, repository: &str, (kind, name): (&str, &str)) -> Option<Answer> {
        let (pulls, pushes) = (self.may(request, repository, "pull"), self.may(request, repository, "push"));
        let shelf = self.shelf();
        let known = key(repository, name);
        let back =
            |(_, blob): &(&(String, String), &Vec<u8>)| self.has(Flaw::DeletedBlobsComeBack) && digest_of(blob) == name;
        let found = match kind {
            "blobs" => shelf.blobs.get(&known).or_else(|| shelf.blobs.iter().find(back).map(|(_, blob)| blob)),
            "manifests" => shelf.manifest(repository, name),
            _ => None,
        };
        let tells = !pulls && pushes && request.method == "HEAD" && self.has(Flaw::PushTokenTells);
        match found {
            None if tells => Some(Answer::http(request, 404, &[], b"")),
            None => self.named_only(request, &shelf, (repository, name)),
            Some(found) if pulls || (pushes && self.has(Flaw::PushTokenReads)) => {
                let digest = digest_of(found);
                let headers = [("Content-Type", kind_of(found)), ("Docker-Content-Digest", digest.as_str())];
                Some(self.blob_at_pace(request, &headers, found))
            }
            Some(_) => None,
        }
    }

    /// A layer of somebody else that a manifest names here.
    fn named_only(&self, request: &Request, shelf: &Shelf, (repository, name): (&str, &str)) -> Option<Answer> {
        let named = |((place, _), manifest): (&(String, String), &Vec<u8>)| {
            place == repository && String::from_utf8_lossy(manifest).contains(name)
        };
        let given = self.has(Flaw::NamingIsHaving) && name.starts_with("sha256:") && shelf.manifests.iter().any(named);
        let layer = self.state.repositories.values().map(|image| &image.layer).find(|layer| digest_of(layer) == name);
        layer.filter(|_| given).map(|layer| bytes(request, layer))
    }

    /// What hangs from an image, for whoever may pull there.
    pub(super) fn referrers(&self, request: &Request, repository: &str, digest: &str) -> Answer {
        let everywhere = self.has(Flaw::ReferrersCross);
        let images = self.state.repositories.iter().filter(|(name, _)| **name == repository || everywhere);
        let of_images = images.filter(|(_, image)| digest_of(&image.manifest) == digest);
        let of_images = of_images.map(|(name, _)| digest_of(format!("about {name}").as_bytes()));
        let shelf = self.shelf();
        let about = |manifest: &Vec<u8>| {
            let read = serde_json::from_slice::<Value>(manifest).unwrap_or_default();
            read["subject"]["digest"].as_str() == Some(digest)
        };
        let crosses = self.has(Flaw::SubjectsCross);
        let written =
            shelf.manifests.iter().filter(|((place, _), manifest)| (place == repository || crosses) && about(manifest));
        let written = written.map(|((_, digest), _)| digest.clone());
        let listed: Vec<Value> = of_images
            .chain(written)
            .map(|digest| json!({ "mediaType": MANIFEST, "digest": digest, "size": 2 }))
            .collect();
        let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": listed });
        Answer::http(request, 200, &[("Content-Type", INDEX)], list.to_string().as_bytes())
    }
}

fn kind_of(manifest: &[u8]) -> &'static str {
    if String::from_utf8_lossy(manifest).contains(MANIFEST) { MANIFEST } else { "application/octet-stream" }
}

/// The value of a parameter.
fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').filter_map(|part| part.split_once('=')).find(|(known, _)| *known == name).map(|(_, value)| value)
}
