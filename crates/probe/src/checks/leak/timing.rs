//! Whether a refusal takes longer for what exists: pairs of questions, and a bootstrap interval of their difference.

use crate::check::Severity;
use crate::doubt::Doubt;
use crate::observation::Seen;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

/// Questions of each kind that are not measured.
const WARM_UP: usize = 10;
/// Pairs of one round.
const PAIRS: usize = 40;
/// The most rounds.
const ROUNDS: usize = 3;
/// The most requests.
pub(super) const REQUESTS: usize = 2 * (WARM_UP + ROUNDS * PAIRS);
/// What nobody measures across a network, in seconds.
const TOLERANCE: f64 = 0.002;
/// How often the pairs are drawn anew.
const DRAWS: usize = 4000;
/// The share of the draws that lies on each side of a 99.9 % interval.
const TAIL: f64 = 0.0005;
/// A difference that is seen through more spread than this is none.
const SPREAD: f64 = 5.0;

pub(super) fn leak_04(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let decoy = session.decoy_name()?;
    let reference = session.private().reference();
    let request = |name: &str| Request::get(format!("/v2/{name}/manifests/{reference}")).accepting_manifests().unkept();
    let (ours, theirs) = (request(session.private().name.as_str()), request(&decoy));
    tell_apart(session, [WARM_UP, ROUNDS], "what is private", |session, other| {
        session.ask(if other { &theirs } else { &ours })
    })
}

/// Whether one question takes longer than the other, or less. `ask` is told whether it is the other one; `effort` is how
/// often each is asked beforehand, and the most rounds.
pub(in crate::checks) fn tell_apart(
    session: &mut Session<'_>,
    [warm_up, rounds]: [usize; 2],
    what: &str,
    mut ask: impl FnMut(&mut Session<'_>, bool) -> Result<Seen, Doubt>,
) -> Result<Answer, Doubt> {
    let mut pair =
        |session: &mut Session<'_>| Ok::<_, Doubt>((answered(ask(session, false)?)?, answered(ask(session, true)?)?));
    for _ in 0..warm_up {
        pair(session)?;
    }
    let mut differences = Vec::new();
    let (mut last, mut measured) = (None, None);
    for _ in 0..rounds {
        for _ in 0..PAIRS {
            let (one, other) = pair(session)?;
            differences.push(one.elapsed.as_secs_f64() - other.elapsed.as_secs_f64());
            last = Some((one, other));
        }
        let now = Measured::of(&differences);
        let clear = now.is_within() || now.is_beyond();
        measured = Some(now);
        if clear {
            break;
        }
    }
    let (Some(measured), Some(last)) = (measured, last) else { return Err(noisy("nothing was measured")) };
    judge(&measured, &last, what, session.door().vantage == "internet")
}

fn judge(measured: &Measured, (one, other): &(Seen, Seen), what: &str, far: bool) -> Result<Answer, Doubt> {
    let says = format!(
        "{what} takes {:+.1} ms, between {:+.1} and {:+.1}",
        1000.0 * measured.median,
        1000.0 * measured.low,
        1000.0 * measured.high
    );
    match () {
        () if measured.is_within() => Ok(Answer::AsIntended),
        () if !measured.is_beyond() => Err(noisy(&says)),
        () => {
            let proof = Proof::behaviour(one, says).ok_or_else(|| noisy("no answer"))?.after([other.id]);
            Ok(Answer::Wrong(if far { proof.graded(Severity::Low) } else { proof }))
        }
    }
}

fn answered(seen: Seen) -> Result<Seen, Doubt> {
    match seen.response()?.status {
        429 => Err(Doubt::RateLimited),
        status @ 500..=599 => Err(Doubt::ServerFailed { status }),
        _ => Ok(seen),
    }
}

fn noisy(why: &str) -> Doubt {
    Doubt::Missing { why: format!("the times differ too much to tell: {why}") }
}

/// The median difference in seconds, its 99.9 % interval, and the range of the middle half of the pairs.
#[derive(Clone, Copy, Debug)]
struct Measured {
    median: f64,
    low: f64,
    high: f64,
    spread: f64,
}

impl Measured {
    fn of(differences: &[f64]) -> Self {
        let sorted = sorted(differences.to_vec());
        let mut draw = Draw(0x9E37_79B9_7F4A_7C15);
        let medians = (0..DRAWS).map(|_| {
            let drawn = differences.iter().map(|_| draw.one_of(differences)).collect();
            quantile(&self::sorted(drawn), 0.5)
        });
        let medians = self::sorted(medians.collect());
        Self {
            median: quantile(&sorted, 0.5),
            low: quantile(&medians, TAIL),
            high: quantile(&medians, 1.0 - TAIL),
            spread: quantile(&sorted, 0.75) - quantile(&sorted, 0.25),
        }
    }

    fn is_within(&self) -> bool {
        self.low >= -TOLERANCE && self.high <= TOLERANCE
    }

    fn is_beyond(&self) -> bool {
        (self.low > TOLERANCE || self.high < -TOLERANCE) && self.spread <= SPREAD * self.median.abs()
    }
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * sorted.len().saturating_sub(1) as f64;
    sorted.get(at.round() as usize).copied().unwrap_or_default()
}

/// Numbers without a pattern (SplitMix64). Nobody gains by guessing them, and the same times give the same verdict.
struct Draw(u64);

impl Draw {
    fn one_of(&mut self, values: &[f64]) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let at = ((mixed ^ (mixed >> 31)) % values.len().max(1) as u64) as usize;
        values.get(at).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(middle: f64, width: f64) -> Vec<f64> {
        let mut draw = Draw(1);
        let steps: Vec<f64> = (0..=20).map(|step| f64::from(step) / 10.0 - 1.0).collect();
        (0..PAIRS).map(|_| middle + width * draw.one_of(&steps)).collect()
    }

    #[test]
    fn a_difference_is_seen_where_it_is_larger_than_the_noise() {
        for (middle, width, within, beyond) in [
            (0.0, 0.001, true, false),
            (0.0, 0.0, true, false),
            (0.010, 0.001, false, true),
            (-0.010, 0.001, false, true),
            (0.0, 0.050, false, false),
            (0.002, 0.002, false, false),
        ] {
            let measured = Measured::of(&around(middle, width));
            assert_eq!(
                (measured.is_within(), measured.is_beyond()),
                (within, beyond),
                "{middle} {width}: {measured:?}"
            );
        }
    }

    #[test]
    fn a_difference_that_drowns_in_its_spread_is_none() {
        let mut differences = vec![0.003; PAIRS / 2 + 8];
        differences.resize(PAIRS, 0.100);
        assert!(!Measured::of(&differences).is_beyond(), "{:?}", Measured::of(&differences));
    }
}
