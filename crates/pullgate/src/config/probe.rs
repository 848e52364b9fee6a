//! `[[probe]]`: what a running server asks its own doors.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use outbound::Origin;
use serde::{Deserialize, Deserializer};

use super::mistake::{Document, Fault};
use super::quantity::{self, Period};
use super::{ConfigError, text};
use crate::cli::ImageReference;

/// The longest file that an entry names, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// One entry. Files are relative to the configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(crate) struct Probe {
    /// Where to ask; empty means `public_urls`.
    pub(crate) doors: Vec<Written<Origin>>,
    /// What is meant to be closed.
    pub(crate) private: Vec<Written<ImageReference>>,
    /// A file that says all of it, in place of the other keys.
    pub(crate) intent: Option<PathBuf>,
    /// `user:secret` of somebody who may pull what is private.
    pub(crate) credential_file: Option<PathBuf>,
    /// How often, besides once at the start.
    pub(crate) every: Option<Period>,
}

/// A value that is written as text, in a list.
#[derive(Clone, Debug)]
pub(crate) struct Written<T>(pub(crate) T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quantity::from_text(deserializer, "a text").map(Self)
    }
}

impl<T: FromStr> FromStr for Written<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        text.parse().map(Self)
    }
}

impl Probe {
    /// What one value alone cannot tell; then files are found from everywhere.
    pub(super) fn check(&mut self, document: &Document, index: usize, base: &Path) -> Result<(), ConfigError> {
        let mistake = |key: &'static str, fault| document.mistake(&["probe".into(), index.into(), key.into()], fault);
        let beside = [
            ("doors", !self.doors.is_empty()),
            ("private", !self.private.is_empty()),
            ("credential_file", self.credential_file.is_some()),
        ];
        match (&self.intent, beside.iter().find(|(_, there)| *there)) {
            (Some(_), Some((key, _))) => return Err(mistake(key, Fault::ProbeTwice)),
            (None, _) if self.private.is_empty() => {
                return Err(document.mistake(&["probe".into(), index.into()], Fault::ProbeNothing));
            }
            (Some(_), None) | (None, _) => {}
        }
        for file in [&mut self.intent, &mut self.credential_file].into_iter().flatten() {
            *file = base.join(&file);
        }
        readable(self.intent.as_deref()).map_err(|fault| mistake("intent", fault))
    }

    /// Whether there is a credential, where one is named. It may come later than the server, whose own robots it may be of.
    pub(super) fn check_credential(&self, document: &Document, index: usize) -> Result<(), ConfigError> {
        let place = ["probe".into(), index.into(), "credential_file".into()];
        readable(self.credential_file.as_deref()).map_err(|fault| document.mistake(&place, fault))
    }
}

fn readable(file: Option<&Path>) -> Result<(), Fault> {
    let read = file.map(|path| text::read(path, MAX_BYTES).map_err(|source| (path, source))).transpose();
    read.map(|_| ()).map_err(|(path, source)| Fault::ProbeFile { path: path.to_owned(), source })
}
