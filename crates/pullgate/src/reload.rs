//! SIGHUP: the configuration is read again. What may change under a running server changes as a whole, or not at all.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::clock;
use crate::config::{Configuration, ServeFlags};
use crate::house::House;
use crate::output::Failure;
use crate::probing::Probes;

/// Whether the last attempt failed, for health and metrics.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempt(Gauge);

impl Attempt {
    /// Shows it in a registry whose names begin with `pullgate`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "1 if the configuration was to be read again and could not be";
        registry.register("config_reload_failed", help, self.0.clone());
    }

    /// Whether it failed: an earlier configuration is in force then.
    pub(crate) fn has_failed(&self) -> bool {
        self.0.get() != 0
    }
}

/// What takes over a new configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reload<'a> {
    /// What the server was started with.
    pub(crate) started: &'a Configuration,
    pub(crate) flags: ServeFlags,
    pub(crate) house: &'a House,
    pub(crate) probes: &'a Probes,
    pub(crate) last: &'a Attempt,
}

impl Reload<'_> {
    /// Reads and takes over, or says why everything stays as it is.
    pub(crate) async fn now(self) {
        let taken = self.take_over().await;
        self.last.0.set(i64::from(taken.is_err()));
        match taken {
            Err(failure) => tracing::error!("the configuration stays as it was: {}", failure.message()),
            Ok(waiting) => {
                tracing::info!("policy and probes are those of the configuration as it stands now");
                waiting.iter().for_each(|key| tracing::warn!("`{key}` has changed: that takes a new start"));
            }
        }
    }

    /// The keys that changed and wait for a new start.
    async fn take_over(self) -> Result<Vec<&'static str>, Failure> {
        let read = self.started.again()?;
        read.exposure(self.flags)?;
        let entries = self.probes.read(&read)?;
        self.house.renew(&read, clock::now()).await?;
        self.probes.replace(entries);
        Ok(self.started.settings.waiting(&read.settings))
    }
}
