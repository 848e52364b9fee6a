//! Flaws of whoever decides on one reading of a request and serves another.

use serde_json::json;

use super::readings::{CLAIMS, CONDITIONS, HOSTS, HTTP_2, METHODS, READINGS, REWRITES, before};
use super::repository::{bytes, manifest_of};
use super::{Flaw, REPOSITORY, Registry, TAG};
use crate::image::digest_of;
use crate::raw::{Answer, Request};

impl Registry {
    /// What a flaw answers; none where the registry reads as it decides.
    pub(super) fn misread(&self, request: &Request) -> Option<Answer> {
        let target = request.target.as_str();
        let read = READINGS.iter().find(|(flaw, _)| self.has(*flaw)).map(|(_, read)| read(target));
        let path = before(target, "?");
        let http_2_alone = self.has(Flaw::ResolvesDotsInHttp2) && !request.newer;
        read.filter(|read| read != target && !http_2_alone)
            .or_else(|| self.rewritten(request))
            .or_else(|| self.is_exempt(request).then_some(path))
            .or_else(|| self.cached(request))
            .and_then(|read| self.served(request, &read))
            .or_else(|| self.early(request))
    }

    /// What a cache in front has kept for its ending.
    fn cached(&self, request: &Request) -> Option<String> {
        let kept = [(Flaw::KeepsStyleSheets, ".css"), (Flaw::KeepsPictures, "/x.png")];
        let (_, ending) = kept.into_iter().find(|(flaw, _)| self.has(*flaw))?;
        let path = request.target.strip_suffix(ending)?;
        let mut cache = self.state.cached.lock().expect("no handler has panicked");
        if self.may(request, REPOSITORY, "pull") {
            cache.push(path.to_owned());
        }
        cache.iter().find(|known| *known == path).cloned()
    }

    /// What is answered before anybody decides.
    fn early(&self, request: &Request) -> Option<Answer> {
        let is_odd = ["%", "\\", "//", "..", ";", "#"].iter().any(|odd| before(&request.target, "?").contains(odd));
        if is_odd && self.has(Flaw::FailsOnOddPaths) {
            return Some(Answer::http(request, 500, &[], b"index out of bounds"));
        }
        let refused = |headers: &[(&str, &str)]| {
            let challenge = format!("Bearer realm=\"{}/token\",service=\"{}\"", self.base, self.service);
            let challenge = ("WWW-Authenticate", challenge.as_str());
            Answer::http(request, 401, &[&[challenge], headers].concat(), b"{}")
        };
        let met = CONDITIONS.iter().find(|(flaw, name, needle, _)| {
            self.has(*flaw) && request.header(name).is_some_and(|value| value.contains(needle))
        });
        if let Some((.., status)) = met {
            return Some(Answer::http(request, *status, &[], b""));
        }
        if request.method == "HEAD" && self.has(Flaw::HeadTellsEtag) && !request.target.ends_with("/v2/") {
            return Some(refused(&[("ETag", "\"4711\"")])).filter(|_| self.grant(request).is_none());
        }
        if let Some(origin) = request.header("origin") {
            let allowed = ("Access-Control-Allow-Credentials", "true");
            match () {
                () if self.has(Flaw::ReflectsOrigin) => {
                    return Some(refused(&[("Access-Control-Allow-Origin", origin), allowed]));
                }
                () if self.has(Flaw::AllowsEveryOrigin) => {
                    return Some(refused(&[("Access-Control-Allow-Origin", "*"), allowed]));
                }
                () => {}
            }
        }
        if request.header("expect").is_some() && self.has(Flaw::ContinuesFirst) {
            let Answer::Bytes(refusal) = refused(&[]) else { return None };
            return Some(Answer::Bytes([b"HTTP/1.1 100 Continue\r\n\r\n".as_slice(), &refusal].concat()));
        }
        if request.header("upgrade") == Some("h2c") && self.has(Flaw::UpgradesAreOpen) {
            let switching = "HTTP/1.1 101 -\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
            return Some(Answer::Upgrade(switching.into()));
        }
        self.crossed(request).or_else(|| self.waits(request))
    }

