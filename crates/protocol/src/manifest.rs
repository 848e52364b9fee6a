//! Manifests and indexes: read strictly, stored byte for byte (image-spec, "Image Manifest" and "Image Index").
//!
//! What one reader takes for an image and another for an index is refused, and so are members that only one of two
//! readers would see: repeated ones, and ones that differ in case only (GHSA-qq97-vm5h-rrhg).

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::digest::Digest;
use crate::media_type::MediaType;

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 32;

/// Whether a manifest describes one image or lists manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A configuration and layers.
    Image,
    /// Other manifests.
    Index,
}

/// Why a manifest was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Larger than the limit.
    #[error("the manifest has more than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Not JSON, or JSON that two readers could read differently.
    #[error("the manifest cannot be read: {problem}")]
    Json {
        /// Where and why.
        problem: String,
    },
    /// A media type that is no manifest's.
    #[error("this media type is not a manifest's: use an OCI image manifest or index, or Docker schema 2")]
    MediaType,
    /// Docker's first format, whose digest does not cover what is run.
    #[error(
        "docker schema 1 manifests are not accepted: their digest does not cover the image; push with docker 1.10 or newer"
    )]
    Schema1,
    /// `Content-Type` and `mediaType` differ.
    #[error("`Content-Type` and the member `mediaType` name different media types")]
    Contradiction,
    /// `schemaVersion` is not 2.
    #[error("`schemaVersion` must be 2")]
    SchemaVersion,
    /// Both `layers` and `manifests`, or a member of the other shape.
    #[error("the member `{member}` does not belong into this kind of manifest")]
    Foreign {
        /// The member.
        member: &'static str,
    },
    /// A member that must be there is not, or is of another type.
    #[error("the member `{member}` is missing or of a wrong type")]
    Member {
        /// The member.
        member: &'static str,
    },
    /// The member `data` of a descriptor is not Base64, or not the content that the descriptor names.
    #[error("the member `data` of the descriptor of `{digest}` is not that content")]
    Data {
        /// What the descriptor names.
        digest: Digest,
    },
    /// Too many entries.
    #[error("the manifest names more than {limit} descriptors")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

/// A reference to content by digest and size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// What kind of content.
    pub media_type: String,
    /// Its name.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// The content itself, where it stands in the descriptor: of that length, and not yet known to have that name.
    pub data: Option<Vec<u8>>,
}

impl Descriptor {
    /// Layers that may not be distributed need not be in the repository.
    #[must_use]
    pub fn is_distributable(&self) -> bool {
        !self.media_type.contains("nondistributable") && !self.media_type.contains("foreign")
    }
}

/// What a manifest says, as far as a registry acts on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its own media type.
    pub media_type: MediaType,
    /// The configuration of an image.
    pub config: Option<Descriptor>,
    /// Other blobs that it names: the layers of an image, and what an index lists beside manifests, as caches of builds
    /// do.
    pub layers: Vec<Descriptor>,
    /// The manifests that an index lists.
    pub manifests: Vec<Descriptor>,
    /// The manifest it refers to.
    pub subject: Option<Descriptor>,
    /// `artifactType`; where an image has none, the media type of its configuration.
    pub artifact_type: Option<String>,
    /// What it says about itself, and lists of referrers repeat.
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// The largest manifest, in bytes.
    pub const MAX_BYTES: usize = 4 * 1024 * 1024;
    /// The most descriptors in one manifest.
    pub const MAX_DESCRIPTORS: usize = 1000;

    /// Reads a manifest. `declared` is its `Content-Type`; without one, the member `mediaType` decides.
    ///
    /// # Errors
    /// [`ManifestError`] says what to change.
    pub fn parse(bytes: &[u8], declared: Option<MediaType>) -> Result<Self, ManifestError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(ManifestError::TooLarge { limit: Self::MAX_BYTES });
        }
        let tree: Tree =
            serde_json::from_slice(bytes).map_err(|error| ManifestError::Json { problem: error.to_string() })?;
        let media_type = media_type(&tree, declared)?;
        if tree.number("schemaVersion") != Some(2) {
            return Err(ManifestError::SchemaVersion);
        }
        match media_type.shape() {
            Shape::Image => Self::image(&tree, media_type),
            Shape::Index => Self::index(&tree, media_type),
        }
    }

    /// The annotations of a manifest that is stored. None, where there is something else in their place: older ones were
    /// not read for them.
    #[must_use]
    pub fn annotations_of(bytes: &[u8]) -> BTreeMap<String, String> {
        serde_json::from_slice(bytes).ok().and_then(|tree: Tree| annotations(&tree).ok()).unwrap_or_default()
    }

    /// Every descriptor in it.
    pub fn descriptors(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(&self.layers).chain(&self.manifests).chain(&self.subject)
    }

    fn image(tree: &Tree, media_type: MediaType) -> Result<Self, ManifestError> {
        refuse(tree, &["manifests", "fsLayers"])?;
        let config = descriptor(tree.member("config"), "config")?;
        let layers = descriptors(tree, "layers")?;
        let artifact_type = artifact_type(tree)?.unwrap_or_else(|| config.media_type.clone());
        Ok(Self {
            media_type,
            config: Some(config),
            layers,
            manifests: Vec::new(),
            subject: subject(tree)?,
            artifact_type: Some(artifact_type),
            annotations: annotations(tree)?,
        })
    }

    fn index(tree: &Tree, media_type: MediaType) -> Result<Self, ManifestError> {
        refuse(tree, &["layers", "config", "fsLayers"])?;
        let (manifests, layers) = descriptors(tree, "manifests")?
            .into_iter()
            .partition(|entry| entry.media_type.parse::<MediaType>().is_ok());
        Ok(Self {
            media_type,
            config: None,
            layers,
            manifests,
            subject: subject(tree)?,
            artifact_type: artifact_type(tree)?,
            annotations: annotations(tree)?,
        })
    }
}

