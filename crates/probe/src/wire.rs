//! One question and its answer over a connection of its own: bounded in time, 64 KiB of body, no redirect, no second try.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use outbound::{Destination, Dialer, Limits, Message, Origin, OutboundError, Reach};
use tokio::runtime::{Builder, Runtime};

use crate::error::ProbeError;
use crate::reception::{Garbled, MAX_BODY, MAX_HEAD, Reception};
use crate::response::Response;

/// The most bytes of one answer: interim heads, and what stands around chunks, come on top of head and body.
const MAX_ANSWER: usize = 2 * (MAX_HEAD + MAX_BODY);

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
    /// Whether nobody was reached at all.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Outbound(error) => match **error {
                OutboundError::Resolve { .. } | OutboundError::Connect { .. } | OutboundError::Late => true,
                OutboundError::ForeignCredential { .. }
                | OutboundError::NotPublic { .. }
                | OutboundError::Tls { .. }
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
        let limits = Limits { time: patience, bytes: MAX_ANSWER };
        Ok(Self { runtime, dialer, limits, addresses: HashMap::new() })
    }

    /// Waits.
    pub(crate) fn pause(&self, time: Duration) {
        // Made inside: a timer needs the runtime that drives it.
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    /// Asks one question.
    pub(crate) fn ask(
        &mut self,
        origin: &Origin,
        reach: Reach,
        message: &Message,
        head_only: bool,
    ) -> Result<Response, WireError> {
        let destinations = self.addresses(origin, reach)?;
        let mut refused = Garbled::Nothing.into();
        for destination in &destinations {
            let mut reception = Reception::new(head_only);
            let exchange =
                self.dialer.exchange(destination, message, self.limits, |bytes| reception.take(bytes), |_| ());
            match self.runtime.block_on(exchange) {
                Ok(end) => return Ok(reception.finish(end)?),
                // The next address of the name may be one that this machine has a route to.
                Err(error @ OutboundError::Connect { .. }) => refused = error.into(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(refused)
    }

    /// The addresses of an origin; a name is resolved once in a run, for each reach.
    fn addresses(&mut self, origin: &Origin, reach: Reach) -> Result<Vec<Destination>, WireError> {
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
