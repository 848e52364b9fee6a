//! Floods of strangers: the first refusals of a minute stand in full, the rest are counted.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};

use jiff::Timestamp;
use protocol::Request;

use crate::circumstances::{Circumstances, Decision, Refused};
use crate::reason::Reason;
use crate::record::{Flood, LeafKind, micros};

/// Refusals a minute that each source has in full.
const IN_FULL: u32 = 20;
/// Sources that are told apart in one minute; what comes from more shares one entry.
const SOURCES: usize = 10_000;
/// Distinct names that one entry keeps.
const NAMES: usize = 100;

/// What came from strangers in the minute that is running. Its size is bounded, whoever comes.
#[derive(Debug, Default)]
pub(crate) struct Floods {
    minute: i64,
    sources: HashMap<IpAddr, u32>,
    summed: HashMap<Key, Sum>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    source: Option<IpAddr>,
    decision: Decision,
    reason: Reason,
}

#[derive(Debug)]
struct Sum {
    count: u64,
    first: Timestamp,
    last: Timestamp,
    names: BTreeSet<String>,
}

impl Floods {
    /// Whether this refusal stands in full; if not, it has been counted. Floods of minutes that are over come back
    /// to be written.
    pub(crate) fn admit(&mut self, refused: &Refused<'_>, circumstances: &Circumstances) -> (bool, Vec<Flood>) {
        let over = self.turn(circumstances.received);
        let source = network(circumstances.source);
        let known = self.sources.len() < SOURCES || self.sources.contains_key(&source);
        if known {
            let seen = self.sources.entry(source).or_default();
            *seen = seen.saturating_add(1);
            if *seen <= IN_FULL {
                return (true, over);
            }
        }
        self.count(known.then_some(source), refused, circumstances.received);
        (false, over)
    }

    /// Ends the minute if it is over, and gives what was summed up in it.
    pub(crate) fn turn(&mut self, now: Timestamp) -> Vec<Flood> {
        let minute = now.as_second().div_euclid(60);
        if minute == self.minute {
            return Vec::new();
        }
        self.minute = minute;
        self.end(now)
    }

    /// Gives what was summed up, whatever the time.
    pub(crate) fn end(&mut self, now: Timestamp) -> Vec<Flood> {
        self.sources.clear();
        self.summed.drain().map(|(key, sum)| sum.flood(&key, now)).collect()
    }

    fn count(&mut self, source: Option<IpAddr>, refused: &Refused<'_>, at: Timestamp) {
        let key = Key { source, decision: refused.decision, reason: refused.reason };
        let new = || Sum { count: 0, first: at, last: at, names: BTreeSet::new() };
        let sum = self.summed.entry(key).or_insert_with(new);
        sum.count = sum.count.saturating_add(1);
        sum.last = at;
        if let Some(name) = refused.request.and_then(Request::repository).filter(|_| sum.names.len() < NAMES) {
            sum.names.insert(name.to_string());
        }
    }
}

impl Sum {
    fn flood(self, key: &Key, now: Timestamp) -> Flood {
        Flood {
            count: self.count,
            decision: key.decision,
            first: micros(self.first),
            kind: LeafKind::Flood,
            last: micros(self.last),
            names: self.names.into_iter().collect(),
            reason: key.reason.as_str().to_owned(),
            source: key.source.map(|source| source.to_string()),
            time: micros(now),
        }
    }
}

/// One source is one IPv4 address or one IPv6 network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}
