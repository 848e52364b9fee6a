//! What stands between the door and its storage: caches, what a signature covers, the bucket itself.

use outbound::{Endpoint, Origin};
use protocol::{Descriptor, Digest};

use super::redirect::{SERVED, fetch, first_of, of_layer};
use crate::check::{Check, Group, Need, Severity};
use crate::checks::anon::{blob_proof, missing};
use crate::checks::leak::pages::is_internal;
use crate::controls::Content;
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::observation::Observation;
use crate::proof::Proof;
use crate::reception::MAX_BODY;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 4] = [
    Check {
        id: "INGR-07",
        group: Group::Ingr,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "what somebody who may has fetched is not kept for everybody",
        request: "as control: GET /v2/R/blobs/B and C, and the same again without a credential",
        judgement: "Pass: 401 with a challenge. Fail: bytes, or a redirect that gives them. Age, X-Cache and Vary are noted",
        why: "a cache that does not ask who may hands out what it has, a redirect with its signature included",
        remedy: "cache behind the authentication, or answer with `Cache-Control: private` and `Vary: Authorization`",
        references: &["rpardini/docker-registry-proxy #26"],
        needs: &[Need::Layer, Need::Identity(Role::Control)],
        requests: 14,
        run: ingr_07,
    },
    Check {
        id: "INGR-10",
        group: Group::Ingr,
        mode: Mode::Active,
        severity: Severity::High,
        title: "a signature covers everything that a redirect says",
        request: "as control: GET /v2/R/blobs/B, then its Location for another digest, with POST, and without each of its parameters",
        judgement: "Pass: refused. Fail: bytes",
        why: "what is not signed may be changed: one layer that may be read opens all, one minute lasts for ever",
        remedy: "sign the method, the whole path and every parameter, the end included",
        references: &["artifact-keeper #3226", "artifact-keeper #3208"],
        needs: &[Need::Layer, Need::Identity(Role::Control)],
        requests: 70,
        run: ingr_10,
    },
    Check {
        id: "INGR-11",
        group: Group::Ingr,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "storage is closed to strangers",
        request: "at each declared storage, unsigned: GET /, /?list-type=2, /?restype=container&comp=list, and B and C where registries keep them",
        judgement: "Pass: refused, or no list. Fail: a list, or bytes",
        why: "a bucket that anybody may read is the whole registry, past every gate",
        remedy: "close the bucket to everybody but the registry, and sign what strangers are sent to",
        references: &[],
        needs: &[Need::Storage],
        requests: 80,
        run: ingr_11,
    },
    Check {
        id: "INGR-12",
        group: Group::Ingr,
        mode: Mode::Active,
        severity: Severity::Low,
        title: "no redirect names a host that only machines inside reach",
        request: "as control: GET /v2/R/blobs/B, and the host of its Location",
        judgement: "Pass: the door itself, or a public host. Fail: a name or an address of a network inside",
        why: "it tells strangers how the network is built, and clients outside cannot pull",
        remedy: "tell the registry the public address of its storage, or let it serve blobs itself",
        references: &["Harbor #23050"],
        needs: &[Need::Layer, Need::Identity(Role::Control)],
        requests: 4,
        run: ingr_12,
    },
];

fn ingr_07(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let content = session.content().cloned().ok_or_else(|| missing("the content"))?;
    let control = session.known(Role::Control, &format!("repository:{}:pull", session.private().name))?;
    let blobs = content.layer().into_iter().chain(&content.config);
    let answers = blobs.map(|blob| is_kept(session, &control, blob).unwrap_or_else(Answer::Open));
    Ok(Answer::all(answers))
}

/// Fetches a blob as somebody who may, and then as nobody.
fn is_kept(session: &mut Session<'_>, control: &Caller, blob: &Descriptor) -> Result<Answer, Doubt> {
    // Caches keep what is whole.
    let small = blob.size <= MAX_BODY as u64;
    let target = session.blob_target(&blob.digest);
    let request = if small { Request::get(target).unkept() } else { first_of(&target) };
    let theirs = session.ask(&request.clone().credential(control.credential()))?;
    let response = theirs.response()?;
    if !response.is_success() && response.redirect().is_none() {
        return Err(Doubt::OtherRefusal { status: response.status });
    }
    let ours = session.ask(&request)?;
    note_cache(session, &ours);
    let decoy = session.decoy().clone();
    let answer = session.judge(&ours, &request, &Caller::Nobody, |seen| blob_proof(seen, blob, &decoy))?;
    Ok(answer.proved(|proof| proof.after([theirs.id])))
}

