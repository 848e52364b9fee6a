//! One question and its answer over a connection of its own: bounded in time, 64 KiB of body, no redirect, no second try.

mod stream;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use outbound::{
    Appetite, Chain, Destination, Dialer, Distrust, End, HTTP_2, Limits, Message, Origin, OutboundError, Reach, Scheme,
};
use tokio::runtime::{Builder, Runtime};

use crate::error::ProbeError;
use crate::http2;
use crate::reception::{Garbled, MAX_BODY, MAX_HEAD, Reception};
use crate::request::Request;
use crate::response::Response;

pub(crate) use stream::{Begun, Streaming};

/// The most bytes of what is no answer to a request.
const MAX_SAID: usize = 2 * MAX_HEAD;

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WireError {
    /// The request did not get there.
    #[error("{}", chain(.0))]
    Outbound(Arc<OutboundError>),
    /// What came back is no answer.
    #[error(transparent)]
    Garbled(#[from] Garbled),
}

/// An error with its cause, as one line.
fn chain(error: &OutboundError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

impl WireError {
    /// Whether somebody was reached, and hung up.
    #[must_use]
    pub fn is_hung_up(&self) -> bool {
        match self {
            Self::Outbound(error) => {
                matches!(**error, OutboundError::Tls { .. } | OutboundError::NotTls { .. } | OutboundError::Send { .. })
            }
            Self::Garbled(garbled) => matches!(garbled, Garbled::Nothing | Garbled::HalfHead | Garbled::Tls),
        }
    }

    /// Whether somebody answered with a certificate that we do not trust.
    #[must_use]
    pub fn is_distrust(&self) -> bool {
        matches!(self, Self::Outbound(error) if error.is_distrust())
    }

    /// Whether somebody was reached who speaks TLS where none was asked for, or none where it was.
    #[must_use]
    pub fn is_other_scheme(&self) -> bool {
        match self {
            Self::Outbound(error) => matches!(**error, OutboundError::NotTls { .. }),
            Self::Garbled(garbled) => *garbled == Garbled::Tls,
        }
    }

    /// Whether somebody was reached, and speaks HTTP/1.1 alone.
    #[must_use]
    pub fn is_no_http_2(&self) -> bool {
        matches!(self, Self::Garbled(Garbled::NotHttp2 | Garbled::NotUpgraded))
    }

    /// Whether nobody was reached at all.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Outbound(error) => match **error {
                OutboundError::Resolve { .. } | OutboundError::Connect { .. } | OutboundError::Late => true,
                OutboundError::ForeignCredential { .. }
                | OutboundError::ForeignCertificate { .. }
                | OutboundError::Unverified { .. }
                | OutboundError::NotPublic { .. }
                | OutboundError::Tls { .. }
                | OutboundError::NotTls { .. }
                | OutboundError::TlsSetup { .. }
                | OutboundError::Send { .. } => false,
            },
            Self::Garbled(garbled) => *garbled == Garbled::Nothing,
        }
    }
}

impl From<OutboundError> for WireError {
    fn from(error: OutboundError) -> Self {
        Self::Outbound(Arc::new(error))
    }
}

/// The connections of a run. Checks ask one question at a time, so the runtime lives inside of one call.
#[derive(Debug)]
pub(crate) struct Wire {
    runtime: Runtime,
    dialer: Dialer,
    limits: Limits,
    addresses: HashMap<(Origin, Reach), Vec<Destination>>,
}

