//! Tokens that bring their own key, or take a public one for a secret.

use outbound::Endpoint;
use serde_json::{Value, json, value::RawValue};

use super::{NO_MOULD, ONE_VERIFIER, keyless, mould, none_opens};
use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::forge::{Forged, Mould, OwnKey, PublicKey};
use crate::intent::Mode;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

/// What mends a verifier that looks for its keys in the token.
pub(super) const OWN_KEYS: &str = "take keys from the configuration alone, found by kid, and refuse a header with jwk, jku, x5u, or an x5c that does not lead to a configured authority";

pub(in crate::checks) static CHECKS: [Check; 4] = [
    Check {
        id: "FORGE-04",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "the public key of the issuer is no secret to sign with",
        request: "the same with HS256 under the public key: as PEM, DER and JWK, and its certificate as PEM and DER",
        judgement: "Pass: 401. Fail: success",
        why: "a verifier that lets the token choose the algorithm uses the public key as the secret of an HMAC",
        remedy: ONE_VERIFIER,
        references: &["CVE-2016-10555"],
        needs: &[],
        requests: 56,
        run: forge_04,
    },
    Check {
        id: "FORGE-06",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a key that comes with the token is not trusted",
        request: "the same signed by a key of our own, which stands in the header as jwk next to the trusted kid",
        judgement: "Pass: 401. Fail: success",
        why: "the kid was checked against the trusted ones, and then the key of the header was used",
        remedy: OWN_KEYS,
        references: &["CVE-2025-24976", "CVE-2018-0114"],
        needs: &[],
        requests: 20,
        run: forge_06,
    },
    Check {
        id: "FORGE-07",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a certificate inside of a key that comes with the token is not trusted",
        request: "the same with a jwk that holds a self-signed x5c of its own",
        judgement: "Pass: 401. Fail: success",
        why: "it is the second way to smuggle a key",
        remedy: OWN_KEYS,
        references: &["CVE-2025-24976"],
        needs: &[],
        requests: 20,
        run: forge_07,
    },
    Check {
        id: "FORGE-08",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "certificate, chain and signature must be one",
        request: "the same with x5c: self-signed, the real leaf under a signature of our own, our leaf in front of the real one; each with kid and without",
        judgement: "Pass: 401. Fail: success",
        why: "a chain that is checked apart from the signature says nothing about who signed",
        remedy: OWN_KEYS,
        references: &[],
        needs: &[],
        requests: 52,
        run: forge_08,
    },
];

fn forge_04(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let certified = chain(&mould).first().and_then(|leaf| PublicKey::of_certificate(leaf));
    let published = published(session, &mould)?;
    let Some(key) = published.map(|key| key.or(certified.clone())).or(certified) else {
        return Ok(Answer::NotApplicable("the key of the issuer is published nowhere"));
    };
    let forged =
        key.as_secrets().into_iter().map(|(name, secret)| mould.hashed_with(format!("{name} as secret"), &secret));
    Ok(none_opens(session, forged.collect()))
}

fn forge_06(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let key = own_key(&mould)?;
    let jwk = key.jwk().ok_or_else(no_key)?;
    let kid = mould.header.get("kid").unwrap_or_default();
    let mut named = jwk.clone();
    if let Some(members) = named.as_object_mut() {
        members.insert("kid".to_owned(), kid);
    }
    let forged = [("a key in the header", jwk), ("a key of the trusted name in the header", named)];
    smuggled(session, &mould, &key, "jwk", forged)
}

fn forge_07(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let key = own_key(&mould)?;
    let leaf = key.certificate().ok_or_else(no_key)?;
    let mut whole = key.jwk().ok_or_else(no_key)?;
    if let Some(members) = whole.as_object_mut() {
        members.insert("x5c".to_owned(), json!([leaf]));
    }
    let bare = json!({ "kty": whole.get("kty"), "x5c": [leaf] });
    let forged = [("a certificate in a key in the header", whole), ("a certificate in place of a key", bare)];
    smuggled(session, &mould, &key, "jwk", forged)
}

fn forge_08(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let key = own_key(&mould)?;
    let leaf = key.certificate().ok_or_else(no_key)?;
    let real = chain(&mould);
    let mut chains = vec![("a self-signed certificate", vec![leaf.clone()])];
    if !real.is_empty() {
        chains.push(("the real certificate and another signature", real.clone()));
        chains.push(("another certificate in front of the real one", [vec![leaf], real].concat()));
    }
    let chains = chains.into_iter().map(|(name, chain)| (name, json!(chain))).collect::<Vec<_>>();
    let with_kid = smuggled(session, &mould, &key, "x5c", chains.clone())?;
    let nameless = mould.with_header(|header| header.without("kid"));
    Ok(with_kid.and(smuggled(session, &nameless, &key, "x5c", chains)?))
}

