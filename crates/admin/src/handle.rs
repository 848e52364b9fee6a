//! The one place where a change is made: validated, written, committed, answered, in that order.

use std::sync::Arc;

use audit::{Administration, Journal, JournalError, LeafKind};
use authn::RobotKeyText;
use jiff::{SignedDuration, Timestamp};
use policy::{Grant, GrantId, Policy, PrincipalId, PrincipalName};
use protocol::Now;
use state::{
    Applied, Change, ChangeError, KeyIdError, NewGrant, NewKey, RobotEntry, RobotKey, Snapshot, State, StateError,
};
use tokio::sync::watch;

use crate::command::{Actor, Command, GrantWords, Who};
use crate::explain::{Asked, explain};
use crate::reply::{GrantLine, KeyLine, NewKeyReply, Reply, RobotLine};
use crate::socket::Failure;

/// A revoked token is remembered for as long as any token may live, and then some.
const TOKEN_MEMORY: SignedDuration = SignedDuration::from_hours(24);

/// This room's part of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The longest life of a robot's key, in seconds; 0 means no static keys at all.
    pub max_ttl_seconds: u64,
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The state refused it.
    #[error(transparent)]
    State(#[from] StateError),
    /// It could not be written, so it was not done.
    #[error("the change is not made, because it cannot be written")]
    Journal(#[from] JournalError),
    /// Keys may not live that long.
    #[error("a key may live for at most {max} s here: `robots.max_ttl`")]
    Ttl {
        /// The limit, in seconds.
        max: u64,
    },
    /// The configuration allows no static keys.
    #[error("static keys are switched off here: `robots.max_ttl = \"0\"`")]
    NoKeys,
    /// Not the id of a key.
    #[error(transparent)]
    KeyId(#[from] KeyIdError),
    /// A grant without a pattern.
    #[error("this grants nothing: add `--pull`, `--push`, `--delete` or `--read-manifest`")]
    EmptyGrant,
    /// Grants are of principals with a name.
    #[error("anonymous has no grants: make the repository public with a `[[repository]]` entry")]
    AnonymousGrant,
    /// A word that names no action and no repository.
    #[error("{0}")]
    Words(String),
    /// No random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// The command is of another version.
    #[error("the command cannot be read: it is of another version")]
    Command,
}

impl AdminError {
    /// In words for people, with what to do next.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let hint = match self {
            Self::State(StateError::Change(error)) => hint(error),
            Self::Journal(_) => Some("free space or mend the disk, then try again".to_owned()),
            Self::Ttl { .. } => Some("ask for less with `--ttl`".to_owned()),
            Self::State(_)
            | Self::KeyId(_)
            | Self::NoKeys
            | Self::EmptyGrant
            | Self::AnonymousGrant
            | Self::Words(_)
            | Self::Random
            | Self::Command => None,
        };
        let usage = matches!(
            self,
            Self::KeyId(_) | Self::Ttl { .. } | Self::EmptyGrant | Self::AnonymousGrant | Self::Words(_)
        );
        Failure { message: chain(self), hint, usage }
    }
}

fn hint(error: &ChangeError) -> Option<String> {
    if let ChangeError::RobotExists { name } = error {
        return Some(format!("`pullgate robot rotate {name}` makes a new key, `--if-absent` accepts it as it is"));
    }
    let shows = matches!(error, ChangeError::UnknownRobot { nearest: None, .. });
    error.hint().or_else(|| shows.then(|| "`pullgate robot list` shows those that exist".to_owned()))
}

/// The error and its causes, the outer one first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let inner = error.to_string();
        if !text.ends_with(&inner) {
            text = format!("{text}: {inner}");
        }
        cause = error.source();
    }
    text
}

/// Handles commands.
#[derive(Debug)]
pub struct Admin {
    state: State,
    journal: Arc<Journal>,
    policy: watch::Receiver<Arc<Policy>>,
    settings: Settings,
}

impl Admin {
    /// Administrates this state; every change is written to this journal.
    #[must_use]
    pub fn new(state: State, journal: Arc<Journal>, policy: watch::Receiver<Arc<Policy>>, settings: Settings) -> Self {
        Self { state, journal, policy, settings }
    }

