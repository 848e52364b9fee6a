//! Questions to whoever sits at the terminal. Nobody is asked where nobody sits.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::output::{Failure, note};

/// Asks, or does not.
#[derive(Debug)]
pub(super) struct Questions {
    open: bool,
}

impl Questions {
    /// Asks at a terminal, and wherever somebody wants to be asked.
    pub(super) fn new(wanted: bool) -> Self {
        Self { open: wanted || io::stdin().is_terminal() }
    }

    /// One line; none where there is nothing in it, or nobody to ask.
    pub(super) fn ask(&mut self, question: &str) -> Result<Option<String>, Failure> {
        if !self.open {
            return Ok(None);
        }
        note(&format!("{question} [nothing]: "));
        let mut line = String::new();
        self.open = io::stdin().lock().read_line(&mut line).map_err(Failure::usage)? > 0;
        let answer = line.trim();
        Ok((!answer.is_empty()).then(|| answer.to_owned()))
    }
}
