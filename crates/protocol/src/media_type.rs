//! The media types of manifests that are accepted, byte for byte as clients send them.

use std::fmt;
use std::str::FromStr;

use crate::manifest::{ManifestError, Shape};

/// The media type of a manifest or index, Docker's schema 2 included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// `application/vnd.oci.image.manifest.v1+json`
    OciManifest,
    /// `application/vnd.oci.image.index.v1+json`
    OciIndex,
    /// `application/vnd.docker.distribution.manifest.v2+json`
    DockerManifest,
    /// `application/vnd.docker.distribution.manifest.list.v2+json`
    DockerList,
}

impl MediaType {
    /// Every one that is accepted.
    pub const ALL: [Self; 4] = [Self::OciManifest, Self::OciIndex, Self::DockerManifest, Self::DockerList];

    /// The name in `Content-Type` and `mediaType`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OciManifest => "application/vnd.oci.image.manifest.v1+json",
            Self::OciIndex => "application/vnd.oci.image.index.v1+json",
            Self::DockerManifest => "application/vnd.docker.distribution.manifest.v2+json",
            Self::DockerList => "application/vnd.docker.distribution.manifest.list.v2+json",
        }
    }

    /// Whether it lists manifests or describes one image.
    #[must_use]
    pub fn shape(self) -> Shape {
        match self {
            Self::OciManifest | Self::DockerManifest => Shape::Image,
            Self::OciIndex | Self::DockerList => Shape::Index,
        }
    }
}

impl FromStr for MediaType {
    type Err = ManifestError;

    /// Reads a `Content-Type`; parameters after `;` are ignored.
    fn from_str(text: &str) -> Result<Self, ManifestError> {
        let essence = text.split(';').next().unwrap_or_default().trim();
        if essence.starts_with("application/vnd.docker.distribution.manifest.v1") {
            return Err(ManifestError::Schema1);
        }
        Self::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(essence)).ok_or(ManifestError::MediaType)
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
