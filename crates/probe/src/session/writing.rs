//! Writing in a canary repository. Whoever writes notes first how it is undone; when the value goes, everything is
//! undone, whatever ended the check: an answer, a doubt, or the end of the run.

mod large;

use outbound::Endpoint;
use protocol::Digest;
use serde_json::{Value, json};

use super::{Caller, Session};
use crate::archive;
use crate::doubt::Doubt;
use crate::intent::Role;
use crate::observation::Seen;
use crate::random;
use crate::request::Request;

pub(crate) use large::Large;

/// The type of an image manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The type of an index.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const BYTES: &str = "application/octet-stream";

/// Somebody who writes, and what must be undone.
#[derive(Debug)]
pub(crate) struct Writing<'s, 'run> {
    session: &'s mut Session<'run>,
    undo: Vec<Undo>,
}

/// One step back.
#[derive(Debug)]
struct Undo {
    request: Request,
    what: String,
    /// Whether nothing else does the same: a manifest that is gone takes its tags with it.
    alone: bool,
}

/// A repository that *low* may write to, and *low*.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Its name.
    pub(crate) name: String,
    /// Who writes, and cleans up.
    pub(crate) low: Caller,
}

/// An upload that was begun, if it was.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// The answer.
    pub(crate) seen: Seen,
    /// Where it goes on; none where it was not begun, or goes on somewhere else.
    pub(crate) at: Option<Endpoint>,
}

/// A blob that was uploaded.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    /// Its name.
    pub(crate) digest: Digest,
    /// As a manifest names it.
    pub(crate) descriptor: Value,
}

/// The blobs of an image like no other.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// The configuration.
    pub(crate) config: Blob,
    /// The only layer.
    pub(crate) layer: Blob,
}

/// A manifest that was pushed, or is about to be.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Its name.
    pub(crate) digest: Digest,
}

impl Place {
    /// The target of something in it.
    pub(crate) fn target(&self, rest: &str) -> String {
        format!("/v2/{}/{rest}", self.name)
    }
}

impl Parts {
    /// The members of a manifest.
    pub(crate) fn manifest(&self) -> Value {
        json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": self.config.descriptor, "layers": [self.layer.descriptor],
        })
    }

    /// A manifest of this image, one for each name.
    pub(crate) fn named(&self, name: &str) -> Result<Made, Doubt> {
        let mut manifest = self.manifest();
        if let Some(members) = manifest.as_object_mut() {
            members.insert("annotations".to_owned(), json!({ "org.opencontainers.image.title": name }));
        }
        Made::of(manifest.to_string().into_bytes())
    }
}

impl Made {
    /// These bytes.
    pub(crate) fn of(bytes: Vec<u8>) -> Result<Self, Doubt> {
        let digest = digest_of(&bytes)?;
        Ok(Self { bytes, digest })
    }
}

impl<'s, 'run> Writing<'s, 'run> {
    /// Nothing is written yet.
    pub(crate) fn begin(session: &'s mut Session<'run>) -> Self {
        Self { session, undo: Vec::new() }
    }

    /// M, which *low* owns.
    pub(crate) fn own(&mut self) -> Result<Place, Doubt> {
        self.session.low()?;
        let name = self.session.owned()?;
        self.place(name)
    }

    /// Another repository that *low* may write to.
    pub(crate) fn place(&mut self, name: &str) -> Result<Place, Doubt> {
        let low = self.session.known(Role::Low, &format!("repository:{name}:pull,push,delete"))?;
        Ok(Place { name: name.to_owned(), low })
    }

