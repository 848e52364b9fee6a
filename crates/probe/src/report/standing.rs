//! The answer about one private reference, in a sentence that says what to do where there is none.

use std::collections::BTreeSet;

use outbound::{Origin, Scheme};
use serde::Serialize;

use super::CheckResult;
use super::parts::named;
use crate::controls::Controls;
use crate::doubt::Doubt;
use crate::observation::{Observation, ObservationId, Seen};
use crate::plan::Cell;
use crate::wire::WireError;

/// The answer about one private reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// A stranger got it.
    Exposed,
    /// Every check that was asked passed, and the controls hold.
    Private,
    /// Neither could be shown.
    CouldNotTell,
}

impl Answered {
    /// As it opens a report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exposed => "EXPOSED",
            Self::Private => "private",
            Self::CouldNotTell => "could not tell",
        }
    }
}

/// The answer about one private reference at one door, and what would decide it.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// The reference.
    pub reference: String,
    /// The name of the door.
    pub door: String,
    /// Where the probe stood.
    pub vantage: String,
    /// The answer.
    pub answer: Answered,
    /// In a sentence.
    pub says: String,
    /// Somebody who may was refused at the end, and not at the beginning.
    #[serde(skip)]
    pub(super) interfered: bool,
    /// The door did not answer anything.
    #[serde(skip)]
    pub(super) unreachable: bool,
}

impl Standing {
    pub(crate) fn of<'a>(
        cell: &Cell<'_>,
        results: &[CheckResult],
        controls: &Result<Controls, Doubt>,
        evidence: impl Iterator<Item = &'a Seen>,
    ) -> Self {
        let (reference, door) = (cell.private.to_string(), &cell.door.origin);
        let ids: BTreeSet<ObservationId> = results.iter().flat_map(|result| &result.seen).copied().collect();
        let came: Vec<_> = evidence.filter(|seen| seen.origin == *door && ids.contains(&seen.id)).collect();
        let unreachable = is_unreachable(&came);
        let is_open = controls.is_err() && !results.iter().any(CheckResult::is_exposure);
        let other = came.iter().find_map(|seen| other_scheme(seen)).filter(|_| is_open);
        let (answer, says) = match other {
            _ if unreachable => (Answered::CouldNotTell, format!("{door} is not reachable from here")),
            Some(other) => (Answered::CouldNotTell, told_otherwise(door, &other, &reference)),
            None => said(&reference, results, controls),
        };
        Self {
            reference,
            door: cell.door.name.clone(),
            vantage: cell.door.vantage.clone(),
            answer,
            says,
            interfered: matches!(controls, Err(Doubt::Interfered { .. })),
            unreachable,
        }
    }
}

/// The same door as it wants to be spoken to, where an answer shows that it is not as it was named.
fn other_scheme(seen: &Observation) -> Option<Origin> {
    let is_other = seen.failure().is_some_and(WireError::is_other_scheme);
    let other = match seen.origin.scheme() {
        Scheme::Https => is_other.then_some(Scheme::Http),
        Scheme::Http => (is_other || wants_tls(seen)).then_some(Scheme::Https),
    };
    other.map(|other| seen.origin.at(other, seen.origin.port()))
}

/// Whether it is what Go and nginx answer to a request in the clear where they expect TLS.
fn wants_tls(seen: &Observation) -> bool {
    let told = seen.written().filter(|written| written.status == 400).and_then(|written| written.beginning.as_deref());
    told.is_some_and(|told| told.contains("HTTPS"))
}

/// The line to type instead; no credential goes into the clear unless somebody writes so.
fn told_otherwise(door: &Origin, other: &Origin, reference: &str) -> String {
    let why = match door.scheme() {
        Scheme::Https => "does not speak TLS",
        Scheme::Http => "speaks TLS",
    };
    format!("{door} {why}: name it as {other}/{reference}")
}

/// Whether a door was asked and nobody was there, whatever was asked.
fn is_unreachable(came: &[&Seen]) -> bool {
    !came.is_empty() && came.iter().all(|seen| seen.failure().is_some_and(WireError::is_unreachable))
}

fn said(reference: &str, results: &[CheckResult], controls: &Result<Controls, Doubt>) -> (Answered, String) {
    let questions = || results.iter().filter(|result| !result.check.group.is_control());
    let ids = |wanted: &dyn Fn(&CheckResult) -> bool| {
        named(&questions().filter(|result| wanted(result)).map(|result| result.check.id).collect::<Vec<_>>())
    };
    let exposures = ids(&CheckResult::is_exposure);
    if !exposures.is_empty() {
        return (Answered::Exposed, format!("a stranger gets {reference}: {exposures}"));
    }
    let failed = ids(&|result| result.fails_at().is_some());
    let open = ids(&|result| result.doubt().is_some_and(|doubt| controls.as_ref().err() != Some(doubt)));
    let asked = match () {
        () if !failed.is_empty() => {
            format!("no stranger obtained {reference}, and not everything is as intended: {failed}")
        }
        () if !open.is_empty() => format!("not every question about {reference} was answered: {open}"),
        () if controls.is_ok() => {
            return (Answered::Private, format!("strangers are refused {reference}, and who may pull it can"));
        }
        () => "refused everywhere".to_owned(),
    };
    let says = match controls {
        Ok(_) => asked,
        Err(Doubt::NoControl) => format!("{asked}, but nothing shows that {reference} exists: add --as docker-login"),
        Err(doubt) => format!("{asked}, but a refusal means nothing here: {doubt}"),
    };
    (Answered::CouldNotTell, says)
}
