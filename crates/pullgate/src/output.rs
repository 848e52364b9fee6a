//! The one place that prints: what another program reads goes to standard output, everything else to standard error.

mod secrets;

use std::borrow::Cow;
use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Style};
use comfy_table::{Table, presets};
use serde::Serialize;

use secrets::without_secrets;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// What the process says when it ends; scripts rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or the answer is yes.
    Yes = 0,
    /// Not done, or the answer is no, or there are findings.
    No = 1,
    /// The question stays open.
    Unknown = 2,
    /// Wrong usage or configuration: nothing was asked, nothing was started.
    Usage = 64,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb ends without having done what it was asked, in the words that are printed.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: Box<dyn Error + Send + Sync>,
    exhibit: Option<String>,
    hints: Vec<String>,
}

impl Failure {
    /// The verb was understood and the answer is no, or it could not be done.
    pub(crate) fn no(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::No, error)
    }

    /// The question stays open.
    pub(crate) fn unknown(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Unknown, error)
    }

    /// Wrong usage or configuration.
    pub(crate) fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Usage, error)
    }

    fn new(exit: Exit, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit, error: error.into(), exhibit: None, hints: Vec::new() }
    }

    /// Shows lines of a file below the causes.
    pub(crate) fn exhibit(mut self, exhibit: Option<String>) -> Self {
        self.exhibit = exhibit;
        self
    }

    /// Adds what to do next.
    pub(crate) fn hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints);
        self
    }

    /// Prints the failure on standard error and says how to exit. A reader that went away is not worth a word.
    pub(crate) fn report(&self) -> Exit {
        if self.error.downcast_ref::<OutputError>().is_some_and(OutputError::reader_is_gone) {
            return Exit::Yes;
        }
        note(&self.render());
        self.exit
    }

    /// The failure in plain words, where it is wrong usage.
    pub(crate) fn wrong_usage(&self) -> Option<String> {
        (self.exit == Exit::Usage).then(|| anstream::adapter::strip_str(&self.render()).to_string())
    }

    /// What went wrong and why, on one line: for a log.
    pub(crate) fn message(&self) -> String {
        let mut text = spoken(&*self.error);
        let mut cause = self.error.source();
        while let Some(error) = cause {
            text = format!("{text}: {}", spoken(error));
            cause = error.source();
        }
        without_secrets(&visible(&text)).into_owned()
    }

    /// The failure as it is printed on a terminal, with colour.
    pub(crate) fn render(&self) -> String {
        let mut said = spoken(&*self.error);
        let mut text = line("error", ERROR, &said);
        let mut cause = self.error.source();
        while let Some(error) = cause {
            let words = spoken(error);
            // An error may have told its cause already, behind the place.
            if !said.ends_with(&words) {
                text.push_str(&line("caused by", ERROR, &words));
            }
            said = words;
            cause = error.source();
        }
        text.extend(self.exhibit.iter().map(|exhibit| format!("{}\n", without_secrets(exhibit.trim_end()))));
        text.extend(self.hints.iter().map(|hint| line("hint", HINT, hint)));
        text
    }
}

fn line(label: &str, style: Style, text: &str) -> String {
    format!("{style}{label}{style:#}: {}\n", without_secrets(&visible(text)))
}

/// The message of an error; those of the operating system begin with a capital letter.
fn spoken(error: &(dyn Error + 'static)) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    match (text.contains(" (os error "), letters.next()) {
        (true, Some(first)) => first.to_lowercase().chain(letters).collect(),
        _ => text,
    }
}

/// Text from outside with its control characters written out, so that it adds no line and no terminal code.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter.is_control() {
            true => escaped.extend(letter.escape_default()),
            false => escaped.push(letter),
        }
    }
    Cow::Owned(escaped)
}

/// Standard output does not take what it is given.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
pub(crate) struct OutputError(#[source] io::Error);

impl OutputError {
    fn reader_is_gone(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        Self::no(error)
    }
}

/// Prints data on standard output, as it is.
///
/// # Errors
/// [`OutputError`], also when the reader went away: whoever prints in a loop then ends.
pub(crate) fn print(text: &str) -> Result<(), OutputError> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(OutputError)
}

