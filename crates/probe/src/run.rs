//! One run: what was sent and seen, how fast, and how much is left of what was announced.

mod stream;
mod waits;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use outbound::{Chain, Credential, Destination, Dialer, Distrust, Message, Origin, Reach};
use protocol::Now;
use serde::Serialize;

use crate::canary::{Listener, Reply};
use crate::doubt::Doubt;
use crate::error::ProbeError;
use crate::intent::{Canary, Hook, Mode};
use crate::observation::{Came, Observation, ObservationId, Secrecy, Seen};
use crate::plan::Plan;
use crate::product::Product;
use crate::random::{self, Blinding};
use crate::request::Request;
use crate::response::Response;
use crate::wire::{Wire, WireError};

pub(crate) use stream::Stream;
pub use waits::{Stop, Waits};

/// The least time between two requests at one origin: five in a second. None on loopback.
const PACE: Duration = Duration::from_millis(200);
/// The wait after a 429 that does not say how long.
const UNSAID: Duration = Duration::from_secs(1);
/// After so many questions in a row without any answer an origin is not asked again.
const STRIKES: u32 = 3;

/// The name of the note that says which product answers at a door.
pub(crate) const PRODUCT: &str = "product";
/// The name of the note that says how soon what streams to such an identity was ended.
pub(crate) const STREAM: &str = "stream";
/// The name of the note that says how soon an identity that was taken back was refused.
pub(crate) const REVOCATION: &str = "revocation";

/// The clocks.
pub type Clock = Box<dyn Fn() -> Now>;

/// What a run may send, and what it has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// The most requests.
    pub requests: usize,
    /// The most bytes that are read.
    pub bytes: usize,
}

/// A name that was found on the way. It was not contacted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Discovered {
    /// At which door.
    pub door: String,
    /// What was found.
    #[serde(serialize_with = "shown")]
    pub origin: Origin,
    /// The flag that adds it.
    pub flag: &'static str,
}

fn shown<S: serde::Serializer>(origin: &Origin, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(origin)
}

/// Something worth knowing about a door; may hold hostile text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// At which door.
    pub door: String,
    /// What.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// What is asked. Who cannot be asked for the one may still answer the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Request,
    Handshake,
}

/// One run.
pub(crate) struct Run {
    id: String,
    wire: Wire,
    clock: Clock,
    secrecy: Secrecy,
    mode: Mode,
    budget: Budget,
    spent: Budget,
    waits: Waits,
    waited: Duration,
    last: HashMap<Origin, Duration>,
    strikes: HashMap<(Origin, Kind), u32>,
    evidence: Vec<Seen>,
    discovered: BTreeSet<Discovered>,
    notes: Vec<Note>,
    revoked: bool,
    alarmed: bool,
    tidying: bool,
    stop: Stop,
    /// Whoever takes calls, or why nobody does.
    listener: Result<Listener, String>,
}

impl fmt::Debug for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Run").field("id", &self.id).field("spent", &self.spent).finish_non_exhaustive()
    }
}

impl Run {
    pub(crate) fn new(dialer: Dialer, clock: Clock, budget: Budget, plan: &Plan<'_>) -> Result<Self, ProbeError> {
        Ok(Self {
            id: random::uuid()?,
            wire: Wire::new(dialer, plan.patience)?,
            clock,
            secrecy: Secrecy::new(Blinding::new()?),
            mode: plan.mode,
            budget,
            spent: Budget { requests: 0, bytes: 0 },
            waits: plan.waits.clone(),
            waited: Duration::ZERO,
            last: HashMap::new(),
            strikes: HashMap::new(),
            evidence: Vec::new(),
            discovered: BTreeSet::new(),
            notes: Vec::new(),
            revoked: false,
            alarmed: false,
            tidying: false,
            stop: plan.stop.clone(),
            listener: plan.canary.map_or_else(|| Err("nobody needs it".to_owned()), listen),
        })
    }

    /// Asks one question, at most five in a second, and once more after a 429.
    pub(crate) fn ask(&mut self, origin: &Origin, reach: Reach, request: &Request) -> Result<Seen, Doubt> {
        loop {
            self.afford(origin, Kind::Request)?;
            self.pace(origin);
            let seen = self.send(origin, reach, request);
            match self.must_wait(&seen).filter(|_| !request.takes_429()) {
                Some(time) => self.wait(time),
                None => return Ok(seen),
            }
        }
    }

