//! What every format shows, in the order in which each shows it.

use super::{CheckResult, Report, State, Thresholds};
use crate::baseline::Change;
use crate::check::Severity;
use crate::doubt::Doubt;
use crate::observation::Observation;
use crate::proof::Proof;
use crate::remedy;
use crate::triage::Triaged;
use crate::verdict::Verdict;

/// A check that failed, with everything that is to be said about it.
pub(super) struct Finding<'a> {
    pub(super) result: &'a CheckResult,
    pub(super) severity: Severity,
    pub(super) proof: &'a Proof,
    report: &'a Report,
}

impl<'a> Finding<'a> {
    /// Every finding, worst first.
    pub(super) fn all(report: &'a Report) -> Vec<Self> {
        let finding = |result: &'a CheckResult| match result.verdict()? {
            Verdict::Fail { proof, severity } => Some(Self { result, severity: *severity, proof, report }),
            Verdict::Pass(_) | Verdict::Inconclusive(_) => None,
        };
        let mut findings: Vec<Self> = report.results.iter().filter_map(finding).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }

    /// How it stands: a finding is a FAIL unless it is accepted.
    pub(super) fn word(&self) -> &'static str {
        if self.result.is_accepted() { "ACCEPTED" } else { "FAIL" }
    }

    /// Where it was found.
    pub(super) fn place(&self) -> String {
        place(self.report, self.result)
    }

    /// Why anybody asks, with the public defects behind it.
    pub(super) fn why(&self) -> String {
        let check = self.result.check;
        match check.references.join(", ") {
            references if references.is_empty() => check.why.to_owned(),
            references => format!("{} ({references})", check.why),
        }
    }

    /// How it is mended: on the product that was recognised, then whatever the product.
    pub(super) fn remedies(&self) -> Vec<String> {
        let product = self.report.product(&self.result.door);
        let own = product.and_then(|product| {
            remedy::on(product, self.result.check).map(|remedy| format!("on {}: {remedy}", product.as_str()))
        });
        own.into_iter().chain([self.result.check.remedy.to_owned()]).collect()
    }

    /// The requests that show it, in the order in which they are repeated.
    pub(super) fn steps(&self) -> Vec<&'a Observation> {
        self.proof.evidence().iter().filter_map(|id| self.report.observation(*id)).collect()
    }

    /// What is known about it: how it differs, and what the user wrote down.
    pub(super) fn remarks(&self) -> Vec<String> {
        let change = self.result.change.iter().flat_map(|change| match change {
            Change::Reshaped(lines) => lines.clone(),
            Change::New | Change::Fixed | Change::Unchanged | Change::Lost | Change::Answered => {
                vec![change.as_str().to_owned()]
            }
        });
        change.chain(self.result.triage.as_ref().map(Triaged::to_string)).collect()
    }
}

/// What came back, in a line.
pub(super) fn answer(seen: &Observation) -> String {
    let Some(written) = seen.written() else { return "none".to_owned() };
    let hash = written.sha256.as_deref().filter(|_| written.length > 0).map(|hash| format!(", sha256 {hash}"));
    format!("{} with {} bytes{} ({})", written.status, written.length, hash.unwrap_or_default(), seen.id)
}

/// What came back, as far as it is written down: status, chosen headers, the beginning of the body.
pub(super) fn answer_lines(seen: &Observation) -> String {
    match (seen.written(), seen.failure()) {
        (Some(written), _) => {
            let mut text = format!("{}\n", written.status);
            text.extend(written.headers.iter().map(|(name, value)| format!("{name}: {value}\n")));
            let hash = written.sha256.as_deref().unwrap_or("-");
            let part = if written.whole { "" } else { " of more" };
            text + &format!("\n[{} bytes{part}, sha256 {hash}]\n", written.length)
                + written.beginning.as_deref().unwrap_or_default()
        }
        (None, Some(failure)) => format!("no answer: {failure}"),
        (None, None) => "no answer".to_owned(),
    }
}

/// Where a check was asked: the door, and the reference where a report has several.
pub(super) fn place(report: &Report, result: &CheckResult) -> String {
    match report.standings.iter().all(|standing| standing.reference == result.reference) {
        true => result.door.clone(),
        false => format!("{} for {}", result.door, result.reference),
    }
}

/// Checks with the same remark at the same place, which share a line.
pub(super) struct Shared<'a, R = String> {
    pub(super) place: String,
    pub(super) ids: Vec<&'a str>,
    pub(super) remark: R,
}

/// Whatever a remark is made about, in order.
pub(super) fn shared<'a>(report: &'a Report, remark: impl Fn(&CheckResult) -> Option<String>) -> Vec<Shared<'a>> {
    let remarks = report.results.iter().filter_map(|result| Some((result, remark(result)?)));
    grouped(remarks.map(|(result, remark)| (place(report, result), result.check.id, remark)))
}

fn grouped<'a, R: PartialEq>(remarks: impl Iterator<Item = (String, &'a str, R)>) -> Vec<Shared<'a, R>> {
    let mut all: Vec<Shared<'a, R>> = Vec::new();
    for (place, id, remark) in remarks {
        match all.iter_mut().find(|shared| shared.remark == remark && shared.place == place) {
            Some(shared) => shared.ids.push(id),
            None => all.push(Shared { place, ids: vec![id], remark }),
        }
    }
    all
}

impl<R> Shared<'_, R> {
    pub(super) fn named(&self) -> String {
        named(&self.ids)
    }
}