/// Tokens signed by a key of our own, with each of these in the header.
fn smuggled(
    session: &mut Session<'_>,
    mould: &Mould,
    key: &OwnKey,
    member: &str,
    values: impl IntoIterator<Item = (&'static str, Value)>,
) -> Result<Answer, Doubt> {
    let forge = |(name, value): (&str, Value)| {
        mould.with_header(|header| keyless(header).with(member, &value)).signed_by(name, key)
    };
    let forged: Option<Vec<Forged>> = values.into_iter().map(forge).collect();
    Ok(none_opens(session, forged.ok_or_else(no_key)?))
}

pub(super) fn own_key(mould: &Mould) -> Result<OwnKey, Doubt> {
    OwnKey::like(&mould.algorithm()).ok_or_else(no_key)
}

pub(super) fn no_key() -> Doubt {
    Doubt::Missing { why: "no key of our own could be made".to_owned() }
}

/// The certificates that a real token names its key by.
fn chain(mould: &Mould) -> Vec<String> {
    let chain = mould.header.get("x5c").and_then(|chain| serde_json::from_value(chain).ok());
    chain.unwrap_or_default()
}

/// The key of the issuer, where a set of keys is published at the realm.
fn published(session: &mut Session<'_>, mould: &Mould) -> Result<Option<PublicKey>, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(None) };
    let path = realm.at.target.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned();
    let at = |target: &str| Endpoint { origin: realm.at.origin.clone(), target: target.to_owned() };
    let mut places = vec![at("/.well-known/jwks.json"), at(&format!("{path}/jwks.json"))];
    places.extend(described(session, &at("/.well-known/openid-configuration"))?);
    for place in places {
        let seen = session.ask_at(&place.origin, &Request::get(place.target.as_str()))?;
        let keys = seen.response().ok().filter(|response| response.is_success()).and_then(|response| response.whole());
        if let Some(key) = keys.and_then(|keys| key_of_set(keys, mould.header.text("kid").as_deref())) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// Where the description of the issuer has its keys, if that is where the realm is: nowhere else is asked.
fn described(session: &mut Session<'_>, description: &Endpoint) -> Result<Option<Endpoint>, Doubt> {
    let seen = session.ask_at(&description.origin, &Request::get(description.target.as_str()))?;
    let whole = seen.response().ok().filter(|response| response.is_success()).and_then(|response| response.whole());
    let described: Option<Value> = whole.and_then(|bytes| serde_json::from_slice(bytes).ok());
    let named = described.and_then(|described| described.get("jwks_uri")?.as_str()?.parse::<Endpoint>().ok());
    Ok(named.filter(|keys| keys.origin == description.origin))
}

/// The key of this name in a set (RFC 7517 section 5), or the only one.
fn key_of_set(set: &[u8], kid: Option<&str>) -> Option<PublicKey> {
    #[derive(serde::Deserialize)]
    struct Set<'a> {
        #[serde(borrow)]
        keys: Vec<&'a RawValue>,
    }
    let set: Set<'_> = serde_json::from_slice(set).ok()?;
    let named = |key: &&&RawValue| {
        let key: Option<Value> = serde_json::from_str(key.get()).ok();
        kid.is_some() && key.as_ref().and_then(|key| key.get("kid")?.as_str()) == kid
    };
    let only = || set.keys.first().filter(|_| set.keys.len() == 1);
    PublicKey::of_jwk(set.keys.iter().find(named).or_else(only)?.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_by_its_name() {
        let set = br#"{"keys":[{"kid":"a","kty":"OKP","crv":"Ed25519","x":"AA"}, {"kid":"b","kty":"RSA","n":"AQ","e":"AQAB"}]}"#;
        let found = key_of_set(set, Some("b")).unwrap();
        let secrets = found.as_secrets();
        assert_eq!(secrets[3].1, br#"{"kid":"b","kty":"RSA","n":"AQ","e":"AQAB"}"#, "as it stands there");
        assert!(key_of_set(set, None).is_none() && key_of_set(set, Some("c")).is_none());
        let one = br#"{"keys":[{"kid":"a","kty":"OKP","crv":"Ed25519","x":"AA"}]}"#;
        assert!(key_of_set(one, None).is_some());
    }
}
