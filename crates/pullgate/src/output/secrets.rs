//! What people paste where it does not belong is often a secret; no message repeats it.

use std::borrow::Cow;
use std::ops::Range;

/// How long the public part of a robot key is: `pgk_<12>_`.
const PUBLIC_PART: usize = 17;

/// A text with a star for each byte of what stands in front of the host of a URL (RFC 3986 section 3.2.1), of a
/// `user:password@` without a scheme, and of the secret part of a robot key. Places stay where they are.
pub(super) fn without_secrets(text: &str) -> Cow<'_, str> {
    let mut hidden = Cow::Borrowed(text);
    let mut begin = 0;
    // A password may hold quotes and commas: only a space ends what was pasted.
    for word in text.split_inclusive(char::is_whitespace) {
        for part in userinfo(word).into_iter().chain(keys(word)) {
            let stars = "*".repeat(part.len());
            hidden.to_mut().replace_range(begin + part.start..begin + part.end, &stars);
        }
        begin += word.len();
    }
    hidden
}

/// Where it stands in a word, if there is one: up to the last `@`, behind which there is no digest.
fn userinfo(word: &str) -> Option<Range<usize>> {
    let (before, host) = word.rsplit_once('@')?;
    if host.starts_with("sha256:") || host.starts_with("sha512:") {
        return userinfo(before);
    }
    let quotes = before.len() - before.trim_start_matches(['`', '"', '\'']).len();
    let start = before.find("://").map(|at| at + "://".len());
    let is_pair = start.is_some() || before.contains(':');
    is_pair.then_some(start.unwrap_or(quotes)..before.len())
}

/// The secret parts of the robot keys in a word.
fn keys(word: &str) -> impl Iterator<Item = Range<usize>> {
    word.match_indices("pgk_").filter_map(|(at, _)| {
        let start = at + PUBLIC_PART;
        let secret = word.get(start..)?;
        let length = secret.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(secret.len());
        (length > 0).then_some(start..start + length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_said() {
        for (text, said) in [
            ("`https://ci:hunter2@r.example/a`", "`https://**********@r.example/a`"),
            ("`ci:hunter2@r.example/a:1` and more", "`**********@r.example/a:1` and more"),
            ("'https://token@r.example'", "'https://*****@r.example'"),
            ("url = \"http://ci:p@ss/w@r:5000\"", "url = \"http://*********@r:5000\""),
            ("`https://ci:a,b'c\"d`e@r.example`", "`https://************@r.example`"),
            ("'ci:a,b'c@r.example'", "'********@r.example'"),
            ("pgk_0123456789AB_One,pgk_0123456789CD_Two", "pgk_0123456789AB_***,pgk_0123456789CD_***"),
            ("`pgk_` pgk_0123456789AB_Three", "`pgk_` pgk_0123456789AB_*****"),
            ("https://ci:é@r, https://a:b@c", "https://*****@r, https://***@c"),
            ("revoke `pgk_0123456789AB_Secret` now", "revoke `pgk_0123456789AB_******` now"),
            ("ci:pgk_0123456789AB_Secret", "ci:pgk_0123456789AB_******"),
            ("https://ci:pgk_0123456789AB_Secret@r", "https://**************************@r"),
            ("https://ci:x@r/a@sha256:00", "https://****@r/a@sha256:00"),
        ] {
            assert_eq!(without_secrets(text), said);
            assert_eq!(text.len(), said.len());
        }
    }

    #[test]
    fn everything_else_is() {
        for text in [
            "r.example:5000/team/app:1.0@sha256:00",
            "https://r.example/team/app@sha512:00",
            "ask somebody@example.com",
            "the 12 letters and digits after `pgk_`",
            "pgk_0123456789AB_",
            "http://[::1]:5000 and `team/app:1.0`",
            "",
        ] {
            assert!(matches!(without_secrets(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