    fn send(&mut self, origin: &Origin, reach: Reach, request: &Request) -> Seen {
        let message = request.message(origin, &self.id);
        self.keep_secrets(&message);
        let begin = self.now().tick;
        let question = request.over_http_2(origin, &self.id);
        let outcome = self.wire.ask((origin, reach), request, &message, question);
        self.answered(origin, request, &message, outcome, begin)
    }

    /// Counts an answer to what was sent then, and writes it down.
    fn answered(
        &mut self,
        origin: &Origin,
        request: &Request,
        message: &Message,
        outcome: Result<Response, WireError>,
        begin: Duration,
    ) -> Seen {
        let elapsed = self.now().tick.saturating_sub(begin);
        let id = self.count(origin, Kind::Request, outcome.as_ref().ok().map(Response::length));
        self.keep(Observation::new(id, origin, request, message, outcome, elapsed, &self.secrecy))
    }

    /// Makes a handshake of some kind. `told` says what it is, and gives a line for a shell that makes the same.
    pub(crate) fn shake(
        &mut self,
        origin: &Origin,
        told: (String, String),
        shake: impl FnOnce(&mut Wire) -> Result<Came, WireError>,
    ) -> Result<Seen, Doubt> {
        self.afford(origin, Kind::Handshake)?;
        self.pace(origin);
        let begin = self.now().tick;
        let outcome = shake(&mut self.wire);
        let elapsed = self.now().tick.saturating_sub(begin);
        let id = self.count(origin, Kind::Handshake, outcome.is_ok().then_some(0));
        Ok(self.keep(Observation::handshake(id, origin, told, outcome, elapsed)))
    }

    /// Counts a question and the bytes of its answer, if one came.
    fn count(&mut self, origin: &Origin, kind: Kind, came: Option<usize>) -> ObservationId {
        let strikes = self.strikes.entry((origin.clone(), kind)).or_default();
        *strikes = if came.is_some() { 0 } else { *strikes + 1 };
        self.spent.requests += 1;
        self.spent.bytes += came.unwrap_or_default();
        ObservationId(self.evidence.len() + 1)
    }

    fn keep(&mut self, seen: Observation) -> Seen {
        let seen = Arc::new(seen);
        self.evidence.push(Arc::clone(&seen));
        seen
    }

    /// Lets go of bodies that nobody holds any more.
    pub(crate) fn forget_bodies(&mut self, ids: &[ObservationId]) {
        for id in ids {
            if let Some(seen) = self.evidence.get_mut(id.0.saturating_sub(1)).and_then(Arc::get_mut) {
                seen.forget_body();
            }
        }
    }

    /// The addresses of an origin.
    pub(crate) fn addresses(&mut self, origin: &Origin, reach: Reach) -> Result<Vec<SocketAddr>, Doubt> {
        let found = self.wire.addresses(origin, reach);
        let found = found.map_err(|error| Doubt::Unreachable { why: error.to_string() })?;
        Ok(found.iter().map(Destination::address).collect())
    }

    /// Everything that was asked so far.
    pub(crate) fn evidence(&self) -> impl Iterator<Item = &Seen> {
        self.evidence.iter()
    }

    /// Whoever takes calls, or why nobody does.
    pub(crate) fn listener(&self) -> Result<&Listener, &str> {
        self.listener.as_ref().map_err(String::as_str)
    }

    /// Waits as long as a check must, within what a run waits altogether.
    pub(crate) fn wait_for(&mut self, time: Duration) -> Result<(), Doubt> {
        if self.stop.is_asked() {
            return Err(Doubt::Stopped);
        }
        if !self.may_wait(time) {
            let why = format!("{} s are longer than a run waits", time.as_secs());
            return Err(Doubt::Missing { why });
        }
        self.wait(time);
        Ok(())
    }

    /// Whether a chain of certificates is trusted so long from now.
    pub(crate) fn trusts(&self, chain: &Chain, origin: &Origin, from_now: Duration) -> Result<(), Distrust> {
        let now = u64::try_from(self.now().wall.as_second()).unwrap_or_default();
        self.wire.trusts(chain, origin, Duration::from_secs(now) + from_now)
    }

    /// From now on, or no longer, what is asked takes something away again that the run has left there: nothing ends that.
    pub(crate) fn tidying(&mut self, tidying: bool) {
        self.tidying = tidying;
    }

