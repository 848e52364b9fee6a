//! Who asks: every way to show a credential, tried in order, each with three answers.
//!
//! "None shown" and "one shown and not accepted" are never confused: the first that is refused ends the walk.

use audit::{CredentialSeen, Reason};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use policy::{Bound, Epoch, Principal};
use protocol::{Head, Now, Secret};
use state::{RobotEntry, RobotKey, Snapshot, State};

use crate::lease::{Lease, Rests};
use crate::robot_key::RobotKeyText;
use crate::token::{TokenFault, TokenVerifier, issued};

/// The longest bearer credential, in bytes.
const BEARER_BYTES: usize = 16 * 1024;
/// The longest Basic credential, in bytes of base64, and where the password has the form of a JWT.
const BASIC_BYTES: usize = 4 * 1024;
const BASIC_JWT_BYTES: usize = 16 * 1024;

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
}

/// A credential was shown and not accepted.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Why; the client is not told.
    pub reason: Reason,
    /// Whose it is, where it was recognised.
    pub principal: Option<Principal>,
    /// What was shown, where it was recognised.
    pub credential: Option<CredentialSeen>,
}

impl Refused {
    fn unrecognised(reason: Reason) -> Box<Self> {
        Box::new(Self { reason, principal: None, credential: None })
    }
}

/// What one way of showing a credential comes to.
enum Attempt {
    NotOffered,
    Identified(Box<Identified>),
    Refused(Box<Refused>),
}

/// A credential as it was shown.
enum Shown {
    Bearer(Secret),
    Password { user: String, password: Secret },
}

impl Authn {
    /// Identifies by this state, and by tokens for this service.
    #[must_use]
    pub fn new(state: State, service: &str) -> Self {
        let tokens = TokenVerifier::new(&state, service);
        Self { state, tokens }
    }

    /// Who asks. Nobody in particular is somebody: anonymous, with a bound of nothing.
    ///
    /// # Errors
    /// [`Refused`] where a credential was shown and is not good.
    pub fn identify(&self, head: &Head, snapshot: &Snapshot, now: Now) -> Result<Identified, Box<Refused>> {
        let shown = match header(head)? {
            Some(shown) => Some(shown),
            None => form(head)?,
        };
        let Some(shown) = shown else { return Ok(self.anonymous(Bound::Nothing, None)) };
        let asks_for_token = head.path == "/token";
        for attempt in [self.token(&shown, snapshot, asks_for_token, now), self.key(&shown, snapshot, now)] {
            match attempt {
                Attempt::NotOffered => {}
                Attempt::Identified(identified) => return Ok(*identified),
                Attempt::Refused(refused) => return Err(refused),
            }
        }
        Err(Refused::unrecognised(Reason::UNKNOWN_CREDENTIAL))
    }

    fn anonymous(&self, bound: Bound, credential: Option<CredentialSeen>) -> Identified {
        let nobody = CredentialSeen { kind: "anonymous", id: None, issued_by: None, claimed_user: None };
        let credential = credential.unwrap_or(nobody);
        Identified { principal: Principal::Anonymous, credential, bound, lease: Lease::new(&self.state, None) }
    }

    /// An access token. It never begets another one, so the token endpoint does not take it.
    fn token(&self, shown: &Shown, snapshot: &Snapshot, asks_for_token: bool, now: Now) -> Attempt {
        let Shown::Bearer(token) = shown else { return Attempt::NotOffered };
        if !token.expose().contains('.') {
            return Attempt::NotOffered;
        }
        if asks_for_token {
            return Attempt::Refused(Refused::unrecognised(Reason::BAD_TOKEN));
        }
        let verified = match self.tokens.verify(token.expose(), snapshot, now) {
            Ok(verified) => verified,
            Err(TokenFault::Bad) => return Attempt::Refused(Refused::unrecognised(Reason::BAD_TOKEN)),
            Err(TokenFault::Expired) => return Attempt::Refused(Refused::unrecognised(Reason::EXPIRED_TOKEN)),
        };
        let claims = &verified.claims;
        let credential = CredentialSeen {
            kind: "token",
            id: Some(claims.jti.clone()),
            issued_by: Some(verified.issued_by()),
            claimed_user: None,
        };
        let bound = Bound::Scopes(verified.scopes.clone());
        if claims.sub == "anonymous" {
            return Attempt::Identified(Box::new(self.anonymous(bound, Some(credential))));
        }
        let Some(entry) = snapshot.robot(&policy::PrincipalId::new(&claims.sub)) else {
            return Attempt::Refused(Refused::unrecognised(Reason::BAD_TOKEN));
        };
        let rests = Rests {
            principal: entry.robot.id.clone(),
            epoch: Epoch(claims.epoch),
            key: claims.key.clone(),
            token: Some((claims.jti.clone(), issued(claims))),
        };
        self.welcome(entry, credential, bound, rests, Reason::REVOKED_TOKEN)
    }

