//! The store against a model of it: whatever is done in whatever order, both say the same.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::support::{Bench, digest, header, image, index, status};

const REPOSITORIES: [&str; 2] = ["a", "b/c"];
const BLOBS: [&str; 3] = ["{}", "first layer", ""];
const TAGS: [&str; 2] = ["v1", "latest"];

/// Three images, each of two blobs, and an index of two of them.
fn manifests() -> [String; 4] {
    let [one, two, three] = BLOBS.map(digest);
    let images = [image(&one, &[&two]), image(&two, &[&three]), image(&three, &[&one, &one])];
    let list = index(&[&digest(&images[0]), &digest(&images[1])]);
    let [one, two, three] = images;
    [one, two, three, list]
}

#[derive(Clone, Debug)]
enum Step {
    Push { repository: usize, blob: usize },
    PushInChunks { repository: usize, blob: usize, cut: usize, reopened: bool },
    Mount { repository: usize, from: usize, blob: usize },
    Put { repository: usize, manifest: usize, tag: usize },
    DeleteTag { repository: usize, tag: usize },
    DeleteManifest { repository: usize, manifest: usize },
    DeleteBlob { repository: usize, blob: usize },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let (repository, blob, manifest, tag) = (0..2_usize, 0..3_usize, 0..4_usize, 0..2_usize);
    prop_oneof![
        4 => (repository.clone(), blob.clone()).prop_map(|(repository, blob)| Step::Push { repository, blob }),
        2 => (repository.clone(), blob.clone(), 0..12_usize, any::<bool>())
            .prop_map(|(repository, blob, cut, reopened)| Step::PushInChunks { repository, blob, cut, reopened }),
        2 => (repository.clone(), repository.clone(), blob.clone())
            .prop_map(|(repository, from, blob)| Step::Mount { repository, from, blob }),
        6 => (repository.clone(), manifest.clone(), tag.clone())
            .prop_map(|(repository, manifest, tag)| Step::Put { repository, manifest, tag }),
        2 => (repository.clone(), tag).prop_map(|(repository, tag)| Step::DeleteTag { repository, tag }),
        2 => (repository.clone(), manifest)
            .prop_map(|(repository, manifest)| Step::DeleteManifest { repository, manifest }),
        2 => (repository, blob).prop_map(|(repository, blob)| Step::DeleteBlob { repository, blob }),
        1 => Just(Step::Reopen),
    ]
}

/// What a registry is, without files and tables.
#[derive(Default)]
struct Model {
    blobs: BTreeSet<(usize, usize)>,
    manifests: BTreeSet<(usize, usize)>,
    tags: BTreeMap<(usize, usize), usize>,
}

impl Model {
    fn names(manifest: usize) -> &'static [usize] {
        [[0, 1].as_slice(), &[1, 2], &[2, 0], &[]][manifest]
    }

    fn lists(manifest: usize) -> &'static [usize] {
        if manifest == 3 { &[0, 1] } else { &[] }
    }

    /// Does the step; the status that it must have.
    fn apply(&mut self, step: &Step) -> u16 {
        match *step {
            Step::Push { repository, blob } | Step::PushInChunks { repository, blob, .. } => {
                self.blobs.insert((repository, blob));
                201
            }
            Step::Mount { from, blob, .. } if !self.blobs.contains(&(from, blob)) => 202,
            Step::Mount { repository, blob, .. } => {
                self.blobs.insert((repository, blob));
                201
            }
            Step::Put { repository, manifest, tag } => {
                let blobs = Self::names(manifest).iter().all(|blob| self.blobs.contains(&(repository, *blob)));
                let children = Self::lists(manifest).iter().all(|child| self.manifests.contains(&(repository, *child)));
                if !(blobs && children) {
                    return 400;
                }
                self.manifests.insert((repository, manifest));
                self.tags.insert((repository, tag), manifest);
                201
            }
            Step::DeleteTag { repository, tag } => self.tags.remove(&(repository, tag)).map_or(404, |_| 202),
            Step::DeleteManifest { repository, manifest } => {
                self.tags.retain(|(place, _), named| (*place, *named) != (repository, manifest));
                if self.manifests.remove(&(repository, manifest)) { 202 } else { 404 }
            }
            Step::DeleteBlob { repository, blob } => {
                let uses =
                    |(place, manifest): &(usize, usize)| *place == repository && Self::names(*manifest).contains(&blob);
                match self.blobs.contains(&(repository, blob)) {
                    false => 404,
                    true if self.manifests.iter().any(uses) => 405,
                    true => {
                        self.blobs.remove(&(repository, blob));
                        202
                    }
                }
            }
            Step::Reopen => 0,
        }
    }

    /// Everything that can be read is what it should be.
    fn compare(&self, bench: &Bench) {
        let texts = manifests();
        for (place, repository) in REPOSITORIES.iter().enumerate() {
            for (number, content) in BLOBS.iter().enumerate() {
                let expected = self.blobs.contains(&(place, number)).then(|| (*content).to_owned());
                assert_eq!(bench.content(&format!("/v2/{repository}/blobs/{}", digest(content))), expected);
            }
            for (number, content) in texts.iter().enumerate() {
                let expected = self.manifests.contains(&(place, number)).then(|| content.clone());
                assert_eq!(bench.content(&format!("/v2/{repository}/manifests/{}", digest(content))), expected);
            }
            let mut listed = Vec::new();
            for (number, tag) in TAGS.iter().enumerate() {
                let expected = self.tags.get(&(place, number)).map(|manifest| texts[*manifest].clone());
                listed.extend(expected.is_some().then_some(*tag));
                assert_eq!(bench.content(&format!("/v2/{repository}/manifests/{tag}")), expected);
            }
            listed.sort_unstable();
            let is_there = |(found, _): &(usize, usize)| *found == place;
            let exists = self.blobs.iter().any(is_there) || self.manifests.iter().any(is_there);
            let expected = exists.then(|| serde_json::json!({ "name": repository, "tags": listed }).to_string());
            assert_eq!(bench.content(&format!("/v2/{repository}/tags/list")), expected);
        }
    }
}

