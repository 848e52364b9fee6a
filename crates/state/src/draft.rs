//! A change worked out in memory: the snapshot to come, and which rows it touches. Nothing here writes.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use jiff::Timestamp;
use policy::{Epoch, Grant, GrantId, PrincipalId, PrincipalName, Robot};

use crate::change::{Applied, Change, ChangeError, NewGrant, NewKey};
use crate::error::StateError;
use crate::nearest::nearest;
use crate::robot::{KeyId, RobotEntry, RobotKey};
use crate::snapshot::{Sequence, Snapshot, grants_of};

/// What a change makes of a snapshot.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The snapshot to come.
    pub(crate) after: Snapshot,
    /// The robots whose rows are to be written anew.
    pub(crate) touched: BTreeSet<PrincipalId>,
    /// Whether grants came or went.
    regrant: bool,
    grants: Vec<GrantId>,
    key: Option<KeyId>,
    revoked_keys: Vec<KeyId>,
    now: Timestamp,
}

impl Draft {
    /// Works out a change, or says why it cannot be.
    pub(crate) fn of(before: &Snapshot, change: Change, now: Timestamp) -> Result<(Self, Applied), StateError> {
        let mut draft = Self {
            after: before.clone(),
            touched: BTreeSet::new(),
            regrant: false,
            grants: Vec::new(),
            key: None,
            revoked_keys: Vec::new(),
            now,
        };
        draft.after.sequence.0 += 1;
        let object = draft.apply(change)?;
        draft.index();
        let applied = draft.applied(object);
        Ok((draft, applied))
    }

    fn apply(&mut self, change: Change) -> Result<String, StateError> {
        match change {
            Change::CreateRobot { name, owner, purpose, grants, key } => {
                self.create(&name, owner, purpose, grants, key)
            }
            Change::RotateKey { robot, key } => self.rotate(&robot, key),
            Change::EnableRobot(robot) => self.set_enabled(&robot, true),
            Change::DisableRobot(robot) => self.set_enabled(&robot, false),
            Change::DeleteRobot(robot) => self.delete(&robot),
            Change::AddGrant { holder, grant } => self.add_grant(&holder, grant),
            Change::RemoveGrant(id) => self.remove_grant(&id),
            Change::RevokeRobot(robot) => self.revoke_robot(&robot),
            Change::RevokeKey(id) => self.revoke_key(&id),
            Change::RevokeToken { jti, expires } => self.revoke_token(jti, expires),
            Change::RevokeAllBefore(moment) => self.revoke_all_before(moment),
            Change::AcceptRestored { journal } => self.accept_restored(journal),
        }
    }

    fn create(
        &mut self,
        name: &PrincipalName,
        owner: String,
        purpose: String,
        grants: Vec<NewGrant>,
        key: NewKey,
    ) -> Result<String, StateError> {
        if self.after.names.contains_key(name) {
            return Err(ChangeError::RobotExists { name: name.clone() }.into());
        }
        one_line(&owner, "owner")?;
        one_line(&purpose, "purpose")?;
        let id = PrincipalId::new(&random_id("r_", 20)?);
        let robot = Robot { id: id.clone(), name: name.clone(), owner, epoch: Epoch::default() };
        let entry = RobotEntry {
            robot: Arc::new(robot),
            enabled: true,
            deleted: None,
            purpose,
            created: self.now,
            keys: vec![self.new_key(&id, key)?],
            grants: grants.into_iter().map(|grant| self.new_grant(&id, grant)).collect::<Result<_, _>>()?,
            grants_revision: 0,
        };
        Arc::make_mut(&mut self.after.robots).insert(id.clone(), Arc::new(entry));
        Arc::make_mut(&mut self.after.names).insert(name.clone(), id.clone());
        self.touched.insert(id);
        Ok(object_of(name))
    }

    fn rotate(&mut self, name: &PrincipalName, key: NewKey) -> Result<String, StateError> {
        let now = self.now;
        let entry = self.named(name)?;
        let key = self.new_key(&entry.robot.id, key)?;
        let live: Vec<KeyId> = entry.live_keys(now).map(|key| key.id.clone()).collect();
        // Of all live keys the youngest may stay beside the new one.
        let surplus = live.split_last().map_or(&[][..], |(_, older)| older);
        self.edit(&entry, |entry| {
            let revoked = entry.revoke_keys(|key| surplus.contains(&key.id));
            entry.keys.push(key);
            revoked
        });
        Ok(object_of(name))
    }

