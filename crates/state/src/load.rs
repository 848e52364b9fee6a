//! Rows as snapshots: what is read is what was written, or it is refused with its row.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use policy::{ActionSet, Epoch, Grant, GrantId, PrincipalId, Robot};
use rusqlite::types::FromSql;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row};

use crate::error::Fault;
use crate::key_ring::{KeyRing, Sealed};
use crate::mac::{Mac, MacKey, equal};
use crate::robot::{RobotEntry, RobotKey};
use crate::rows::{Checkpoint, checkpoint_mac, seal_of};
use crate::secret_key::SecretKey;
use crate::snapshot::{Sequence, Snapshot};

/// Reads everything and refuses what was not written by us as it stands.
pub(crate) fn snapshot(connection: &Connection, secret: &SecretKey, macs: &MacKey) -> Result<Snapshot, Fault> {
    let ring = read_ring(connection, secret)?;
    let mut robots = read_robots(connection)?;
    read_keys(connection, &mut robots)?;
    read_grants(connection, &mut robots)?;
    for (id, (entry, mac)) in &robots {
        if !equal(&macs.of_robot(entry), mac) {
            return Err(Fault::Changed { table: "robot", row: id.to_string() });
        }
    }
    let tokens = read_tokens(connection)?;
    let (sequence, all_before) = read_seal(connection, macs)?;
    Ok(Snapshot::new(sequence, robots.into_values().map(|(entry, _)| entry), ring, tokens, all_before))
}

fn read_ring(connection: &Connection, secret: &SecretKey) -> Result<KeyRing, Fault> {
    let read = |row: &Row<'_>| Ok(Sealed { nonce: row.get("nonce")?, bytes: row.get("sealed")? });
    let sealed = connection.query_row("SELECT nonce, sealed FROM key_ring", [], read).optional()?;
    let sealed = sealed.ok_or(Fault::Missing { table: "key_ring" })?;
    KeyRing::open(&sealed, secret).map_err(|_| Fault::KeyRing)
}

type Robots = HashMap<PrincipalId, (RobotEntry, Mac)>;

fn read_robots(connection: &Connection) -> Result<Robots, Fault> {
    let mut query = connection.prepare_cached("SELECT * FROM robot")?;
    let mut robots = Robots::new();
    each(&mut query, "robot", |cells| {
        let id: String = cells.read("id")?;
        let robot = Robot {
            id: PrincipalId::new(&id),
            name: cells.parse("name")?,
            owner: cells.read("owner")?,
            epoch: Epoch(cells.number("epoch")?),
        };
        let entry = RobotEntry {
            robot: Arc::new(robot),
            enabled: cells.read("enabled")?,
            deleted: cells.parse_if_any("deleted")?,
            purpose: cells.read("purpose")?,
            created: cells.parse("created")?,
            keys: Vec::new(),
            grants: Vec::new(),
            grants_revision: cells.number("grants_revision")?,
        };
        robots.insert(PrincipalId::new(&id), (entry, cells.read("mac")?));
        Ok(())
    })?;
    Ok(robots)
}

fn read_keys(connection: &Connection, robots: &mut Robots) -> Result<(), Fault> {
    let mut query = connection.prepare_cached("SELECT * FROM robot_key ORDER BY robot, place")?;
    each(&mut query, "robot_key", |cells| {
        let entry = cells.owner(robots)?;
        entry.keys.push(Arc::new(RobotKey {
            id: cells.parse("id")?,
            robot: entry.robot.id.clone(),
            hash: cells.read("hash")?,
            created: cells.parse("created")?,
            expires: cells.parse("expires")?,
            revoked: cells.read("revoked")?,
        }));
        Ok(())
    })
}

fn read_grants(connection: &Connection, robots: &mut Robots) -> Result<(), Fault> {
    let mut query = connection.prepare_cached("SELECT * FROM robot_grant ORDER BY robot, place")?;
    each(&mut query, "robot_grant", |cells| {
        let entry = cells.owner(robots)?;
        let actions = ActionSet::try_from(cells.read::<String>("actions")?).map_err(|_| cells.unreadable("actions"))?;
        entry.grants.push(Arc::new(Grant {
            id: GrantId::new(&cells.read::<String>("id")?),
            holder: entry.robot.id.clone(),
            pattern: cells.parse("pattern")?,
            actions,
            until: cells.parse_if_any("until")?,
            reason: cells.read("reason")?,
        }));
        Ok(())
    })
}

