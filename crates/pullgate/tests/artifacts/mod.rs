//! What clients do besides pushing and pulling one image: each with exactly the grants that it needs, and with each of
//! them missing in turn. What the journal says is asserted each time.

pub(crate) mod operations;
mod reference;
pub(crate) mod scene;

use std::collections::BTreeSet;

use serde_json::Value;
use testkit::Ran;

use crate::support::{Registry, Robot};
use scene::{Content, Scene};

/// One thing that a client does.
pub(crate) struct Operation<C> {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) act: fn(&C, &Scene<'_>) -> Ran,
    /// Whether the registry holds what it should have made, or no longer holds what it should have removed.
    pub(crate) done: fn(&Scene<'_>, &Ran) -> bool,
}

/// A grant without which it is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// The flag of `grant add`.
    flag: &'static str,
    place: Place,
    /// The actions that it is needed for: the journal allows these there, and no others.
    actions: &'static [&'static str],
    /// The action that is refused without it, and the status that the client gets.
    refused: (&'static str, u16),
}

/// Where a grant is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// Where the content is.
    Source,
    /// Where it goes, if it goes elsewhere.
    Target,
}

impl Place {
    fn repository<'a>(self, scene: &'a Scene<'_>) -> &'a str {
        match self {
            Self::Source => &scene.source,
            Self::Target => &scene.target,
        }
    }
}

/// Does every operation, refused as often as it has needs, then allowed. The client logs in as each robot.
pub(crate) fn exercise<C>(client: &mut C, operations: &[Operation<C>], login: impl Fn(&mut C, &Registry, &Robot)) {
    let registry = Registry::start();
    let content = Content::make(&registry);
    for (number, operation) in operations.iter().enumerate() {
        for missing in operation.needs.iter().map(Some).chain([None]) {
            let name = format!("n{number}-{}", missing.map_or("complete", |need| need.flag.trim_start_matches('-')));
            let scene = Scene::set(&registry, &content, &name);
            let robot = robot(&scene, operation, missing);
            login(client, &registry, &robot);
            let ran = (operation.act)(client, &scene);
            match missing {
                None => has_succeeded(&scene, operation, &robot, &ran.ok()),
                Some(need) => was_refused(&scene, &format!("{} without {need:?}", operation.name), need, &robot, &ran),
            }
        }
    }
    registry.ok(&["audit", "verify"]);
}

/// One with all grants but this.
fn robot<C>(scene: &Scene<'_>, operation: &Operation<C>, missing: Option<&Need>) -> Robot {
    let needs = operation.needs.iter().filter(|need| missing != Some(*need));
    let words: Vec<&str> = needs.flat_map(|need| [need.flag, need.place.repository(scene)]).collect();
    scene.registry.robot(&scene.source.replace('/', "-"), &words)
}

fn has_succeeded<C>(scene: &Scene<'_>, operation: &Operation<C>, robot: &Robot, ran: &Ran) {
    assert!((operation.done)(scene, ran), "{}: nothing came of it: {ran}", operation.name);
    let actions =
        |need: &Need| need.actions.iter().map(|action| (need.place, (*action).to_owned())).collect::<Vec<_>>();
    let expected: BTreeSet<(Place, String)> = operation.needs.iter().flat_map(actions).collect();
    assert_eq!(allowed(scene, robot), expected, "{}", operation.name);
}

fn was_refused(scene: &Scene<'_>, what: &str, need: &Need, robot: &Robot, ran: &Ran) {
    assert!(!ran.status.success(), "{what} succeeded: {ran}");
    assert!(scene.is_untouched(), "{what} changed something: {ran}");
    let (action, status) = need.refused;
    let filter = ["--principal", &format!("robot:{}", robot.name), "--decision", "deny", "--action", action];
    let denials = scene.registry.decisions(&filter);
    let expected = |record: &Value| {
        record["status"] == status
            && record["reason"] == "not_granted"
            && record["repository"] == need.place.repository(scene)
    };
    assert!(denials.iter().any(expected), "{what} was not refused like this: {denials:#?}\n{ran}");
}

/// The actions that were allowed to this robot, and where.
fn allowed(scene: &Scene<'_>, robot: &Robot) -> BTreeSet<(Place, String)> {
    let filter = ["--principal", &format!("robot:{}", robot.name), "--decision", "allow"];
    let records = scene.registry.decisions(&filter);
    records.iter().flat_map(accesses).filter_map(|access| placed(scene, access)).collect()
}

/// The record itself names its only access; where there are more they stand in a list.
fn accesses(record: &Value) -> Vec<&Value> {
    record["policy"]["granted"].as_array().map_or_else(|| vec![record], |granted| granted.iter().collect())
}

/// Tokens and pings have no action.
fn placed(scene: &Scene<'_>, access: &Value) -> Option<(Place, String)> {
    let action = access["action"].as_str()?.to_owned();
    let here = |place: &Place| access["repository"] == place.repository(scene);
    let place = [Place::Source, Place::Target].into_iter().find(here);
    Some((place.unwrap_or_else(|| panic!("allowed elsewhere: {access:#}")), action))
}