    fn set_enabled(&mut self, name: &PrincipalName, enabled: bool) -> Result<String, StateError> {
        let entry = self.named(name)?;
        self.edit(&entry, |entry| {
            entry.enabled = enabled;
            entry.grants_revision += 1;
            Vec::new()
        });
        Ok(object_of(name))
    }

    fn delete(&mut self, name: &PrincipalName) -> Result<String, StateError> {
        let entry = self.named(name)?;
        let now = self.now;
        self.regrant = true;
        Arc::make_mut(&mut self.after.names).remove(name);
        self.edit(&entry, |entry| {
            entry.deleted = Some(now);
            entry.enabled = false;
            entry.grants.clear();
            entry.grants_revision += 1;
            entry.advance_epoch(1);
            entry.revoke_keys(|_| true)
        });
        Ok(object_of(name))
    }

    fn add_grant(&mut self, name: &PrincipalName, grant: NewGrant) -> Result<String, StateError> {
        let entry = self.named(name)?;
        let grant = self.new_grant(&entry.robot.id, grant)?;
        self.edit(&entry, |entry| {
            entry.grants.push(grant);
            entry.grants_revision += 1;
            Vec::new()
        });
        Ok(object_of(name))
    }

    fn remove_grant(&mut self, id: &GrantId) -> Result<String, StateError> {
        let unknown = || ChangeError::UnknownGrant { id: id.clone() };
        let holder = self.after.grants.iter().find(|grant| grant.id == *id).map(|grant| &grant.holder);
        let entry = holder.and_then(|holder| self.after.robot(holder)).cloned().ok_or_else(unknown)?;
        self.regrant = true;
        self.edit(&entry, |entry| {
            entry.grants.retain(|grant| grant.id != *id);
            entry.grants_revision += 1;
            Vec::new()
        });
        Ok(format!("grant:{id}"))
    }

    fn revoke_robot(&mut self, name: &PrincipalName) -> Result<String, StateError> {
        let entry = self.named(name)?;
        self.edit(&entry, |entry| {
            entry.advance_epoch(1);
            entry.revoke_keys(|_| true)
        });
        Ok(object_of(name))
    }

    fn revoke_key(&mut self, id: &KeyId) -> Result<String, StateError> {
        let unknown = || ChangeError::UnknownKey { id: id.clone() };
        let key = self.after.keys.get(id).ok_or_else(unknown)?;
        let entry = self.after.robot(&key.robot).cloned().ok_or_else(unknown)?;
        self.edit(&entry, |entry| entry.revoke_keys(|key| key.id == *id));
        Ok(format!("key:{id}"))
    }

    fn revoke_token(&mut self, jti: String, expires: Timestamp) -> Result<String, StateError> {
        one_line(&jti, "token id")?;
        let object = format!("token:{jti}");
        let revoked = Arc::make_mut(&mut self.after.revoked_tokens).entry(jti).or_insert(expires);
        *revoked = expires.max(*revoked);
        Ok(object)
    }

    fn revoke_all_before(&mut self, moment: Timestamp) -> Result<String, StateError> {
        if moment > self.now {
            return Err(ChangeError::NotYet { moment }.into());
        }
        self.after.all_before = self.after.all_before.max(Some(moment));
        self.edit_all(|entry| {
            entry.advance_epoch(1);
            entry.revoke_keys(|key| key.created < moment)
        });
        Ok(format!("all-before:{moment}"))
    }

    /// Each change that was lost moved an epoch by one at most, so this goes beyond every epoch that was ever issued;
    /// and beyond every sequence, so that none names two changes.
    fn accept_restored(&mut self, journal: Sequence) -> Result<String, StateError> {
        let state = Sequence(self.after.sequence.0.saturating_sub(1));
        let lost = journal.0.checked_sub(state.0).filter(|lost| *lost > 0);
        let lost = lost.ok_or(ChangeError::NotOlder { state, journal })?;
        self.after.sequence = Sequence(journal.0.saturating_add(1));
        self.edit_all(|entry| {
            entry.advance_epoch(lost.saturating_add(1));
            // Which keys the lost changes revoked is not known here, so none of them may open anything.
            entry.revoke_keys(|_| true)
        });
        Ok("restored-state".to_owned())
    }

