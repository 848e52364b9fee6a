//! A mistake in a configuration file: what is wrong, on which line, and what was probably meant.

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::excerpt::{Excerpt, meant, plain};
use super::listen::ListenAddress;
use super::settings::Settings;
use super::text::TextError;

/// A configuration file that was read.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Document {
    /// The settings, if every key is known and every value fits.
    pub(super) fn parse(&self) -> Result<Settings, ConfigError> {
        toml::from_str(&self.text).map_err(|error| self.at(error.span().unwrap_or_default(), Fault::Toml(error)))
    }

    /// A mistake at a key that is there.
    pub(super) fn mistake(&self, steps: &[Step], fault: Fault) -> ConfigError {
        self.at(self.locate(steps).unwrap_or_default(), fault)
    }

    fn at(&self, span: Range<usize>, fault: Fault) -> ConfigError {
        let (path, text) = (self.path.clone(), self.text.clone());
        ConfigError::Mistake(Box::new(Mistake { path, text, span, fault }))
    }

    fn locate(&self, steps: &[Step]) -> Option<Range<usize>> {
        let root = DeTable::parse(&self.text).ok()?;
        let (first, rest) = steps.split_first()?;
        let mut place = root.get_ref().get(first.key()?)?;
        for step in rest {
            place = step.below(place.get_ref())?;
        }
        Some(place.span())
    }
}

/// One step on the way to a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Key(&'static str),
    Index(usize),
}

impl Step {
    fn key(&self) -> Option<&'static str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Index(_) => None,
        }
    }

    fn below<'a, 'i>(self, value: &'a DeValue<'i>) -> Option<&'a toml::Spanned<DeValue<'i>>> {
        match self {
            Self::Key(key) => value.get(key),
            Self::Index(index) => value.get(index),
        }
    }
}

impl From<&'static str> for Step {
    fn from(key: &'static str) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// What is wrong at one place.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// No TOML, a key that is not known, or a value that does not fit.
    #[error("{}", plain(.0.message()))]
    Toml(toml::de::Error),
    /// Two `[[repository]]` entries would have to agree.
    #[error("this repository has an entry already")]
    RepositoryTwice,
    /// Two public URLs with one host.
    #[error("this host stands in `public_urls` already")]
    HostTwice,
    /// A file must not open the operations listener.
    #[error("the operations listener has no authentication and stays on this machine")]
    OperationsBeyondLoopback {
        /// Where it would listen.
        address: ListenAddress,
    },
    /// A record may be as long as a segment.
    #[error("a segment must hold the longest record: write 65535 or more")]
    SegmentTooSmall,
    /// Too small for any request, or too large to be a limit.
    #[error("not a limit for a header block: write something from `8KiB` to `1MiB`")]
    HeaderBlock,
    /// More than one star, or one before the last part.
    #[error("not a name of files: one `*` is allowed, in the last part")]
    PolicyPattern,
    /// A star that stands for nothing.
    #[error("no file has such a name")]
    PolicyPatternEmpty,
    /// Two ways to say what a probe asks.
    #[error("`intent` names a file that says all of this: write one or the other")]
    ProbeTwice,
    /// A probe of nothing.
    #[error("nothing is asked here: write `private`, such as [\"team/app:1.0\"], or `intent`")]
    ProbeNothing,
    /// What a probe needs cannot be read.
    #[error("cannot read `{}`", path.display())]
    ProbeFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: TextError,
    },
    /// A policy file, or its folder, cannot be read.
    #[error("cannot read `{}`", path.display())]
    PolicyFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: TextError,
    },
}

/// A fault with the place where it stands.
#[derive(Debug)]
pub(crate) struct Mistake {
    path: PathBuf,
    text: String,
    span: Range<usize>,
    fault: Fault,
}

impl Mistake {
    /// The line, with a caret below.
    pub(super) fn exhibit(&self) -> String {
        self.excerpt().exhibit()
    }

    /// What was probably meant, or what is possible.
    pub(super) fn hint(&self) -> Option<String> {
        match &self.fault {
            Fault::Toml(error) => meant(error.message()),
            Fault::OperationsBeyondLoopback { address } => {
                Some(format!("if a network of your own protects it, start with --ops {address}"))
            }
            Fault::RepositoryTwice
            | Fault::HostTwice
            | Fault::SegmentTooSmall
            | Fault::HeaderBlock
            | Fault::PolicyPattern
            | Fault::PolicyPatternEmpty
            | Fault::ProbeTwice
            | Fault::ProbeNothing
            | Fault::ProbeFile { .. }
            | Fault::PolicyFile { .. } => None,
        }
    }

    fn excerpt(&self) -> Excerpt<'_> {
        Excerpt::new(&self.text, self.span.clone())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`, line {}: {}", self.path.display(), self.excerpt().line(), self.fault)
    }
}

impl Error for Mistake {
    /// The fault is part of the message: what follows is its own cause.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.fault.source()
    }
}
