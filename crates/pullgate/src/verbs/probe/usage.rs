//! Wrong usage for programs: with `--format json` one object stands on standard output, also where nothing was asked.

use std::ffi::OsString;

use probe::json;

use crate::cli::ReportFormat;
use crate::output::{Failure, print, said_of_usage};

/// What was understood, and cannot be done.
pub(super) fn of_failure(format: ReportFormat, failure: &Failure) {
    if let (ReportFormat::Json, Some(message)) = (format, failure.wrong_usage()) {
        say(&message);
    }
}

/// What was not understood.
pub(crate) fn of_command_line(words: impl IntoIterator<Item = OsString>, error: &clap::Error) {
    let words: Vec<OsString> = words.into_iter().collect();
    let is_probe = words.get(1).is_some_and(|word| word == "probe");
    let pair = words.windows(2).any(|pair| pair == ["--format", "json"]);
    let wants_json = pair || words.iter().any(|word| word == "--format=json");
    if is_probe && wants_json && error.use_stderr() {
        say(&said_of_usage(error));
    }
}

/// The end says the same to people, and whoever cannot be told here is told there.
fn say(message: &str) {
    if let Ok(line) = json::usage(message.trim_end()) {
        let _ = print(&(line + "\n"));
    }
}
