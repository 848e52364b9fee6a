//! Manifests that say where else their layers are to be had, and whether the registry goes there.

use std::time::Duration;

use serde_json::{Value, json};

use crate::canary::{Bait, Call, Reply};
use crate::check::{Check, Group, Need, Severity};
use crate::checks::writing::rejected;
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Seen;
use crate::proof::Proof;
use crate::random;
use crate::request::Request;
use crate::session::Session;
use crate::session::writing::{MANIFEST, Parts, Place, Writing, random_bytes};
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "BIND-11",
    group: Group::Bind,
    mode: Mode::Write,
    severity: Severity::High,
    title: "the registry does not go where a manifest leads",
    request: "as low: PUT in M of a manifest whose layer has urls, and of one with a foreign layer, both leading to the canary listener; GET of the manifest and of the layer; then 5 s for a scanner",
    judgement: "Pass: taken or refused, and no call, while a call of our own arrives at the listener. Fail: a call from the target",
    why: "whoever may push anything could make the registry, or its scanner, call addresses that only it reaches",
    remedy: "take layers from the storage alone and never fetch what urls names; keep scanners in a network without a way out",
    references: &["CVE-2026-10517", "OCI image-spec, descriptor, urls"],
    needs: &[Need::Owned, Need::Canary],
    requests: 60,
    run: bind_11,
}];

/// A type of layers that are not pushed.
const FOREIGN: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar";
/// How long a scanner has for its first look.
const SCAN: Duration = Duration::from_secs(5);

/// A manifest that leads to the listener.
struct Led {
    name: &'static str,
    path: String,
    /// Its push, and what was pulled of it.
    seen: Vec<Seen>,
}

fn bind_11(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    let parts = writing.parts(&own)?;
    writing.image(&own, &parts, &Writing::tag()?)?;
    let ways: [(&'static str, Way); 2] = [("a layer with urls", with_urls), ("a foreign layer", foreign)];
    let mut led = Vec::new();
    for (name, write) in ways {
        let bait = writing.session().plant(Reply::default())?;
        let seen = pulled(&mut writing, &own, &parts, &write(&parts, &bait)?)?;
        led.push(Led { name, path: bait.path, seen });
    }
    let mut answer = called(writing.session(), &led);
    if answer.is_refusal() {
        writing.session().wait(SCAN)?;
        answer = called(writing.session(), &led);
    }
    Ok(answer.given(writing.session().hears()).aside())
}

/// Makes a layer, as a manifest names it.
type Way = fn(&Parts, &Bait) -> Result<Value, Doubt>;

/// A layer that is there, and is said to be elsewhere too.
fn with_urls(parts: &Parts, bait: &Bait) -> Result<Value, Doubt> {
    let mut layer = parts.layer.descriptor.clone();
    if let Some(members) = layer.as_object_mut() {
        members.insert("urls".to_owned(), json!([bait.url()]));
    }
    Ok(layer)
}

/// A layer that is elsewhere alone.
fn foreign(_: &Parts, bait: &Bait) -> Result<Value, Doubt> {
    let digest = random::sha256(&random_bytes::<16>()?);
    let digest = digest.ok_or_else(|| Doubt::Missing { why: "SHA-256 is not to be had".to_owned() })?;
    Ok(json!({ "mediaType": FOREIGN, "digest": digest.as_str(), "size": 16, "urls": [bait.url()] }))
}

/// Pushes a manifest with this layer, and pulls both where it was taken.
fn pulled(writing: &mut Writing<'_, '_>, own: &Place, parts: &Parts, layer: &Value) -> Result<Vec<Seen>, Doubt> {
    let tag = Writing::tag()?;
    let mut manifest = parts.manifest();
    if let Some(named) = manifest.pointer_mut("/layers/0") {
        named.clone_from(layer);
    }
    let put = writing.put(own, &own.low, &tag, (MANIFEST, manifest.to_string().as_bytes()))?;
    if !put.response()?.is_success() {
        rejected(&put, "")?;
        return Ok(vec![put]);
    }
    let digest = layer.get("digest").and_then(Value::as_str).unwrap_or_default();
    let manifest = Request::get(own.target(&format!("manifests/{tag}"))).accepting_manifests();
    let manifest = writing.ask(&own.low, manifest)?;
    let layer = writing.ask(&own.low, Request::get(own.target(&format!("blobs/{digest}"))))?;
    Ok(vec![put, manifest, layer])
}

/// Whether any of them led somebody to the listener.
fn called(session: &Session<'_>, led: &[Led]) -> Answer {
    Answer::first_wrong(led, |led| {
        let call = session.called(&led.path)?.zip(led.seen.last());
        let earlier = led.seen.iter().map(|seen| seen.id);
        let wrong =
            |(call, last): (Call, &Seen)| Answer::Wrong(Proof::call(last, &call).after(earlier)).named(led.name);
        Ok(call.map_or(Answer::AsIntended, wrong))
    })
}