impl Wire {
    /// Must not be made, used or dropped on a thread that drives another runtime.
    pub(crate) fn new(dialer: Dialer, patience: Duration) -> Result<Self, ProbeError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(ProbeError::Runtime)?;
        let limits = Limits { time: patience, bytes: MAX_SAID };
        Ok(Self { runtime, dialer, limits, addresses: HashMap::new() })
    }

    /// Waits.
    pub(crate) fn pause(&self, time: Duration) {
        // Made inside: a timer needs the runtime that drives it.
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    /// Asks one question, at one address of the origin or at whichever answers. `message` is what it says, and `question`
    /// the same in HTTP/2, if it is asked there.
    pub(crate) fn ask(
        &mut self,
        (origin, reach): (&Origin, Reach),
        request: &Request,
        message: &Message,
        question: Option<Result<http::Request<()>, http::Error>>,
    ) -> Result<Response, WireError> {
        let time = request.patience().map_or(self.limits.time, |patience| patience.min(self.limits.time));
        if let Some(question) = question {
            let question = question.map_err(|_| Garbled::Unsayable)?;
            return self.ask_over_http_2((origin, reach), request, message, question, time);
        }
        let mut reception = request.reception();
        let limits = Limits { time, bytes: reception.most() };
        let end = self.at_each((origin, reach), request.address(), |wire, destination| {
            let take = |bytes: &[u8]| reception.take(bytes);
            wire.runtime.block_on(wire.dialer.exchange(destination, message, limits, take, |_| ()))
        })?;
        Ok(reception.finish(end)?)
    }

    /// Asks two questions, the second under another name in the session of the first; none where that is not gone on with.
    pub(crate) fn resume(
        &mut self,
        (origin, reach): (&Origin, Reach),
        messages: (&Message, &Message),
        other: &str,
    ) -> Result<Option<Response>, WireError> {
        let mut reception = Reception::new(false, MAX_BODY);
        let limits = Limits { bytes: reception.most(), ..self.limits };
        let end = self.at_each((origin, reach), None, |wire, destination| {
            let take = |bytes: &[u8]| reception.take(bytes);
            wire.runtime.block_on(wire.dialer.resume(destination, messages, other, limits, take))
        })?;
        end.map(|end| reception.finish(end)).transpose().map_err(WireError::from)
    }

    /// Asks two questions, the second as early data of the session of the first, perhaps in the same bytes twice; none where
    /// that is not taken.
    pub(crate) fn early(
        &mut self,
        (origin, reach): (&Origin, Reach),
        messages: (&Message, &Message),
        is_replayed: bool,
    ) -> Result<Option<Response>, WireError> {
        let mut reception = Reception::new(false, MAX_BODY);
        let limits = Limits { bytes: reception.most(), ..self.limits };
        let end = self.at_each((origin, reach), None, |wire, destination| {
            let take = |bytes: &[u8]| reception.take(bytes);
            wire.runtime.block_on(wire.dialer.early(destination, messages, is_replayed, limits, take))
        })?;
        end.map(|end| reception.finish(end)).transpose().map_err(WireError::from)
    }

    fn ask_over_http_2(
        &mut self,
        (origin, reach): (&Origin, Reach),
        request: &Request,
        message: &Message,
        question: http::Request<()>,
        time: Duration,
    ) -> Result<Response, WireError> {
        let connection = self.at_each((origin, reach), request.address(), |wire, destination| {
            wire.runtime.block_on(wire.dialer.open(destination, message.certificate(), time))
        })?;
        if origin.scheme() == Scheme::Https && connection.protocol() != Some(HTTP_2) {
            return Err(Garbled::NotHttp2.into());
        }
        let answer = async {
            match request.is_upgrade() {
                true => http2::upgrade(connection, &message.plain(), question).await,
                false => http2::ask(connection, question).await,
            }
        };
        let limited = async { tokio::time::timeout(time, answer).await };
        Ok(self.runtime.block_on(limited).unwrap_or(Err(Garbled::Late))?)
    }

    /// Does something at the addresses of an origin until one of them is connected to.
    fn at_each<T>(
        &mut self,
        (origin, reach): (&Origin, Reach),
        only: Option<SocketAddr>,
        mut act: impl FnMut(&Self, &Destination) -> Result<T, OutboundError>,
    ) -> Result<T, WireError> {
        let mut destinations = self.addresses(origin, reach)?;
        destinations.retain(|destination| only.is_none_or(|address| address == destination.address()));
        let mut refused = Garbled::Nothing.into();
        for destination in &destinations {
            match act(self, destination) {
                // The next address of the name may be one that this machine has a route to.
                Err(error @ OutboundError::Connect { .. }) => refused = error.into(),
                done => return Ok(done?),
            }
        }
        Err(refused)
    }

    /// Says something that is no request, and takes what comes back until it is enough.
    pub(crate) fn say(
        &mut self,
        (origin, reach): (&Origin, Reach),
        bytes: &[u8],
        is_enough: fn(&[u8]) -> bool,
    ) -> Result<Vec<u8>, WireError> {
        let mut message = Message::default();
        message.push(bytes);
        let limits = self.limits;
        let mut came = Vec::new();
        let end = self.at_each((origin, reach), None, |wire, destination| {
            let take = |bytes: &[u8]| {
                came.extend_from_slice(bytes);
                if is_enough(&came) { Appetite::Enough } else { Appetite::More }
            };
            wire.runtime.block_on(wire.dialer.exchange(destination, &message, limits, take, |_| ()))
        })?;
        match end {
            End::Late if came.is_empty() => Err(Garbled::Late.into()),
            End::Late | End::Enough | End::Closed | End::Broken | End::Full => Ok(came),
        }
    }

    /// The certificates that an origin shows.
    pub(crate) fn chain(&mut self, origin: &Origin, reach: Reach) -> Result<Chain, WireError> {
        self.at_each((origin, reach), None, |wire, destination| {
            wire.runtime.block_on(wire.dialer.chain(destination, wire.limits.time))
        })
    }

    /// Whether a chain is trusted for an origin, at a time since 1970.
    pub(crate) fn trusts(&self, chain: &Chain, origin: &Origin, at: Duration) -> Result<(), Distrust> {
        self.dialer.trusts(chain, origin, at)
    }

    /// The addresses of an origin; a name is resolved once in a run, for each reach.
    pub(crate) fn addresses(&mut self, origin: &Origin, reach: Reach) -> Result<Vec<Destination>, WireError> {
        if let Some(known) = self.addresses.get(&(origin.clone(), reach)) {
            return Ok(known.clone());
        }
        let resolve = async {
            let limited = tokio::time::timeout(self.limits.time, Destination::resolve(origin, reach)).await;
            limited.unwrap_or(Err(OutboundError::Late))
        };
        let found = self.runtime.block_on(resolve)?;
        self.addresses.insert((origin.clone(), reach), found.clone());
        Ok(found)
    }
}
