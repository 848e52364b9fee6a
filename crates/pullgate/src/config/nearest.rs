//! The word that was probably meant.

/// The known word nearest to the one that was written, if one is near.
pub(crate) fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.map(|word| (distance(written, word), word));
    let (distance, word) = near.min_by_key(|(distance, _)| *distance)?;
    (distance * 3 <= word.len().max(3)).then_some(word)
}

/// How many letters must be added, dropped or changed, or swapped with their neighbour (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut two_above: Vec<usize> = Vec::new();
    let mut previous = None;
    for letter in left.chars() {
        let row = row(letter, previous, &right, &above, &two_above);
        two_above = std::mem::replace(&mut above, row);
        previous = Some(letter);
    }
    above.last().copied().unwrap_or_default()
}

fn row(letter: char, previous: Option<char>, right: &[char], above: &[usize], two_above: &[usize]) -> Vec<usize> {
    let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
    let mut row = vec![at(above, 0) + 1];
    for (column, other) in right.iter().enumerate() {
        let changed = at(above, column) + usize::from(letter != *other);
        let mut best = changed.min(at(above, column + 1) + 1).min(at(&row, column) + 1);
        let before = column.checked_sub(1);
        if before.and_then(|before| right.get(before)) == Some(&letter) && previous == Some(*other) {
            best = best.min(at(two_above, column - 1) + 1);
        }
        row.push(best);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_letters_and_swaps() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("lisetn", "listen", 1),
            ("ca", "abc", 3),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn only_what_is_near_is_named() {
        let known = || ["listen", "limits", "store", "policy"].into_iter();
        assert_eq!(nearest("lisetn", known()), Some("listen"));
        assert_eq!(nearest("storage", known()), None);
        assert_eq!(nearest("polices", known()), Some("policy"));
        assert_eq!(nearest("", std::iter::empty()), None);
    }
}