fn note_cache(session: &mut Session<'_>, seen: &Observation) {
    let Ok(response) = seen.response() else { return };
    for name in ["age", "x-cache", "vary"] {
        if let Some(value) = response.headers.get(name) {
            session.note("cache", &format!("{name}: {value}"));
        }
    }
}

fn ingr_10(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some((redirect, layer)) = of_layer(session)? else { return Ok(SERVED) };
    let target = redirect.to.target.as_str();
    let mut asked: Vec<(String, Request, Descriptor)> = Vec::new();
    for blob in session.content().into_iter().flat_map(others) {
        if let Some(other) = of_another(target, &layer.digest, &blob.digest) {
            asked.push(("another digest".to_owned(), first_of(&other), blob.clone()));
        }
    }
    let post = Request::new("POST", target).header("Content-Length", "0").unkept();
    asked.push(("POST".to_owned(), post, layer.clone()));
    let shorter = without_each(target).into_iter();
    asked.extend(shorter.map(|(name, target)| (format!("no {name}"), first_of(&target), layer.clone())));
    let decoy = session.decoy().clone();
    let answers = asked.iter().map(|(way, request, blob)| {
        let answer = match fetch(session, &redirect.to.origin, request, |seen| blob_proof(seen, blob, &decoy)) {
            // Storage that knows no such method.
            Err(Doubt::ServerFailed { status: 501 }) => Ok(Answer::AsIntended),
            answer => answer,
        };
        answer.unwrap_or_else(Answer::Open).named(way)
    });
    Ok(Answer::all(answers).proved(|proof| proof.after([redirect.seen.id])))
}

/// What else of the image may be asked for: its configuration, and a layer below the topmost.
fn others(content: &Content) -> impl Iterator<Item = &Descriptor> {
    content.config.iter().chain(content.layers.iter().rev().skip(1).take(1))
}

/// The target of another blob, where the digest stands in it: with the two digits of the folder above, or alone.
fn of_another(target: &str, digest: &Digest, other: &Digest) -> Option<String> {
    let folder = |hex: &str| hex.get(..2).map(|first| format!("/{first}/{hex}"));
    let (ours, theirs) = (folder(digest.hex())?, folder(other.hex())?);
    let changed = target.replace(&ours, &theirs).replace(digest.hex(), other.hex());
    (digest != other && changed != target).then_some(changed)
}

/// So many parameters of a signed URL are left out, one at a time.
const MAX_PARAMETERS: usize = 12;

/// The same target without each of its parameters.
fn without_each(target: &str) -> Vec<(String, String)> {
    let Some((path, query)) = target.split_once('?') else { return Vec::new() };
    let parts: Vec<&str> = query.split('&').collect();
    let without = |left_out: &str| {
        let rest: Vec<&str> = parts.iter().copied().filter(|part| *part != left_out).collect();
        (left_out.split('=').next().unwrap_or_default().to_owned(), format!("{path}?{}", rest.join("&")))
    };
    parts.iter().take(MAX_PARAMETERS).map(|part| without(part)).collect()
}

/// So many storages of one door are asked.
const MAX_STORAGES: usize = 4;

fn ingr_11(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let storages: Vec<Origin> = session.door().storage.iter().take(MAX_STORAGES).cloned().collect();
    Ok(Answer::all(storages.iter().map(|storage| bucket(session, storage))))
}

