//! Text with everything that differs from run to run replaced by what it is.

/// How the names of temporary folders of this crate begin.
pub(crate) const PREFIX: &str = "testkit-";

/// A rule looks at the start of the rest of a text: how many bytes it takes, and what stands for them.
type Rule = fn(&str) -> Option<(usize, &'static str)>;

const RULES: [Rule; 7] = [home, registry, why, digest, identifier, timestamp, duration];

/// Replaces addresses on loopback, temporary folders, the IDs of `pullgate why`, digests and long hexadecimal IDs,
/// timestamps and durations. Terminal colours vanish.
pub fn normalised(text: &str) -> String {
    let text = without_colours(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    let mut inside_word = false;
    while let Some(next) = rest.chars().next() {
        let found = if inside_word { None } else { RULES.iter().find_map(|rule| rule(rest)) };
        if let Some((taken, placeholder)) = found {
            out.push_str(placeholder);
            rest = &rest[taken..];
            inside_word = false;
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
            inside_word = next.is_ascii_alphanumeric();
        }
    }
    out
}

fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        out + part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').get(1..).unwrap_or("")
    })
}

fn home(text: &str) -> Option<(usize, &'static str)> {
    let folder = std::env::temp_dir().join(PREFIX);
    let start = folder.to_str()?;
    let name = text.strip_prefix(start)?;
    Some((start.len() + run(name, |byte| byte.is_ascii_alphanumeric()), "[home]"))
}

fn registry(text: &str) -> Option<(usize, &'static str)> {
    let (host, placeholder) =
        [("127.0.0.1:", "127.0.0.1:[port]"), ("localhost:", "localhost:[port]"), ("[::1]:", "[::1]:[port]")]
            .into_iter()
            .find(|(host, _)| text.starts_with(host))?;
    let port = run(&text[host.len()..], |byte| byte.is_ascii_digit());
    (port > 0).then_some((host.len() + port, placeholder))
}

fn why(text: &str) -> Option<(usize, &'static str)> {
    let words = "pullgate why ";
    let id = run(text.strip_prefix(words)?, |byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    (id > 0).then_some((words.len() + id, "pullgate why [ID]"))
}

fn digest(text: &str) -> Option<(usize, &'static str)> {
    let hex = run(text.strip_prefix("sha256:")?, is_hex);
    (hex == 64).then_some(("sha256:".len() + hex, "sha256:[digest]"))
}

/// Twelve or more hexadecimal digits: image, layer, container.
fn identifier(text: &str) -> Option<(usize, &'static str)> {
    let hex = run(text, is_hex);
    (hex >= 12 && ends_word(&text[hex..])).then_some((hex, "[id]"))
}

/// `2026-11-21T04:45:24.5Z`, `2026-11-21 04:45:24` and `2026/11/21 04:45:24`.
fn timestamp(text: &str) -> Option<(usize, &'static str)> {
    let shape: String =
        text.bytes().take(19).map(|byte| if byte.is_ascii_digit() { '0' } else { byte.into() }).collect();
    let shapes = ["0000-00-00T00:00:00", "0000-00-00 00:00:00", "0000/00/00 00:00:00"];
    shapes.contains(&shape.as_str()).then_some(())?;
    let fraction = run(&text[19..], |byte| byte == b'.' || byte.is_ascii_digit());
    let zone = run(&text[19 + fraction..], |byte| byte == b'Z');
    Some((19 + fraction + zone, "[time]"))
}

/// A number and a unit of time: `0.1 s`, `10.4ms`, `2.5µs`.
fn duration(text: &str) -> Option<(usize, &'static str)> {
    let number = run(text, |byte| byte == b'.' || byte.is_ascii_digit());
    (number > 0).then_some(())?;
    let space = run(&text[number..], |byte| byte == b' ');
    let unit = &text[number + space..];
    let unit = ["ms", "µs", "us", "ns", "s"].into_iter().find(|name| unit.strip_prefix(name).is_some_and(ends_word))?;
    (space < 2).then_some((number + space + unit.len(), "[duration]"))
}

/// Length of the longest start of `text` whose bytes all fit. The predicates take ASCII only, so it ends on a character.
fn run(text: &str, fits: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| fits(*byte)).count()
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

fn ends_word(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, expected: &str) {
        assert_eq!(normalised(text), expected);
    }

    #[test]
    fn what_differs_is_replaced() {
        let hex = "66fdbc2acfaa2147157137a28a18c290c1a67844ab6b6fcbc7a013781e5ec791";
        holds("GET http://127.0.0.1:5055/v2/", "GET http://127.0.0.1:[port]/v2/");
        holds("denied (pullgate why 01K-ab_9)", "denied (pullgate why [ID])");
        holds(&format!("blob sha256:{hex}: {hex}"), "blob sha256:[digest]: [id]");
        holds("time=\"2026-11-21T04:45:24Z\" level=fatal", "time=\"[time]\" level=fatal");
        holds("2026/11/21 04:45:24 logged in", "[time] logged in");
        holds("2026-11-21T04:45:59.860Z", "[time]");
        holds("elapsed: 0.1 s  done: 10.4ms, 2.5µs", "elapsed: [duration]  done: [duration], [duration]");
        holds("\u{1b}[32m+++\u{1b}[0m|", "+++|");
        holds(&format!("{}/{PREFIX}aB3xyz/auth.json", std::env::temp_dir().display()), "[home]/auth.json");
    }

    #[test]
    fn what_is_the_same_stays() {
        for text in
            ["403 Forbidden", "1 signature", "sha256:abc", "défaut 12", "v2.8.2", "http://localhost/v2/", "error 40"]
        {
            holds(text, text);
        }
    }
}
