//! `[write]`: what checks need that write.

use protocol::{NameError, Repository, Tag};
use serde::Deserialize;
use toml::Spanned;

use super::Hook;
use super::error::IntentError;
use super::file;

/// What mode `write` may touch beside the repository of *low*, and what is special there.
#[derive(Clone, Debug, Default)]
pub struct Write {
    /// Whether a token for pushing alone must not read.
    pub push_apart: bool,
    /// What stands behind `blobs/uploads/` for an upload that is open in a repository of somebody else.
    pub foreign_upload: Option<String>,
    /// A tag that *low* may push and delete, in a repository where deletes are switched off.
    pub kept: Option<(Repository, Tag)>,
    /// Another repository that *low* owns.
    pub beside: Option<Repository>,
    /// Deletes that one and makes it anew.
    pub remake: Option<Hook>,
}

impl Write {
    /// The names of everything beside M that *low* may write to.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        let kept = self.kept.iter().map(|(name, _)| name.to_string());
        kept.chain(self.beside.iter().map(Repository::to_string))
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteEntry {
    #[serde(default)]
    push_apart: bool,
    foreign_upload: Option<Spanned<String>>,
    kept: Option<Spanned<String>>,
    beside: Option<Spanned<String>>,
    remake: Option<Spanned<Vec<String>>>,
}

/// Reads the table.
pub(super) fn read(entry: &WriteEntry, command: &impl Fn(&[String]) -> Hook) -> Result<Write, IntentError> {
    Ok(Write {
        push_apart: entry.push_apart,
        foreign_upload: entry.foreign_upload.as_ref().map(upload).transpose()?,
        kept: entry.kept.as_ref().map(tagged).transpose()?,
        beside: entry.beside.as_ref().map(file::name::<Repository>).transpose()?,
        remake: entry.remake.as_ref().map(|words| file::command(words, command)).transpose()?,
    })
}

/// The end of a target: it must stay one.
fn upload(text: &Spanned<String>) -> Result<String, IntentError> {
    let fits = |text: &&String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    Some(text.get_ref()).filter(fits).cloned().ok_or_else(|| IntentError::Upload { span: text.span() })
}

/// `name:tag`.
pub(super) fn tagged(text: &Spanned<String>) -> Result<(Repository, Tag), IntentError> {
    let (name, tag) = text.get_ref().rsplit_once(':').ok_or_else(|| IntentError::NoTag { span: text.span() })?;
    let error = |source: NameError| IntentError::Name { span: text.span(), source };
    Ok((name.parse().map_err(error)?, tag.parse().map_err(error)?))
}
