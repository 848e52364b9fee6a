//! What has been seen of a request so far: it fills as the request passes, and whoever refuses finds in it what the
//! record and the challenge need.

use std::fmt;
use std::sync::Arc;

use audit::{Circumstances, Ended, Journal, Outcome, Receipt};
use authn::{EndingKey, Identified};
use aws_lc_rs::rand;
use policy::Principal;
use protocol::{Head, Now, Request};

use crate::connection::Arrival;
use crate::gate::Gate;
use crate::hosts::PublicName;
use crate::metrics::Metrics;
use crate::revocable::Clock;
use crate::stop::Stop;

/// One request under way.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) now: Now,
    pub(crate) name: Option<PublicName>,
    pub(crate) circumstances: Circumstances,
    pub(crate) request: Option<Request>,
    pub(crate) principal: Option<Principal>,
    pub(crate) receipt: Option<Receipt>,
    pub(crate) ending: Option<EndingKey>,
}

impl Seen {
    pub(crate) fn new(arrival: &Arrival, head: &Head, name: Option<PublicName>, now: Now) -> Self {
        let text = |name: &str| head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into());
        let circumstances = Circumstances {
            received: now.wall,
            request_id: request_id(),
            source: arrival.peer.ip().to_canonical(),
            peer: arrival.peer,
            listener: arrival.listener,
            host: text("host"),
            user_agent: text("user-agent"),
            method: head.method.to_string(),
            range: text("range"),
            credential: None,
        };
        Self { now, name, circumstances, request: None, principal: None, receipt: None, ending: None }
    }

    /// Remembers what is asked for.
    pub(crate) fn request(&mut self, request: Request) -> Request {
        self.request = Some(request.clone());
        request
    }

    /// Remembers who asks, also where they were recognised and refused.
    pub(crate) fn identity(&mut self, identified: Result<Identified, Box<authn::Refused>>) -> Result<Identified, Stop> {
        let (principal, credential) = match &identified {
            Ok(identified) => (Some(&identified.principal), Some(&identified.credential)),
            Err(refused) => (refused.principal.as_ref(), refused.credential.as_ref()),
        };
        self.principal = principal.cloned();
        self.ending = identified.as_ref().ok().and_then(|identified| identified.ending.clone());
        self.circumstances.credential = credential.cloned();
        identified.map_err(Stop::Unidentified)
    }

    /// Remembers that the decision is written: from here on there is an outcome and no further decision.
    pub(crate) fn admitted(&mut self, receipt: Receipt) {
        self.receipt = Some(receipt);
    }
}

/// 64 random bits in hexadecimal: a name, not a secret.
pub(crate) fn request_id() -> String {
    let mut bytes = [0; 8];
    // Without random numbers there would be no keys either, and the process would not have started.
    let _ = rand::fill(&mut bytes);
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// The end of an admitted request, which is told to the journal once.
pub(crate) struct Ending {
    journal: Arc<Journal>,
    metrics: Arc<Metrics>,
    clock: Clock,
    receipt: Receipt,
    began: Now,
    outcome: Outcome,
    sent: u64,
}

impl Ending {
    pub(crate) fn new(
        gate: &Gate,
        seen: &Seen,
        receipt: Receipt,
        status: u16,
        received: u64,
        digest: Option<String>,
    ) -> Self {
        Self {
            journal: gate.behind.journal.clone(),
            metrics: gate.metrics.clone(),
            clock: gate.clock.clone(),
            receipt,
            began: seen.now,
            outcome: Outcome { status, bytes: received, duration_us: 0, ended: Ended::Complete, digest },
            sent: 0,
        }
    }

    /// Counts bytes that were handed to the connection.
    pub(crate) fn sent(&mut self, bytes: u64) {
        self.sent = self.sent.saturating_add(bytes);
    }

    /// The answer is over: all of it, or cut, or left by the client.
    pub(crate) fn end(mut self, complete: bool, cut: bool) {
        self.outcome.ended = match (complete, cut) {
            (_, true) => Ended::Revoked,
            (true, false) => Ended::Complete,
            (false, false) => Ended::Client,
        };
        if cut {
            self.metrics.cut();
        }
        self.tell();
    }

    /// The request was admitted and then stopped.
    pub(crate) fn refused(mut self, ended: Ended) {
        self.outcome.ended = ended;
        self.tell();
    }

    fn tell(mut self) {
        let took = (self.clock)().tick.saturating_sub(self.began.tick);
        self.outcome.duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.metrics.received(self.outcome.bytes);
        self.metrics.served(self.sent);
        self.outcome.bytes = self.outcome.bytes.saturating_add(self.sent);
        self.journal.outcome(self.receipt, self.outcome);
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ending").field("receipt", &self.receipt).finish_non_exhaustive()
    }
}
