//! What clients do besides pushing and pulling one image: each with exactly the grants that it needs, and with each of
//! them missing in turn.

pub(crate) mod operations;
mod reference;
pub(crate) mod scene;

use serde_json::Value;
use testkit::Ran;

use crate::support::{Registry, Robot};
use scene::{Content, Scene};

/// One thing that a client does.
pub(crate) struct Operation<C> {
    pub(crate) name: &'static str,
    /// What it needs: the flag of `grant add`, and where.
    pub(crate) needs: &'static [(&'static str, Place)],
    pub(crate) act: fn(&C, &Scene<'_>) -> Ran,
    /// Whether the registry holds what it should have made, or no longer holds what it should have removed.
    pub(crate) done: fn(&Scene<'_>, &Ran) -> bool,
}

/// Where a grant is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where the content is.
    Source,
    /// Where it goes, if it goes elsewhere.
    Target,
}

impl Place {
    fn pattern(self, scene: &Scene<'_>) -> String {
        match self {
            Self::Source => scene.source.clone(),
            Self::Target => format!("{}/**", scene.target),
        }
    }
}

/// Does every operation, refused as often as it has needs, then allowed. The client logs in as each robot.
pub(crate) fn exercise<C>(client: &mut C, operations: &[Operation<C>], login: impl Fn(&mut C, &Registry, &Robot)) {
    let registry = Registry::start();
    let content = Content::make();
    for (number, operation) in operations.iter().enumerate() {
        for missing in (0..operation.needs.len()).map(Some).chain([None]) {
            let scene = Scene::set(&registry, &content, &format!("n{number}{}", missing.map_or(9, |need| need)));
            let robot = robot(&scene, operation, missing);
            login(client, &registry, &robot);
            let ran = (operation.act)(client, &scene);
            match missing {
                None => assert!((operation.done)(&scene, &ran.ok()), "{}: nothing came of it", operation.name),
                Some(need) => {
                    let what = format!("{} without {:?}", operation.name, operation.needs[need]);
                    assert!(!ran.status.success(), "{what} was not refused: {ran}");
                    assert!(!(operation.done)(&scene, &ran), "{what} did it all the same: {ran}");
                    assert!(was_denied(&registry, &robot), "{what}: no refusal in the journal: {ran}");
                }
            }
        }
    }
    assert!(registry.verb(&["audit", "verify"]).status.success());
}

fn robot<C>(scene: &Scene<'_>, operation: &Operation<C>, missing: Option<usize>) -> Robot {
    let needs = operation.needs.iter().enumerate().filter(|(number, _)| Some(*number) != missing);
    let words: Vec<String> = needs.flat_map(|(_, (flag, place))| [(*flag).to_owned(), place.pattern(scene)]).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    scene.registry.robot(&scene.source.replace('/', "-"), &words)
}

fn was_denied(registry: &Registry, robot: &Robot) -> bool {
    let of = |record: &Value| record["principal"]["id"] == robot.id.as_str();
    // A scope that is refused stands in a record that allows the rest of the token: none of it.
    let refused = |record: &Value| record["decision"] == "deny" || record["reason"] == "narrowed";
    registry.decisions(&[]).iter().any(|record| of(record) && refused(record))
}