    /// Who asks.
    pub(crate) fn session(&mut self) -> &mut Session<'run> {
        self.session
    }

    /// Asks something that leaves nothing behind.
    pub(crate) fn ask(&mut self, caller: &Caller, request: Request) -> Result<Seen, Doubt> {
        self.session.ask(&request.credential(caller.credential()))
    }

    /// A tag that nobody has.
    pub(crate) fn tag() -> Result<String, Doubt> {
        Ok(format!("probe-{}", random::hex(&random_bytes::<6>()?)))
    }

    /// Begins an upload.
    pub(crate) fn open(&mut self, place: &Place, caller: &Caller, query: &str) -> Result<Opened, Doubt> {
        let post = Request::new("POST", place.target(&format!("blobs/uploads/{query}"))).header("Content-Length", "0");
        let seen = self.ask(caller, post)?;
        let at = if seen.status() == Some(202) { self.opened(place, &seen) } else { None };
        Ok(Opened { seen, at })
    }

    /// Begins an upload that says what it will be called, and sends nothing.
    pub(crate) fn open_named(&mut self, place: &Place, digest: &Digest) -> Result<Opened, Doubt> {
        let blob = place.target(&format!("blobs/{digest}"));
        self.deleted_later(place, &blob, true);
        let opened = self.open(place, &place.low, &format!("?digest={digest}"))?;
        if opened.seen.response()?.status != 201 {
            self.undo.retain(|undo| undo.what != blob);
        }
        Ok(opened)
    }

    fn opened(&mut self, place: &Place, seen: &Seen) -> Option<Endpoint> {
        let location = seen.response().ok().and_then(|response| response.headers.get("location"));
        let at = location.and_then(|location| Endpoint::relative_to(&seen.origin, location).ok());
        let at = at.filter(|at| at.origin == seen.origin);
        match &at {
            Some(at) => self.deleted_later(place, &at.target, true),
            None => self.session.note("left behind", &format!("an upload in {} that has no location here", place.name)),
        }
        at
    }

    /// Ends an upload under this name, with these bytes.
    pub(crate) fn close(&mut self, place: &Place, at: &Endpoint, digest: &Digest, bytes: &[u8]) -> Result<Seen, Doubt> {
        let put = Request::new("PUT", Self::closing(at, digest)).body(BYTES, bytes.to_vec());
        let seen = self.leaving(place, &format!("blobs/{digest}"), &place.low, put)?;
        if seen.response()?.is_success() {
            self.undo.retain(|undo| undo.what != at.target);
        }
        Ok(seen)
    }

    /// The target that ends an upload.
    fn closing(at: &Endpoint, digest: &Digest) -> String {
        let separator = if at.target.contains('?') { '&' } else { '?' };
        format!("{}{separator}digest={digest}", at.target)
    }

    /// Sends what may leave something behind, at `left` in the repository.
    pub(crate) fn leaving(
        &mut self,
        place: &Place,
        left: &str,
        caller: &Caller,
        request: Request,
    ) -> Result<Seen, Doubt> {
        let known = self.undo.len();
        self.deleted_later(place, &place.target(left), true);
        let seen = self.ask(caller, request)?;
        self.forget_refused(known, &seen);
        Ok(seen)
    }

    /// Pushes a manifest under a tag, or under its own name.
    pub(crate) fn put(
        &mut self,
        place: &Place,
        caller: &Caller,
        reference: &str,
        (kind, bytes): (&str, &[u8]),
    ) -> Result<Seen, Doubt> {
        let known = self.undo.len();
        self.deleted_later(place, &place.target(&format!("manifests/{}", digest_of(bytes)?)), true);
        let target = place.target(&format!("manifests/{reference}"));
        // By digest it may come with tags of its own, which stand in the query.
        let bare = target.split('?').next().unwrap_or_default();
        self.deleted_later(place, bare, false);
        let put = Request::new("PUT", target.as_str()).body(kind, bytes.to_vec());
        let seen = self.ask(caller, put)?;
        self.forget_refused(known, &seen);
        Ok(seen)
    }

    /// Deletes a tag as *low*; what was there is put back in the end.
    pub(crate) fn delete(&mut self, place: &Place, tag: &str, manifest: (&str, &[u8])) -> Result<Seen, Doubt> {
        let known = self.undo.len();
        self.put_back_later(place, tag, manifest);
        let seen = self.ask(&place.low, Request::new("DELETE", place.target(&format!("manifests/{tag}"))))?;
        self.forget_refused(known, &seen);
        Ok(seen)
    }

    /// Pushes another manifest to a tag as *low*; what was there is put back in the end.
    pub(crate) fn overwrite(
        &mut self,
        place: &Place,
        tag: &str,
        old: (&str, &[u8]),
        new: &[u8],
    ) -> Result<Seen, Doubt> {
        let known = self.undo.len();
        self.put_back_later(place, tag, old);
        let seen = self.put(place, &place.low, tag, (MANIFEST, new))?;
        self.forget_refused(known, &seen);
        Ok(seen)
    }

    /// A manifest under a tag, as it was, is put back in the end.
    pub(crate) fn put_back_later(&mut self, place: &Place, tag: &str, (kind, bytes): (&str, &[u8])) {
        let target = place.target(&format!("manifests/{tag}"));
        let request = Request::new("PUT", target.as_str()).body(kind, bytes.to_vec());
        self.later(place, request, target, true);
    }

    /// Something is deleted in the end, as *low*.
    pub(crate) fn deleted_later(&mut self, place: &Place, target: &str, alone: bool) {
        self.later(place, Request::new("DELETE", target), target.to_owned(), alone);
    }

    fn later(&mut self, place: &Place, request: Request, what: String, alone: bool) {
        let request = request.credential(place.low.credential());
        self.undo.push(Undo { request, what, alone });
    }

    /// What was refused has left nothing behind.
    fn forget_refused(&mut self, known: usize, seen: &Seen) {
        if seen.status().is_some_and(|status| (400..500).contains(&status)) {
            self.undo.truncate(known);
        }
    }

    /// Uploads bytes as *low*: what shows that *low* may write there.
    pub(crate) fn upload(&mut self, place: &Place, kind: &str, bytes: &[u8]) -> Result<Blob, Doubt> {
        self.try_upload(place, kind, bytes)?.map_err(|seen| not_allowed(place, &seen))
    }

    /// Uploads bytes as *low*, or has the answer that they were not taken.
    pub(crate) fn try_upload(&mut self, place: &Place, kind: &str, bytes: &[u8]) -> Result<Result<Blob, Seen>, Doubt> {
        let digest = digest_of(bytes)?;
        let opened = self.open(place, &place.low, "")?;
        let Some(at) = &opened.at else { return Err(not_allowed(place, &opened.seen)) };
        let seen = self.close(place, at, &digest, bytes)?;
        Ok(match seen.status() {
            Some(201) => Ok(Blob {
                descriptor: json!({ "mediaType": kind, "digest": digest.as_str(), "size": bytes.len() }),
                digest,
            }),
            _ => Err(seen),
        })
    }

    /// Uploads the blobs of an image like no other.
    pub(crate) fn parts(&mut self, place: &Place) -> Result<Parts, Doubt> {
        let noise = random::hex(&random_bytes::<16>()?);
        let layer = archive::tar(&[("probe", noise.as_bytes())]);
        self.parts_of(place, LAYER, &layer, &json!({}))
    }

    /// Uploads this layer, and a configuration for it with these settings.
    pub(crate) fn parts_of(
        &mut self,
        place: &Place,
        kind: &str,
        layer: &[u8],
        settings: &Value,
    ) -> Result<Parts, Doubt> {
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": settings,
            "author": random::hex(&random_bytes::<8>()?),
            "rootfs": { "type": "layers", "diff_ids": [digest_of(layer)?.as_str()] },
        });
        let config = self.upload(place, CONFIG, config.to_string().as_bytes())?;
        let layer = self.upload(place, kind, layer)?;
        Ok(Parts { config, layer })
    }

    /// Pushes an image of these parts under a tag, as *low*.
    pub(crate) fn image(&mut self, place: &Place, parts: &Parts, tag: &str) -> Result<Made, Doubt> {
        let made = parts.named(tag)?;
        let seen = self.put(place, &place.low, tag, (MANIFEST, &made.bytes))?;
        match seen.status() {
            Some(201) => Ok(made),
            _ => Err(not_allowed(place, &seen)),
        }
    }
}

impl Drop for Writing<'_, '_> {
    fn drop(&mut self) {
        while let Some(undo) = self.undo.pop() {
            let seen = self.session.tidy(&undo.request);
            let undone = seen.is_ok_and(|seen| matches!(seen.status(), Some(200..=299 | 404)));
            if undo.alone && !undone {
                self.session.note("left behind", &format!("{} could not be cleaned up", undo.what));
            }
        }
    }
}

/// *low* is not shown to be able to write: what others are refused means nothing then.
fn not_allowed(place: &Place, seen: &Seen) -> Doubt {
    let status = seen.status().map_or_else(|| "nothing".to_owned(), |status| status.to_string());
    Doubt::Missing {
        why: format!("`low` could not write to {}: {} was answered with {status}", place.name, seen.line()),
    }
}

fn digest_of(bytes: &[u8]) -> Result<Digest, Doubt> {
    random::sha256(bytes).ok_or_else(|| Doubt::Missing { why: "SHA-256 is not to be had".to_owned() })
}

pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], Doubt> {
    random::bytes().map_err(|error| Doubt::Missing { why: error.to_string() })
}
