//! Tokens that name their key, their form or their claims in ways that a verifier may not expect.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{NO_MOULD, ONE_VERIFIER, Refusals, keyless, mould, noise, none_opens, opens_nothing};
use crate::check::{Check, Group, Severity};
use crate::checks::spelled;
use crate::doubt::Doubt;
use crate::forge::{Forged, Mould};
use crate::intent::Mode;
use crate::session::Session;
use crate::verdict::Answer;

/// Longer than a name of a key has any reason to be, in bytes.
const LONG: usize = 64 * 1024;
/// An extension that nobody can know.
const UNKNOWN: &str = "urn:pullgate:probe";

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "FORGE-11",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "the name of a key leads to no other key",
        request: "the same with HS256 under the empty secret and as kid ../../../../dev/null, a quote with OR 1=1--, the real one with %00, a URL of the door, an unknown name, 64 KiB",
        judgement: "Pass: 401; for 64 KiB any 4xx. Fail: success",
        why: "a kid that is used as a path or in a query finds a key of nothing, or any key at all",
        remedy: "look kid up in the set of configured keys, compare it whole, and refuse a token whose kid is not there",
        references: &["RFC 7515 section 4.1.4"],
        needs: &[],
        requests: 60,
        run: forge_11,
    },
    Check {
        id: "FORGE-12",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a token of a form that is not expected opens nothing",
        request: "the same with an unknown crit, claims that are not encoded (b64 false), compressed claims (zip), five parts as if encrypted, a token inside of a token",
        judgement: "Pass: 401. Fail: success",
        why: "what is unwrapped on the way to the claims is easily taken for verified",
        remedy: ONE_VERIFIER,
        references: &["RFC 7515 section 4.1.11", "RFC 7797"],
        needs: &[],
        requests: 52,
        run: forge_12,
    },
];

fn forge_11(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let real = mould.header.text("kid").unwrap_or_default();
    let kids = [
        ("a path as kid", "../../../../dev/null".to_owned()),
        ("a piece of a query as kid", "' OR 1=1--".to_owned()),
        ("%00 behind the kid", format!("{real}%00")),
        ("a URL as kid", format!("{}/v2/", session.door().origin)),
        ("a kid that nobody has", "pullgate-probe".to_owned()),
    ];
    let short = none_opens(session, kids.map(|(name, kid)| keyed(&mould, name, &kid)).to_vec());
    let (origin, long) = (session.door().origin.clone(), keyed(&mould, "a kid of 64 KiB", &"A".repeat(LONG)).hidden());
    let shown = |long: Forged| opens_nothing(session, |request| long.on(request, &origin), Refusals::Any4xx);
    Ok(short.and(spelled::each([(long.name.clone(), long)], shown)))
}

/// Names this key, and is signed with the key that is found where there is none.
fn keyed(mould: &Mould, name: &str, kid: &str) -> Forged {
    mould.with_header(|header| keyless(header).with("kid", &Value::from(kid))).hashed_with(name, b"")
}

fn forge_12(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let noise = noise(mould.signature_length())?;
    let extended = mould.with_header(|header| header.with("crit", &json!([UNKNOWN])).with(UNKNOWN, &json!(true)));
    Ok(none_opens(
        session,
        vec![
            extended.signed_as("an unknown crit", &noise),
            bare(&mould, &noise),
            compressed(&mould, &noise),
            as_if_encrypted(&mould),
            nested(&mould, &noise),
        ],
    ))
}

/// Claims as they are (RFC 7797 section 5.2): no dot may stand in them.
fn bare(mould: &Mould, signature: &[u8]) -> Forged {
    let mould = mould.with_header(|header| header.with("b64", &json!(false)).with("crit", &json!(["b64"])));
    let claims = mould.claims.json().replace('.', "\\u002e");
    joined("claims that are not encoded", &[&mould.header.encoded(), &claims, &URL_SAFE_NO_PAD.encode(signature)])
}

/// Claims in one stored block of DEFLATE (RFC 1951 section 3.2.4).
fn compressed(mould: &Mould, signature: &[u8]) -> Forged {
    let mould = mould.with_header(|header| header.with("zip", &json!("DEF")));
    let claims = mould.claims.json();
    let length = u16::try_from(claims.len()).unwrap_or(u16::MAX);
    let block = [&[1], length.to_le_bytes().as_slice(), &(!length).to_le_bytes(), claims.as_bytes()].concat();
    let [block, signature] = [block.as_slice(), signature].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    joined("compressed claims", &[&mould.header.encoded(), &block, &signature])
}

/// The five parts of an encrypted token (RFC 7516 section 3.1), in which the claims stand as they are.
fn as_if_encrypted(mould: &Mould) -> Forged {
    let mould = mould.with_header(|header| header.with("alg", &json!("dir")).with("enc", &json!("A256GCM")));
    let [start, tag] = [12, 16].map(|length| URL_SAFE_NO_PAD.encode(vec![0; length]));
    joined("five parts as if encrypted", &[&mould.header.encoded(), "", &start, &mould.claims.encoded(), &tag])
}

/// A token that is not signed, inside of one that is not signed by anybody (RFC 7519 section 5.2).
fn nested(mould: &Mould, signature: &[u8]) -> Forged {
    let inner = mould.with_header(|header| header.with("alg", &json!("none"))).signed_as("", &[]);
    let outer = mould.with_header(|header| header.with("cty", &json!("JWT")));
    let [inner, signature] = [inner.text().as_bytes(), signature].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    joined("a token inside of a token", &[&outer.header.encoded(), &inner, &signature])
}

fn joined(name: &str, parts: &[&str]) -> Forged {
    Forged::new(name, parts.join("."))
}
