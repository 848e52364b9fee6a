//! What an access token says, with exactly one way to write it.

use jiff::Timestamp;
use policy::{Epoch, PrincipalId};
use protocol::{Scope, WireAction};
use serde::{Deserialize, Serialize};

use super::LIFETIME;
use crate::lease::{Holder, IssuedToken, Rests};

/// The claims, in the order in which they are written. Every one is mandatory, and nothing else may stand beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    /// The id of the principal, or `anonymous`.
    pub(super) sub: String,
    /// What kind of principal that is.
    pub(super) kind: Kind,
    /// Its epoch when the token was issued.
    pub(super) epoch: u64,
    /// The id of the key that the token was issued for; null for anonymous.
    pub(super) key: Option<String>,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) jti: String,
    pub(super) access: Vec<AccessClaim>,
    /// Log and sequence of the leaf that tells of the issue.
    pub(super) issued_by: (String, u64),
}

/// The kinds of principals that hold tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Anonymous,
    Robot,
}

/// One scope as tokens write it; a refused one has no actions (distribution, "Token Authentication Implementation").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessClaim {
    r#type: String,
    name: String,
    actions: Vec<String>,
}

impl Claims {
    /// The one way to write them.
    pub(crate) fn payload(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// Reads what [`Claims::payload`] has written. A claim that is missing, doubled, unknown or of another type, and
    /// every other order, spacing or spelling, is refused: it would be written differently.
    pub(crate) fn parse(payload: &[u8]) -> Option<Self> {
        let claims: Self = serde_json::from_slice(payload).ok()?;
        let written = claims.payload().ok()?;
        (written == payload).then_some(claims)
    }

    /// What the token rests on; `None` where the claims contradict each other.
    pub(super) fn rests(&self) -> Option<Rests> {
        let life = self.exp.checked_sub(self.iat)?;
        let empty = [&self.sub, &self.jti, &self.issued_by.0].into_iter().any(String::is_empty);
        if empty || self.nbf != self.iat || !(1..=LIFETIME).contains(&life) {
            return None;
        }
        let issued = Timestamp::from_second(self.iat).ok()?;
        let holder = match (self.kind, &self.key) {
            (Kind::Anonymous, None) if self.sub == ANONYMOUS => None,
            (Kind::Robot, Some(key)) => {
                Some(Holder { robot: PrincipalId::new(&self.sub), epoch: Epoch(self.epoch), key: key.parse().ok()? })
            }
            (Kind::Anonymous | Kind::Robot, _) => return None,
        };
        Some(Rests { holder, token: Some(IssuedToken { jti: self.jti.clone(), issued }) })
    }

    /// The scopes; `None` where one of them is not as we write it.
    pub(super) fn scopes(&self) -> Option<Vec<Scope>> {
        self.access.iter().map(AccessClaim::scope).collect()
    }
}

/// The subject of tokens of nobody in particular.
pub(super) const ANONYMOUS: &str = "anonymous";

impl AccessClaim {
    pub(super) fn of(scope: &Scope) -> Self {
        match scope {
            Scope::Repository { name, actions } => Self {
                r#type: "repository".to_owned(),
                name: name.to_string(),
                actions: actions.iter().map(|action| WireAction::as_str(action).to_owned()).collect(),
            },
            Scope::Catalog { granted } => Self {
                r#type: "registry".to_owned(),
                name: "catalog".to_owned(),
                actions: granted.then(|| "*".to_owned()).into_iter().collect(),
            },
        }
    }

    /// Whether it grants anything.
    pub(super) fn is_granted(&self) -> bool {
        !self.actions.is_empty()
    }

    fn scope(&self) -> Option<Scope> {
        let scope = Scope::parse(&format!("{}:{}:{}", self.r#type, self.name, self.actions.join(",")))?;
        (Self::of(&scope) == *self).then_some(scope)
    }
}