/// Ids in order; three or more that follow each other are a range, such as `ANON-02 to -09`.
pub(super) fn named(ids: &[&str]) -> String {
    let number = |id: &str| id.rsplit_once('-').and_then(|(_, number)| number.parse::<u16>().ok());
    let group = |id: &str| id.rsplit_once('-').map(|(group, _)| group.to_owned());
    let first = |id: &str| ids.iter().position(|other| group(other) == group(id));
    let mut ordered = ids.to_vec();
    ordered.sort_by_key(|id| (first(id), number(id)));
    let follows = |one: &&str, next: &&str| group(one) == group(next) && number(one).map(|n| n + 1) == number(next);
    let runs = ordered.chunk_by(follows).map(|run| match run {
        [first, _, .., last] => format!("{first} to {}", last.trim_start_matches(char::is_alphabetic)),
        few => few.join(", "),
    });
    runs.collect::<Vec<_>>().join(", ")
}

/// The doubt of an open question.
pub(super) fn open(result: &CheckResult) -> Option<String> {
    result.doubt().map(Doubt::to_string)
}

/// Nothing more than that it passed.
pub(super) fn passed(result: &CheckResult) -> Option<String> {
    matches!(result.verdict(), Some(Verdict::Pass(_))).then(String::new)
}

/// Why it was not asked.
pub(super) fn unasked(result: &CheckResult) -> Option<String> {
    match &result.state {
        State::NotSelected(why) => Some(why.clone()),
        State::Judged(_) => None,
    }
}

/// How checks that are no findings differ from the baseline; then what is gone altogether.
pub(super) fn changes(report: &Report) -> Vec<String> {
    let place = |reference: &str, door: &str| format!("{reference} at {door}");
    let changed = report.results.iter().filter_map(|result| {
        let change = result.change.as_ref().filter(|_| result.fails_at().is_none())?;
        let lines = match change {
            Change::Unchanged => return None,
            Change::Reshaped(lines) => lines.as_slice(),
            Change::New | Change::Fixed | Change::Lost | Change::Answered => &[],
        };
        Some((place(&result.reference, &result.door), result.check.id, (change.as_str(), lines)))
    });
    let gone = report.drift.iter().flat_map(|drift| &drift.gone);
    let gone = gone
        .map(|gone| (place(&gone.reference, &gone.door), gone.check.as_str(), (Change::Lost.as_str(), [].as_slice())));
    let told = |shared: Shared<'_, (&str, &[String])>| {
        let (word, lines) = shared.remark;
        let lines = if lines.is_empty() { String::new() } else { format!(": {}", lines.join("; ")) };
        format!("{word}  {} of {}{lines}", shared.named(), shared.place)
    };
    grouped(changed.chain(gone)).into_iter().map(told).collect()
}

/// How many checks came out how.
pub(super) struct Counts {
    pub(super) all: usize,
    pub(super) failed: usize,
    pub(super) accepted: usize,
    pub(super) inconclusive: usize,
    pub(super) passed: usize,
    pub(super) unasked: usize,
}

impl Counts {
    pub(super) fn of(report: &Report) -> Self {
        let count =
            |wanted: &dyn Fn(&CheckResult) -> bool| report.results.iter().filter(|result| wanted(result)).count();
        Self {
            all: report.results.len(),
            failed: count(&|result| result.fails_at().is_some()),
            accepted: count(&CheckResult::is_accepted),
            inconclusive: count(&|result| result.doubt().is_some()),
            passed: count(&|result| passed(result).is_some()),
            unasked: count(&|result| result.verdict().is_none()),
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let accepted = if self.accepted > 0 { format!(" ({} accepted)", self.accepted) } else { String::new() };
        let Self { all, failed, inconclusive, passed, unasked, .. } = self;
        write!(
            formatter,
            "{all} checks: {failed} failed{accepted}, {inconclusive} inconclusive, {passed} passed, {unasked} not asked"
        )
    }
}

/// How many checks are in which state against the baseline and the intent, as far as there is one; and the outcome.
pub(super) fn summary(report: &Report, thresholds: &Thresholds) -> Vec<String> {
    let mut states: Vec<(&str, usize)> = Vec::new();
    for word in report.results.iter().filter_map(CheckResult::word) {
        match states.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => states.push((word, 1)),
        }
    }
    let states: Vec<String> = states.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let since = report.drift.as_ref().map(|drift| match drift.began.is_empty() {
        true => "compared with nothing".to_owned(),
        false => format!("compared with the run of {}", drift.began),
    });
    let known: Vec<String> = since.into_iter().chain(states).collect();
    let spent = format!(
        "{} of at most {} requests, {} read, {:.1} s, run {}",
        report.spent.requests,
        report.budget.requests,
        size(report.spent.bytes),
        report.elapsed.as_secs_f64(),
        report.run
    );
    let known = (!known.is_empty()).then(|| known.join(", "));
    let outcome = format!("outcome: {}", report.outcome(thresholds));
    [Counts::of(report).to_string()].into_iter().chain(known).chain([spent, outcome]).collect()
}

/// Bytes, for people.
pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_follow_each_other_are_a_range() {
        assert_eq!(named(&["TOK-04", "TOK-06", "TOK-05", "LEAK-01", "TOK-07"]), "TOK-04 to -07, LEAK-01");
        assert_eq!(named(&["ANON-01", "ANON-02", "TOK-03"]), "ANON-01, ANON-02, TOK-03");
    }
}