    /// Nothing is sent beyond what was announced, nor to somebody who has stopped answering.
    fn afford(&self, origin: &Origin, kind: Kind) -> Result<(), Doubt> {
        if self.tidying {
            return Ok(());
        }
        if self.stop.is_asked() {
            return Err(Doubt::Stopped);
        }
        if self.spent.requests >= self.budget.requests || self.spent.bytes >= self.budget.bytes {
            return Err(Doubt::Budget);
        }
        match self.strikes.get(&(origin.clone(), kind)) {
            Some(strikes) if *strikes >= STRIKES => {
                let why = format!("`{origin}` did not answer {STRIKES} times in a row and is not asked again");
                Err(Doubt::Unreachable { why })
            }
            _ => Ok(()),
        }
    }

    fn pace(&mut self, origin: &Origin) {
        if origin.is_loopback() {
            return;
        }
        let jitter = random::bytes::<1>().map_or(0, |[byte]| u64::from(byte) / 4);
        let rest = self.last.get(origin).map(|last| {
            let since = self.now().tick.saturating_sub(*last);
            (PACE + Duration::from_millis(jitter)).saturating_sub(since)
        });
        self.pass(rest.unwrap_or_default());
        self.last.insert(origin.clone(), self.now().tick);
    }

    /// How long a 429 asks to wait; none where it is the second one, or asks for more than a run gives.
    fn must_wait(&self, seen: &Observation) -> Option<Duration> {
        let response = seen.response().ok().filter(|response| response.status == 429)?;
        let again = self.evidence.iter().rev().nth(1).is_some_and(|earlier| earlier.sent == seen.sent);
        let said = response.headers.get("retry-after").and_then(|text| text.trim().parse().ok());
        let time = said.map_or(UNSAID, Duration::from_secs);
        (!again && self.may_wait(time)).then_some(time)
    }

    /// Lets the user take an identity back. Asked for once, it is taken for done: nobody knows how far a hook came that failed.
    pub(crate) fn revoke(&mut self, hook: &Hook) -> Result<(), Doubt> {
        if !self.stop.is_asked() {
            self.revoked = true;
        }
        self.act(hook)
    }

    /// Lets the user do something, unless the run is to end.
    pub(crate) fn act(&self, hook: &Hook) -> Result<(), Doubt> {
        if self.stop.is_asked() {
            return Err(Doubt::Stopped);
        }
        hook.act().map_err(|error| Doubt::Hook { why: error.to_string() })
    }

    /// Whether nobody has tried an alarm in this run; now somebody has.
    pub(crate) fn tries_alarm(&mut self) -> bool {
        !std::mem::replace(&mut self.alarmed, true)
    }

    pub(crate) fn has_revoked(&self) -> bool {
        self.revoked
    }

    pub(crate) fn pause(&self, time: Duration) {
        self.wire.pause(time);
    }

    /// Whether that is within what a run waits altogether.
    pub(crate) fn may_wait(&self, time: Duration) -> bool {
        self.waited.saturating_add(time) <= self.waits.most
    }

    fn wait(&mut self, time: Duration) {
        self.waited += time;
        self.pass(time);
    }

    fn pass(&self, time: Duration) {
        match &self.waits.instead {
            Some(instead) => instead(time),
            None => self.wire.pause(time),
        }
    }

    fn keep_secrets(&mut self, message: &Message) {
        for part in message.parts() {
            if let outbound::Part::Credential(credential) = part {
                self.secrecy.keep(credential);
            }
        }
    }

    pub(crate) fn keep_secret(&mut self, credential: &Credential) {
        self.secrecy.keep(credential);
    }

    pub(crate) fn clean(&self, text: &str) -> String {
        self.secrecy.clean(text)
    }

    pub(crate) fn discover(&mut self, discovered: Discovered) {
        self.discovered.insert(discovered);
    }

    pub(crate) fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The product that answers at a door, if it was recognised.
    pub(crate) fn product(&self, door: &str) -> Option<Product> {
        let note = self.notes.iter().find(|note| note.name == PRODUCT && note.door == door)?;
        Product::named(&note.value)
    }

    /// How far it goes.
    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    pub(crate) fn now(&self) -> Now {
        (self.clock)()
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn spent(&self) -> Budget {
        self.spent
    }

    /// What is left when everything was asked.
    pub(crate) fn close(self) -> (Vec<Seen>, Vec<Discovered>, Vec<Note>) {
        (self.evidence, self.discovered.into_iter().collect(), self.notes)
    }
}

/// A run goes on without it: what needs it stays open.
fn listen(canary: &Canary) -> Result<Listener, String> {
    let listener = canary.listen().and_then(Listener::start).map_err(|error| error.to_string())?;
    if let Some(monitor) = &canary.monitor {
        listener.put(&monitor.path, Reply::default());
    }
    Ok(listener)
}
