//! Which known word was probably meant.

/// The known word with the fewest letters to change, unless most of it would have to change.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (changes, nearest) = known.map(|other| (distance(word, other), other)).min_by_key(|(changes, _)| *changes)?;
    (changes <= word.chars().count() / 2).then_some(nearest)
}

/// How many letters must be put in, taken out or exchanged (Levenshtein), one row of the table at a time.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (place, letter) in from.chars().enumerate() {
        let mut diagonal = place;
        let mut left = place + 1;
        let mut next = vec![left];
        for (other, above) in to.chars().zip(row.iter().skip(1)) {
            left = (left + 1).min(above + 1).min(diagonal + usize::from(letter != other));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (from, to, changes) in [("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("pul", "pull", 1)] {
            assert_eq!(distance(from, to), changes, "{from} {to}");
        }
    }

    #[test]
    fn what_is_far_from_everything_is_nothing() {
        let known = || ["pull", "push", "delete"].into_iter();
        assert_eq!(nearest("pul", known()), Some("pull"));
        assert_eq!(nearest("remove", known()), None);
        assert_eq!(nearest("", known()), None);
    }
}
