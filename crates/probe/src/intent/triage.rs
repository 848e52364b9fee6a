//! `[[accepted]]` and `[[in_progress]]`: what the user knows about, for how long, and why.

use jiff::civil::Date;
use protocol::Repository;
use serde::Deserialize;
use toml::Spanned;

use super::error::IntentError;
use super::file;
use super::{Door, Known, Visibility};
use crate::checks;
use crate::triage::{Borne, Triage};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptedEntry {
    check: Spanned<String>,
    door: Option<Spanned<String>>,
    repository: Option<Spanned<String>>,
    until: Spanned<String>,
    reason: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InProgressEntry {
    check: Spanned<String>,
    door: Option<Spanned<String>>,
    repository: Option<Spanned<String>>,
    until: Spanned<String>,
    by: Spanned<String>,
}

/// Reads both lists; every name must be one of the file.
pub(super) fn read(
    accepted: &[AcceptedEntry],
    in_progress: &[InProgressEntry],
    doors: &[Door],
    repositories: &[Known],
) -> Result<Vec<Triage>, IntentError> {
    let names = Names { doors, repositories };
    let accepted = accepted.iter().map(|entry| {
        let borne = Borne::Accepted { reason: said(&entry.reason)? };
        names.triage(&entry.check, &entry.until, borne, (entry.door.as_ref(), entry.repository.as_ref()))
    });
    let in_progress = in_progress.iter().map(|entry| {
        let borne = Borne::InProgress { by: said(&entry.by)? };
        names.triage(&entry.check, &entry.until, borne, (entry.door.as_ref(), entry.repository.as_ref()))
    });
    accepted.chain(in_progress).collect()
}

/// What an entry may name.
struct Names<'a> {
    doors: &'a [Door],
    repositories: &'a [Known],
}

impl Names<'_> {
    fn triage(
        &self,
        check: &Spanned<String>,
        until: &Spanned<String>,
        borne: Borne,
        (door, repository): (Option<&Spanned<String>>, Option<&Spanned<String>>),
    ) -> Result<Triage, IntentError> {
        let found = checks::find(check.get_ref()).ok_or_else(|| IntentError::UnknownCheck { span: check.span() })?;
        let until = until.get_ref().parse::<Date>().map_err(|_| IntentError::Day { span: until.span() })?;
        let door = door.map(|door| self.door(door)).transpose()?;
        let repository = repository.map(|name| self.repository(name)).transpose()?;
        Ok(Triage { check: found.id, door, repository, until, borne })
    }

    fn door(&self, text: &Spanned<String>) -> Result<String, IntentError> {
        let known = self.doors.iter().find(|known| known.name == *text.get_ref());
        known.map(|door| door.name.clone()).ok_or_else(|| IntentError::UnknownDoor { span: text.span() })
    }

    fn repository(&self, text: &Spanned<String>) -> Result<Repository, IntentError> {
        let name = file::name::<Repository>(text)?;
        let fits = |known: &Known| known.name == name && known.visibility == Visibility::Private;
        let known = self.repositories.iter().any(fits);
        known.then_some(name).ok_or_else(|| IntentError::UnknownRepository { span: text.span() })
    }
}

/// A remark that says something.
fn said(text: &Spanned<String>) -> Result<String, IntentError> {
    match text.get_ref().trim() {
        "" => Err(IntentError::Empty { span: text.span() }),
        words => Ok(words.to_owned()),
    }
}
