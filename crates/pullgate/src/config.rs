//! The configuration: one TOML file, the flags and the environment, valid as a whole or refused with the place.
//!
//! Only this module sees all of it, and only this module reads the environment. Every key is optional. A key that is
//! not known and a value that does not fit refuse the start: a mistyped key must never be an open door.

mod environment;
mod error;
mod excerpt;
mod exposure;
mod listen;
mod mistake;
mod nearest;
mod policy_files;
mod probe;
mod public_url;
mod quantity;
mod settings;
mod text;

use std::io;
use std::path::{Path, PathBuf};

use policy::PolicyText;

pub(crate) use environment::{Environment, variable};
pub(crate) use error::ConfigError;
pub(crate) use excerpt::{Excerpt, meant, plain};
pub(crate) use exposure::{Exposure, ServeFlags};
pub(crate) use listen::ListenAddress;
pub(crate) use probe::Probe;
pub(crate) use public_url::PublicUrl;
pub(crate) use quantity::Period;
pub(crate) use settings::{KeyLifetime, Settings};
pub(crate) use text::{TextError, read as read_text};

use mistake::{Document, Fault};

/// Used where no file is named, if it exists.
const FILE: &str = "pullgate.toml";
/// Where the data is kept unless something else is said.
const DATA: &str = "./pullgate-data";
/// A configuration is a page, not a book.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The flags that every verb takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    /// `--config`.
    pub(crate) config: Option<PathBuf>,
    /// `--data`.
    pub(crate) data: Option<PathBuf>,
}

/// Everything that was configured, with the texts of the policy files.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// The file it came from; none where everything is at its default.
    pub(crate) file: Option<PathBuf>,
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The file of the root key, where it does not lie in the data folder.
    pub(crate) secret_key: Option<PathBuf>,
    /// The user id that a verb of root began with, when it goes on as the owner of the data folder.
    pub(crate) actor: Option<u32>,
    /// What stands in the file.
    pub(crate) settings: Settings,
    /// What keeps a probe from proving anything, and nothing else from its work.
    pub(crate) hindrance: Option<ConfigError>,
    /// The operator's policy files, in the order of `policy.files`, each once.
    pub(crate) policies: Vec<PolicyText>,
}

impl Configuration {
    /// Reads the configuration: a flag goes before the environment, the environment before the file.
    ///
    /// # Errors
    /// [`ConfigError`] names file, line and key.
    pub(crate) fn load(flags: Flags, environment: Environment) -> Result<Self, ConfigError> {
        let named = flags.config.or(environment.config);
        let file = named.or_else(|| is_there(Path::new(FILE)).then(|| PathBuf::from(FILE)));
        let mut configuration = match file {
            Some(path) => Self::of_file(path)?,
            None => Self::default(),
        };
        configuration.secret_key = environment.secret_key;
        configuration.actor = environment.actor;
        if let Some(data) = flags.data.or(environment.data) {
            configuration.data = data;
        }
        Ok(configuration)
    }

    /// Reads it once more, from where it came from. The data folder and the key stay where they are.
    ///
    /// # Errors
    /// As [`Configuration::load`].
    pub(crate) fn again(&self) -> Result<Self, ConfigError> {
        let flags = Flags { config: self.file.clone(), data: Some(self.data.clone()) };
        let environment =
            Environment { secret_key: self.secret_key.clone(), actor: self.actor, ..Environment::default() };
        Self::load(flags, environment)
    }

    fn of_file(path: PathBuf) -> Result<Self, ConfigError> {
        let document = Document { text: read(&path)?, path };
        let mut settings = document.parse()?;
        check(&document, &settings)?;
        let base = document.path.parent().unwrap_or(Path::new(""));
        for (index, probe) in settings.probe.iter_mut().enumerate() {
            probe.check(&document, index, base)?;
        }
        let credentials = settings.probe.iter().enumerate();
        let hindrance =
            credentials.map(|(index, probe)| probe.check_credential(&document, index)).find_map(Result::err);
        let policies = policy_files::read(&document, base, &settings.policy.files)?;
        let data = settings.data.as_ref().map_or_else(|| PathBuf::from(DATA), |data| base.join(data));
        Ok(Self { data, settings, policies, hindrance, file: Some(document.path), ..Self::default() })
    }
}

impl Configuration {
    /// What the store is told.
    pub(crate) fn store(&self) -> origin::Settings {
        origin::Settings {
            keep_free: self.settings.store.keep_free.bytes(),
            sparse_indexes: self.settings.store.sparse_indexes,
            uploads_per_principal: self.settings.limits.uploads_per_principal.number().into(),
            ..origin::Settings::default()
        }
    }

    /// What the gate takes at once.
    pub(crate) fn limits(&self) -> gate::Limits {
        let limits = &self.settings.limits;
        let number = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        gate::Limits {
            connections: number(limits.connections.number()),
            connections_per_address: number(limits.connections_per_address.number()),
            head_bytes: usize::try_from(limits.header_block.bytes()).unwrap_or(usize::MAX),
            idle: limits.body_idle.duration(),
            ..gate::Limits::default()
        }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            file: None,
            data: DATA.into(),
            secret_key: None,
            actor: None,
            settings,
            hindrance: None,
            policies: Vec::new(),
        }
    }
}

/// What cannot be looked at is there: it is then refused, and not taken for absent.
fn is_there(path: &Path) -> bool {
    !path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    text::read(path, MAX_FILE_BYTES).map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}

/// What one value alone cannot tell.
fn check(document: &Document, settings: &Settings) -> Result<(), ConfigError> {
    settings.listen.ops_on_loopback().map_err(|fault| document.mistake(&["listen".into(), "ops".into()], fault))?;
    settings.limits.usable().map_err(|fault| document.mistake(&["limits".into(), "header_block".into()], fault))?;
    if settings.audit.segment_bytes < audit::MAX_LINE as u64 {
        return Err(document.mistake(&["audit".into(), "segment_bytes".into()], Fault::SegmentTooSmall));
    }
    if let Some(index) = repeated(&settings.repository, |rule| &rule.name) {
        return Err(document.mistake(&["repository".into(), index.into(), "name".into()], Fault::RepositoryTwice));
    }
    if let Some(index) = repeated(&settings.public_urls, |url| url.host()) {
        return Err(document.mistake(&["public_urls".into(), index.into()], Fault::HostTwice));
    }
    Ok(())
}

/// The place of the first entry whose key an earlier one has too.
fn repeated<'a, T, K: PartialEq + 'a>(entries: &'a [T], key: impl Fn(&'a T) -> K) -> Option<usize> {
    let seen = |index: usize, entry: &'a T| entries.iter().take(index).any(|earlier| key(earlier) == key(entry));
    entries.iter().enumerate().find(|(index, entry)| seen(*index, entry)).map(|(index, _)| index)
}

#[cfg(test)]
mod tests;
