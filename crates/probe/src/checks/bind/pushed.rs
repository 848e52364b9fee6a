//! What is pushed must be there: who names a blob has not got it, and a manifest means one thing.

use serde_json::Value;

use super::{SHARED, layer_of_second, not_there};
use crate::check::{Check, Group, Need, Severity};
use crate::checks::anon::blob_proof;
use crate::checks::writing::{rejected, wrong};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Seen;
use crate::request::Request;
use crate::session::Session;
use crate::session::writing::{INDEX, MANIFEST, Parts, Place, Writing};
use crate::verdict::Answer;

/// What mends a registry that takes a name for the thing.
const MEND: &str =
    "take a manifest only where every blob that it names is in the repository, and a blob only by its bytes";

pub(in crate::checks) static CHECKS: [Check; 3] = [
    Check {
        id: "BIND-07",
        group: Group::Bind,
        mode: Mode::Write,
        severity: Severity::Critical,
        title: "who names a layer in a manifest has not got it",
        request: "as low: PUT in M of a manifest that names B(S), which was never uploaded there; GET /v2/M/blobs/B(S)",
        judgement: "Pass: refused, and not there. Fail: 201, or bytes",
        why: "a manifest is no proof of possession: digests stand in logs, in signatures and in bills of materials",
        remedy: MEND,
        references: &["OCI distribution-spec, pushing manifests"],
        needs: &[Need::Owned],
        requests: 90,
        run: bind_07,
    },
    Check {
        id: "BIND-08",
        group: Group::Bind,
        mode: Mode::Write,
        severity: Severity::High,
        title: "who names a layer in an upload has not sent it",
        request: "as low: POST /v2/M/blobs/uploads/?digest=B(S) without a body; PUT that ends an empty upload with digest=B(S)",
        judgement: "Pass: 202, an upload like any other, which is cancelled; or refused. Fail: 201",
        why: "deduplication that looks the digest up before the bytes are there hands out what it finds",
        remedy: MEND,
        references: &["OCI distribution-spec, pushing a blob"],
        needs: &[Need::Owned],
        requests: 80,
        run: bind_08,
    },
    Check {
        id: "BIND-13",
        group: Group::Bind,
        mode: Mode::Write,
        severity: Severity::High,
        title: "a manifest means one thing",
        request: "as low: PUT in M of a manifest that is image and index at once, of one under the type of an index, of one with a member twice",
        judgement: "Pass: refused. Fail: 201",
        why: "what one client reads as an image another reads as an index, and only one of them was checked",
        remedy: "refuse manifests with both `layers` and `manifests`, with another `mediaType` than the header says, and with duplicate members",
        references: &["CVE-2021-41190", "GHSA-qq97-vm5h-rrhg"],
        needs: &[Need::Owned],
        requests: 40,
        run: bind_13,
    },
];

fn bind_07(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    session.low()?;
    let Some((_, layer)) = layer_of_second(session)? else { return Ok(SHARED) };
    let decoy = session.decoy().clone();
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    let parts = writing.parts(&own)?;
    writing.image(&own, &parts, &Writing::tag()?)?;
    let mut manifest = parts.manifest();
    if let Some(named) = manifest.pointer_mut("/layers/0") {
        *named = serde_json::json!({
            "mediaType": layer.media_type, "digest": layer.digest.as_str(), "size": layer.size,
        });
    }
    let seen = writing.put(&own, &own.low, &Writing::tag()?, (MANIFEST, manifest.to_string().as_bytes()))?;
    let taken = rejected(&seen, "a manifest was taken that names a layer which is not there");
    let blob = Request::get(own.target(&format!("blobs/{}", layer.digest))).header("Range", "bytes=0-1023").unkept();
    let read = not_there(writing.session().refused(&blob, &own.low, |seen| blob_proof(seen, &layer, &decoy)));
    let read = read.map(|answer| answer.proved(|proof| proof.after([seen.id])).aside());
    // Bytes show more than a status does.
    Ok(read.unwrap_or_else(Answer::Open).and(taken?))
}

fn bind_08(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    session.low()?;
    let Some((_, layer)) = layer_of_second(session)? else { return Ok(SHARED) };
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    let named = writing.open_named(&own, &layer.digest)?.seen;
    let opened = writing.open(&own, &own.low, "")?;
    let at = opened.at.ok_or_else(|| Doubt::Missing { why: "`low` could not begin an upload".to_owned() })?;
    let closed = writing.close(&own, &at, &layer.digest, b"")?;
    Ok(Answer::first_wrong([named, closed], |seen| unsent(&seen)))
}

/// Without bytes there is an upload at best.
fn unsent(seen: &Seen) -> Result<Answer, Doubt> {
    match seen.response()?.status {
        202 => Ok(Answer::AsIntended),
        201 => wrong(seen, "a layer was taken of which no byte was sent"),
        _ => rejected(seen, "an upload without bytes was taken"),
    }
}

fn bind_13(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    let parts = writing.parts(&own)?;
    let made = writing.image(&own, &parts, &Writing::tag()?)?;
    let says = "a manifest was taken that can be read in two ways";
    let ways = [
        ("image and index at once", MANIFEST, both(&parts, made.bytes.len(), made.digest.as_str())),
        ("the type of an index", INDEX, parts.manifest().to_string()),
        ("a member twice", MANIFEST, twice(&parts)),
    ];
    Ok(Answer::first_wrong(ways, |(name, kind, text)| {
        let answer = pushed(&mut writing, &own, (kind, &text), says);
        answer.map(|answer| answer.named(name))
    }))
}

fn pushed(writing: &mut Writing<'_, '_>, own: &Place, (kind, text): (&str, &str), says: &str) -> Result<Answer, Doubt> {
    let seen = writing.put(own, &own.low, &Writing::tag()?, (kind, text.as_bytes()))?;
    rejected(&seen, says)
}

/// An image that is an index of another one too.
fn both(parts: &Parts, size: usize, digest: &str) -> String {
    let mut manifest = parts.manifest();
    if let Some(members) = manifest.as_object_mut() {
        let child = serde_json::json!({ "mediaType": MANIFEST, "digest": digest, "size": size });
        members.insert("manifests".to_owned(), Value::Array(vec![child]));
    }
    manifest.to_string()
}

/// An image with its layers twice: none, and one.
fn twice(parts: &Parts) -> String {
    let text = parts.manifest().to_string();
    text.strip_prefix('{').map(|rest| format!("{{\"layers\":[],{rest}")).unwrap_or(text)
}
