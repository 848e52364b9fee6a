//! Robots of a house, with their keys in the clear.

use authn::RobotKeyText;
use jiff::Timestamp;
use policy::{ActionSet, PrincipalName};
use protocol::Group;
use state::{Change, KeyId, NewGrant, NewKey};
use testkit::http;

use super::House;

/// In seconds.
const YEAR: i64 = 366 * 86_400;

/// A robot and what it shows.
#[derive(Debug)]
pub(crate) struct Robot {
    pub(crate) name: PrincipalName,
    pub(crate) key_id: KeyId,
    key: RobotKeyText,
}

/// What a robot of a test is made of.
#[derive(Debug)]
pub(crate) struct Made<'a> {
    name: &'a str,
    grants: Vec<NewGrant>,
    key: RobotKeyText,
    hashed: Option<RobotKeyText>,
    expires: Option<Timestamp>,
}

impl Robot {
    /// A robot that is not there yet.
    pub(crate) fn called(name: &str) -> Made<'_> {
        Made { name, grants: Vec::new(), key: RobotKeyText::generate().unwrap(), hashed: None, expires: None }
    }

    pub(crate) fn key(&self) -> &str {
        self.key.expose()
    }

    /// Name and key as the value of an `Authorization` header.
    pub(crate) fn basic(&self) -> String {
        http::basic(self.name.as_str(), self.key())
    }
}

impl Made<'_> {
    pub(crate) fn may(self, groups: &[Group], pattern: &str) -> Self {
        self.may_until(groups, pattern, None)
    }

    pub(crate) fn may_until(mut self, groups: &[Group], pattern: &str, until: Option<Timestamp>) -> Self {
        let actions = groups.iter().map(|group| ActionSet::of(*group)).fold(ActionSet::default(), ActionSet::union);
        self.grants.push(NewGrant { pattern: pattern.parse().unwrap(), actions, until, reason: None });
        self
    }

    pub(crate) fn expires(self, expires: Timestamp) -> Self {
        Self { expires: Some(expires), ..self }
    }

    /// The house keeps another secret under the name of the key.
    pub(crate) fn with_wrong_secret(self) -> Self {
        Self { hashed: Some(RobotKeyText::generate().unwrap()), ..self }
    }

    /// Moves in.
    pub(crate) fn live_in(self, house: &House) -> Robot {
        let key = NewKey {
            id: self.key.id().parse().unwrap(),
            hash: house.state.hash_robot_key(self.hashed.as_ref().unwrap_or(&self.key).expose()),
            expires: self.expires.unwrap_or_else(|| house.clock.after(YEAR)),
        };
        let name: PrincipalName = self.name.parse().unwrap();
        let (owner, purpose) = ("team".to_owned(), "tests".to_owned());
        house.change(Change::CreateRobot { name, owner, purpose, grants: self.grants.clone(), key });
        self.stay_away()
    }

    /// Has a name and a key, and no house knows of it.
    pub(crate) fn stay_away(self) -> Robot {
        Robot { name: self.name.parse().unwrap(), key_id: self.key.id().parse().unwrap(), key: self.key }
    }
}
