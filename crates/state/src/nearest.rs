//! "Did you mean": the known name that is fewest keystrokes away from what was typed.

/// The nearest of the names, where one is near enough to have been meant: a third of what was typed may differ.
pub(crate) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let enough = typed.len().div_ceil(3);
    names
        .filter(|name| name.len().abs_diff(typed.len()) <= enough)
        .map(|name| (distance(typed.as_bytes(), name.as_bytes()), name))
        .filter(|(distance, _)| *distance <= enough)
        .min()
        .map(|(_, name)| name)
}

/// How many bytes must be added, removed or replaced (Levenshtein).
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (removed, left) in from.iter().enumerate() {
        let mut diagonal = removed;
        let mut before = removed + 1;
        for (cell, right) in row.iter_mut().zip(std::iter::once(None).chain(to.iter().map(Some))) {
            let here =
                right.map_or(before, |right| (diagonal + usize::from(left != right)).min(before + 1).min(*cell + 1));
            diagonal = std::mem::replace(cell, here);
            before = here;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (from, to, expected) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ci", "c1", 1), ("ab", "ba", 2)]
        {
            assert_eq!(distance(from.as_bytes(), to.as_bytes()), expected, "{from} {to}");
        }
    }

    #[test]
    fn only_what_may_have_been_meant() {
        let names = ["deploy", "ci", "backup"];
        assert_eq!(nearest("deplyo", names.into_iter()), Some("deploy"));
        assert_eq!(nearest("c1", names.into_iter()), Some("ci"));
        assert_eq!(nearest("nightly", names.into_iter()), None);
    }
}