fn read_tokens(connection: &Connection) -> Result<HashMap<String, Timestamp>, Fault> {
    let mut query = connection.prepare_cached("SELECT * FROM revoked_token")?;
    let mut tokens = HashMap::new();
    each(&mut query, "revoked_token", |cells| {
        tokens.insert(cells.read("id")?, cells.parse("expires")?);
        Ok(())
    })?;
    Ok(tokens)
}

fn read_seal(connection: &Connection, macs: &MacKey) -> Result<(Sequence, Option<Timestamp>), Fault> {
    let mut query =
        connection.prepare_cached("SELECT CAST(id AS TEXT) AS id, sequence, all_before, seal FROM state")?;
    let mut found = None;
    each(&mut query, "state", |cells| {
        found = Some((Sequence(cells.number("sequence")?), cells.parse_if_any("all_before")?, cells.read("seal")?));
        Ok(())
    })?;
    let (sequence, all_before, seal): (_, _, Mac) = found.ok_or(Fault::Missing { table: "state" })?;
    let intact = equal(&seal_of(connection, macs, sequence, all_before)?, &seal);
    intact.then_some((sequence, all_before)).ok_or(Fault::Seal { sequence })
}

/// Reads the checkpoint of the journal; its size is 0 before there was one.
pub(crate) fn checkpoint(connection: &Connection, macs: &MacKey) -> Result<Checkpoint, Fault> {
    let mut query = connection.prepare_cached("SELECT CAST(id AS TEXT) AS id, size, root, mac FROM checkpoint")?;
    let mut found = None;
    each(&mut query, "checkpoint", |cells| {
        found = Some(((cells.number("size")?, cells.read("root")?), cells.read("mac")?));
        Ok(())
    })?;
    let (checkpoint, mac): (_, Mac) = found.ok_or(Fault::Missing { table: "checkpoint" })?;
    let intact = equal(&checkpoint_mac(macs, checkpoint), &mac);
    intact.then_some(checkpoint).ok_or_else(|| Fault::Changed { table: "checkpoint", row: "1".to_owned() })
}

fn each(
    query: &mut CachedStatement<'_>,
    table: &'static str,
    mut read: impl FnMut(&Cells<'_, '_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        read(&Cells { table, row })?;
    }
    Ok(())
}

/// The cells of one row, whose errors say where.
struct Cells<'a, 'b> {
    table: &'static str,
    row: &'a Row<'b>,
}

impl Cells<'_, '_> {
    fn read<T: FromSql>(&self, column: &'static str) -> Result<T, Fault> {
        self.row.get(column).map_err(|_| self.unreadable(column))
    }

    fn parse<T: FromStr>(&self, column: &'static str) -> Result<T, Fault> {
        self.read::<String>(column)?.parse().map_err(|_| self.unreadable(column))
    }

    fn parse_if_any<T: FromStr>(&self, column: &'static str) -> Result<Option<T>, Fault> {
        let text: Option<String> = self.read(column)?;
        text.map(|text| text.parse().map_err(|_| self.unreadable(column))).transpose()
    }

    fn number(&self, column: &'static str) -> Result<u64, Fault> {
        self.read::<i64>(column)?.try_into().map_err(|_| self.unreadable(column))
    }

    /// The robot that the row belongs to.
    fn owner<'r>(&self, robots: &'r mut Robots) -> Result<&'r mut RobotEntry, Fault> {
        let robot: String = self.read("robot")?;
        let entry = robots.get_mut(&PrincipalId::new(&robot)).map(|(entry, _)| entry);
        entry.ok_or_else(|| Fault::Orphan { table: self.table, row: self.id(), robot })
    }

    fn unreadable(&self, column: &'static str) -> Fault {
        Fault::Cell { table: self.table, row: self.id(), column }
    }

    fn id(&self) -> String {
        self.row.get("id").unwrap_or_else(|_| "?".to_owned())
    }
}
