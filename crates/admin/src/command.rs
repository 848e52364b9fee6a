//! The verbs, as types.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use policy::{ActionSet, Pattern, PrincipalName};
use protocol::{Action, Group};
use serde::{Deserialize, Serialize};

/// One thing that an administrator may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Make a robot with its first key.
    RobotCreate {
        /// Its name.
        name: PrincipalName,
        /// What it may do.
        grants: GrantWords,
        /// Until its key expires, in seconds.
        ttl_seconds: u64,
        /// Who answers for it.
        owner: String,
        /// What it is for.
        purpose: String,
        /// An existing robot of the name is no failure.
        if_absent: bool,
    },
    /// All robots.
    RobotList,
    /// One robot, with its keys and grants.
    RobotShow(PrincipalName),
    /// A new key; of two live ones the older is revoked.
    RobotRotate {
        /// Whose.
        name: PrincipalName,
        /// Until it expires, in seconds.
        ttl_seconds: u64,
    },
    /// Let it in again.
    RobotEnable(PrincipalName),
    /// Keep it out until it is enabled; its keys are kept.
    RobotDisable(PrincipalName),
    /// End it for ever.
    RobotDelete(PrincipalName),
    /// Give a principal more.
    GrantAdd {
        /// To whom.
        who: Who,
        /// What.
        grants: GrantWords,
        /// Until when.
        until: Option<Timestamp>,
        /// Why.
        reason: Option<String>,
    },
    /// All grants, or those of one principal.
    GrantList(Option<Who>),
    /// Take a grant back.
    GrantRemove(String),
    /// End every key, token, stream and upload of a robot now.
    RevokeRobot(PrincipalName),
    /// End one key for ever.
    RevokeKey(String),
    /// End one token for ever.
    RevokeToken(String),
    /// End every key and token made before a moment.
    RevokeAllBefore(Timestamp),
    /// The policy as Cedar, grants included.
    PolicyShow,
    /// Why a principal may or may not do something.
    PolicyExplain {
        /// Who.
        who: Who,
        /// What: an action or a group of them.
        action: String,
        /// On which repository.
        repository: String,
        /// With which tag.
        tag: Option<String>,
        /// From which address.
        from: Option<std::net::IpAddr>,
        /// At which moment.
        at: Option<Timestamp>,
    },
}

impl Command {
    /// The verb, for the record: words of ours and no secret.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::RobotCreate { .. } => "robot create",
            Self::RobotList => "robot list",
            Self::RobotShow(_) => "robot show",
            Self::RobotRotate { .. } => "robot rotate",
            Self::RobotEnable(_) => "robot enable",
            Self::RobotDisable(_) => "robot disable",
            Self::RobotDelete(_) => "robot delete",
            Self::GrantAdd { .. } => "grant add",
            Self::GrantList(_) => "grant list",
            Self::GrantRemove(_) => "grant remove",
            Self::RevokeRobot(_) => "revoke robot",
            Self::RevokeKey(_) => "revoke key",
            Self::RevokeToken(_) => "revoke token",
            Self::RevokeAllBefore(_) => "revoke all-before",
            Self::PolicyShow => "policy show",
            Self::PolicyExplain { .. } => "policy explain",
        }
    }
}

/// The flags that say what may be done: `--pull`, `--push`, `--delete`, `--list`, `--read-manifest`, `--no-list`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrantWords {
    /// Where it may pull.
    pub pull: Vec<Pattern>,
    /// Where it may push.
    pub push: Vec<Pattern>,
    /// Where it may delete.
    pub delete: Vec<Pattern>,
    /// Where it may see what exists.
    pub list: Vec<Pattern>,
    /// Where it may read manifests, and nothing else.
    pub read_manifest: Vec<Pattern>,
    /// To pull is not to enumerate.
    pub no_list: bool,
}

