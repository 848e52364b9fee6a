//! Why an intent file is not accepted.

use std::ops::Range;

use outbound::OriginError;
use protocol::NameError;

use super::MAX_PORTS;

/// Why a secret could not be had.
pub(super) type Why = Box<dyn std::error::Error + Send + Sync>;

/// Why an intent file was not accepted, and where in it.
#[derive(Debug, thiserror::Error)]
pub enum IntentError {
    /// No TOML, a key that is not known, or a value that does not fit.
    #[error("{}", .0.message())]
    Toml(Box<toml::de::Error>),
    /// A key whose value is no name of its kind.
    #[error("{source}")]
    Name {
        /// Where.
        span: Range<usize>,
        /// Why.
        source: NameError,
    },
    /// Not an origin.
    #[error("{source}")]
    Origin {
        /// Where.
        span: Range<usize>,
        /// Why.
        source: OriginError,
    },
    /// No `[[door]]`.
    #[error("no `[[door]]`: nowhere to ask")]
    NoDoor,
    /// No private `[[repository]]`.
    #[error("no `[[repository]]` is private: nothing to ask for")]
    NothingPrivate,
    /// Two doors of one name.
    #[error("this name is another door's already")]
    DoorTwice {
        /// Where.
        span: Range<usize>,
    },
    /// `show_to` names a door that does not exist.
    #[error("no `[[door]]` has this name")]
    UnknownDoor {
        /// Where.
        span: Range<usize>,
    },
    /// An empty `show_to`.
    #[error("an identity that is shown nowhere: name a door in `show_to`")]
    ShownNowhere {
        /// Where.
        span: Range<usize>,
    },
    /// None, or more than one, of the ways to name a secret.
    #[error("write one of `credential_env`, `credential_file` and `as`")]
    Secret {
        /// Where.
        span: Range<usize>,
    },
    /// `revoke` for somebody who is needed afterwards.
    #[error("only an identity of role `revoked` can be taken back: every other one is needed until the end")]
    Revoke {
        /// Where.
        span: Range<usize>,
    },
    /// A command without a program.
    #[error("no command: write the program and its arguments, such as [\"revoke\", \"leaver\"]")]
    Command {
        /// Where.
        span: Range<usize>,
    },
    /// A bound that bounds nothing.
    #[error("not a bound: write a time above zero, such as \"5s\"")]
    Bound {
        /// Where.
        span: Range<usize>,
    },
    /// A certificate without its key, or a key without its certificate.
    #[error("write both `certificate_file` and `key_file`, or neither")]
    HalfCertificate {
        /// Where.
        span: Range<usize>,
    },
    /// The certificate of a door cannot be had.
    #[error("cannot read the certificate: {why}")]
    Certificate {
        /// Where.
        span: Range<usize>,
        /// Why, in the words of whoever looked.
        why: Why,
    },
    /// Ports that cannot be asked.
    #[error("not a list of ports: write at most {MAX_PORTS}, none of them 0")]
    Ports {
        /// Where.
        span: Range<usize>,
    },
    /// A status that refuses nothing.
    #[error("not the status of a refusal: write one from 400 to 499")]
    Status {
        /// Where.
        span: Range<usize>,
    },
    /// Neither tag nor digest.
    #[error("a private repository needs `tag` or `digest`: something must be asked for")]
    NoReference {
        /// Where.
        span: Range<usize>,
    },
    /// `[[accepted]]` or `[[in_progress]]` names no check.
    #[error("no check has this id: `pullgate probe --dry-run` names them all")]
    UnknownCheck {
        /// Where.
        span: Range<usize>,
    },
    /// It names no repository of the file.
    #[error("no private `[[repository]]` has this name")]
    UnknownRepository {
        /// Where.
        span: Range<usize>,
    },
    /// It has no end.
    #[error("not a day: write one such as \"2030-01-31\", the last on which this holds")]
    Day {
        /// Where.
        span: Range<usize>,
    },
    /// Nobody would know why, or who.
    #[error("must not be empty")]
    Empty {
        /// Where.
        span: Range<usize>,
    },
    /// A reference without its digest.
    #[error("no digest: write a name and a digest, such as \"gate/app@sha256:...\"")]
    NoDigest {
        /// Where.
        span: Range<usize>,
    },
    /// A size that is none, or too much to send.
    #[error("not a size that can be tried: write one above 0 and below 16777216")]
    Size {
        /// Where.
        span: Range<usize>,
    },
    /// No end of a target.
    #[error("not the end of a target: write what stands behind `blobs/uploads/`")]
    Upload {
        /// Where.
        span: Range<usize>,
    },
    /// A reference without its tag.
    #[error("no tag: write a name and a tag, such as \"probe/kept:1.0\"")]
    NoTag {
        /// Where.
        span: Range<usize>,
    },
    /// A window without its length, or a length without its window.
    #[error("write both `window` and `window_lasts`, or neither")]
    HalfWindow {
        /// Where.
        span: Range<usize>,
    },
    /// Nothing to listen on.
    #[error("not an address to listen on: write an address and a port, such as \"0.0.0.0:8443\"")]
    Bind {
        /// Where.
        span: Range<usize>,
    },
    /// An address to listen on, and no URL that leads there.
    #[error("`canary_bind` without `canary_listener`: write the URL at which the target reaches it")]
    BindAlone {
        /// Where.
        span: Range<usize>,
    },
    /// No path at the listener.
    #[error("not the path of a webhook: write one such as \"/alerts\", without a query")]
    WebhookPath {
        /// Where.
        span: Range<usize>,
    },
    /// A key that signs cannot be had.
    #[error("cannot read the key: {why}")]
    Key {
        /// Where.
        span: Range<usize>,
        /// Why, in the words of whoever looked.
        why: Why,
    },
    /// The index of crates is at none of the doors that it is said to belong to.
    #[error(
        "not the index of a door: write the URL of a door and the path of `config.json`, such as \"https://registry.example/cargo/\""
    )]
    Index {
        /// Where.
        span: Range<usize>,
    },
    /// No crate has such a name, or such a version.
    #[error("not a crate: `crate` is letters, digits, `-` and `_`, and `version` a whole one such as \"1.0.0\"")]
    Crate {
        /// Where.
        span: Range<usize>,
    },
    /// The secret that is named cannot be had.
    #[error("cannot read the credential: {why}")]
    Login {
        /// Where.
        span: Range<usize>,
        /// Why, in the words of whoever looked.
        why: Why,
    },
}

