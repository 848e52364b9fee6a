//! What a registry is, without files, tables, tokens and sockets.

use std::collections::{BTreeMap, BTreeSet};

use super::content::{ARTIFACT_TYPES, BLOBS, MANIFESTS, TAGS};
use super::step::{Answer, REPOSITORIES, Step};
use super::subject::Subject;

/// Blobs, manifests and tags by the place of their repository and their own.
#[derive(Debug, Default)]
pub(crate) struct Model {
    blobs: BTreeSet<(usize, usize)>,
    manifests: BTreeSet<(usize, usize)>,
    tags: BTreeMap<(usize, usize), usize>,
}

impl Model {
    /// Does the step, and says what must come of it.
    pub(crate) fn apply(&mut self, step: &Step) -> Answer {
        match *step {
            Step::Push { repository, blob } | Step::Upload { repository, blob, .. } => {
                self.blobs.insert((repository, blob));
                Answer::of(201)
            }
            Step::Mount { repository, from, blob } => Answer::of(self.mount(repository, from, blob)),
            Step::Put { repository, manifest, tag, .. } => Answer::of(self.put(repository, manifest, tag)),
            Step::DeleteTag { repository, tag } => Answer::of(gone(self.tags.remove(&(repository, tag)).is_some())),
            Step::DeleteManifest { repository, manifest } => {
                self.tags.retain(|(place, _), named| (*place, *named) != (repository, manifest));
                Answer::of(gone(self.manifests.remove(&(repository, manifest))))
            }
            Step::DeleteBlob { repository, blob } => Answer::of(self.delete_blob(repository, blob)),
            Step::Tags { repository, .. } if !self.exists(repository) => Answer::of(404),
            Step::Tags { repository, n, last } => Answer { status: 200, listed: self.tags(repository, n, last) },
            Step::Referrers { repository, subject, artifact_type, n } => {
                Answer { status: 200, listed: self.referrers(repository, subject, artifact_type, n) }
            }
            Step::Repositories => {
                let there = (0..REPOSITORIES).filter(|repository| self.exists(*repository));
                Answer { status: 200, listed: there.map(|repository| repository.to_string()).collect() }
            }
        }
    }

    /// Everything that can be read of the registry is what it should be.
    pub(crate) fn compare(&self, subject: &Subject, what: &str) {
        for repository in 0..REPOSITORIES {
            for (blob, content) in BLOBS.iter().enumerate() {
                let expected = self.blobs.contains(&(repository, blob)).then_some(*content);
                assert_eq!(subject.blob(repository, blob).as_deref(), expected, "{what}: blob {blob} of {repository}");
            }
            for (place, manifest) in MANIFESTS.iter().enumerate() {
                let expected = self.manifests.contains(&(repository, place)).then_some(manifest);
                let found = subject.manifest(repository, &manifest.digest);
                assert!(is(found.as_ref(), expected), "{what}: manifest {place} of {repository}");
            }
            for (place, tag) in TAGS.iter().enumerate() {
                let expected = self.tags.get(&(repository, place)).map(|manifest| &MANIFESTS[*manifest]);
                assert!(
                    is(subject.manifest(repository, tag).as_ref(), expected),
                    "{what}: tag {place} of {repository}"
                );
            }
        }
    }

    fn mount(&mut self, repository: usize, from: usize, blob: usize) -> u16 {
        let there = self.blobs.contains(&(from, blob));
        if there {
            self.blobs.insert((repository, blob));
        }
        if there { 201 } else { 202 }
    }

    fn put(&mut self, repository: usize, place: usize, tag: usize) -> u16 {
        let manifest = &MANIFESTS[place];
        let blobs = manifest.blobs.iter().all(|blob| self.blobs.contains(&(repository, *blob)));
        let children = manifest.children.iter().all(|child| self.manifests.contains(&(repository, *child)));
        if !(blobs && children) {
            return 400;
        }
        self.manifests.insert((repository, place));
        self.tags.insert((repository, tag), place);
        201
    }

    fn delete_blob(&mut self, repository: usize, blob: usize) -> u16 {
        let needs =
            |(place, manifest): &(usize, usize)| *place == repository && MANIFESTS[*manifest].blobs.contains(&blob);
        if self.manifests.iter().any(needs) {
            return 405;
        }
        gone(self.blobs.remove(&(repository, blob)))
    }

    fn tags(&self, repository: usize, n: Option<usize>, last: Option<usize>) -> Vec<String> {
        let behind = |tag: &usize| last.is_none_or(|last| *tag > last);
        let tags = (0..TAGS.len()).filter(|tag| self.tags.contains_key(&(repository, *tag))).filter(behind);
        if n == Some(0) { Vec::new() } else { tags.map(|tag| TAGS[tag].to_owned()).collect() }
    }

    fn referrers(
        &self,
        repository: usize,
        subject: usize,
        artifact_type: Option<usize>,
        n: Option<usize>,
    ) -> Vec<String> {
        let refers = |(place, manifest): &&(usize, usize)| {
            let manifest = &MANIFESTS[*manifest];
            let typed = artifact_type.is_none_or(|wanted| manifest.artifact_type == Some(ARTIFACT_TYPES[wanted]));
            *place == repository && manifest.subject == Some(subject) && typed
        };
        let found = self.manifests.iter().filter(refers).map(|(_, manifest)| MANIFESTS[*manifest].listed());
        let mut listed: Vec<String> = found.filter(|_| n != Some(0)).collect();
        listed.sort_unstable();
        listed
    }

    fn exists(&self, repository: usize) -> bool {
        self.blobs.iter().chain(&self.manifests).any(|(place, _)| *place == repository)
    }
}

fn gone(was_there: bool) -> u16 {
    if was_there { 202 } else { 404 }
}

/// Digest, media type and text as they were pushed.
fn is(found: Option<&[String; 3]>, expected: Option<&super::content::Manifest>) -> bool {
    let expected =
        expected.map(|manifest| [&manifest.digest, manifest.media_type(), &manifest.text].map(str::to_owned));
    found == expected.as_ref()
}
