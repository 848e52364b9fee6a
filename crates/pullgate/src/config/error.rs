//! Why there is no configuration.

use std::path::PathBuf;

use super::listen::ListenAddress;
use super::mistake::Mistake;
use super::text::TextError;
use crate::output::Failure;

/// Nothing starts with a configuration that is not valid as a whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file was named, or lies where it is looked for, and cannot be read.
    #[error("cannot read the configuration `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What was wrong with it.
        source: TextError,
    },
    /// Something in the file does not fit.
    #[error("cannot use the configuration")]
    Mistake(#[source] Box<Mistake>),
    /// A variable of the environment is set and holds nothing usable.
    #[error("the environment variable `{name}` holds nothing usable")]
    Variable {
        /// Which one.
        name: &'static str,
    },
    /// Others could reach it, and nobody said that plain HTTP is wanted there.
    #[error("`{address}` can be reached by others, and what is served there is plain HTTP")]
    PlainHttp {
        /// Where it would listen.
        address: ListenAddress,
        /// Whether `public_urls` says under which name.
        named: bool,
    },
    /// Others can reach it, and it does not know under which name.
    #[error("`{address}` can be reached by others, and `public_urls` does not say under which name")]
    Nameless {
        /// Where it would listen.
        address: ListenAddress,
    },
}

impl ConfigError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Read { .. } => Vec::new(),
            Self::Mistake(mistake) => mistake.hint().into_iter().collect(),
            Self::Variable { name } => vec![format!("set `{name}`, or unset it")],
            Self::PlainHttp { address, named } => plain_http(address, *named),
            Self::Nameless { address } => vec![name(address)],
        }
    }

    fn exhibit(&self) -> Option<String> {
        match self {
            Self::Mistake(mistake) => Some(mistake.exhibit()),
            Self::Read { .. } | Self::Variable { .. } | Self::PlainHttp { .. } | Self::Nameless { .. } => None,
        }
    }
}

fn plain_http(address: &ListenAddress, named: bool) -> Vec<String> {
    let stay = format!("to stay on this machine: --listen localhost:{}", address.port());
    let flag = format!("if plain HTTP is wanted there, start with: --listen {address} --plain-http");
    [Some(stay), Some(flag), (!named).then(|| name(address))].into_iter().flatten().collect()
}

fn name(address: &ListenAddress) -> String {
    let port = address.port();
    format!("say in the configuration: public_urls = [\"http://registry.example.com:{port}\"]")
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let (hints, exhibit) = (error.hints(), error.exhibit());
        Self::usage(error).exhibit(exhibit).hints(hints)
    }
}