    fn named(&self, name: &PrincipalName) -> Result<Arc<RobotEntry>, ChangeError> {
        self.after.robot_named(name).cloned().ok_or_else(|| {
            let known = self.after.names.keys().map(PrincipalName::as_str);
            let nearest = nearest(name.as_str(), known).and_then(|name| name.parse().ok());
            ChangeError::UnknownRobot { name: name.clone(), nearest }
        })
    }

    /// Edits a copy of the entry, which names the keys that it revoked, and puts it in the place of the entry.
    fn edit(&mut self, entry: &RobotEntry, edit: impl FnOnce(&mut RobotEntry) -> Vec<KeyId>) {
        let mut edited = entry.clone();
        self.revoked_keys.extend(edit(&mut edited));
        let id = entry.robot.id.clone();
        Arc::make_mut(&mut self.after.robots).insert(id.clone(), Arc::new(edited));
        self.touched.insert(id);
    }

    fn edit_all(&mut self, edit: impl Fn(&mut RobotEntry) -> Vec<KeyId>) {
        let entries: Vec<_> = self.after.robots.values().cloned().collect();
        entries.iter().for_each(|entry| self.edit(entry, &edit));
    }

    fn new_key(&mut self, robot: &PrincipalId, key: NewKey) -> Result<Arc<RobotKey>, ChangeError> {
        let NewKey { id, hash, expires } = key;
        if self.after.keys.contains_key(&id) {
            return Err(ChangeError::KeyExists { id });
        }
        in_future(expires, self.now)?;
        self.key = Some(id.clone());
        Ok(Arc::new(RobotKey { id, robot: robot.clone(), hash, created: self.now, expires, revoked: false }))
    }

    fn new_grant(&mut self, holder: &PrincipalId, grant: NewGrant) -> Result<Arc<Grant>, StateError> {
        let NewGrant { pattern, actions, until, reason } = grant;
        if actions.is_empty() {
            return Err(ChangeError::NoActions.into());
        }
        until.map_or(Ok(()), |until| in_future(until, self.now))?;
        reason.as_deref().map_or(Ok(()), |reason| one_line(reason, "reason"))?;
        let id = GrantId::new(&random_id("g_", 12)?);
        self.regrant = true;
        self.grants.push(id.clone());
        Ok(Arc::new(Grant { id, holder: holder.clone(), pattern, actions, until, reason }))
    }

    /// Brings the look-ups in line with the robots that were touched.
    fn index(&mut self) {
        let touched = self.touched.iter().filter_map(|id| self.after.robots.get(id));
        let keys = touched.flat_map(|entry| &entry.keys).map(|key| (key.id.clone(), Arc::clone(key)));
        Arc::make_mut(&mut self.after.keys).extend(keys);
        if self.regrant {
            self.after.grants = Arc::new(grants_of(&self.after.robots));
        }
    }

    fn applied(&self, object: String) -> Applied {
        Applied {
            sequence: self.after.sequence,
            object,
            robots: self.touched.iter().cloned().collect(),
            grants: self.grants.clone(),
            key: self.key.clone(),
            revoked_keys: self.revoked_keys.clone(),
        }
    }
}

fn object_of(name: &PrincipalName) -> String {
    format!("robot:{name}")
}

fn in_future(until: Timestamp, now: Timestamp) -> Result<(), ChangeError> {
    (until > now).then_some(()).ok_or(ChangeError::AlreadyOver { until })
}

fn one_line(text: &str, what: &'static str) -> Result<(), ChangeError> {
    let fits = text.len() <= ChangeError::TEXT_LIMIT && !text.chars().any(char::is_control);
    fits.then_some(()).ok_or(ChangeError::Text { what })
}

/// A prefix and random letters of base32, five bits each.
fn random_id(prefix: &str, letters: usize) -> Result<String, Unspecified> {
    let mut random = vec![0; letters];
    rand::fill(&mut random)?;
    let letter = |byte: u8| match byte & 31 {
        low @ 0..26 => char::from(b'a' + low),
        high => char::from(b'2' + high - 26),
    };
    Ok(prefix.chars().chain(random.into_iter().map(letter)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_base32_of_the_length_asked_for() {
        let id = random_id("r_", 2000).unwrap();
        let letters = id.strip_prefix("r_").unwrap();
        assert_eq!(letters.len(), 2000);
        let alphabet = "abcdefghijklmnopqrstuvwxyz234567";
        assert!(letters.chars().all(|letter| alphabet.contains(letter)));
        assert!(alphabet.chars().all(|letter| letters.contains(letter)));
        assert_ne!(random_id("", 20).unwrap(), random_id("", 20).unwrap());
    }
}
