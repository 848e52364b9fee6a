//! What the tests of this crate are made of.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use protocol::Now;

use crate::decide::Policy;
use crate::engine::PolicyText;
use crate::grant::{ActionSet, Grant, GrantId};
use crate::principal::{Epoch, Principal, PrincipalId, Robot};
use crate::question::Context;
use crate::repository::{RepositoryRule, Settings, Visibility};

pub(crate) fn now() -> Now {
    Now { wall: Timestamp::from_second(1_800_000_000).unwrap(), tick: Duration::ZERO }
}

/// A robot whose immutable id is its name.
pub(crate) fn robot(name: &str) -> Principal {
    Principal::Robot(Arc::new(Robot {
        id: PrincipalId::new(name),
        name: name.parse().unwrap(),
        owner: "team".to_owned(),
        epoch: Epoch(1),
    }))
}

pub(crate) fn context() -> Context {
    Context::new([192, 0, 2, 7].into())
}

pub(crate) fn grant(id: &str, holder: &str, pattern: &str, actions: ActionSet) -> Grant {
    Grant {
        id: GrantId::new(id),
        holder: PrincipalId::new(holder),
        pattern: pattern.parse().unwrap(),
        actions,
        until: None,
        reason: None,
    }
}

/// `open/**` is public, and tags that begin with `v` are protected everywhere.
pub(crate) fn repositories() -> Vec<RepositoryRule> {
    let rule = |name: &str, visibility, tags: &[&str]| RepositoryRule {
        name: name.parse().unwrap(),
        visibility,
        environment: None,
        protected_tags: tags.iter().map(|tag| tag.parse().unwrap()).collect(),
    };
    vec![rule("open/**", Some(Visibility::Public), &[]), rule("**", None, &["v*"])]
}

pub(crate) fn texts(texts: &[&str]) -> Vec<PolicyText> {
    let named = |(place, text): (usize, &&str)| PolicyText { name: format!("{place}.cedar"), text: (*text).to_owned() };
    texts.iter().enumerate().map(named).collect()
}

/// A policy of some files, with the repositories of the fixture and anonymous off.
pub(crate) fn policy(files: &[&str]) -> Policy {
    Policy::build(&Settings::default(), repositories(), &texts(files)).unwrap()
}
