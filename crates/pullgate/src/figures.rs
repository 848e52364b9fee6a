//! What the last runs of probes found, as gauges: on the operations listener of `serve`, or in the file of `probe watch`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use probe::{CheckResult, Report, Thresholds, Verdict};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

/// The figures of each probe by its name. Labels are ids of checks and what an intent declares, so the number of series is
/// bounded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(Arc<Latest>);

/// The last run of each probe.
#[derive(Debug, Default)]
struct Latest(Mutex<BTreeMap<String, Run>>);

#[derive(Clone, Debug, Default)]
struct Run {
    statuses: BTreeMap<Place, Status>,
    /// Seconds since 1970, by door and repository.
    conclusive: BTreeMap<Place, i64>,
    /// Seconds, by door.
    revoked_after: BTreeMap<Place, f64>,
    outcome: u8,
}

/// Names and values of labels.
type Place = Vec<(&'static str, String)>;

/// What came of a check; of two references in one repository the later word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Passed,
    Accepted,
    CouldNotTell,
    Failed,
}

impl Figures {
    /// Takes over what a run found.
    pub(crate) fn take(&self, probe: &str, report: &Report, thresholds: &Thresholds) {
        let mut latest = self.0.lock();
        let run = latest.entry(probe.to_owned()).or_default();
        run.statuses.clear();
        for result in &report.results {
            if let Some(status) = Status::of(result) {
                raise(&mut run.statuses, place_of_check(result), status);
            }
        }
        run.conclusive.extend(conclusive(report));
        let doors = report.standings.iter().filter_map(|standing| {
            let after = report.revoked_after(&standing.door)?;
            Some((vec![("door", standing.door.clone())], after.as_secs_f64()))
        });
        run.revoked_after.extend(doors);
        run.outcome = report.outcome(thresholds).exit();
    }

    /// A run that did not come about: what was known is not known any more.
    pub(crate) fn failed(&self, probe: &str) {
        let mut latest = self.0.lock();
        let run = latest.entry(probe.to_owned()).or_default();
        run.statuses.values_mut().for_each(|status| *status = Status::CouldNotTell);
        run.outcome = 2;
    }

    /// None of these probes is there any more.
    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }

    /// Shows them in a registry whose names begin with `pullgate`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.sub_registry_with_prefix("probe").register_collector(Box::new(Arc::clone(&self.0)));
    }

    /// All of them, in the text format of Prometheus.
    pub(crate) fn text(&self) -> String {
        let mut registry = Registry::with_prefix("pullgate");
        self.register(&mut registry);
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

impl Latest {
    /// A thread that has panicked leaves whole figures behind.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Status {
    fn of(result: &CheckResult) -> Option<Self> {
        Some(match result.verdict()? {
            Verdict::Pass(_) => Self::Passed,
            Verdict::Fail { .. } if result.is_accepted() => Self::Accepted,
            Verdict::Fail { .. } => Self::Failed,
            Verdict::Inconclusive(_) => Self::CouldNotTell,
        })
    }

    fn number(self) -> i64 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::CouldNotTell => 2,
            Self::Accepted => 3,
        }
    }
}

fn place_of_check(result: &CheckResult) -> Place {
    [vec![("check", result.check.id.to_owned())], place(result)].concat()
}

fn place(result: &CheckResult) -> Place {
    vec![("door", result.door.clone()), ("repository", result.repository.to_string())]
}

fn raise<T: PartialOrd>(values: &mut BTreeMap<Place, T>, place: Place, value: T) {
    if values.get(&place).is_none_or(|known| *known < value) {
        values.insert(place, value);
    }
}

/// Doors and repositories about which no question stayed open, with the time of the run.
fn conclusive(report: &Report) -> BTreeMap<Place, i64> {
    let mut places: BTreeMap<Place, i64> =
        report.results.iter().map(|result| (place(result), report.began.as_second())).collect();
    for open in report.results.iter().filter(|result| result.doubt().is_some()) {
        places.remove(&place(open));
    }
    places
}

impl Collector for Latest {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let runs = self.lock();
        let (mut statuses, mut conclusive, mut revoked, mut outcomes) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (name, run) in runs.iter() {
            run.statuses.iter().for_each(|(place, status)| raise(&mut statuses, place.clone(), *status));
            run.conclusive.iter().for_each(|(place, time)| raise(&mut conclusive, place.clone(), *time));
            run.revoked_after.iter().for_each(|(place, time)| raise(&mut revoked, place.clone(), *time));
            outcomes.insert(vec![("probe", name.clone())], i64::from(run.outcome));
        }
        let statuses = statuses.into_iter().map(|(place, status)| (place, status.number())).collect();
        let encoder = &mut encoder;
        family(encoder, "check_status", "0 passed, 1 failed, 2 could not tell, 3 failed and is accepted", &statuses)?;
        let help = "The last run that left no question open";
        family(encoder, "last_conclusive_timestamp_seconds", help, &conclusive)?;
        let help = "How long after the hook whoever was taken back was first refused";
        family(encoder, "revocation_seconds", help, &revoked)?;
        family(encoder, "outcome", "0 as intended, 1 a finding, 2 could not tell", &outcomes)
    }
}

fn family<T: EncodeGaugeValue>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: &BTreeMap<Place, T>,
) -> Result<(), fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    values.iter().try_for_each(|(place, value)| family.encode_family(place)?.encode_gauge(value))
}
