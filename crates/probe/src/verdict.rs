//! Three verdicts, and who may say them.
//!
//! A check gives an [`Answer`] and no verdict. *As intended* becomes a PASS only together with [`Controls`], which only
//! two positive controls and a decoy make; *wrong* needs a [`Proof`], which only an observation makes; everything else
//! stays open.

use crate::check::Severity;
use crate::controls::Controls;
use crate::doubt::Doubt;
use crate::proof::Proof;

/// What a check found out.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It was refused, or is as it should be.
    AsIntended,
    /// It is not as it should be, and this shows it.
    Wrong(Proof),
    /// The question stays open.
    Open(Doubt),
    /// There is nothing to ask here.
    NotApplicable(&'static str),
}

impl Answer {
    /// Of two answers to one question the one that matters: wrong, then open, then as intended.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    /// Of several answers to one question the one that matters; none is not applicable.
    #[must_use]
    pub fn all(answers: impl IntoIterator<Item = Self>) -> Self {
        answers.into_iter().reduce(Self::and).unwrap_or(Self::NotApplicable("nothing to ask"))
    }

    /// Whether it was refused, as far as was asked.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::AsIntended)
    }

    /// The same, unless it rests on something that was not shown: a refusal means nothing then.
    #[must_use]
    pub fn given(self, shown: Result<(), Doubt>) -> Self {
        match (self, shown) {
            (Self::AsIntended, Err(doubt)) => Self::Open(doubt),
            (answer, _) => answer,
        }
    }

    /// The same, where it is not R that a stranger would have got; see [`Proof::aside`].
    #[must_use]
    pub fn aside(self) -> Self {
        match self {
            Self::Wrong(proof) => Self::Wrong(proof.aside()),
            answer @ (Self::AsIntended | Self::Open(_) | Self::NotApplicable(_)) => answer,
        }
    }

    /// The same, for one way to ask among others: what is wrong or open says which.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        match self {
            Self::Wrong(proof) => Self::Wrong(proof.named(name)),
            Self::Open(doubt) => Self::Open(doubt.named(name)),
            Self::AsIntended | Self::NotApplicable(_) => self,
        }
    }

    /// Asks one question after the other until an answer is wrong; the one that matters counts.
    pub fn first_wrong<T>(
        questions: impl IntoIterator<Item = T>,
        mut ask: impl FnMut(T) -> Result<Self, Doubt>,
    ) -> Self {
        let mut answer = Self::NotApplicable("nothing to ask");
        for question in questions {
            answer = answer.and(ask(question).unwrap_or_else(Self::Open));
            if matches!(answer, Self::Wrong(_)) {
                break;
            }
        }
        answer
    }

    /// The same, with another proof where it is wrong.
    #[must_use]
    pub fn proved(self, change: impl FnOnce(Proof) -> Proof) -> Self {
        if let Self::Wrong(proof) = self { Self::Wrong(change(proof)) } else { self }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::NotApplicable(_) => 0,
            Self::AsIntended => 1,
            Self::Open(_) => 2,
            Self::Wrong(_) => 3,
        }
    }
}

impl From<Doubt> for Answer {
    fn from(doubt: Doubt) -> Self {
        Self::Open(doubt)
    }
}

/// What is said about one check at one door.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The answer was no, and the controls show that it was a real one.
    Pass(Passed),
    /// It is not closed.
    Fail {
        /// What shows it.
        proof: Proof,
        /// How bad that is.
        severity: Severity,
    },
    /// Neither could be shown.
    Inconclusive(Doubt),
}

/// Made only where the controls hold.
#[derive(Clone, Debug)]
pub struct Passed(());

impl Verdict {
    /// The verdict on an answer; none where there was nothing to ask. What was proved by content stands without
    /// controls, and nothing else does.
    pub(crate) fn of(
        answer: Answer,
        severity: Severity,
        controls: &Result<Controls, Doubt>,
    ) -> Result<Self, &'static str> {
        Ok(match (answer, controls) {
            (Answer::NotApplicable(why), _) => return Err(why),
            (Answer::Wrong(proof), _) => {
                let severity = proof.severity().unwrap_or(severity);
                Self::Fail { proof, severity }
            }
            (Answer::Open(doubt), _) => Self::Inconclusive(doubt),
            (Answer::AsIntended, Err(doubt)) => Self::Inconclusive(doubt.clone()),
            (Answer::AsIntended, Ok(_)) => Self::Pass(Passed(())),
        })
    }

    /// A PASS for reports that no run has made.
    #[cfg(test)]
    pub(crate) fn passed() -> Self {
        Self::Pass(Passed(()))
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pass(_) => "PASS",
            Self::Fail { .. } => "FAIL",
            Self::Inconclusive(_) => "INCONCLUSIVE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_answers_the_worse_one_counts() {
        let open = || Answer::Open(Doubt::RateLimited);
        assert!(matches!(Answer::AsIntended.and(open()), Answer::Open(_)));
        assert!(matches!(open().and(Answer::AsIntended), Answer::Open(_)));
        assert!(matches!(Answer::NotApplicable("").and(Answer::AsIntended), Answer::AsIntended));
        assert!(matches!(Answer::all([]), Answer::NotApplicable(_)));
    }

    #[test]
    fn without_controls_nothing_passes() {
        let verdict = Verdict::of(Answer::AsIntended, Severity::Critical, &Err(Doubt::NoControl));
        assert!(matches!(verdict, Ok(Verdict::Inconclusive(Doubt::NoControl))));
    }
}
