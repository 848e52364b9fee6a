//! The registry against a model of it: whatever is pushed, tagged, mounted, deleted and listed in whatever order, both
//! say the same.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "an integration test fails like a test, and says what it counted"
)]

#[path = "oracle/chance.rs"]
mod chance;
#[path = "oracle/content.rs"]
mod content;
#[path = "oracle/model.rs"]
mod model;
#[path = "oracle/step.rs"]
mod step;
#[path = "oracle/subject.rs"]
mod subject;
mod support;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::thread;

use chance::Chance;
use model::Model;
use step::Step;
use subject::Subject;

/// Sequences of steps in all, and the registries that share them.
const SEQUENCES: u64 = 10_000;
const REGISTRIES: u64 = 2;
/// Steps of a sequence at most, besides those that it begins with.
const STEPS: u64 = 16;
/// Set at build time, it repeats what was done.
const SEED: Option<&str> = option_env!("PULLGATE_ORACLE_SEED");

#[test]
fn the_registry_is_its_model() {
    let seed = SEED.map_or_else(|| RandomState::new().hash_one(SEQUENCES), |seed| seed.parse().unwrap_or_default());
    println!("seed: PULLGATE_ORACLE_SEED={seed}");
    let counted = thread::scope(|scope| {
        let share = |registry| scope.spawn(move || run(seed, registry));
        let running: Vec<_> = (0..REGISTRIES).map(share).collect();
        let mut counted = BTreeMap::new();
        for share in running {
            let Ok(shared) = share.join() else { panic!("seed {seed}: a difference") };
            shared.into_iter().for_each(|(answer, count)| *counted.entry(answer).or_default() += count);
        }
        counted
    });
    println!("{} steps answered alike: {counted:?}", counted.values().sum::<usize>());
    for kind in step::KINDS {
        assert!(counted.keys().any(|(counted, _)| *counted == kind), "no step was a {kind}");
    }
}

/// One registry's sequences, each in repositories of its own; how often each kind of step got which status.
fn run(seed: u64, registry: u64) -> BTreeMap<(&'static str, u16), usize> {
    let mut subject = Subject::open();
    let mut counted = BTreeMap::new();
    for sequence in (registry..SEQUENCES).step_by(REGISTRIES as usize) {
        subject.turn_to(sequence);
        let (mut model, mut chance) = (Model::default(), Chance::new(seed, sequence));
        for (place, step) in Step::sequence(&mut chance, STEPS).into_iter().enumerate() {
            let (expected, found) = (model.apply(&step), subject.apply(&step));
            assert_eq!(found, expected, "seed {seed}, sequence {sequence}, step {place}: {step:?}");
            *counted.entry((step.kind(), found.status)).or_default() += 1;
        }
        model.compare(&subject, &format!("seed {seed}, sequence {sequence}"));
    }
    subject.close();
    counted
}
