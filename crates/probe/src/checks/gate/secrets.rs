//! Secrets that are pushed.

use serde_json::json;

use super::hiding::{self, Hidden};
use crate::check::{Check, Group, Need, Severity};
use crate::checks::writing::{rejected, wrong};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::request::Request;
use crate::session::Session;
use crate::session::writing::{MANIFEST, Made, Place, Writing};
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "GATE-06",
    group: Group::Gate,
    mode: Mode::Write,
    severity: Severity::Critical,
    title: "no image with a secret in it is handed out",
    request: "as low: push to M of an image with a made-up private key, once for each place: a layer, a removed file, the environment, a label, the history, under zstd, a nested archive, below usr/lib/python3, below tests, at the end of 60 MB, behind a gzip bomb; GET of each that was taken",
    judgement: "Pass: refused, the blob, the manifest or the pull, while an image without one is handed out. Fail: handed out",
    why: "whoever pulls an image has every secret that was ever in a layer of it",
    remedy: "scan every layer and configuration before a manifest that names them is handed out, and refuse what could not be scanned",
    references: &["OWASP NHI2"],
    needs: &[Need::Owned, Need::RefusesSecrets],
    requests: 240,
    run: gate_06,
}];

fn gate_06(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let secret = hiding::secret()?;
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    let parts = writing.parts(&own)?;
    let clean = writing.image(&own, &parts, &Writing::tag()?)?;
    let seen = writing
        .ask(&own.low, Request::get(own.target(&format!("manifests/{}", clean.digest))).accepting_manifests())?;
    if !seen.response()?.is_success() {
        return Err(Doubt::Missing { why: "an image without a secret was not handed out either".to_owned() });
    }
    Ok(Answer::first_wrong(hiding::Place::ALL, |place| {
        let hidden = place.hide(&secret).map_err(|error| Doubt::Missing { why: error.to_string() })?;
        let answer = pushed(&mut writing, &own, place.as_str(), &hidden)?;
        Ok(answer.named(place.as_str()))
    }))
}

/// Pushes an image and asks for it; wherever that is refused is as good.
fn pushed(writing: &mut Writing<'_, '_>, own: &Place, title: &str, hidden: &Hidden) -> Result<Answer, Doubt> {
    let mut layers = Vec::new();
    for (kind, bytes) in &hidden.layers {
        match writing.try_upload(own, kind, bytes)? {
            Ok(blob) => layers.push(blob),
            Err(seen) => return rejected(&seen, ""),
        }
    }
    let digests: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": hidden.settings, "history": hidden.history,
        "rootfs": { "type": "layers", "diff_ids": digests },
    });
    let config =
        match writing.try_upload(own, "application/vnd.oci.image.config.v1+json", config.to_string().as_bytes())? {
            Ok(blob) => blob,
            Err(seen) => return rejected(&seen, ""),
        };
    let layers: Vec<_> = layers.into_iter().map(|layer| layer.descriptor).collect();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config.descriptor, "layers": layers,
        "annotations": { "org.opencontainers.image.title": title },
    });
    let made = Made::of(manifest.to_string().into_bytes())?;
    let seen = writing.put(own, &own.low, &Writing::tag()?, (MANIFEST, &made.bytes))?;
    if !seen.response()?.is_success() {
        return rejected(&seen, "");
    }
    let read = Request::get(own.target(&format!("manifests/{}", made.digest))).accepting_manifests();
    let seen = writing.ask(&own.low, read)?;
    match seen.response()?.is_success() {
        true => wrong(&seen, "an image with a secret in it was taken, and handed out"),
        false => rejected(&seen, ""),
    }
}