/// Does the step to the store, and says how it was answered.
fn apply(bench: &mut Bench, step: &Step) -> u16 {
    let texts = manifests();
    match *step {
        Step::Push { repository, blob } => {
            let (name, content) = (REPOSITORIES[repository], BLOBS[blob]);
            status(&bench.ask(&format!("POST /v2/{name}/blobs/uploads/?digest={}", digest(content)), content))
        }
        Step::PushInChunks { repository, blob, cut, reopened } => {
            let content = BLOBS[blob];
            let location = bench.begin(REPOSITORIES[repository]);
            let (first, rest) = content.split_at(cut.min(content.len()));
            bench.ask(&format!("PATCH {location}"), first).unwrap();
            if reopened {
                bench.reopen();
            }
            status(&bench.ask(&format!("PUT {location}?digest={}", digest(content)), rest))
        }
        Step::Mount { repository, from, blob } => {
            let (name, from, digest) = (REPOSITORIES[repository], REPOSITORIES[from], digest(BLOBS[blob]));
            let served = bench.ask(&format!("POST /v2/{name}/blobs/uploads/?mount={digest}&from={from}"), ()).unwrap();
            if served.status == 202 {
                bench.ask(&format!("DELETE {}", header(&served, "location")), ()).unwrap();
            }
            served.status
        }
        Step::Put { repository, manifest, tag } => {
            let line = format!("PUT /v2/{}/manifests/{}", REPOSITORIES[repository], TAGS[tag]);
            status(&bench.ask(&line, texts[manifest].as_str()))
        }
        Step::DeleteTag { repository, tag } => {
            status(&bench.ask(&format!("DELETE /v2/{}/manifests/{}", REPOSITORIES[repository], TAGS[tag]), ()))
        }
        Step::DeleteManifest { repository, manifest } => {
            let digest = digest(&texts[manifest]);
            status(&bench.ask(&format!("DELETE /v2/{}/manifests/{digest}", REPOSITORIES[repository]), ()))
        }
        Step::DeleteBlob { repository, blob } => {
            let digest = digest(BLOBS[blob]);
            status(&bench.ask(&format!("DELETE /v2/{}/blobs/{digest}", REPOSITORIES[repository]), ()))
        }
        Step::Reopen => {
            bench.reopen();
            0
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_its_model(steps in prop::collection::vec(step(), 1..40)) {
        let (mut bench, mut model) = (Bench::new(), Model::default());
        for step in &steps {
            let expected = model.apply(step);
            prop_assert_eq!(apply(&mut bench, step), expected, "{:?}", step);
        }
        model.compare(&bench);
        bench.reopen();
        model.compare(&bench);
        prop_assert_eq!(std::fs::read_dir(bench.path("uploads")).unwrap().count(), 0);
    }
}