impl GrantWords {
    /// One row for each pattern, with everything that the flags say of it.
    #[must_use]
    pub fn rows(&self) -> Vec<(Pattern, ActionSet)> {
        // Whoever may pull sees what there is to pull; lists are one word that is taken out of it as a whole.
        let pull = ActionSet::of(Group::Pull).union(ActionSet::of(Group::List));
        let lists = if self.no_list { ActionSet::of(Group::List) } else { ActionSet::default() };
        let words = [
            (&self.pull, pull.without(lists)),
            (&self.push, ActionSet::of(Group::Push)),
            (&self.delete, ActionSet::of(Group::Delete)),
            (&self.list, ActionSet::of(Group::List)),
            (&self.read_manifest, [Action::ReadManifest].into_iter().collect()),
        ];
        let mut rows: Vec<(Pattern, ActionSet)> = Vec::new();
        for (patterns, actions) in words {
            for pattern in patterns {
                match rows.iter_mut().find(|(known, _)| known == pattern) {
                    Some((_, known)) => *known = known.union(actions),
                    None => rows.push((pattern.clone(), actions)),
                }
            }
        }
        rows
    }

    /// Whether it reaches the whole registry, which deserves a warning.
    #[must_use]
    pub fn is_registry_wide(&self) -> bool {
        self.rows().iter().any(|(pattern, _)| *pattern == Pattern::All)
    }
}

/// A principal as people write it: `robot:ci`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Who {
    /// Nobody in particular.
    Anonymous,
    /// A robot, by name.
    Robot(PrincipalName),
}

/// Not a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a principal: write `robot:NAME`, or `anonymous`")]
pub struct WhoError;

impl FromStr for Who {
    type Err = WhoError;

    fn from_str(text: &str) -> Result<Self, WhoError> {
        match text.split_once(':') {
            None if text == "anonymous" => Ok(Self::Anonymous),
            Some(("robot", name)) => name.parse().map(Self::Robot).map_err(|_| WhoError),
            _ => Err(WhoError),
        }
    }
}

impl TryFrom<String> for Who {
    type Error = WhoError;

    fn try_from(text: String) -> Result<Self, WhoError> {
        text.parse()
    }
}

impl From<Who> for String {
    fn from(who: Who) -> Self {
        who.to_string()
    }
}

impl fmt::Display for Who {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => formatter.write_str("anonymous"),
            Self::Robot(name) => write!(formatter, "robot:{name}"),
        }
    }
}

/// Who asks for a change, and over which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The user id: told by the kernel over the socket, by the verb itself under the lock.
    pub uid: u32,
    /// The user id that it worked with: root's verbs go on as the owner of the data folder.
    pub working_as: u32,
    /// How the command came.
    pub via: Via,
}

/// The two ways to administrate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Over the socket of the running server.
    Socket,
    /// Under the lock of the data folder.
    Lock,
}

impl Via {
    /// The word in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Lock => "lock",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_for_each_pattern() {
        let words = GrantWords {
            pull: vec!["team/**".parse().unwrap()],
            push: vec!["team/**".parse().unwrap(), "team/app".parse().unwrap()],
            list: vec!["team/app".parse().unwrap()],
            no_list: true,
            ..GrantWords::default()
        };
        let rows: Vec<String> = words.rows().iter().map(|(pattern, actions)| format!("{pattern} {actions}")).collect();
        assert_eq!(
            rows,
            [
                "team/** read-manifest,read-blob,mount-from,write-blob,write-manifest,create-tag,move-tag",
                "team/app list-tags,list-referrers,write-blob,write-manifest,create-tag,move-tag,list-repositories",
            ]
        );
    }

    #[test]
    fn to_pull_is_to_see_unless_it_is_said_not_to_be() {
        let actions = |no_list| {
            let words = GrantWords { pull: vec!["a".parse().unwrap()], no_list, ..GrantWords::default() };
            words.rows()[0].1.to_string()
        };
        assert_eq!(actions(false), "read-manifest,read-blob,list-tags,list-referrers,mount-from,list-repositories");
        assert_eq!(actions(true), "read-manifest,read-blob,mount-from");
    }

    #[test]
    fn principals() {
        assert_eq!("robot:ci".parse::<Who>().unwrap().to_string(), "robot:ci");
        assert_eq!("anonymous".parse(), Ok(Who::Anonymous));
        for bad in ["ci", "robot:", "robot:CI", "person:ann", ""] {
            assert_eq!(bad.parse::<Who>(), Err(WhoError), "{bad}");
        }
    }
}
