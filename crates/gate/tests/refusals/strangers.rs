//! Who comes to the door, with what in their hand, and what has happened to it since they got it.
#![expect(clippy::wildcard_enum_match_arm, reason = "what holds for most strangers is said once")]

use protocol::Group;
use state::Change;

use crate::asked::{Asked, NOWHERE, THERE};
use crate::house::{House, Plan, Robot};

/// Someone who should not get in everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stranger {
    /// Nobody in particular.
    Anonymous,
    /// Nobody in particular, where nobody may have a token, with that token.
    AnonymousToken,
    /// May do everything in another repository.
    Elsewhere,
    /// May push and nothing else.
    PushOnly,
    /// May pull and nothing else.
    PullOnly,
    /// May do everything until a moment that is over.
    OutsideWindow,
    /// Has a key that this house never made.
    UnknownKey,
    /// Has a key whose name is known, with another secret.
    WrongSecret,
    /// The key's time is over, and so is that of its tokens.
    ExpiredKey,
    /// The token's time is over.
    ExpiredToken,
    /// The token was signed by another house.
    ForeignToken,
    /// The token says that it needs no signature.
    UnsignedToken,
    /// The token says more than what was signed.
    ChangedToken,
    /// The token was revoked.
    RevokedToken,
    /// The key was revoked.
    RevokedKey,
    /// Everything that the robot holds was revoked.
    RevokedRobot,
    /// The robot is disabled.
    Disabled,
    /// The robot was deleted.
    Deleted,
    /// May do everything, with a token for another repository.
    ScopeAbsent,
    /// May do everything, with a token that asked for nothing.
    ScopeNarrower,
    /// May do everything, and calls us by a name that is not ours.
    ForeignHost,
    /// May do everything, and the journal cannot write.
    JournalDown,
    /// May do everything, and a rule of the operator's cannot be evaluated.
    PolicyBroken,
}

/// How a credential is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Path {
    /// Not at all.
    Nothing,
    /// `Basic` with neither name nor password, which says "nobody".
    Nobody,
    /// The key as a Basic password.
    Basic,
    /// The key as Bearer.
    Bearer,
    /// A token got for the key, as Bearer.
    Token,
    /// The key as the password of the form of `POST /token`.
    Form,
}

const EVERYTHING: [Group; 4] = Group::ALL;
const BROKEN_RULE: &str = "forbid(principal, action, resource) when { 9223372036854775807 + 1 > 0 };";

impl Stranger {
    pub(crate) const ALL: [Self; 23] = [
        Self::Anonymous,
        Self::AnonymousToken,
        Self::Elsewhere,
        Self::PushOnly,
        Self::PullOnly,
        Self::OutsideWindow,
        Self::UnknownKey,
        Self::WrongSecret,
        Self::ExpiredKey,
        Self::ExpiredToken,
        Self::ForeignToken,
        Self::UnsignedToken,
        Self::ChangedToken,
        Self::RevokedToken,
        Self::RevokedKey,
        Self::RevokedRobot,
        Self::Disabled,
        Self::Deleted,
        Self::ScopeAbsent,
        Self::ScopeNarrower,
        Self::ForeignHost,
        Self::JournalDown,
        Self::PolicyBroken,
    ];

