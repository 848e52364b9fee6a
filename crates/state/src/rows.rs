//! Snapshots as rows: what is written, and the codes that guard it.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::error::Fault;
use crate::key_ring::KeyRing;
use crate::mac::{Mac, MacKey};
use crate::robot::RobotEntry;
use crate::secret_key::SecretKey;
use crate::snapshot::Sequence;

/// Size and root of a journal.
pub(crate) type Checkpoint = (u64, [u8; 32]);

/// Puts the first rows into empty tables: a key ring, no robots, sequence 0.
pub(crate) fn write_first(
    connection: &Connection,
    secret: &SecretKey,
    macs: &MacKey,
    now: Timestamp,
) -> Result<(), Fault> {
    let sealed = KeyRing::generate(now)?.seal(secret)?;
    connection.execute("INSERT INTO key_ring VALUES (1, ?1, ?2)", params![sealed.nonce, sealed.bytes])?;
    write_checkpoint(connection, macs, (0, [0; 32]))?;
    write_seal(connection, macs, Sequence(0), None)
}

/// Writes all rows of a robot anew, under one MAC.
pub(crate) fn write_robot(connection: &Connection, macs: &MacKey, entry: &RobotEntry) -> Result<(), Fault> {
    let robot = &entry.robot;
    let id = robot.id.as_str();
    connection.prepare_cached("REPLACE INTO robot VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?.execute(
        params![
            id,
            robot.name.as_str(),
            robot.owner,
            entry.purpose,
            entry.created.to_string(),
            entry.deleted.map(|time| time.to_string()),
            entry.enabled,
            stored(robot.epoch.0)?,
            stored(entry.grants_revision)?,
            macs.of_robot(entry),
        ],
    )?;
    connection.prepare_cached("DELETE FROM robot_key WHERE robot = ?1")?.execute([id])?;
    connection.prepare_cached("DELETE FROM robot_grant WHERE robot = ?1")?.execute([id])?;
    write_keys(connection, entry)?;
    write_grants(connection, entry)
}

fn write_keys(connection: &Connection, entry: &RobotEntry) -> Result<(), Fault> {
    let mut insert = connection.prepare_cached("INSERT INTO robot_key VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for (place, key) in (0_i64..).zip(&entry.keys) {
        let [created, expires] = [key.created, key.expires].map(|time| time.to_string());
        insert.execute(params![key.robot.as_str(), place, key.id.as_str(), key.hash, created, expires, key.revoked])?;
    }
    Ok(())
}

fn write_grants(connection: &Connection, entry: &RobotEntry) -> Result<(), Fault> {
    let mut insert = connection.prepare_cached("INSERT INTO robot_grant VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for (place, grant) in (0_i64..).zip(&entry.grants) {
        let [pattern, actions] = [grant.pattern.to_string(), grant.actions.to_string()];
        let until = grant.until.map(|time| time.to_string());
        insert.execute(params![
            grant.holder.as_str(),
            place,
            grant.id.as_str(),
            pattern,
            actions,
            until,
            grant.reason
        ])?;
    }
    Ok(())
}

/// Writes the tokens that are revoked in `after` and not, or otherwise, in `before`; takes away those that are no
/// longer.
pub(crate) fn write_tokens(
    connection: &Connection,
    before: &HashMap<String, Timestamp>,
    after: &HashMap<String, Timestamp>,
) -> Result<(), Fault> {
    let mut replace = connection.prepare_cached("REPLACE INTO revoked_token VALUES (?1, ?2)")?;
    for (id, expires) in after.iter().filter(|(id, expires)| before.get(*id) != Some(expires)) {
        replace.execute(params![id, expires.to_string()])?;
    }
    let mut delete = connection.prepare_cached("DELETE FROM revoked_token WHERE id = ?1")?;
    for id in before.keys().filter(|id| !after.contains_key(*id)) {
        delete.execute([id])?;
    }
    Ok(())
}

/// Writes the row that holds all others together; the last to be written in every change.
pub(crate) fn write_seal(
    connection: &Connection,
    macs: &MacKey,
    sequence: Sequence,
    all_before: Option<Timestamp>,
) -> Result<(), Fault> {
    let seal = seal_of(connection, macs, sequence, all_before)?;
    let all_before = all_before.map(|time| time.to_string());
    connection.execute("REPLACE INTO state VALUES (1, ?1, ?2, ?3)", params![stored(sequence.0)?, all_before, seal])?;
    Ok(())
}

/// One MAC over the sequence, the MAC of every robot, every revocation and the sealed ring, as they stand in the
/// tables: each row alone could be an older one of ours.
pub(crate) fn seal_of(
    connection: &Connection,
    macs: &MacKey,
    sequence: Sequence,
    all_before: Option<Timestamp>,
) -> Result<Mac, Fault> {
    let mut form = macs.begin("state 1");
    form.number(sequence.0).maybe(all_before.map(|time| time.to_string()).as_deref());
    for statement in [
        "SELECT CAST(id AS BLOB), mac FROM robot ORDER BY id",
        "SELECT CAST(id AS BLOB), CAST(expires AS BLOB) FROM revoked_token ORDER BY id",
        "SELECT nonce, sealed FROM key_ring",
    ] {
        let mut query = connection.prepare_cached(statement)?;
        let mut rows = query.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            form.bytes(&row.get::<_, Vec<u8>>(0)?).bytes(&row.get::<_, Vec<u8>>(1)?);
            count += 1;
        }
        form.number(count);
    }
    Ok(form.end())
}

/// Replaces the checkpoint of the journal.
pub(crate) fn write_checkpoint(connection: &Connection, macs: &MacKey, checkpoint: Checkpoint) -> Result<(), Fault> {
    let (size, root) = checkpoint;
    let row = params![stored(size)?, root, checkpoint_mac(macs, checkpoint)];
    connection.execute("REPLACE INTO checkpoint VALUES (1, ?1, ?2, ?3)", row)?;
    Ok(())
}

pub(crate) fn checkpoint_mac(macs: &MacKey, (size, root): Checkpoint) -> Mac {
    let mut form = macs.begin("checkpoint 1");
    form.number(size).bytes(&root);
    form.end()
}

/// SQLite counts with a sign.
fn stored(number: u64) -> Result<i64, Fault> {
    i64::try_from(number).map_err(|_| Fault::Number)
}
