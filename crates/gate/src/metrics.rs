//! Counters for the operations listener. Labels are closed sets: nothing that a stranger types becomes one.

use std::fmt;

use audit::Decision;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use protocol::Route;

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    decisions: Family<DecisionLabels, Counter>,
    bytes: Family<DirectionLabels, Counter>,
    cut: Counter,
    /// Connections that are open.
    pub connections: Gauge,
    /// Leaves of the journal that are under a signed checkpoint.
    pub checkpoint: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    route: &'static str,
    decision: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DirectionLabels {
    direction: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::with(|_| ())
    }
}

impl Metrics {
    /// With whatever else the process counts, named below `pullgate_`.
    #[must_use]
    pub fn with(more: impl FnOnce(&mut Registry)) -> Self {
        let mut registry = Registry::with_prefix("pullgate");
        let decisions = Family::default();
        let bytes = Family::default();
        let (cut, connections, checkpoint) = (Counter::default(), Gauge::default(), Gauge::default());
        registry.register("decisions", "Requests by route and decision", decisions.clone());
        registry.register("content_bytes", "Content that was served or received, in bytes", bytes.clone());
        registry.register("streams_cut", "Transfers that a revocation has ended", cut.clone());
        registry.register("connections", "Open connections", connections.clone());
        registry.register("journal_checkpoint_leaves", "Leaves under the last signed checkpoint", checkpoint.clone());
        more(&mut registry);
        Self { registry, decisions, bytes, cut, connections, checkpoint }
    }

    pub(crate) fn decided(&self, route: Option<Route>, decision: Decision) {
        let labels = DecisionLabels { route: route.map_or("none", Route::as_str), decision: decision.as_str() };
        self.decisions.get_or_create(&labels).inc();
    }

    pub(crate) fn served(&self, bytes: u64) {
        self.bytes.get_or_create(&DirectionLabels { direction: "out" }).inc_by(bytes);
    }

    pub(crate) fn received(&self, bytes: u64) {
        self.bytes.get_or_create(&DirectionLabels { direction: "in" }).inc_by(bytes);
    }

    pub(crate) fn cut(&self) {
        self.cut.inc();
    }

    /// The OpenMetrics text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}