fn bucket(session: &mut Session<'_>, storage: &Origin) -> Answer {
    let above = bucket_path(session, storage);
    let lists = ["/", "/?list-type=2", "/?restype=container&comp=list"];
    let lists =
        lists.map(|list| lists_nothing(session, storage, &format!("{above}{list}")).unwrap_or_else(Answer::Open));
    let blobs: Vec<Descriptor> = session
        .content()
        .into_iter()
        .flat_map(|content| content.layer().into_iter().chain(&content.config))
        .cloned()
        .collect();
    let blobs = blobs.iter().filter_map(|blob| Some((blob, data(&above, &blob.digest)?)));
    let decoy = session.decoy().clone();
    let blobs = blobs.map(|(blob, target)| {
        let found = fetch(session, storage, &first_of(&target), |seen| blob_proof(seen, blob, &decoy));
        found.unwrap_or_else(Answer::Open)
    });
    blobs.fold(Answer::all(lists), Answer::and)
}

/// Where registries keep a blob.
const BLOBS: &str = "/docker/registry/v2/blobs/";

fn data(above: &str, digest: &Digest) -> Option<String> {
    let (algorithm, hex) = digest.as_str().split_once(':')?;
    Some(format!("{above}{BLOBS}{algorithm}/{}/{hex}/data", hex.get(..2)?))
}

/// What stands in front of the keys where one host has many buckets: a redirect of the door has shown it.
fn bucket_path(session: &Session<'_>, storage: &Origin) -> String {
    let shown = session.evidence().filter_map(|seen| {
        let to = Endpoint::relative_to(&seen.origin, seen.response().ok()?.redirect()?).ok()?;
        let (above, _) = to.target.split_once(BLOBS)?;
        (to.origin == *storage).then(|| above.to_owned())
    });
    shown.last().unwrap_or_default()
}

/// A bucket that lists what is in it says so in XML: S3 and GCS in the one way, Azure in the other.
fn lists_nothing(session: &mut Session<'_>, storage: &Origin, target: &str) -> Result<Answer, Doubt> {
    let seen = session.ask_at(storage, &Request::get(target))?;
    let response = seen.response()?;
    let text = String::from_utf8_lossy(&response.body.bytes);
    let lists = ["<ListBucketResult", "<EnumerationResults"].iter().any(|root| text.contains(root));
    match (lists.then(|| Proof::data(&seen, "storage lists what is in it")).flatten(), response.status) {
        (Some(proof), _) => Ok(Answer::Wrong(proof)),
        (None, 429) => Err(Doubt::RateLimited),
        (None, status @ 500..=599) => Err(Doubt::ServerFailed { status }),
        (None, _) => Ok(Answer::AsIntended),
    }
}

fn ingr_12(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some((redirect, _)) = of_layer(session)? else { return Ok(SERVED) };
    let host = redirect.to.origin.host();
    if host == session.door().origin.host() || !is_internal(host) {
        return Ok(Answer::AsIntended);
    }
    let proof = Proof::behaviour(&redirect.seen, format!("a redirect names the internal host `{host}`"));
    proof.map(Answer::Wrong).ok_or_else(|| missing("a redirect"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(first: char) -> Digest {
        format!("sha256:{}", first.to_string().repeat(64)).parse().unwrap()
    }

    #[test]
    fn another_blob_stands_at_its_own_place() {
        let (ours, theirs) = (digest('a'), digest('b'));
        for (target, changed) in [
            (
                format!("/blobs/sha256/aa/{}/data?sig=1", ours.hex()),
                Some(format!("/blobs/sha256/bb/{}/data?sig=1", theirs.hex())),
            ),
            (format!("/storage/{ours}"), Some(format!("/storage/{theirs}"))),
            ("/opaque?sig=1".to_owned(), None),
        ] {
            assert_eq!(of_another(&target, &ours, &theirs), changed, "{target}");
        }
        assert_eq!(of_another(&format!("/{ours}"), &ours, &ours), None);
        assert_eq!(data("/bucket", &ours).unwrap(), format!("/bucket{BLOBS}sha256/aa/{}/data", ours.hex()));
    }

    #[test]
    fn each_parameter_is_left_out_once() {
        let without = without_each("/b?Expires=1&sig=a");
        let targets: Vec<(&str, &str)> =
            without.iter().map(|(name, target)| (name.as_str(), target.as_str())).collect();
        assert_eq!(targets, [("Expires", "/b?sig=a"), ("sig", "/b?Expires=1")]);
        assert!(without_each("/b").is_empty());
    }
}
