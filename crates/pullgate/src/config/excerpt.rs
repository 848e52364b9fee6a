//! The lines of a file that are to blame, and the words of its parser for people.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::nearest;

/// A place in a text.
#[derive(Debug)]
pub(crate) struct Excerpt<'a> {
    text: &'a str,
    span: Range<usize>,
}

impl<'a> Excerpt<'a> {
    /// The bytes `span` of `text`.
    pub(crate) fn new(text: &'a str, span: Range<usize>) -> Self {
        Self { text, span }
    }

    /// The line, with a caret below.
    pub(crate) fn exhibit(&self) -> String {
        let caret = AnnotationKind::Primary.span(self.first_line());
        let snippet = Snippet::source(self.text).annotation(caret);
        Renderer::plain().render(&[Group::with_level(Level::ERROR).element(snippet)])
    }

    /// Its number, counted from 1.
    pub(crate) fn line(&self) -> usize {
        self.text.bytes().take(self.span.start).filter(|byte| *byte == b'\n').count() + 1
    }

    /// The span without what stands on further lines.
    fn first_line(&self) -> Range<usize> {
        let text = self.text.get(self.span.clone()).unwrap_or_default();
        let length = text.find('\n').unwrap_or(text.len());
        self.span.start..self.span.start + length
    }
}

/// The words of the parser, in those of TOML: it speaks of fields and Rust's types.
pub(crate) fn plain(message: &str) -> String {
    let words = match unknown(message) {
        Some((what, word, _)) => return format!("unknown {what} `{word}`"),
        None => message.replace('\n', ": "),
    };
    if let Some((found, _)) = words.split_once("expected struct ") {
        return format!("{found}expected a table");
    }
    let words = words.replace("missing field", "missing key").replace("invalid type: map", "invalid type: table");
    words.replace("expected a sequence", "expected an array")
}

/// What was probably meant, or what is known there.
pub(crate) fn meant(message: &str) -> Option<String> {
    let (_, word, known) = unknown(message)?;
    match nearest::nearest(word, known.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => Some(format!("known here: {}", known.join(", "))),
    }
}

/// An unknown key or word, and the ones that are known there.
fn unknown(message: &str) -> Option<(&'static str, &str, Vec<&str>)> {
    let (what, rest) = match message.strip_prefix("unknown field `") {
        Some(rest) => ("key", rest),
        None => ("word", message.strip_prefix("unknown variant `")?),
    };
    let (word, known) = rest.rsplit_once("`, expected ")?;
    Some((what, word, known.split('`').skip(1).step_by(2).collect()))
}
