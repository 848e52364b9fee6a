//! Who asks: every way to show a credential, tried in order, each with three answers.
//!
//! "None shown" and "one shown and not accepted" are never confused: the first that is refused ends the walk.

use audit::{CredentialSeen, LeafName};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::Timestamp;
use policy::{Bound, Principal};
use protocol::{Head, Now};
use state::{KeyId, RobotKey, Snapshot, State};

use crate::authorization::Shown;
use crate::lease::{Holder, Lease, Rests};
use crate::refused::{Cause, Refused};
use crate::robot_key::{RobotKeyFault, RobotKeyText};
use crate::token::{TokenVerifier, Verified};

/// What a key that does not exist is compared with, so that its refusal costs as much as that of one that does.
const NO_HASH: [u8; 32] = [0; 32];

/// Identifies requests.
#[derive(Debug)]
pub struct Authn {
    state: State,
    tokens: TokenVerifier,
}

/// Who asks, with what, how far that reaches, and what it rests on.
#[derive(Clone, Debug)]
pub struct Identified {
    /// Who asks.
    pub principal: Principal,
    /// What was shown, for the record.
    pub credential: CredentialSeen,
    /// How far it reaches.
    pub bound: Bound,
    /// What it rests on.
    pub lease: Lease,
    /// The key behind it, where its end is near.
    pub ending: Option<EndingKey>,
}

/// A key that opens something until then, and not for long any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingKey {
    /// Its name.
    pub id: KeyId,
    /// Opens nothing from this moment on.
    pub expires: Timestamp,
}

/// What one way of showing a credential comes to.
enum Attempt {
    /// Nothing of this kind was shown.
    NotOffered,
    /// Somebody we know, whose credential is good.
    Identified(Box<Identified>),
    /// Something of this kind that is not good.
    Refused(Box<Refused>),
}

/// One request, as the attempts look at it.
#[derive(Clone, Copy)]
struct Asked<'a> {
    shown: &'a Shown,
    snapshot: &'a Snapshot,
    for_token: bool,
    now: Now,
}

/// A credential whose owner is known; whether it still counts is not.
struct Recognised {
    principal: Principal,
    credential: CredentialSeen,
    bound: Bound,
    rests: Rests,
}

impl Authn {
    /// Identifies by this state, and by tokens for this service.
    #[must_use]
    pub fn new(state: State, service: &str) -> Self {
        let tokens = TokenVerifier::new(state.snapshot().key_ring(), service);
        Self { state, tokens }
    }

    /// Who asks. Nobody in particular is somebody: anonymous, with a bound of nothing.
    ///
    /// # Errors
    /// [`Refused`] where a credential was shown and is not good.
    pub fn identify(&self, head: &Head, snapshot: &Snapshot, now: Now) -> Result<Identified, Box<Refused>> {
        let shown = Shown::read(head).map_err(Refused::unrecognised)?;
        if let Shown::Nothing = shown {
            return Ok(self.welcome(Recognised::nobody(), None));
        }
        let asked = Asked { shown: &shown, snapshot, for_token: head.path == "/token", now };
        for attempt in [Self::token, Self::robot_key] {
            match attempt(self, asked) {
                Attempt::NotOffered => {}
                Attempt::Identified(identified) => return Ok(*identified),
                Attempt::Refused(refused) => return Err(refused),
            }
        }
        Err(Refused::unrecognised(Cause::UnknownCredential))
    }

    /// An access token, as Bearer alone. It never begets another one, so the token endpoint does not take it.
    fn token(&self, asked: Asked<'_>) -> Attempt {
        let Shown::Bearer(text) = asked.shown else { return Attempt::NotOffered };
        if !text.expose().contains('.') {
            return Attempt::NotOffered;
        }
        let verified = self.tokens.verify(text.expose(), asked.snapshot.key_ring(), asked.now);
        let recognised = verified.as_ref().and_then(|token| Recognised::by_token(token, asked.snapshot));
        let (Some(token), Some(recognised)) = (verified, recognised) else {
            return Attempt::Refused(Refused::unrecognised(Cause::BadToken));
        };
        let fits = if asked.for_token { Err(Cause::TokenForToken) } else { Ok(()) };
        let verdict = token.in_time(asked.now).and_then(|()| recognised.in_force(asked)).and(fits);
        self.settle(recognised, verdict, asked)
    }

