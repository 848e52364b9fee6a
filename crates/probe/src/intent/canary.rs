//! `canary_listener` and `[monitor]`: where a target can call back, and where its alerts arrive.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use outbound::{Endpoint, Host, Origin, Scheme};
use serde::Deserialize;
use toml::Spanned;

use super::error::IntentError;
use super::file;

/// Where the run listens for calls.
#[derive(Clone)]
pub struct Canary {
    /// Where the target reaches the probe; something else may stand in front and end TLS.
    pub at: Origin,
    /// What alerts are expected there, if any.
    pub monitor: Option<Monitor>,
    listen: Arc<dyn Fn() -> io::Result<TcpListener> + Send + Sync>,
}

/// An alarm that calls the listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// The path of its webhook at the listener.
    pub path: String,
    /// How soon an alert must be there.
    pub within: Duration,
    /// What stands in it; without that every call there is an alert.
    pub says: Option<String>,
}

impl Canary {
    /// Reached at this origin, listening wherever this listens. It is asked for the listener when a run begins.
    #[must_use]
    pub fn new(at: Origin, listen: impl Fn() -> io::Result<TcpListener> + Send + Sync + 'static) -> Self {
        Self { at, monitor: None, listen: Arc::new(listen) }
    }

    /// The same, where an alarm is expected to call.
    #[must_use]
    pub fn monitored(self, monitor: Monitor) -> Self {
        Self { monitor: Some(monitor), ..self }
    }

    /// Begins to listen.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        (self.listen)()
    }
}

impl fmt::Debug for Canary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Canary").field("at", &self.at).field("monitor", &self.monitor).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MonitorEntry {
    path: Spanned<String>,
    within: Spanned<String>,
    says: Option<Spanned<String>>,
}

/// Reads the keys and the table. A URL that is no plain address of this machine needs an address to listen on: none is
/// guessed.
pub(super) fn read(
    url: &Option<Spanned<String>>,
    bind: &Option<Spanned<String>>,
    monitor: &Option<MonitorEntry>,
) -> Result<Option<Canary>, IntentError> {
    let at = match (url, bind) {
        (Some(url), _) => file::origin(url)?,
        (None, Some(bind)) => return Err(IntentError::BindAlone { span: bind.span() }),
        (None, None) => return Ok(None),
    };
    let bind = bind.as_ref().map(address).transpose()?.or_else(|| own_address(&at));
    let monitor = monitor.as_ref().map(|entry| read_monitor(entry, &at)).transpose()?;
    Ok(bind.map(|bind| Canary { monitor, ..Canary::new(at, move || TcpListener::bind(bind)) }))
}

fn address(text: &Spanned<String>) -> Result<SocketAddr, IntentError> {
    text.get_ref().parse().map_err(|_| IntentError::Bind { span: text.span() })
}

/// The address that the URL itself names.
fn own_address(at: &Origin) -> Option<SocketAddr> {
    let address = match at.host() {
        Host::Address(address) => *address,
        Host::Name(_) if at.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Host::Name(_) => return None,
    };
    (at.scheme() == Scheme::Http).then_some(SocketAddr::new(address, at.port()))
}

fn read_monitor(entry: &MonitorEntry, at: &Origin) -> Result<Monitor, IntentError> {
    let path = entry.path.get_ref();
    let is_path = path.starts_with('/') && !path.starts_with("//") && !path.contains('?');
    if !is_path || Endpoint::relative_to(at, path).is_err() {
        return Err(IntentError::WebhookPath { span: entry.path.span() });
    }
    if let Some(says) = entry.says.as_ref().filter(|says| says.get_ref().is_empty()) {
        return Err(IntentError::Empty { span: says.span() });
    }
    let says = entry.says.as_ref().map(|says| says.get_ref().clone());
    Ok(Monitor { path: path.clone(), within: file::bound(&entry.within)?, says })
}