    /// The ways in that they can try.
    pub(crate) fn paths(self) -> &'static [Path] {
        match self {
            Self::Anonymous => &[Path::Nothing, Path::Nobody],
            Self::AnonymousToken
            | Self::ExpiredToken
            | Self::ForeignToken
            | Self::UnsignedToken
            | Self::ChangedToken
            | Self::RevokedToken
            | Self::ScopeAbsent
            | Self::ScopeNarrower => &[Path::Token],
            Self::UnknownKey | Self::WrongSecret => &[Path::Basic, Path::Bearer, Path::Form],
            Self::Elsewhere
            | Self::PushOnly
            | Self::PullOnly
            | Self::OutsideWindow
            | Self::ExpiredKey
            | Self::RevokedKey
            | Self::RevokedRobot
            | Self::Disabled
            | Self::Deleted
            | Self::ForeignHost
            | Self::JournalDown
            | Self::PolicyBroken => &[Path::Basic, Path::Bearer, Path::Token, Path::Form],
        }
    }

    /// The house whose door it is.
    pub(crate) fn house(self) -> House {
        let mut plan = Plan::default();
        plan.policy.anonymous = self == Self::AnonymousToken;
        if self == Self::JournalDown {
            plan.journal.segment_bytes = 1;
        }
        House::with(plan)
    }

    fn robot(self, house: &House) -> Option<Robot> {
        let robot = Robot::called("stranger");
        let robot = match self {
            Self::Anonymous | Self::AnonymousToken => return None,
            Self::UnknownKey => return Some(robot.stay_away()),
            Self::Elsewhere => robot.may(&EVERYTHING, "other/**"),
            Self::PushOnly => robot.may(&[Group::Push], "acme/**"),
            Self::PullOnly => robot.may(&[Group::Pull], "acme/**"),
            Self::OutsideWindow => robot.may_until(&EVERYTHING, "acme/**", Some(house.clock.after(60))),
            Self::WrongSecret => robot.may(&EVERYTHING, "acme/**").with_wrong_secret(),
            Self::ExpiredKey => robot.may(&EVERYTHING, "acme/**").expires(house.clock.after(60)),
            _ => robot.may(&EVERYTHING, "acme/**"),
        };
        Some(robot.live_in(house))
    }

    fn token(self, house: &mut House, robot: Option<&Robot>) -> String {
        let of = |repository: &str, actions: &str| format!("repository:{repository}:{actions}");
        let both = |actions: &str| [of(THERE, actions), of(NOWHERE, actions)].join("+");
        let all = both("pull,push,delete") + "+registry:catalog:*";
        match self {
            Self::ScopeAbsent => house.token(robot, &[&of("acme/other", "pull,push,delete")]),
            Self::ScopeNarrower => house.token(robot, &[&both(""), "registry:catalog:"]),
            Self::ForeignToken => {
                let other = House::open();
                other.token(self.robot(&other).as_ref(), &[&all])
            }
            Self::UnsignedToken => {
                let token = house.token(robot, &[&all]);
                // {"alg":"none","typ":"JWT"}
                format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", token.split('.').nth(1).unwrap())
            }
            Self::ChangedToken => {
                let (narrow, wide) = (house.token(robot, &[&both("pull")]), house.token(robot, &[&all]));
                let (narrow, wide): (Vec<&str>, Vec<&str>) = (narrow.split('.').collect(), wide.split('.').collect());
                format!("{}.{}.{}", narrow[0], wide[1], narrow[2])
            }
            _ => house.token(robot, &[&all]),
        }
    }

    /// What happens between the moment they got what they show and the moment they show it.
    fn meanwhile(self, house: &mut House, robot: Option<&Robot>, token: Option<&String>) {
        match (self, robot) {
            (Self::ExpiredKey | Self::OutsideWindow, _) => house.clock.pass(60),
            (Self::ExpiredToken, _) => house.clock.pass(300),
            (Self::RevokedToken, _) => revoke(house, token.unwrap()),
            (Self::RevokedKey, Some(robot)) => house.change(Change::RevokeKey(robot.key_id.clone())),
            (Self::RevokedRobot, Some(robot)) => house.change(Change::RevokeRobot(robot.name.clone())),
            (Self::Disabled, Some(robot)) => house.change(Change::DisableRobot(robot.name.clone())),
            (Self::Deleted, Some(robot)) => house.change(Change::DeleteRobot(robot.name.clone())),
            (Self::JournalDown, _) => house.break_journal(),
            (Self::PolicyBroken, _) => house.rule(Vec::new(), BROKEN_RULE),
            _ => {}
        }
    }
}

