//! Why a principal may or may not do something: the question of `policy explain`, put to the policy in force.

use std::net::{IpAddr, Ipv4Addr};

use policy::{Context, Policy, Principal};
use protocol::{Access, Action, Group, Now, Repository, Tag};
use state::Snapshot;

use crate::command::Who;
use crate::handle::{AdminError, known};
use crate::reply::Reply;

/// The question, in the words of the verb.
pub(crate) struct Asked<'a> {
    pub(crate) who: &'a Who,
    pub(crate) action: &'a str,
    pub(crate) repository: &'a str,
    pub(crate) tag: Option<&'a str>,
    pub(crate) from: Option<IpAddr>,
}

/// Answers it. A robot that is disabled may do nothing, whatever the rules say, and the answer says so.
pub(crate) fn explain(policy: &Policy, snapshot: &Snapshot, asked: &Asked<'_>, now: Now) -> Result<Reply, AdminError> {
    let words = |error: &dyn std::fmt::Display| AdminError::Words(error.to_string());
    let repository: Repository = asked.repository.parse().map_err(|error| words(&error))?;
    let tag: Option<Tag> = asked.tag.map(str::parse).transpose().map_err(|error| words(&error))?;
    let actions =
        actions(asked.action).ok_or_else(|| AdminError::Words(format!("unknown action `{}`", asked.action)))?;
    let access = |action: &Action| match &tag {
        Some(tag) if action.is_of_tag() => Access::of_tag(*action, &repository, tag),
        Some(_) | None => Access::new(*action, &repository),
    };
    let accesses: Vec<Access> = actions.iter().map(access).collect();
    let (principal, enabled) = match asked.who {
        Who::Anonymous => (Principal::Anonymous, true),
        Who::Robot(name) => {
            let entry = known(snapshot, name)?;
            (Principal::Robot(entry.robot.clone()), entry.enabled)
        }
    };
    let source = asked.from.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let context = Context::new(source);
    let explanation = policy.explain(&principal, &accesses, &context, snapshot.grants(), now);
    let mut lines: Vec<String> = explanation.to_string().lines().map(str::to_owned).collect();
    if !enabled {
        lines.insert(0, format!("{} is disabled: every credential of it is refused", asked.who));
    }
    Ok(Reply::Explanation { allowed: enabled && explanation.is_allowed(), lines })
}

fn actions(word: &str) -> Option<Vec<Action>> {
    let group = Group::ALL.into_iter().find(|group| group.as_str() == word);
    group.map(|group| group.members().to_vec()).or_else(|| word.parse().ok().map(|action| vec![action]))
}