    /// Does one command.
    ///
    /// # Errors
    /// [`AdminError`]: nothing has changed.
    pub async fn handle(&self, command: Command, actor: Actor, now: Now) -> Result<Reply, AdminError> {
        let verb = command.verb();
        let snapshot = self.state.snapshot();
        let asks = Asks { admin: self, verb, actor, now };
        match command {
            Command::RobotCreate { name, grants, ttl_seconds, owner, purpose, if_absent } => {
                if let Some(entry) = snapshot.robot_named(&name).filter(|_| if_absent) {
                    return Ok(Reply::Exists(existing(entry)));
                }
                let (text, key) = self.new_key(ttl_seconds, now)?;
                let grants = new_grants(&grants, None, None);
                let change = Change::CreateRobot { name: name.clone(), owner, purpose, grants, key: key.clone() };
                asks.change(change).await?;
                self.key_reply(&name, &text, &key)
            }
            Command::RobotRotate { name, ttl_seconds } => {
                let (text, key) = self.new_key(ttl_seconds, now)?;
                asks.change(Change::RotateKey { robot: name.clone(), key: key.clone() }).await?;
                self.key_reply(&name, &text, &key)
            }
            Command::RobotEnable(name) => asks.done(Change::EnableRobot(name)).await,
            Command::RobotDisable(name) => asks.done(Change::DisableRobot(name)).await,
            Command::RobotDelete(name) => asks.done(Change::DeleteRobot(name)).await,
            Command::RevokeRobot(name) => asks.done(Change::RevokeRobot(name)).await,
            Command::RevokeKey(key) => asks.done(Change::RevokeKey(key.parse()?)).await,
            Command::RevokeToken(jti) => {
                let expires = now.wall.saturating_add(TOKEN_MEMORY).unwrap_or(Timestamp::MAX);
                asks.done(Change::RevokeToken { jti, expires }).await
            }
            Command::RevokeAllBefore(moment) => asks.done(Change::RevokeAllBefore(moment)).await,
            Command::GrantAdd { who, grants, until, reason } => {
                asks.grants(who, new_grants(&grants, until, reason.as_deref())).await
            }
            Command::GrantRemove(grant) => asks.done(Change::RemoveGrant(GrantId::new(&grant))).await,
            Command::RobotList => Ok(Reply::Robots(snapshot.robots().map(|entry| robot_line(entry, now)).collect())),
            Command::RobotShow(name) => {
                let entry = known(&snapshot, &name)?;
                let grants = grant_lines(&snapshot, entry.grants.iter());
                Ok(Reply::Robot { robot: robot_line(entry, now), grants })
            }
            Command::GrantList(who) => list_grants(&snapshot, who.as_ref()),
            Command::PolicyShow => Ok(Reply::Text(self.show(&snapshot))),
            Command::PolicyExplain { who, action, repository, tag, from, at } => {
                let policy = self.policy.borrow().clone();
                let now = at.map_or(now, |wall| Now { wall, ..now });
                let asked = Asked { who: &who, action: &action, repository: &repository, tag: tag.as_deref(), from };
                explain(&policy, &snapshot, &asked, now)
            }
        }
    }

    fn new_key(&self, ttl_seconds: u64, now: Now) -> Result<(RobotKeyText, NewKey), AdminError> {
        let max = self.settings.max_ttl_seconds;
        if max == 0 {
            return Err(AdminError::NoKeys);
        }
        if ttl_seconds > max || ttl_seconds == 0 {
            return Err(AdminError::Ttl { max });
        }
        let text = RobotKeyText::generate().map_err(|_| AdminError::Random)?;
        let life = SignedDuration::from_secs(i64::try_from(ttl_seconds).unwrap_or(i64::MAX));
        let expires = now.wall.saturating_add(life).unwrap_or(Timestamp::MAX);
        let hash = self.state.hash_robot_key(text.expose());
        let key = NewKey { id: text.id().parse()?, hash, expires };
        Ok((text, key))
    }

    fn key_reply(&self, name: &PrincipalName, text: &RobotKeyText, key: &NewKey) -> Result<Reply, AdminError> {
        let snapshot = self.state.snapshot();
        let entry = known(&snapshot, name)?;
        Ok(Reply::Key(NewKeyReply {
            key: Some(text.expose().to_owned()),
            key_id: Some(key.id.to_string()),
            expires_at: Some(key.expires),
            ..existing(entry)
        }))
    }

    fn show(&self, snapshot: &Snapshot) -> String {
        let policy = self.policy.borrow().clone();
        let name = |id: &PrincipalId| snapshot.robot(id).map(|entry| entry.robot.name.clone());
        policy.show(snapshot.grants(), name)
    }
}

/// One change under way.
struct Asks<'a> {
    admin: &'a Admin,
    verb: &'static str,
    actor: Actor,
    now: Now,
}

