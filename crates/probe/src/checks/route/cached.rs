//! Caches in front that keep an answer because of how its path ends.

use super::path::{Asked, Odd, Thing};
use super::{JUDGEMENT, none_opens, refuses};
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::session::Session;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "ROUTE-09",
    group: Group::Route,
    mode: Mode::Active,
    severity: Severity::Critical,
    title: "no cache hands out what it has kept",
    request: "as the control: /v2/R/manifests/T.css and /v2/R/blobs/B/x.png; then the same as nobody",
    judgement: JUDGEMENT,
    why: "a cache that keeps what looks like a style sheet keeps it for everybody",
    remedy: "say Cache-Control: private or no-store with everything that is not public, and let caches keep by that alone",
    references: &["CWE-525"],
    needs: &[Need::Identity(Role::Control)],
    requests: 12,
    run: route_09,
}];

/// A thing, and its path with the ending of something that caches keep.
const ENDINGS: [(Thing, &str); 2] = [(Thing::Manifest, "/{path}.css"), (Thing::Layer, "/{path}/x.png")];

fn route_09(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let asked = Asked::all(session, &ENDINGS.map(|(thing, _)| thing));
    let ended = |asked: &Asked| ENDINGS.iter().find(|(thing, _)| *thing == asked.thing).map(|(_, ending)| *ending);
    let spelled = |asked: &Asked| asked.spelled(ended(asked)?);
    let paths: Vec<(&Asked, String)> = asked.iter().filter_map(|asked| Some((asked, spelled(asked)?))).collect();
    let control = session.known(Role::Control, &format!("repository:{}:pull", session.private().name))?;
    let mut odd: Vec<Odd<'_>> = Vec::new();
    for (asked, path) in paths {
        // Whatever comes: a cache in front has seen it now.
        session.ask(&asked.at(path.as_str()).credential(control.credential()))?;
        odd.push(asked.odd(&format!("{path} after the control"), asked.at(path)));
    }
    Ok(none_opens(session, odd, refuses))
}