    /// A robot's key, as Bearer or as the password beside any user name. The hash is computed for unknown keys too.
    fn key(&self, shown: &Shown, snapshot: &Snapshot, now: Now) -> Attempt {
        let (user, text) = match shown {
            Shown::Bearer(text) => (None, text),
            Shown::Password { user, password } => (Some(user.as_str()), password),
        };
        let Some(text) = RobotKeyText::parse(text.expose()) else { return Attempt::NotOffered };
        let hash = self.state.hash_robot_key(text.expose());
        let Some(key) = snapshot.key(text.id()) else {
            return Attempt::Refused(Refused::unrecognised(Reason::UNKNOWN_CREDENTIAL));
        };
        if !key.matches(&hash) {
            return Attempt::Refused(Refused::unrecognised(Reason::WRONG_SECRET));
        }
        let Some(entry) = snapshot.robot(&key.robot) else {
            return Attempt::Refused(Refused::unrecognised(Reason::UNKNOWN_CREDENTIAL));
        };
        let claimed_user = user.filter(|user| *user != entry.robot.name.as_str()).map(str::to_owned);
        let id = Some(key.id.to_string());
        let credential = CredentialSeen { kind: "robot-key", id, issued_by: None, claimed_user };
        if let Some(reason) = ended(key, now.wall) {
            let principal = Some(Principal::Robot(entry.robot.clone()));
            let reason = if entry.deleted.is_some() { Reason::DELETED } else { reason };
            return Attempt::Refused(Box::new(Refused { reason, principal, credential: Some(credential) }));
        }
        let rests = Rests {
            principal: entry.robot.id.clone(),
            epoch: entry.robot.epoch,
            key: Some(key.id.to_string()),
            token: None,
        };
        self.welcome(entry, credential, Bound::Everything, rests, Reason::REVOKED_KEY)
    }

    /// Lets a recognised robot in, if it is welcome and what it shows still stands.
    fn welcome(
        &self,
        entry: &RobotEntry,
        credential: CredentialSeen,
        bound: Bound,
        rests: Rests,
        revoked: Reason,
    ) -> Attempt {
        let principal = Principal::Robot(entry.robot.clone());
        let lease = Lease::new(&self.state, Some(rests));
        let reason = match (entry.deleted, entry.enabled) {
            (Some(_), _) => Some(Reason::DELETED),
            (None, false) => Some(Reason::DISABLED),
            (None, true) => lease.still_standing().is_err().then_some(revoked),
        };
        match reason {
            Some(reason) => {
                Attempt::Refused(Box::new(Refused { reason, principal: Some(principal), credential: Some(credential) }))
            }
            None => Attempt::Identified(Box::new(Identified { principal, credential, bound, lease })),
        }
    }
}

fn ended(key: &RobotKey, now: Timestamp) -> Option<Reason> {
    match (key.revoked, key.expires <= now) {
        (true, _) => Some(Reason::REVOKED_KEY),
        (false, true) => Some(Reason::EXPIRED_KEY),
        (false, false) => None,
    }
}

/// The one `Authorization` header. Two of them, or two schemes in one, are none that could be judged.
fn header(head: &Head) -> Result<Option<Shown>, Box<Refused>> {
    let malformed = || Refused::unrecognised(Reason::BAD_AUTHORIZATION);
    let Some(value) = head.single(AUTHORIZATION).map_err(|_| malformed())? else { return Ok(None) };
    let (scheme, rest) = value.split_once(' ').ok_or_else(malformed)?;
    let rest = rest.trim();
    if rest.contains([' ', ',']) || rest.len() > BEARER_BYTES.max(BASIC_JWT_BYTES) {
        return Err(malformed());
    }
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Ok(Some(Shown::Bearer(Secret::new(rest.to_owned())))),
        "basic" => basic(rest).ok_or_else(malformed),
        _ => Err(malformed()),
    }
}

/// An empty name with an empty password is how some clients say "nobody".
fn basic(encoded: &str) -> Option<Option<Shown>> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    let has_form_of_jwt = password.matches('.').count() == 2;
    if encoded.len() > if has_form_of_jwt { BASIC_JWT_BYTES } else { BASIC_BYTES } {
        return None;
    }
    if user.is_empty() && password.is_empty() {
        return Some(None);
    }
    Some(Some(Shown::Password { user: user.to_owned(), password: Secret::new(password.to_owned()) }))
}

fn form(head: &Head) -> Result<Option<Shown>, Box<Refused>> {
    let Some(form) = &head.form else { return Ok(None) };
    let grant = form.password_grant().map_err(|_| Refused::unrecognised(Reason::BAD_AUTHORIZATION))?;
    Ok(grant.map(|grant| Shown::Password { user: grant.username, password: grant.password }))
}