fn media_type(tree: &Tree, declared: Option<MediaType>) -> Result<MediaType, ManifestError> {
    let inner = match tree.member("mediaType") {
        None => None,
        Some(Tree::Text(text)) => Some(text.parse::<MediaType>()?),
        Some(_) => return Err(ManifestError::Member { member: "mediaType" }),
    };
    match (declared, inner) {
        (Some(declared), Some(inner)) if declared != inner => Err(ManifestError::Contradiction),
        (Some(media_type), _) | (None, Some(media_type)) => Ok(media_type),
        (None, None) if tree.number("schemaVersion") == Some(1) => Err(ManifestError::Schema1),
        (None, None) => Err(ManifestError::MediaType),
    }
}

fn refuse(tree: &Tree, members: &[&'static str]) -> Result<(), ManifestError> {
    match members.iter().find(|member| tree.member(member).is_some()) {
        Some(member) => Err(ManifestError::Foreign { member }),
        None => Ok(()),
    }
}

fn subject(tree: &Tree) -> Result<Option<Descriptor>, ManifestError> {
    tree.member("subject").map(|subject| descriptor(Some(subject), "subject")).transpose()
}

/// An empty one is none (distribution-spec, "Listing Referrers").
fn artifact_type(tree: &Tree) -> Result<Option<String>, ManifestError> {
    match tree.member("artifactType") {
        None => Ok(None),
        Some(Tree::Text(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(ManifestError::Member { member: "artifactType" }),
    }
}

fn annotations(tree: &Tree) -> Result<BTreeMap<String, String>, ManifestError> {
    const WRONG: ManifestError = ManifestError::Member { member: "annotations" };
    let annotation = |(name, value): &(String, Tree)| match value {
        Tree::Text(value) => Ok((name.clone(), value.clone())),
        Tree::Map(_) | Tree::List(_) | Tree::Number(_) | Tree::Other => Err(WRONG),
    };
    match tree.member("annotations") {
        None => Ok(BTreeMap::new()),
        Some(Tree::Map(members)) => members.iter().map(annotation).collect(),
        Some(_) => Err(WRONG),
    }
}

fn descriptors(tree: &Tree, member: &'static str) -> Result<Vec<Descriptor>, ManifestError> {
    let Some(Tree::List(entries)) = tree.member(member) else { return Err(ManifestError::Member { member }) };
    if entries.len() > Manifest::MAX_DESCRIPTORS {
        return Err(ManifestError::TooMany { limit: Manifest::MAX_DESCRIPTORS });
    }
    entries.iter().map(|entry| descriptor(Some(entry), member)).collect()
}

fn descriptor(tree: Option<&Tree>, member: &'static str) -> Result<Descriptor, ManifestError> {
    let read = |tree: &Tree| {
        let (media_type, digest) = (tree.text("mediaType")?.to_owned(), tree.text("digest")?.parse().ok()?);
        Some(Descriptor { media_type, digest, size: tree.number("size")?, data: None })
    };
    let wrong = ManifestError::Member { member };
    let (tree, descriptor) = tree.and_then(|tree| Some((tree, read(tree)?))).ok_or(wrong)?;
    Ok(Descriptor { data: data(tree, &descriptor)?, ..descriptor })
}

/// Base64 with the characters and the padding of RFC 4648 section 4 (image-spec, "Embedded Content").
fn data(tree: &Tree, descriptor: &Descriptor) -> Result<Option<Vec<u8>>, ManifestError> {
    let decoded = match tree.member("data") {
        None => return Ok(None),
        Some(Tree::Text(text)) => STANDARD.decode(text).ok(),
        Some(_) => None,
    };
    let decoded = decoded.filter(|data| data.len() as u64 == descriptor.size);
    decoded.map(Some).ok_or_else(|| ManifestError::Data { digest: descriptor.digest.clone() })
}

/// JSON in which every member of an object stands once.
enum Tree {
    Map(Vec<(String, Self)>),
    List(Vec<Self>),
    Text(String),
    Number(u64),
    Other,
}

impl Tree {
    fn member(&self, name: &str) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.member(name)? {
            Self::Text(text) => Some(text),
            Self::Map(_) | Self::List(_) | Self::Number(_) | Self::Other => None,
        }
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.member(name)? {
            Self::Number(number) => Some(*number),
            Self::Map(_) | Self::List(_) | Self::Text(_) | Self::Other => None,
        }
    }

    fn depth(&self) -> usize {
        let inner = match self {
            Self::Map(members) => members.iter().map(|(_, value)| value.depth()).max(),
            Self::List(entries) => entries.iter().map(Self::depth).max(),
            Self::Text(_) | Self::Number(_) | Self::Other => return 0,
        };
        inner.unwrap_or(0).saturating_add(1)
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut members: Vec<(String, Tree)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some((name, value)) = access.next_entry::<String, Tree>()? {
            // Folding case covers both faults; annotations are the one place where case may tell members apart, and
            // no two of them in the field do.
            if !names.insert(name.to_lowercase()) {
                return Err(A::Error::custom("a member stands twice, or twice in different case"));
            }
            members.push((name, value));
        }
        bounded(Tree::Map(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_element()? {
            entries.push(entry);
        }
        bounded(Tree::List(entries))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Other)
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Other)
    }
}

fn bounded<E: serde::de::Error>(tree: Tree) -> Result<Tree, E> {
    if tree.depth() > MAX_DEPTH { Err(E::custom(format!("nested more than {MAX_DEPTH} deep"))) } else { Ok(tree) }
}

#[cfg(test)]
mod tests;
