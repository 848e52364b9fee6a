//! Bounds of what may be pushed.

use serde_json::json;

use crate::check::{Check, Group, Need, Severity};
use crate::checks::anon::missing;
use crate::checks::authz::write::manifest;
use crate::checks::writing::rejected;
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::random;
use crate::request::Request;
use crate::session::Session;
use crate::session::writing::{MANIFEST, Made, Parts, Place, Writing, random_bytes};
use crate::verdict::Answer;

/// More than any manifest has: 4 MiB is what registries agree on.
const TOO_LONG: usize = 4 * 1024 * 1024 + 1024;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "GATE-07",
    group: Group::Gate,
    mode: Mode::Write,
    severity: Severity::High,
    title: "what is pushed keeps within bounds",
    request: "as low: a blob under another digest, a manifest above 4 MiB; where the intent declares them, another manifest to an immutable tag and a blob above the largest",
    judgement: "Pass: refused. Fail: 201",
    why: "what is not bounded fills memory and disks, and what is not checked is not what its name says",
    remedy: "compare every digest, and bound manifests, blobs and the life of tags",
    references: &["CVE-2023-2253"],
    needs: &[Need::Owned],
    requests: 50,
    run: gate_07,
}];

fn gate_07(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let gate = &session.intent().gate;
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    let parts = writing.parts(&own)?;
    writing.image(&own, &parts, &Writing::tag()?)?;
    let misnamed = misnamed(&mut writing, &own);
    let long = long(&mut writing, &own, &parts);
    let immutable = gate.immutable.as_ref().map(|(name, tag)| immutable(&mut writing, name.as_str(), tag.as_str()));
    let large = gate.largest_blob.map(|largest| large(&mut writing, &own, largest));
    let answers = [Some(misnamed), Some(long), immutable, large].into_iter().flatten();
    Ok(Answer::all(answers.map(|answer| answer.unwrap_or_else(Answer::Open))))
}

fn misnamed(writing: &mut Writing<'_, '_>, own: &Place) -> Result<Answer, Doubt> {
    let digest = Made::of(random_bytes::<32>()?.to_vec())?.digest;
    let opened = writing.open(own, &own.low, "")?;
    let at = opened.at.ok_or_else(|| missing("an upload: `low` could not begin one"))?;
    let seen = writing.close(own, &at, &digest, b"not what it is called")?;
    rejected(&seen, "a blob was taken under a digest that is not its own")
}

fn long(writing: &mut Writing<'_, '_>, own: &Place, parts: &Parts) -> Result<Answer, Doubt> {
    let mut manifest = parts.manifest();
    if let Some(members) = manifest.as_object_mut() {
        members.insert("annotations".to_owned(), json!({ "probe": "x".repeat(TOO_LONG) }));
    }
    let text = manifest.to_string();
    // Once is enough to have it in memory.
    drop(manifest);
    let seen = writing.put(own, &own.low, &Writing::tag()?, (MANIFEST, text.as_bytes()))?;
    rejected(&seen, "a manifest of more than 4 MiB was taken")
}

fn immutable(writing: &mut Writing<'_, '_>, name: &str, tag: &str) -> Result<Answer, Doubt> {
    let place = writing.place(name)?;
    let seen =
        writing.ask(&place.low, Request::get(place.target(&format!("manifests/{tag}"))).accepting_manifests())?;
    let (kind, bytes) = manifest(&seen)?.ok_or_else(|| missing("the immutable tag: it is not there"))?;
    let parts = writing.parts(&place)?;
    let seen = writing.overwrite(&place, tag, (&kind, &bytes), &parts.named("other")?.bytes)?;
    rejected(&seen, "a tag that must not change names another manifest")
}

fn large(writing: &mut Writing<'_, '_>, own: &Place, largest: usize) -> Result<Answer, Doubt> {
    let mut bytes = random::hex(&random_bytes::<16>()?).into_bytes();
    bytes.resize(largest + 1, 0);
    let digest = Made::of(bytes.clone())?.digest;
    let opened = writing.open(own, &own.low, "")?;
    let at = opened.at.ok_or_else(|| missing("an upload: `low` could not begin one"))?;
    let seen = writing.close(own, &at, &digest, &bytes)?;
    rejected(&seen, "a blob was taken that is larger than the largest")
}
