//! Tokens that a key of the user's signs, which is trusted somewhere and for something, and not here and for this.

use serde_json::{Value, json};

use super::keys::{OWN_KEYS, no_key};
use super::{NO_MOULD, ONE_VERIFIER, keyless, mould, none_opens};
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::forge::{Forged, Mould};
use crate::intent::{Mode, SigningKey};
use crate::session::Session;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "FORGE-09",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a certificate for another purpose signs no tokens",
        request: "the same signed by the key of the intent's leaf, with its certificates as x5c, with kid and without",
        judgement: "Pass: 401. Fail: success",
        why: "a verifier that takes every certificate of its authority lets each holder of one hand out tokens",
        remedy: OWN_KEYS,
        references: &["RFC 5280 section 4.2.1.12"],
        needs: &[Need::Leaf],
        requests: 20,
        run: forge_09,
    },
    Check {
        id: "FORGE-24",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a token of another environment opens nothing",
        request: "the same signed by the key of the other environment: under the kid of this one, under its own, and with its own iss where the intent names it",
        judgement: "Pass: 401. Fail: success",
        why: "two environments that were set up alike name their keys alike, and kid is no identity",
        remedy: ONE_VERIFIER,
        references: &["OWASP NHI8"],
        needs: &[Need::OtherEnvironment],
        requests: 28,
        run: forge_24,
    },
];

fn forge_09(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(leaf) = &session.intent().keys.leaf else { return Ok(NO_MOULD) };
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let mould = mould.with_header(|header| keyless(header).with("x5c", &json!(leaf.chain)));
    let nameless = mould.with_header(|header| header.without("kid"));
    let forged = vec![
        signed(&nameless, leaf, "a certificate for another purpose")?,
        signed(&mould, leaf, "a certificate for another purpose beside the kid")?,
    ];
    Ok(none_opens(session, forged))
}

fn forge_24(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(other) = &session.intent().keys.other else { return Ok(NO_MOULD) };
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let mould = mould.with_header(keyless);
    let foreign = mould.with_header(|header| header.with("kid", &json!(other.kid)));
    let mut forged = vec![
        signed(&mould, other, "a key of another environment under the kid of this one")?,
        signed(&foreign, other, "a key of another environment under its own kid")?,
    ];
    if let Some(issuer) = &other.issuer {
        let foreign = foreign.with_claims(|claims| claims.with("iss", &Value::from(issuer.as_str())));
        forged.push(signed(&foreign, other, "a token of the issuer of another environment")?);
    }
    Ok(none_opens(session, forged))
}

/// It is good somewhere else, perhaps: nobody else is to see it.
fn signed(mould: &Mould, lent: &SigningKey, name: &str) -> Result<Forged, Doubt> {
    mould.signed_by(name, &lent.key).map(Forged::hidden).ok_or_else(no_key)
}