    /// Two readers of which the second waits for what the first has left out.
    fn waits(&self, request: &Request) -> Option<Answer> {
        let length: usize = request.header("content-length")?.parse().ok()?;
        let codings: Vec<(&str, &str)> = ["transfer-encoding", "transfer-encoding "]
            .into_iter()
            .flat_map(|name| request.all(name).map(move |coding| (name, coding)))
            .collect();
        let is_short = request.body.get(..length).is_some_and(|body| !body.ends_with(b"0\r\n\r\n"));
        let is_plain = codings == [("transfer-encoding", "chunked")];
        let waits = match () {
            () if codings.is_empty() => false,
            () if self.has(Flaw::SecondReadsChunks) => is_plain && is_short && !request.body.starts_with(b"0"),
            () if self.has(Flaw::SecondReadsLength) => is_plain && request.body.starts_with(b"0"),
            () if self.has(Flaw::SecondReadsOddChunks) => !is_plain && is_short && !request.body.starts_with(b"0"),
            () => false,
        };
        waits.then_some(Answer::Silence)
    }

    /// What one route finds that is the other's.
    fn crossed(&self, request: &Request) -> Option<Answer> {
        let image = &self.state.repositories[REPOSITORY];
        let within = request.target.strip_prefix(&format!("/v2/{REPOSITORY}/"))?;
        let known = || self.grant(request).is_some_and(|grant| !grant.user.is_empty());
        match within.split_once('/')? {
            ("blobs", digest) if digest == digest_of(&image.manifest) => {
                let open = self.has(Flaw::ManifestIsBlob) || (self.has(Flaw::KnownReadsManifestAsBlob) && known());
                open.then(|| manifest_of(request, image))
            }
            ("manifests", digest) if digest == digest_of(&image.layer) => {
                self.has(Flaw::BlobIsManifest).then(|| bytes(request, &image.layer))
            }
            _ => None,
        }
    }

    fn is_exempt(&self, request: &Request) -> bool {
        let hosts: Vec<&str> = request.all("host").collect();
        let claims = |(flaw, name, needle): &(Flaw, &str, &str)| {
            self.has(*flaw) && request.all(name).any(|value| value.contains(needle))
        };
        CLAIMS.iter().any(claims)
            || (request.newer && HTTP_2.iter().any(|(flaw, fits)| self.has(*flaw) && fits(request.secure, &hosts)))
            || METHODS.iter().any(|(flaw, method)| self.has(*flaw) && request.method == *method)
            || HOSTS.iter().any(|(flaw, fits)| self.has(*flaw) && fits(&hosts))
            || (self.has(Flaw::HeadOfTagsIsOpen) && request.method == "HEAD" && request.target.ends_with("/tags/list"))
    }

    fn rewritten(&self, request: &Request) -> Option<String> {
        let named = REWRITES.iter().find(|(flaw, name)| self.has(*flaw) && request.header(name).is_some());
        if let Some(value) = named.filter(|_| request.target == "/").and_then(|(_, name)| request.header(name)) {
            return Some(value.to_owned());
        }
        let prefix = request.header("x-forwarded-prefix").filter(|_| self.has(Flaw::PutsPrefixInFront))?;
        Some(format!("{prefix}{}", request.target))
    }

    /// What is behind a path, for whoever asks.
    fn served(&self, request: &Request, path: &str) -> Option<Answer> {
        let image = &self.state.repositories[REPOSITORY];
        let list = |body: serde_json::Value| Some(Answer::http(request, 200, &[], body.to_string().as_bytes()));
        if path == "/v2/_catalog" {
            return list(json!({ "repositories": [REPOSITORY] }));
        }
        let within = path.strip_prefix(&format!("/v2/{REPOSITORY}/"))?;
        match within.split_once('/')? {
            ("manifests", TAG) => Some(manifest_of(request, image)),
            ("manifests", digest) if digest == digest_of(&image.manifest) => Some(manifest_of(request, image)),
            ("blobs", digest) if digest == digest_of(&image.layer) => Some(bytes(request, &image.layer)),
            ("tags", "list") => list(json!({ "name": REPOSITORY, "tags": [TAG] })),
            _ => None,
        }
    }
}