impl Asks<'_> {
    /// The leaf, which names the sequence to come, is synced; then the change commits.
    async fn change(&self, change: Change) -> Result<Applied, AdminError> {
        let pending = self.admin.state.begin(change, self.now)?;
        let leaf = Administration {
            actor: self.actor.uid,
            command: self.verb.to_owned(),
            kind: LeafKind::Admin,
            object: pending.summary().to_owned(),
            state_sequence: pending.sequence().0,
            time: format!("{:.6}", self.now.wall),
            via: self.actor.via.as_str().to_owned(),
            working_as: self.actor.working_as,
        };
        self.admin.journal.administrate(leaf).await?;
        Ok(pending.commit()?)
    }

    async fn done(&self, change: Change) -> Result<Reply, AdminError> {
        let applied = self.change(change).await?;
        Ok(Reply::Done(format!("{}: {}", self.verb, applied.object)))
    }

    /// Each pattern is a grant of its own, and a change of its own.
    async fn grants(&self, who: Who, grants: Vec<NewGrant>) -> Result<Reply, AdminError> {
        let Who::Robot(holder) = who else { return Err(AdminError::AnonymousGrant) };
        if grants.is_empty() {
            return Err(AdminError::EmptyGrant);
        }
        let mut made = Vec::new();
        for grant in grants {
            made.extend(self.change(Change::AddGrant { holder: holder.clone(), grant }).await?.grants);
        }
        let snapshot = self.admin.state.snapshot();
        let grants = snapshot.grants().iter().filter(|grant| made.contains(&grant.id));
        Ok(Reply::Grants(grant_lines(&snapshot, grants)))
    }
}

fn new_grants(words: &GrantWords, until: Option<Timestamp>, reason: Option<&str>) -> Vec<NewGrant> {
    let row = |(pattern, actions)| NewGrant { pattern, actions, until, reason: reason.map(str::to_owned) };
    words.rows().into_iter().map(row).collect()
}

pub(crate) fn known<'a>(snapshot: &'a Snapshot, name: &PrincipalName) -> Result<&'a RobotEntry, AdminError> {
    let unknown = || ChangeError::UnknownRobot { name: name.clone(), nearest: None };
    Ok(snapshot.robot_named(name).ok_or_else(|| StateError::from(unknown()))?)
}

fn existing(entry: &RobotEntry) -> NewKeyReply {
    let robot = &entry.robot;
    NewKeyReply { name: robot.name.to_string(), id: robot.id.to_string(), key: None, key_id: None, expires_at: None }
}

fn robot_line(entry: &RobotEntry, now: Now) -> RobotLine {
    RobotLine {
        name: entry.robot.name.to_string(),
        id: entry.robot.id.to_string(),
        enabled: entry.enabled,
        owner: entry.robot.owner.clone(),
        purpose: entry.purpose.clone(),
        created_at: entry.created,
        keys: entry.keys.iter().map(|key| key_line(key, now)).collect(),
    }
}

fn key_line(key: &RobotKey, now: Now) -> KeyLine {
    let status = match (key.revoked, key.expires <= now.wall) {
        (true, _) => "revoked",
        (false, true) => "expired",
        (false, false) => "live",
    };
    KeyLine { key_id: key.id.to_string(), created_at: key.created, expires_at: key.expires, status: status.to_owned() }
}

fn list_grants(snapshot: &Snapshot, who: Option<&Who>) -> Result<Reply, AdminError> {
    let lines = match who {
        None => grant_lines(snapshot, snapshot.grants().iter()),
        Some(Who::Anonymous) => Vec::new(),
        Some(Who::Robot(name)) => grant_lines(snapshot, known(snapshot, name)?.grants.iter()),
    };
    Ok(Reply::Grants(lines))
}

fn grant_lines<'a>(snapshot: &Snapshot, grants: impl Iterator<Item = &'a Arc<Grant>>) -> Vec<GrantLine> {
    let name =
        |id: &PrincipalId| snapshot.robot(id).map_or_else(|| id.to_string(), |e| format!("robot:{}", e.robot.name));
    let line = |grant: &Arc<Grant>| GrantLine {
        id: grant.id.to_string(),
        who: name(&grant.holder),
        repositories: grant.pattern.to_string(),
        actions: grant.actions.to_string(),
        until: grant.until,
        reason: grant.reason.clone(),
    };
    let mut lines: Vec<GrantLine> = grants.map(line).collect();
    lines.sort_by(|one, other| {
        (&one.who, &one.repositories, &one.id).cmp(&(&other.who, &other.repositories, &other.id))
    });
    lines
}
