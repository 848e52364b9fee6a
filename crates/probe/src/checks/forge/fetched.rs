//! Tokens that say where their key is to be had, and whether anybody goes there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::keys::{OWN_KEYS, no_key, own_key};
use super::{NO_MOULD, Refusals, keyless, mould, opens_nothing};
use crate::canary::{Bait, Reply};
use crate::check::{Check, Group, Need, Severity};
use crate::checks::spelled;
use crate::doubt::Doubt;
use crate::forge::{Forged, Mould, OwnKey, pem};
use crate::intent::Mode;
use crate::observation::Seen;
use crate::proof::Proof;
use crate::session::Session;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "FORGE-10",
    group: Group::Forge,
    mode: Mode::Active,
    severity: Severity::Critical,
    title: "nobody goes where a token says that its key is",
    request: "the same signed by a key of our own, which the canary listener hands out: its URL as jku and as x5u, plain, as https://trusted@canary and as //canary; and file:",
    judgement: "Pass: 401, and no call, while a call of our own arrives at the listener. Fail: success; a call from the target (high), even where the token is refused",
    why: "a verifier that fetches what a stranger names trusts the stranger's key, and calls addresses that the stranger cannot reach",
    remedy: OWN_KEYS,
    references: &["RFC 8725 section 3.10", "CWE-918"],
    needs: &[Need::Canary],
    requests: 64,
    run: forge_10,
}];

/// How a URL of the listener is written, with a host that is trusted.
type Way = fn(&Bait, &str) -> String;

const WAYS: [(&str, Way); 4] = [
    ("that leads to the listener", |bait, _| bait.url()),
    ("with a trusted host for a user", Bait::behind),
    ("without a scheme", |bait, _| bait.without_scheme()),
    ("of a file", |_, _| "file:///dev/null".to_owned()),
];

/// A token, and the path that only this one leads to.
struct Planted {
    forged: Forged,
    path: String,
}

fn forge_10(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let origin = session.door().origin.clone();
    let mut led: Vec<(String, (String, Seen))> = Vec::new();
    let planted = planted(session, &mould)?.into_iter().map(|planted| (planted.forged.name.clone(), planted));
    let opened = spelled::each(planted, |Planted { forged, path }| {
        let answer = opens_nothing(session, |request| forged.on(request, &origin), Refusals::OfTokens);
        let shown = session.evidence().last().cloned();
        led.extend(shown.map(|seen| (forged.name, (path, seen))));
        answer
    });
    // Whoever fetches a little later has had that long.
    let heard = session.hears();
    let called = spelled::each(led, |(path, seen)| {
        let call = session.called(&path)?;
        let wrong = |call| Answer::Wrong(Proof::call(&seen, &call).graded(Severity::High));
        Ok(call.map_or(Answer::AsIntended, wrong))
    });
    Ok(opened.and(called).given(heard))
}

/// A token for each way to name a URL.
fn planted(session: &mut Session<'_>, mould: &Mould) -> Result<Vec<Planted>, Doubt> {
    let host = session.realm()?.map(|realm| realm.at.origin.host().to_string()).unwrap_or_default();
    let key = own_key(mould)?;
    let mut planted = Vec::new();
    for (member, reply) in [("jku", set(mould, &key)?), ("x5u", certificate(&key)?)] {
        for (words, write) in WAYS {
            let bait = session.plant(reply.clone())?;
            let url = Value::from(write(&bait, &host));
            let named = mould.with_header(|header| keyless(header).with(member, &url));
            let forged = named.signed_by(format!("{member} {words}"), &key).ok_or_else(no_key)?;
            planted.push(Planted { forged, path: bait.path });
        }
    }
    Ok(planted)
}

/// A set of keys (RFC 7517 section 5) with ours under the trusted name.
fn set(mould: &Mould, key: &OwnKey) -> Result<Reply, Doubt> {
    let mut jwk = key.jwk().ok_or_else(no_key)?;
    if let Some(members) = jwk.as_object_mut() {
        members.extend(mould.header.get("kid").map(|kid| ("kid".to_owned(), kid)));
    }
    Ok(Reply { kind: "application/jwk-set+json", bytes: json!({ "keys": [jwk] }).to_string().into_bytes() })
}

/// A certificate for our key, as RFC 7515 section 4.1.5 wants it.
fn certificate(key: &OwnKey) -> Result<Reply, Doubt> {
    let der = key.certificate().and_then(|encoded| STANDARD.decode(encoded).ok()).ok_or_else(no_key)?;
    Ok(Reply { kind: "application/pem-certificate-chain", bytes: pem::block("CERTIFICATE", &der).into_bytes() })
}
