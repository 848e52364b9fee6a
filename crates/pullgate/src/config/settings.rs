//! The shape of the file: one small struct for each table, every key with its default.

use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::listen::ListenAddress;
use super::mistake::Fault;
use super::probe::Probe;
use super::public_url::PublicUrl;
use super::quantity::{self, Count, Period, QuantityError, Size};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(crate) struct Settings {
    /// The data folder, relative to the file.
    pub(crate) data: Option<PathBuf>,
    /// What realm, Location and Link are made from, and nothing else; empty on loopback.
    pub(crate) public_urls: Vec<PublicUrl>,
    /// `[listen]`.
    pub(crate) listen: Listen,
    /// `[origin]`.
    pub(crate) origin: Origin,
    /// `[[repository]]`, each name once.
    pub(crate) repository: Vec<policy::RepositoryRule>,
    /// `[[probe]]`.
    pub(crate) probe: Vec<Probe>,
    /// `[policy]`.
    pub(crate) policy: policy::Settings,
    /// `[audit]`.
    pub(crate) audit: audit::Settings,
    /// `[store]`.
    pub(crate) store: Store,
    /// `[robots]`.
    pub(crate) robots: Robots,
    /// `[limits]`.
    pub(crate) limits: Limits,
}

impl Settings {
    /// The keys that stand otherwise in `new`, and that a server looks at only when it starts.
    pub(crate) fn waiting(&self, new: &Self) -> Vec<&'static str> {
        let Self {
            data,
            public_urls,
            listen,
            origin: _,
            repository: _,
            probe: _,
            policy: _,
            audit,
            store,
            robots,
            limits,
        } = self;
        let changed = [
            ("data", *data != new.data),
            ("public_urls", *public_urls != new.public_urls),
            ("listen", *listen != new.listen),
            ("audit", *audit != new.audit),
            ("store", *store != new.store),
            ("robots", *robots != new.robots),
            ("limits", *limits != new.limits),
        ];
        changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
    }
}

/// Where the server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(crate) struct Listen {
    /// For clients.
    pub(crate) address: ListenAddress,
    /// For health and metrics: without authentication, so never beyond this machine unless a flag says so.
    pub(crate) ops: ListenAddress,
}

impl Default for Listen {
    fn default() -> Self {
        Self { address: ListenAddress::Loopback(5000), ops: ListenAddress::Loopback(9501) }
    }
}

impl Listen {
    pub(super) fn ops_on_loopback(&self) -> Result<(), Fault> {
        match self.ops.is_loopback() {
            true => Ok(()),
            false => Err(Fault::OperationsBeyondLoopback { address: self.ops }),
        }
    }
}

/// What stands behind the gate.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(crate) struct Origin {
    kind: OriginKind,
}

/// The store is the only origin there is; naming it is allowed.
#[derive(Clone, Copy, Debug, Default)]
enum OriginKind {
    #[default]
    Store,
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
enum OriginKindError {
    #[error("this version has no such origin: `store` is the only kind there is")]
    NotYet,
    #[error("not a kind of origin: write `store`")]
    Unknown,
}

impl FromStr for OriginKind {
    type Err = OriginKindError;

    fn from_str(text: &str) -> Result<Self, OriginKindError> {
        match text {
            "store" => Ok(Self::Store),
            "upstream" | "token-service" => Err(OriginKindError::NotYet),
            _ => Err(OriginKindError::Unknown),
        }
    }
}

impl<'de> Deserialize<'de> for OriginKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quantity::from_text(deserializer, "the word `store`")
    }
}

/// The registry's own store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(crate) struct Store {
    /// With less free space pushes are refused, so that the journal, which usually shares the disk, goes on.
    pub(crate) keep_free: Size,
    /// Whether images may name layers, and indexes manifests, that are not in their repository.
    pub(crate) sparse_indexes: bool,
}

impl Default for Store {
    fn default() -> Self {
        Self { keep_free: Size::of_bytes(256 << 20), sparse_indexes: false }
    }
}

/// Robots and their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(crate) struct Robots {
    /// How long a key may live.
    pub(crate) max_ttl: KeyLifetime,
}

impl Default for Robots {
    fn default() -> Self {
        Self { max_ttl: KeyLifetime::AtMost(Period::of_seconds(90 * 24 * 60 * 60)) }
    }
}

/// `"0"`: there are no keys; else the longest life of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyLifetime {
    /// No key is made.
    NoKeys,
    /// Every key expires by then.
    AtMost(Period),
}

impl FromStr for KeyLifetime {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        match text {
            "0" => Ok(Self::NoKeys),
            _ => text.parse().map(Self::AtMost),
        }
    }
}

impl<'de> Deserialize<'de> for KeyLifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quantity::from_text(deserializer, "a duration such as `90d`, or `0` for no keys at all")
    }
}

/// What one client or all of them together may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(crate) struct Limits {
    /// Request line and headers together.
    pub(crate) header_block: Size,
    /// How long a request body may stand still.
    pub(crate) body_idle: Period,
    /// Connections in all.
    pub(crate) connections: Count,
    /// Connections from one address.
    pub(crate) connections_per_address: Count,
    /// Upload sessions that one principal has open.
    pub(crate) uploads_per_principal: Count,
    /// How long running requests may go on after the server was asked to end.
    pub(crate) drain: Period,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_block: Size::of_bytes(32 << 10),
            body_idle: Period::of_seconds(60),
            connections: Count::of(20_000),
            connections_per_address: Count::of(512),
            uploads_per_principal: Count::of(64),
            drain: Period::of_seconds(25),
        }
    }
}

impl Limits {
    /// Every request line of up to 8 KiB must fit; beyond 1 MiB a limit is none.
    pub(super) fn usable(&self) -> Result<(), Fault> {
        match self.header_block.bytes() {
            0x2000..=0x10_0000 => Ok(()),
            _ => Err(Fault::HeaderBlock),
        }
    }
}