/// Ends a token by the id that the record of its use tells.
fn revoke(house: &mut House, token: &str) {
    let used = house.ask("GET", "/v2/", &[("Authorization", &format!("Bearer {token}"))], b"");
    assert_eq!(used.head.status, 200);
    let jti = house.new_decisions().pop().unwrap().credential.unwrap().id.unwrap();
    house.change(Change::RevokeToken { jti, expires: house.clock.after(300) });
}

/// A stranger at the door.
#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) stranger: Stranger,
    pub(crate) path: Path,
    robot: Option<Robot>,
    token: Option<String>,
}

impl Visitor {
    /// Comes into being, as good as anybody.
    pub(crate) fn new(stranger: Stranger, path: Path, house: &House) -> Self {
        Self { stranger, path, robot: stranger.robot(house), token: None }
    }

    /// Whose upload is under way: their own, if they may push, or could until a moment ago; else the owner's. One who
    /// may push and nothing else is to be kept from those of others.
    pub(crate) fn uploader<'a>(&'a self, owner: &'a Robot) -> &'a Robot {
        use Stranger::{Elsewhere, PullOnly, PushOnly, UnknownKey, WrongSecret};
        let never = matches!(self.stranger, Elsewhere | PushOnly | PullOnly | UnknownKey | WrongSecret);
        self.robot.as_ref().filter(|_| !never).unwrap_or(owner)
    }

    /// Gets what they show; then happens what makes a stranger of them.
    pub(crate) fn fall(&mut self, house: &mut House) {
        if self.path == Path::Token {
            self.token = Some(self.stranger.token(house, self.robot.as_ref()));
        }
        self.stranger.meanwhile(house, self.robot.as_ref(), self.token.as_ref());
    }

    /// Headers and body of a request of theirs.
    pub(crate) fn shows(&self, asked: &Asked) -> (Vec<(&'static str, String)>, Vec<u8>) {
        let key = self.robot.as_ref().map_or("", Robot::key);
        let authorization = match self.path {
            Path::Nothing | Path::Form => None,
            Path::Nobody => Some("Basic Og==".to_owned()),
            Path::Basic => self.robot.as_ref().map(Robot::basic),
            Path::Bearer => Some(format!("Bearer {key}")),
            Path::Token => self.token.as_ref().map(|token| format!("Bearer {token}")),
        };
        let mut headers: Vec<_> = authorization.into_iter().map(|value| ("Authorization", value)).collect();
        if self.stranger == Stranger::ForeignHost {
            headers.push(("Host", "evil.test".to_owned()));
        }
        let mut body = asked.body.clone();
        if self.path == Path::Form {
            body.extend_from_slice(format!("&grant_type=password&username=stranger&password={key}").as_bytes());
        }
        (headers, body)
    }

    /// Kind and name of the principal that the record names: none of what nobody recognises.
    pub(crate) fn principal(&self) -> Option<(&'static str, Option<&'static str>)> {
        match self.stranger {
            Stranger::Anonymous | Stranger::AnonymousToken => Some(("anonymous", None)),
            Stranger::UnknownKey
            | Stranger::WrongSecret
            | Stranger::ForeignToken
            | Stranger::UnsignedToken
            | Stranger::ChangedToken
            | Stranger::ForeignHost => None,
            _ => Some(("robot", Some("stranger"))),
        }
    }

    /// Kind and id of the credential that the record names; the id of a token is its own secret until it is used.
    pub(crate) fn credential(&self) -> Option<(&'static str, Option<String>)> {
        self.principal()?;
        Some(match (self.path, &self.robot) {
            (Path::Nothing | Path::Nobody, _) | (_, None) if self.path != Path::Token => ("anonymous", None),
            (Path::Token, _) => ("token", None),
            (_, robot) => ("robot-key", robot.as_ref().map(|robot| robot.key_id.to_string())),
        })
    }
}