/// Prints one value as one line of compact JSON on standard output.
///
/// # Errors
/// [`OutputError`], also for a value that JSON cannot say.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), OutputError> {
    print(&json_line(value).map_err(|error| OutputError(error.into()))?)
}

/// Prints a table on standard output: a header, one line for each row, nothing drawn around them.
///
/// # Errors
/// [`OutputError`].
pub(crate) fn print_table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> Result<(), OutputError> {
    print(&table(header, rows))
}

/// Says something to the person at the terminal, on standard error.
pub(crate) fn note(text: &str) {
    // Where standard error is closed nobody is left to be told.
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Prints what the command line parser has to say: help is data, the rest is wrong usage.
pub(crate) fn print_usage(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        return error.print().map_or_else(|error| Failure::from(OutputError(error)).report(), |()| Exit::Yes);
    }
    let plain = error.render().to_string();
    match without_secrets(&plain) {
        Cow::Borrowed(_) => note(&error.render().ansi().to_string()),
        Cow::Owned(said) => note(&said),
    }
    Exit::Usage
}

/// What the command line parser has to say, as plain text.
pub(crate) fn said_of_usage(error: &clap::Error) -> String {
    without_secrets(&error.render().to_string()).into_owned()
}

/// JSON escapes what is below a space; delete and the C1 controls are for us.
fn json_line(value: &impl Serialize) -> serde_json::Result<String> {
    let mut text = String::new();
    for letter in serde_json::to_string(value)?.chars() {
        match letter {
            '\u{7f}'..='\u{9f}' => text.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => text.push(letter),
        }
    }
    text.push('\n');
    Ok(text)
}

fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    table.add_rows(rows.iter().map(|row| row.each_ref().map(|cell| visible(cell))));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    format!("{}\n", table.trim_fmt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read `{file}`")]
    struct Outer {
        file: &'static str,
        source: io::Error,
    }

    fn plain(failure: &Failure) -> String {
        anstream::adapter::strip_str(&failure.render()).to_string()
    }

    #[test]
    fn a_failure_names_its_causes_and_what_to_do() {
        let failure = Failure::usage(Outer { file: "\u{1b}[2J\n.toml", source: io::Error::from_raw_os_error(2) })
            .exhibit(Some("1 | a\n  | ^\n".to_owned()))
            .hints(["look again".to_owned()]);
        insta::assert_snapshot!(plain(&failure), @r"
        error: cannot read `\u{1b}[2J\n.toml`
        caused by: no such file or directory (os error 2)
        1 | a
          | ^
        hint: look again
        ");
    }

    #[test]
    fn the_numbers_are_a_promise() {
        assert_eq!([Exit::Yes, Exit::No, Exit::Unknown, Exit::Usage].map(|exit| exit as u8), [0, 1, 2, 64]);
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        let gone = OutputError(io::ErrorKind::BrokenPipe.into());
        assert_eq!(Failure::from(gone).report(), Exit::Yes);
        let full = OutputError(io::ErrorKind::StorageFull.into());
        assert_eq!(Failure::from(full).exit, Exit::No);
    }

    #[test]
    fn tables_have_one_line_for_each_row() {
        let rows = [["ci".to_owned(), "team\n\u{9b}2J".to_owned()], ["deploy-production".to_owned(), String::new()]];
        insta::assert_snapshot!(table(["name", "owner"], &rows), @r"
        name               owner
        ci                 team\n\u{9b}2J
        deploy-production
        ");
    }

    #[test]
    fn json_carries_no_terminal_codes() {
        let text = json_line(&["\u{1b}[2J", "\u{9b}2J", "\u{7f}", "é"]).unwrap();
        assert_eq!(text, "[\"\\u001b[2J\",\"\\u009b2J\",\"\\u007f\",\"é\"]\n");
        let back: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, ["\u{1b}[2J", "\u{9b}2J", "\u{7f}", "é"]);
    }
}
