//! Tokens that name their key, their form or their claims in ways that a verifier may not expect.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::keys::no_key;
use super::{NO_MOULD, ONE_VERIFIER, Refusals, access, keyless, mould, noise, none_opens, opens_nothing};
use crate::check::{Check, Group, Severity};
use crate::checks::spelled;
use crate::doubt::Doubt;
use crate::forge::der::{self, SEQUENCE};
use crate::forge::{Forged, Mould, OwnKey};
use crate::intent::Mode;
use crate::session::Session;
use crate::verdict::Answer;

/// Longer than a name of a key has any reason to be, in bytes.
const LONG: usize = 64 * 1024;
/// An extension that nobody can know.
const UNKNOWN: &str = "urn:pullgate:probe";

pub(in crate::checks) static CHECKS: [Check; 4] = [
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
    Check {
        id: "FORGE-13",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "an ECDSA signature of nothing or of another kind is none",
        request: "the same with r = s = 0, as it is and as DER, with a DER signature of our own, and with one on another curve",
        judgement: "Pass: 401. Fail: success. Not asked where tokens are not signed with ECDSA",
        why: "where r and s may be zero, zeros fit every text and every key",
        remedy: ONE_VERIFIER,
        references: &["CVE-2022-21449"],
        needs: &[],
        requests: 40,
        run: forge_13,
    },
    Check {
        id: "FORGE-15",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a token that two parsers read in two ways opens nothing",
        request: "the same under a real signature: access twice, in both orders, as an object, as a text, under an escaped name; and alg twice, none first, without a signature",
        judgement: "Pass: 401. Fail: success",
        why: "one parser takes the first of two members and another the last: what is verified is not what is used",
        remedy: "verify and use the same bytes, and refuse members that stand there twice or have another type",
        references: &["RFC 7519 section 4"],
        needs: &[],
        requests: 60,
        run: forge_15,
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

fn forge_13(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let algorithm = mould.algorithm();
    if !algorithm.starts_with("ES") {
        return Ok(Answer::NotApplicable("the tokens are not signed with ECDSA"));
    }
    let (key, other) = (OwnKey::like(&algorithm), if algorithm == "ES384" { "ES256" } else { "ES384" });
    let own = key.and_then(|key| key.sign(mould.signing_input().as_bytes())).ok_or_else(no_key)?;
    let other = OwnKey::like(other).and_then(|key| mould.signed_by("a signature on another curve", &key));
    let zeros = vec![0; own.len()];
    let forged = vec![
        mould.signed_as("r = s = 0", &zeros),
        mould.signed_as("r = s = 0 as DER", &as_der(&zeros)),
        mould.signed_as("a signature as DER", &as_der(&own)),
        other.ok_or_else(no_key)?,
    ];
    Ok(none_opens(session, forged))
}

/// r and s, which stand side by side (RFC 7518 section 3.4), as X.509 has them (RFC 3279 section 2.2.3).
fn as_der(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    der::element(SEQUENCE, &[der::integer(r), der::integer(s)].concat())
}

fn forge_15(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let name = session.private().name.as_str();
    let (wanted, nothing) = (access(name, &["pull"]).to_string(), "[]");
    let object = json!({ "type": "repository", "name": name, "actions": ["pull"] }).to_string();
    let text = Value::from(format!("repository:{name}:pull")).to_string();
    let claims = [
        ("access twice, nothing first", format!(r#""access":{nothing},"access":{wanted}"#)),
        ("access twice, nothing last", format!(r#""access":{wanted},"access":{nothing}"#)),
        ("access as an object", format!(r#""access":{object}"#)),
        ("access as a text", format!(r#""access":{text}"#)),
        ("access under an escaped name", format!(r#""\u0061ccess":{wanted}"#)),
    ];
    let rest = mould.claims.clone().without("access").json();
    let mut forged: Vec<Forged> =
        claims.iter().map(|(name, access)| mould.claiming(*name, &with_first(access, &rest))).collect();
    let header = with_first(r#""alg":"none""#, &mould.header.json());
    forged.push(joined("alg twice", &[&URL_SAFE_NO_PAD.encode(header), &mould.claims.encoded(), ""]));
    Ok(none_opens(session, forged))
}

/// An object with these members in front of its own.
fn with_first(members: &str, object: &str) -> String {
    match object.strip_prefix('{') {
        Some("}") | None => format!("{{{members}}}"),
        Some(rest) => format!("{{{members},{rest}"),
    }
}
