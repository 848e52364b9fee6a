//! `[gate]`: conditions beside the right to pull and push, and what shows whether they hold.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::{Digest, Repository, Tag};
use serde::Deserialize;
use toml::Spanned;

use super::Hook;
use super::error::IntentError;
use super::file;
use super::write;

/// What an image shows that *control* could pull, were it not for a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateImage {
    /// As policy asks: this one is to be had.
    Signed,
    /// Not at all.
    Unsigned,
    /// By another key.
    OtherKey,
    /// By another identity of the same issuer.
    OtherIdentity,
    /// By the same identity of another issuer.
    OtherIssuer,
    /// By the right key, over another digest.
    OtherDigest,
    /// It has an attestation by the right identity, and no signature.
    AttestedOnly,
    /// It was signed, and the signature was deleted.
    Stripped,
    /// A child of an index that was signed, and whose signature was deleted.
    StrippedChild,
    /// Ten thousand referrers hang from it.
    ManyReferrers,
    /// Its signature is in a bundle of 100 MB.
    HugeBundle,
}

impl GateImage {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Signed,
        Self::Unsigned,
        Self::OtherKey,
        Self::OtherIdentity,
        Self::OtherIssuer,
        Self::OtherDigest,
        Self::AttestedOnly,
        Self::Stripped,
        Self::StrippedChild,
        Self::ManyReferrers,
        Self::HugeBundle,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Unsigned => "unsigned",
            Self::OtherKey => "other-key",
            Self::OtherIdentity => "other-identity",
            Self::OtherIssuer => "other-issuer",
            Self::OtherDigest => "other-digest",
            Self::AttestedOnly => "attested-only",
            Self::Stripped => "stripped",
            Self::StrippedChild => "stripped-child",
            Self::ManyReferrers => "many-referrers",
            Self::HugeBundle => "huge-bundle",
        }
    }
}

/// What is to be broken for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutageKind {
    /// What the gate stands in front of is not there.
    Upstream,
    /// Nobody knows who may do what.
    PolicyStore,
    /// The clock is somewhere else.
    Clock,
}

impl OutageKind {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::PolicyStore => "policy-store",
            Self::Clock => "clock",
        }
    }
}

/// Something that the user breaks and mends.
#[derive(Clone, Debug)]
pub struct Outage {
    /// What.
    pub kind: OutageKind,
    /// Breaks it.
    pub begin: Hook,
    /// Mends it.
    pub end: Hook,
}

/// How many bytes stream to somebody who is taken back: a gigabyte.
const STREAMED: usize = 1024 * 1024 * 1024;

/// The conditions.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Images, by digest.
    pub images: BTreeMap<GateImage, (Repository, Digest)>,
    /// A word of every refusal for want of a signature; `signature` where none is given.
    pub reason: Option<String>,
    /// Whether M refuses images with secrets in them.
    pub refuses_secrets: bool,
    /// A tag that *low* may push, and that must not change once it is there.
    pub immutable: Option<(Repository, Tag)>,
    /// The largest blob, in bytes, that M takes.
    pub largest_blob: Option<usize>,
    /// What is broken for a while.
    pub outages: Vec<Outage>,
    /// How soon a stream must end whose reader is taken back; none where nobody says that it does.
    pub stream_ends_within: Option<Duration>,
    /// How many bytes such a stream has.
    pub streamed: usize,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            images: BTreeMap::new(),
            reason: None,
            refuses_secrets: false,
            immutable: None,
            largest_blob: None,
            outages: Vec::new(),
            stream_ends_within: None,
            streamed: STREAMED,
        }
    }
}

/// The most that is sent to see whether a bound holds.
const MAX_SENT: usize = 16 * 1024 * 1024;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GateEntry {
    #[serde(default)]
    images: BTreeMap<GateImage, Spanned<String>>,
    reason: Option<Spanned<String>>,
    #[serde(default)]
    refuses_secrets: bool,
    immutable: Option<Spanned<String>>,
    largest_blob: Option<Spanned<usize>>,
    #[serde(default)]
    outage: Vec<OutageEntry>,
    stream_ends_within: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutageEntry {
    kind: OutageKind,
    begin: Spanned<Vec<String>>,
    end: Spanned<Vec<String>>,
}

/// Reads the table.
pub(super) fn read(entry: &GateEntry, command: &impl Fn(&[String]) -> Hook) -> Result<Gate, IntentError> {
    let image = |(image, text): (&GateImage, &Spanned<String>)| Ok((*image, by_digest(text)?));
    let outage = |entry: &OutageEntry| {
        let begin = file::command(&entry.begin, command)?;
        Ok(Outage { kind: entry.kind, begin, end: file::command(&entry.end, command)? })
    };
    Ok(Gate {
        images: entry.images.iter().map(image).collect::<Result<_, IntentError>>()?,
        reason: entry.reason.as_ref().map(word).transpose()?,
        refuses_secrets: entry.refuses_secrets,
        immutable: entry.immutable.as_ref().map(write::tagged).transpose()?,
        largest_blob: entry.largest_blob.as_ref().map(sendable).transpose()?,
        outages: entry.outage.iter().map(outage).collect::<Result<_, IntentError>>()?,
        stream_ends_within: entry.stream_ends_within.as_ref().map(file::bound).transpose()?,
        streamed: STREAMED,
    })
}

/// `name@digest`: a tag may name something else tomorrow.
fn by_digest(text: &Spanned<String>) -> Result<(Repository, Digest), IntentError> {
    let parts = text.get_ref().split_once('@');
    let (name, digest) = parts.ok_or_else(|| IntentError::NoDigest { span: text.span() })?;
    let error = |source| IntentError::Name { span: text.span(), source };
    Ok((name.parse().map_err(error)?, digest.parse().map_err(error)?))
}

fn word(text: &Spanned<String>) -> Result<String, IntentError> {
    let word = Some(text.get_ref().trim().to_owned()).filter(|word| !word.is_empty());
    word.ok_or_else(|| IntentError::Empty { span: text.span() })
}

fn sendable(size: &Spanned<usize>) -> Result<usize, IntentError> {
    let fits = Some(*size.get_ref()).filter(|size| (1..MAX_SENT).contains(size));
    fits.ok_or_else(|| IntentError::Size { span: size.span() })
}
