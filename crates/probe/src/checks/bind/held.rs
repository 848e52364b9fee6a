//! What repositories hold, as far as their lists say: a layer that two images share proves nothing.

use std::collections::BTreeSet;

use protocol::{Descriptor, Digest, Manifest};
use serde_json::Value;

use crate::controls::Content;
use crate::doubt::Doubt;
use crate::intent::{Known, Visibility};
use crate::request::Request;
use crate::response::Response;
use crate::session::{Caller, Session};

/// The most manifests that are read of all public repositories, and of the own one.
const MAX_MANIFESTS: usize = 32;
/// Layers of nothing: an empty tar, as it is and compressed, and an empty JSON object.
const EMPTY: [&str; 3] = [
    "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
    "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4",
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
];

/// Digests of manifests and blobs.
#[derive(Clone, Debug, Default)]
pub(super) struct Held(BTreeSet<Digest>);

impl Held {
    /// Everything in the declared public repositories; none where their lists cannot be read in full.
    pub(super) fn by_everybody(session: &mut Session<'_>) -> Result<Option<Self>, Doubt> {
        let repositories = &session.intent().repositories;
        let (mut all, mut left) = (Self::default(), MAX_MANIFESTS);
        for public in repositories.iter().filter(|known| known.visibility == Visibility::Public) {
            let caller = reader(session, public)?;
            match Self::of(session, public.name.as_str(), &caller, &mut left)? {
                Some(held) => all = all.and(held),
                None => return Ok(None),
            }
        }
        Ok(Some(all))
    }

    /// Everything in the repository of *low*; none where its lists cannot be read in full.
    pub(super) fn by_low(session: &mut Session<'_>) -> Result<Option<Self>, Doubt> {
        let (low, owned) = (session.low()?, session.owned()?);
        let seen = session.ask(&session.tags(owned).credential(low.credential()))?;
        if seen.status() == Some(404) {
            // Nothing was pushed there yet.
            return Ok(Some(Self::default()));
        }
        let mut left = MAX_MANIFESTS;
        Self::of(session, owned, &low, &mut left)
    }

    /// Both.
    pub(super) fn and(mut self, mut other: Self) -> Self {
        self.0.append(&mut other.0);
        self
    }

    /// Whether it is there.
    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.0.contains(digest)
    }

    /// The topmost layer of an image that is not there, and not empty.
    pub(super) fn missing(&self, content: &Content) -> Option<Descriptor> {
        let mut layers = content.layers.iter().rev();
        layers.find(|layer| !self.has(&layer.digest) && !EMPTY.contains(&layer.digest.as_str())).cloned()
    }

    fn of(session: &mut Session<'_>, name: &str, caller: &Caller, left: &mut usize) -> Result<Option<Self>, Doubt> {
        let Some(mut waiting) = tags(session, name, caller)? else { return Ok(None) };
        let mut held = Self::default();
        while let Some(reference) = waiting.pop() {
            let Some(rest) = left.checked_sub(1) else { return Ok(None) };
            *left = rest;
            let request = Request::get(format!("/v2/{name}/manifests/{reference}")).accepting_manifests();
            let seen = session.ask(&request.credential(caller.credential()))?;
            let Some(manifest) = parsed(seen.response()?) else { return Ok(None) };
            held.0.extend(seen.digest());
            let blobs = manifest.config.iter().chain(&manifest.layers);
            held.0.extend(blobs.map(|blob| blob.digest.clone()));
            let children = manifest.manifests.iter().filter(|child| !held.0.contains(&child.digest));
            waiting.extend(children.map(|child| child.digest.to_string()));
        }
        Ok(Some(held))
    }
}

/// All tags of a repository; none where the list goes on, or cannot be read.
fn tags(session: &mut Session<'_>, name: &str, caller: &Caller) -> Result<Option<Vec<String>>, Doubt> {
    let seen = session.ask(&session.tags(name).credential(caller.credential()))?;
    let response = seen.response()?;
    match response.status {
        200 => {}
        // There is no list for this caller, or none at all.
        401 | 404 | 405 => return Ok(None),
        429 => return Err(Doubt::RateLimited),
        status @ 500..=599 => return Err(Doubt::ServerFailed { status }),
        status => return Err(Doubt::OtherRefusal { status }),
    }
    let whole = response.whole().filter(|_| response.headers.get("link").is_none());
    let list = whole.and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let tags = list.as_ref().and_then(|list| list.get("tags")?.as_array());
    Ok(tags.map(|tags| tags.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
}

fn parsed(response: &Response) -> Option<Manifest> {
    let declared = response.headers.get("content-type").and_then(|text| text.parse().ok());
    Manifest::parse(response.whole().filter(|_| response.is_success())?, declared).ok()
}

/// Who reads what is public: nobody in particular, with the token that anybody gets for it where there is one.
pub(in crate::checks) fn reader(session: &mut Session<'_>, public: &Known) -> Result<Caller, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(Caller::Nobody) };
    let scope = format!("repository:{}:pull", public.name);
    let token = session.exchange(&realm, &[&scope], None)?.token();
    Ok(token.map_or(Caller::Nobody, Caller::Stranger))
}
