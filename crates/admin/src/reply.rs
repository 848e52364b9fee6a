//! What a verb learns: data for a table or for JSON, never prose.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The answer to a command.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// A new key; shown once.
    Key(NewKeyReply),
    /// The robot exists already, and that is what was wanted.
    Exists(NewKeyReply),
    /// Robots.
    Robots(Vec<RobotLine>),
    /// One robot, with its grants.
    Robot {
        /// The robot.
        robot: RobotLine,
        /// What it may do.
        grants: Vec<GrantLine>,
    },
    /// Grants.
    Grants(Vec<GrantLine>),
    /// Text, as it is to be printed.
    Text(String),
    /// An explanation; `allowed` is the exit code.
    Explanation {
        /// Whether it may.
        allowed: bool,
        /// Why, line by line.
        lines: Vec<String>,
    },
    /// It is done: a sentence that says what.
    Done(String),
}

/// What `robot create` and `robot rotate` print. Without `key` where nothing was made.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewKeyReply {
    /// The robot's name.
    pub name: String,
    /// Its immutable id.
    pub id: String,
    /// The key itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<String>,
    /// The part of it that is no secret.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key_id: Option<String>,
    /// When it expires.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for NewKeyReply {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("NewKeyReply").field("name", &self.name).field("key_id", &self.key_id).finish()
    }
}

/// One robot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RobotLine {
    /// Its name.
    pub name: String,
    /// Its immutable id.
    pub id: String,
    /// Whether it is let in.
    pub enabled: bool,
    /// Who answers for it.
    pub owner: String,
    /// What it is for.
    pub purpose: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its keys.
    pub keys: Vec<KeyLine>,
}

/// One key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyLine {
    /// The part of it that is no secret.
    pub key_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// `live`, `expired` or `revoked`.
    pub status: String,
}

/// One grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantLine {
    /// Its name.
    pub id: String,
    /// To whom.
    pub who: String,
    /// Where.
    pub repositories: String,
    /// What.
    pub actions: String,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}
