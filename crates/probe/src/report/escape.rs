//! Text that a target sent, made harmless for whoever reads it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// With every letter written out that is not seen, or that changes how others are seen: control characters, marks of
/// direction and width, tags, and what XML does not allow.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match is_hidden(letter) {
            true => written.extend(letter.escape_default()),
            false => written.push(letter),
        }
    }
    Cow::Owned(written)
}

fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(letter) & 0xfffe == 0xfffe
}

/// For HTML and XML, in text and in quoted attributes.
pub(super) fn markup(text: &str) -> String {
    plain(text).chars().fold(String::with_capacity(text.len() + 16), |mut written, letter| {
        match letter {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&#39;"),
            _ => written.push(letter),
        }
        written
    })
}

/// The same for several lines, whose ends stay.
pub(super) fn markup_lines(text: &str) -> String {
    text.split('\n').map(|line| markup(line.trim_end_matches('\r'))).collect::<Vec<_>>().join("\n")
}

/// A code span of Markdown: nothing in it is read as markup, as a link or as the name of a person.
pub(super) fn code(text: &str) -> String {
    let text = plain(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    let room = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) || text.is_empty() { " " } else { "" };
    format!("{fence}{room}{text}{room}{fence}")
}

/// A block of code of Markdown, within a list item.
pub(super) fn block(text: &str, indent: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let mut written = format!("{indent}{fence}text\n");
    for line in text.split('\n') {
        // Writing to a string does not fail.
        let _ = writeln!(written, "{indent}{}", plain(line.trim_end_matches('\r')));
    }
    written + indent + &fence + "\n"
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default()
}

/// JSON as `serde_json` writes it, with what is hidden in it written out. It escapes what is below a space itself.
pub(super) fn json(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut written, letter| {
        match is_hidden(letter) && letter >= '\u{7f}' {
            true => letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(written, "\\u{unit:04x}");
            }),
            false => written.push(letter),
        }
        written
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_hidden_is_written_out() {
        assert_eq!(
            plain("a\u{1b}[2J\u{9b}\u{202e}\u{200b}\u{fffe}é"),
            "a\\u{1b}[2J\\u{9b}\\u{202e}\\u{200b}\\u{fffe}é"
        );
        assert_eq!(markup("<a b=\"'&\n"), "&lt;a b=&quot;&#39;&amp;\\n");
        assert_eq!(markup_lines("<a>\r\n\tb"), "&lt;a&gt;\n\\tb");
    }

    #[test]
    fn a_code_span_is_longer_than_what_it_holds() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("``` @ann #1 <b>"), "```` ``` @ann #1 <b> ````");
        assert_eq!(code(""), "`  `");
        assert_eq!(block("a\n````\n", ""), "`````text\na\n````\n\n`````\n");
    }

    proptest! {
        #[test]
        fn nothing_hidden_comes_through(text in any::<String>()) {
            let hidden = |text: &str| text.chars().any(is_hidden);
            prop_assert!(!hidden(&plain(&text)) && !hidden(&markup(&text)) && !hidden(&code(&text)));
            prop_assert!(!markup(&text).contains(['<', '>', '"', '\'']));
            let written = json(&serde_json::to_string(&text).unwrap());
            prop_assert!(!hidden(&written));
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }

        #[test]
        fn a_code_span_ends_where_we_end_it(text in "[`a ]{0,12}") {
            let written = code(&text);
            let fence: String = written.chars().take_while(|letter| *letter == '`').collect();
            let inner = written.strip_prefix(&fence).and_then(|rest| rest.strip_suffix(&fence)).unwrap();
            prop_assert!(inner.split(|letter| letter != '`').all(|run| run.len() < fence.len()), "{}", written);
        }
    }
}
