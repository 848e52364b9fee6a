//! What the user knows about already: findings that are accepted for a time, and findings that somebody works on.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use protocol::Repository;
use serde::Serialize;

use crate::report::{CheckResult, State};
use crate::verdict::Verdict;

/// Why a finding is borne.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Borne {
    /// It is accepted: it does not fail the run.
    Accepted {
        /// Why.
        reason: String,
    },
    /// Somebody works on it. It fails the run as before.
    InProgress {
        /// Who.
        by: String,
    },
}

/// A finding that the user knows about. Whatever is not named stands for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Triage {
    /// The id of the check.
    pub check: &'static str,
    /// The name of a door.
    pub door: Option<String>,
    /// A repository.
    pub repository: Option<Repository>,
    /// The last day, UTC.
    pub until: Date,
    /// Why it is borne.
    pub borne: Borne,
}

/// What is said about one finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Triaged {
    /// What the user wrote down.
    pub state: TriageState,
    /// Until when.
    pub until: Date,
    /// The reason, or who works on it.
    pub says: String,
}

/// What the user's word is worth today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriageState {
    /// It does not fail the run.
    Accepted,
    /// It fails the run, and somebody works on it.
    InProgress,
    /// It was one of both once: a finding like any other.
    RanOut,
}

impl Triage {
    fn fits(&self, result: &CheckResult) -> bool {
        self.check == result.check.id
            && self.door.as_ref().is_none_or(|door| *door == result.door)
            && self.repository.as_ref().is_none_or(|repository| *repository == result.repository)
    }

    fn at(&self, today: Date) -> Triaged {
        let (state, says) = match &self.borne {
            Borne::Accepted { reason } => (TriageState::Accepted, reason),
            Borne::InProgress { by } => (TriageState::InProgress, by),
        };
        let state = if today > self.until { TriageState::RanOut } else { state };
        Triaged { state, until: self.until, says: says.clone() }
    }
}

impl fmt::Display for Triage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.check)?;
        if let Some(repository) = &self.repository {
            write!(formatter, " of {repository}")?;
        }
        if let Some(door) = &self.door {
            write!(formatter, " at {door}")?;
        }
        write!(formatter, " until {}", self.until)
    }
}

impl fmt::Display for Triaged {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state {
            TriageState::Accepted => write!(formatter, "accepted until {}: {}", self.until, self.says),
            TriageState::InProgress => write!(formatter, "in progress until {}: {}", self.until, self.says),
            TriageState::RanOut => {
                write!(formatter, "was borne until {}, and is not any more: {}", self.until, self.says)
            }
        }
    }
}

/// Says of every finding what the user knows about it; of two words the one that still holds, and that says more. Gives
/// back what is named and passes everywhere: it would hide a finding of tomorrow.
pub(crate) fn apply(triage: &[Triage], now: Timestamp, results: &mut [CheckResult]) -> Vec<String> {
    let today = now.to_zoned(TimeZone::UTC).date();
    for result in results.iter_mut().filter(|result| result.fails_at().is_some()) {
        let words = triage.iter().filter(|triage| triage.fits(result)).map(|triage| triage.at(today));
        result.triage = words.min_by_key(|word| word.state as u8);
    }
    triage.iter().filter(|triage| is_idle(triage, results)).map(ToString::to_string).collect()
}

fn is_idle(triage: &Triage, results: &[CheckResult]) -> bool {
    let mut fitting = results.iter().filter(|result| triage.fits(result)).peekable();
    fitting.peek().is_some() && fitting.all(|result| matches!(result.state, State::Judged(Verdict::Pass(_))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn entry(check: &'static str, door: Option<&str>, until: &str, borne: Borne) -> Triage {
        Triage { check, door: door.map(str::to_owned), repository: None, until: until.parse().unwrap(), borne }
    }

    fn accepted(check: &'static str, door: Option<&str>, until: &str) -> Triage {
        entry(check, door, until, Borne::Accepted { reason: "known".to_owned() })
    }

    /// What is said about each finding of the sample on the last evening of January 2030, and what is idle.
    fn said(triage: &[Triage]) -> (Vec<String>, Vec<String>) {
        let mut report = sample::report();
        report.results.iter_mut().for_each(|result| result.triage = None);
        let idle = apply(triage, report.began, &mut report.results);
        let said =
            report.results.iter().filter_map(|result| Some(format!("{} {}", result.check.id, result.triage.as_ref()?)));
        (said.collect(), idle)
    }

    #[test]
    fn the_last_day_counts_and_the_next_does_not() {
        let (today, _) = said(&[accepted("ANON-02", None, "2030-01-31")]);
        assert_eq!(today, ["ANON-02 accepted until 2030-01-31: known"]);
        let (yesterday, _) = said(&[accepted("ANON-02", None, "2030-01-30")]);
        assert_eq!(yesterday, ["ANON-02 was borne until 2030-01-30, and is not any more: known"]);
    }

    #[test]
    fn an_entry_holds_where_it_says() {
        let elsewhere = accepted("ANON-02", Some("mirror"), "2030-12-31");
        let (words, idle) = said(&[elsewhere]);
        assert_eq!((words, idle), (Vec::new(), vec!["ANON-02 at mirror until 2030-12-31".to_owned()]));
        let other = Triage { repository: Some("team/b".parse().unwrap()), ..accepted("ANON-02", None, "2030-12-31") };
        assert_eq!(said(&[other]), (Vec::new(), Vec::new()), "a repository that was not asked for is not idle");
    }

    #[test]
    fn of_two_words_the_one_that_holds_counts() {
        let by = Borne::InProgress { by: "ann".to_owned() };
        let both = [accepted("TOK-02", None, "2029-01-01"), entry("TOK-02", None, "2030-02-01", by)];
        assert_eq!(said(&both).0, ["TOK-02 in progress until 2030-02-01: ann"]);
    }

    #[test]
    fn open_questions_are_not_accepted() {
        let (words, idle) = said(&[accepted("ANON-03", None, "2030-12-31")]);
        assert_eq!((words, idle), (Vec::new(), Vec::new()));
    }
}