impl IntentError {
    /// The bytes of the file that are to blame; none where something is missing altogether.
    #[must_use]
    pub fn span(&self) -> Option<Range<usize>> {
        match self {
            Self::Toml(error) => error.span(),
            Self::NoDoor | Self::NothingPrivate => None,
            Self::Name { span, .. }
            | Self::Origin { span, .. }
            | Self::DoorTwice { span }
            | Self::UnknownDoor { span }
            | Self::ShownNowhere { span }
            | Self::Secret { span }
            | Self::Revoke { span }
            | Self::Command { span }
            | Self::Bound { span }
            | Self::HalfCertificate { span }
            | Self::Certificate { span, .. }
            | Self::Ports { span }
            | Self::Status { span }
            | Self::NoReference { span }
            | Self::UnknownCheck { span }
            | Self::UnknownRepository { span }
            | Self::Day { span }
            | Self::Empty { span }
            | Self::NoDigest { span }
            | Self::Size { span }
            | Self::Upload { span }
            | Self::NoTag { span }
            | Self::HalfWindow { span }
            | Self::Bind { span }
            | Self::BindAlone { span }
            | Self::WebhookPath { span }
            | Self::Key { span, .. }
            | Self::Index { span }
            | Self::Crate { span }
            | Self::Login { span, .. } => Some(span.clone()),
        }
    }
}
