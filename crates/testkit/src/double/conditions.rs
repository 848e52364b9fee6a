//! Conditions beside the right to pull and push: signatures, secrets, bounds, and what happens where nobody can decide.

use serde_json::{Value, json};

use super::repository::manifest_of;
use super::{Flaw, GATE, Image, Registry};
use crate::image::digest_of;
use crate::raw::{Answer, Request};

/// The largest blob that is taken, in bytes.
pub const LARGEST_BLOB: usize = 2 * 1024 * 1024;
/// The longest manifest that is taken, in bytes.
const LONGEST_MANIFEST: usize = 4 * 1024 * 1024;

/// Images whose signatures are not as policy asks, and the flaw that hands each out.
const UNSIGNED: [(&str, Flaw); 10] = [
    ("unsigned", Flaw::HandsOutUnsigned),
    ("other-key", Flaw::AnyKeySigns),
    ("other-identity", Flaw::AnyIdentitySigns),
    ("other-issuer", Flaw::AnyIssuerVouches),
    ("other-digest", Flaw::SignaturesFitAll),
    ("attested-only", Flaw::AttestationsSign),
    ("stripped", Flaw::VerdictsOutliveSignatures),
    ("stripped-child", Flaw::ChildrenGoAroundParents),
    ("many-referrers", Flaw::GivesUpOnReferrers),
    ("huge-bundle", Flaw::GivesUpOnBundles),
];

/// Titles of images that hide a secret, and the flaw that does not find it.
const SECRETS: [(&str, Flaw); 11] = [
    ("secret in a layer", Flaw::ScansNoLayers),
    ("secret in a file that was removed", Flaw::ScansWhatIsLeft),
    ("secret in the environment", Flaw::ScansNoEnvironment),
    ("secret in a label", Flaw::ScansNoLabels),
    ("secret in the history", Flaw::ScansNoHistory),
    ("secret under zstd", Flaw::KnowsNoZstandard),
    ("secret in a nested archive", Flaw::ScansNoArchives),
    ("secret below usr/lib/python3", Flaw::TrustsPackages),
    ("secret below tests", Flaw::TrustsTests),
    ("secret in a file of 60 MB", Flaw::ScansNoLargeFiles),
    ("secret behind a bomb", Flaw::GivesUpOnBombs),
];

/// What may be broken, and the flaw that hands out what it must not while that is so.
const OUTAGES: [(&str, Flaw); 3] = [
    ("upstream", Flaw::ServesWithoutUpstream),
    ("policy-store", Flaw::ServesWithoutPolicy),
    ("clock", Flaw::ServesWithoutTime),
];

/// The digest of an image of [`GATE`], by what is wrong with its signature; `signed` is as policy asks.
pub fn gate_image(name: &str) -> String {
    digest_of(&Image::new(name, 0).manifest)
}

impl Registry {
    /// Whatever is asked of images that must be signed.
    pub(super) fn conditioned(&self, request: &Request, path: &str) -> Option<Answer> {
        let digest = path.strip_prefix(&format!("/v2/{GATE}/manifests/"))?;
        if !self.may(request, GATE, "pull") {
            return Some(self.refuse(request, Some(GATE), None));
        }
        let is_asked = |name: &&str| gate_image(name) == digest;
        let careless = UNSIGNED.iter().filter(|(_, flaw)| self.has(*flaw)).map(|(name, _)| *name);
        let image = ["signed"].into_iter().chain(careless).find(is_asked).map(|name| Image::new(name, 0));
        let refusal = json!({ "errors": [{ "code": "DENIED", "message": "no signature that policy asks for" }] });
        Some(match image {
            Some(image) => manifest_of(request, &image),
            None => Answer::http(request, 403, &[], refusal.to_string().as_bytes()),
        })
    }

    /// While something is broken nobody can decide.
    pub(super) fn broken(&self, request: &Request) -> Option<Answer> {
        let broken = (*self.state.outage.lock().expect("no handler has panicked"))?;
        let careless = OUTAGES.iter().any(|(name, flaw)| *name == broken && self.has(*flaw));
        let decides = request.target.starts_with("/v2/") && !careless;
        decides.then(|| Answer::http(request, 503, &[], b"{}"))
    }

    /// Whether a secret is found in an image.
    pub(super) fn hides_secret(&self, manifest: &Value) -> bool {
        let title = manifest["annotations"]["org.opencontainers.image.title"].as_str().unwrap_or_default();
        SECRETS.iter().any(|(name, flaw)| *name == title && !self.has(*flaw))
    }

    /// Whether a manifest is short enough.
    pub(super) fn fits(&self, manifest: &[u8]) -> bool {
        manifest.len() <= LONGEST_MANIFEST || self.has(Flaw::TakesLongManifests)
    }

    /// Whether a blob is small enough.
    pub(super) fn is_small(&self, blob: &[u8]) -> bool {
        blob.len() <= LARGEST_BLOB || self.has(Flaw::TakesLargeBlobs)
    }
}