    /// A robot's key, as Bearer or as the password beside any user name: the key alone identifies.
    ///
    /// Whatever has the form of a key costs one hash and one comparison, wherever it fails.
    fn robot_key(&self, asked: Asked<'_>) -> Attempt {
        let (user, text) = match asked.shown {
            Shown::Nothing => return Attempt::NotOffered,
            Shown::Bearer(text) => (None, text.expose()),
            Shown::Password { user, password } => (Some(user.as_str()), password.expose()),
        };
        let parsed = RobotKeyText::parse(text);
        if let Err(RobotKeyFault::Form) = parsed {
            return Attempt::NotOffered;
        }
        let hash = self.state.hash_robot_key(text);
        let key = parsed.as_ref().ok().and_then(|text| asked.snapshot.key(text.id()));
        let opens = key.map_or_else(|| verify_slices_are_equal(&hash, &NO_HASH).is_ok(), |key| key.matches(&hash));
        let recognised = match (parsed, key) {
            (Err(_), _) => Err(Cause::BadChecksum),
            (Ok(_), Some(_)) if !opens => Err(Cause::WrongSecret),
            (Ok(_), key) => key.and_then(|key| Recognised::by_key(key, user, asked.snapshot)).ok_or(Cause::UnknownKey),
        };
        match recognised {
            Err(cause) => Attempt::Refused(Refused::unrecognised(cause)),
            Ok(recognised) => {
                let verdict = recognised.in_force(asked);
                self.settle(recognised, verdict, asked)
            }
        }
    }

    fn settle(&self, recognised: Recognised, verdict: Result<(), Cause>, asked: Asked<'_>) -> Attempt {
        match verdict {
            Ok(()) => {
                let ending = recognised.key(asked).filter(|key| key.is_ending(asked.now.wall));
                let ending = ending.map(|key| EndingKey { id: key.id.clone(), expires: key.expires });
                Attempt::Identified(Box::new(self.welcome(recognised, ending)))
            }
            Err(cause) => {
                let Recognised { principal, credential, .. } = recognised;
                Attempt::Refused(Refused::recognised(cause, principal, credential))
            }
        }
    }

    fn welcome(&self, recognised: Recognised, ending: Option<EndingKey>) -> Identified {
        let Recognised { principal, credential, bound, rests } = recognised;
        Identified { principal, credential, bound, lease: Lease::new(&self.state, rests), ending }
    }
}

impl Recognised {
    fn nobody() -> Self {
        let credential = CredentialSeen { kind: "anonymous", id: None, issued_by: None, claimed_user: None };
        Self { principal: Principal::Anonymous, credential, bound: Bound::Nothing, rests: Rests::default() }
    }

    fn by_token(token: &Verified, snapshot: &Snapshot) -> Option<Self> {
        let principal = match &token.rests.holder {
            None => Principal::Anonymous,
            Some(holder) => Principal::Robot(snapshot.robot(&holder.robot)?.robot.clone()),
        };
        let (log, sequence) = &token.issued_by;
        let credential = CredentialSeen {
            kind: "token",
            id: Some(token.jti.clone()),
            issued_by: Some(LeafName { log: log.clone(), sequence: *sequence }),
            claimed_user: None,
        };
        Some(Self { principal, credential, bound: Bound::Scopes(token.scopes.clone()), rests: token.rests.clone() })
    }

    fn by_key(key: &RobotKey, user: Option<&str>, snapshot: &Snapshot) -> Option<Self> {
        let robot = &snapshot.robot(&key.robot)?.robot;
        let claimed_user = user.filter(|user| !user.is_empty() && *user != robot.name.as_str()).map(str::to_owned);
        let holder = Holder { robot: robot.id.clone(), epoch: robot.epoch, key: key.id.clone() };
        Some(Self {
            principal: Principal::Robot(robot.clone()),
            credential: CredentialSeen {
                kind: "robot-key",
                id: Some(key.id.to_string()),
                issued_by: None,
                claimed_user,
            },
            bound: Bound::Everything,
            rests: Rests { holder: Some(holder), token: None },
        })
    }

    /// The key that was shown, or that the token was got with.
    fn key<'a>(&self, asked: Asked<'a>) -> Option<&'a RobotKey> {
        asked.snapshot.key(self.rests.holder.as_ref()?.key.as_str()).map(AsRef::as_ref)
    }

    /// Whether it counts in this view of the world, at this moment: all that it rests on stands, and the key behind it
    /// is in time.
    fn in_force(&self, asked: Asked<'_>) -> Result<(), Cause> {
        let is_token = self.rests.token.is_some();
        let ended = if is_token { Cause::of_token } else { Cause::of_key };
        self.rests.stand(asked.snapshot).map_err(ended)?;
        match self.key(asked) {
            Some(key) if key.expires <= asked.now.wall && is_token => Err(Cause::TokenOfExpiredKey),
            Some(key) if key.expires <= asked.now.wall => Err(Cause::ExpiredKey),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
