//! Floods of strangers: the first refusals of a minute stand in full, the rest are counted.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};

use jiff::Timestamp;
use protocol::Request;

use crate::circumstances::{Circumstances, Decision, Refused};
use crate::leaf::{Flood, LeafKind, micros};
use crate::reason::Reason;

/// Refusals a minute that each source has in full.
const IN_FULL: u32 = 20;
/// Sources that are told apart in one minute; what comes from more shares one entry for each reason.
const SOURCES: usize = 10_000;
/// Distinct names that one entry keeps, and their bytes: a line is at most 16 KiB.
const NAMES: usize = 100;
const NAMES_BYTES: usize = 12 << 10;
/// Names that all entries of a minute keep together.
const ALL_NAMES: usize = 20_000;

/// What came from strangers in the minute that is running. Its size is bounded, whoever comes.
#[derive(Debug, Default)]
pub(crate) struct Floods {
    minute: i64,
    sources: HashMap<IpAddr, u32>,
    summed: HashMap<Key, Sum>,
    names: usize,
    /// Of minutes that are over, to be written.
    over: Vec<Flood>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    names_bytes: usize,
}

impl Floods {
    /// Whether this refusal stands in full; if not, it has been counted.
    pub(crate) fn admit(&mut self, refused: &Refused<'_>, circumstances: &Circumstances) -> bool {
        self.turn(circumstances.received);
        let source = network(circumstances.source);
        let known = self.sources.len() < SOURCES || self.sources.contains_key(&source);
        if known {
            let seen = self.sources.entry(source).or_default();
            *seen = seen.saturating_add(1);
            if *seen <= IN_FULL {
                return true;
            }
        }
        self.count(known.then_some(source), refused, circumstances.received);
        false
    }

    /// Ends the minute if it is over. Requests that began a moment before its end may still come after it. A minute
    /// goes on as long as the last one could not be written, so that nothing piles up.
    pub(crate) fn turn(&mut self, now: Timestamp) {
        let minute = now.as_second().div_euclid(60);
        let running = minute == self.minute || minute.saturating_add(1) == self.minute;
        if !running && self.over.is_empty() {
            self.minute = minute;
            self.end(now);
        }
    }

    /// Ends the minute, whatever the time.
    pub(crate) fn end(&mut self, now: Timestamp) {
        self.sources.clear();
        self.names = 0;
        self.over.extend(self.summed.drain().map(|(key, sum)| sum.flood(key, now)));
    }

    /// What is to be written.
    pub(crate) fn take(&mut self) -> Vec<Flood> {
        std::mem::take(&mut self.over)
    }

    /// What was taken and could not be written.
    pub(crate) fn give_back(&mut self, floods: Vec<Flood>) {
        self.over.extend(floods);
    }

    fn count(&mut self, source: Option<IpAddr>, refused: &Refused<'_>, at: Timestamp) {
        let key = Key { source, decision: refused.decision, reason: refused.reason };
        let sum = self.summed.entry(key).or_insert_with(|| Sum::new(at));
        sum.count = sum.count.saturating_add(1);
        (sum.first, sum.last) = (sum.first.min(at), sum.last.max(at));
        let name = refused.request.and_then(Request::repository).filter(|_| self.names < ALL_NAMES);
        if name.is_some_and(|name| sum.remember(name.as_str())) {
            self.names = self.names.saturating_add(1);
        }
    }
}

impl Sum {
    fn new(at: Timestamp) -> Self {
        Self { count: 0, first: at, last: at, names: BTreeSet::new(), names_bytes: 0 }
    }

    /// Keeps a name that is new, where there is room; says whether it did.
    fn remember(&mut self, name: &str) -> bool {
        let bytes = self.names_bytes.saturating_add(name.len());
        if self.names.len() >= NAMES || bytes > NAMES_BYTES || self.names.contains(name) {
            return false;
        }
        self.names_bytes = bytes;
        self.names.insert(name.to_owned())
    }

    fn flood(self, key: Key, now: Timestamp) -> Flood {
        Flood {
            count: self.count,
            decision: key.decision,
            first: micros(self.first),
            kind: LeafKind::Flood,
            last: micros(self.last),
            names: self.names.into_iter().collect(),
            reason: key.reason.as_str().to_owned(),
            source: key.source.map(shown),
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

fn shown(network: IpAddr) -> String {
    match network {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(network) => format!("{network}/64"),
    }
}

#[cfg(test)]
mod tests;
