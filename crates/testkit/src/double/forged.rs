//! Tokens that were never handed out, and who takes them.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::token::{Entry, Grant};
use super::{Flaw, Registry};
use crate::raw::{Answer, Request};
use crate::secure::authority;

/// The name of the only key.
pub(super) const KID: &str = "double";
/// A certificate of the only key. Nobody has its private half: a token is known by its text.
pub(super) const CERTIFICATE: &str = "MIIBeTCCAR+gAwIBAgIUOw9z0yCA34zL9I9GAeQ4Uu5b0wAwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGZG91YmxlMCAXDTI2MTEyMTA5NDU1MVoYDzIxMjYxMDI4MDk0NTUxWjARMQ8wDQYDVQQDDAZkb3VibGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARrDFM0N4lZO1M2chRRVWaT+Oz1E/Wq+PVWk5YmaAhoeVVB/090/y4Hu2mfeineljlt25cowanZG2CZ0vzUnI71o1MwUTAdBgNVHQ4EFgQUjT0m9sprqpdAjnW1xIGVd5J95NkwHwYDVR0jBBgwFoAUjT0m9sprqpdAjnW1xIGVd5J95NkwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA6m8UhDPhRosYFPjjyTBnl6BpO8L02sESCGqZJdDtZUICICb4s3fkAWvDu7htfOEj4cgPMT3V1La+RSPAnQs5GuBe";
/// Its public key, as `SubjectPublicKeyInfo`.
const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEawxTNDeJWTtTNnIUUVVmk/js9RP1qvj1VpOWJmgIaHlVQf9PdP8uB7tpn3op3pY5bduXKMGp2RtgmdL81JyO9Q==";
/// How long the point of such a key is: the end of its bytes.
const POINT: usize = 65;
/// Where the point begins in a certificate: behind the name of its curve and the head of the bits.
const BEFORE_POINT: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
/// The whole numbers zero and zero.
const ZEROS_AS_DER: &[u8] = b"\x30\x06\x02\x01\x00\x02\x01\x00";
/// The longest token that somebody made provision for.
const LONG: usize = 64 * 1024;

/// What a token says, and how it is signed.
pub(super) struct Shown<'a> {
    pub(super) header: Value,
    pub(super) claims: Value,
    /// The text that is signed.
    input: &'a str,
    /// Nothing where there is no second dot.
    signature: Option<&'a str>,
}

impl<'a> Shown<'a> {
    pub(super) fn read(token: &'a str) -> Option<Self> {
        Self::read_as(token, |text| text)
    }

    /// The same, where a reader makes something else of what stands there.
    fn read_as(token: &'a str, read: impl Fn(String) -> String) -> Option<Self> {
        let mut parts = token.splitn(3, '.');
        let mut part = || {
            let bytes = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
            serde_json::from_str::<Value>(&read(String::from_utf8(bytes).ok()?)).ok().filter(Value::is_object)
        };
        let (header, claims) = (part()?, part()?);
        let signature = parts.next();
        let input = signature.map_or(token, |signature| &token[..token.len() - signature.len() - 1]);
        Some(Self { header, claims, input, signature })
    }

    pub(super) fn text(&self, member: &str) -> &str {
        self.header[member].as_str().unwrap_or_default()
    }

    /// Signed by this key on P-256, which is given by its point.
    pub(super) fn is_signed_by(&self, point: Option<Vec<u8>>) -> bool {
        let signature = self.signature.and_then(|signature| URL_SAFE_NO_PAD.decode(signature).ok());
        let (Some(point), Some(signature)) = (point, signature) else { return false };
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(self.input.as_bytes(), &signature).is_ok()
    }

    /// Signed with this secret.
    fn is_hashed_with(&self, secret: &[u8]) -> bool {
        let signature = self.signature.and_then(|signature| URL_SAFE_NO_PAD.decode(signature).ok());
        let key = hmac::Key::new(HMAC_SHA256, secret);
        self.text("alg") == "HS256"
            && signature.is_some_and(|signature| hmac::verify(&key, self.input.as_bytes(), &signature).is_ok())
    }

    fn grant(&self) -> Option<Grant> {
        granted(&self.claims)
    }

    /// What stands in `access`.
    pub(super) fn access(claims: &Value) -> Option<Vec<Entry>> {
        let texts = |list: &Value| {
            list.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        };
        let entry = |entry: &Value| {
            let text = |name: &str| entry[name].as_str().map(str::to_owned);
            Some(Entry { kind: text("type")?, name: text("name")?, actions: texts(&entry["actions"])? })
        };
        claims["access"].as_array()?.iter().map(entry).collect()
    }
}

/// What claims grant, as they stand there.
pub(super) fn granted(claims: &Value) -> Option<Grant> {
    let access = Shown::access(claims)?;
    let (audience, expires) = (claims["aud"].as_str()?.to_owned(), claims["exp"].as_u64()?);
    Some(Grant { user: "", audience, access, expires, lifetime: 0, remade: 0 })
}

impl Registry {
    /// What a token is good for that was never handed out, at a verifier with a flaw.
    pub(super) fn deceived(&self, shown: &str) -> Option<Grant> {
        let (scheme, token) = shown.split_once(' ')?;
        if scheme == "bearer" && self.has(Flaw::LowerCaseIsNotVerified) {
            return Shown::read(token)?.grant();
        }
        if let Some((first, second)) = token.split_once(',').filter(|_| self.has(Flaw::VerifiesTheFirstOfTwo)) {
            return self.knows(first).then(|| Shown::read(second)?.grant()).flatten();
        }
        if let Some(grant) = self.unwraps(token).or_else(|| self.reads_twice(token)) {
            return Some(grant);
        }
        let endless = |text: String| text.replace(":1e400", ":9999999999");
        let huge = || self.has(Flaw::HugeEndsAreEnds).then(|| Shown::read_as(token, endless)).flatten();
        let token = Shown::read(token).or_else(huge)?;
        self.issued(&token).or_else(|| self.believes(&token).then(|| token.grant()).flatten())
    }

    /// Whether a flaw lets this token pass for a real one.
    fn believes(&self, token: &Shown<'_>) -> bool {
        let (algorithm, named) = (token.text("alg"), token.text("kid") == KID);
        let (empty, in_lower_case) = (token.signature == Some(""), algorithm.to_lowercase());
        let (jwk, chain) = (&token.header["jwk"], certificates(&token.header["x5c"]));
        let signed_by_jwk = || token.is_signed_by(point_of_jwk(jwk));
        let signed_by = |chain: &[&str]| token.is_signed_by(chain.first().and_then(|leaf| point_of_certificate(leaf)));
        let signature = token.signature.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).unwrap_or_default();
        let without_secret = || token.is_hashed_with(b"");
        let ways = [
            (Flaw::NoSignatureIsRead, algorithm == "ES256" && token.signature.is_some_and(|text| text.len() > 40)),
            (Flaw::NoneIsAnAlgorithm, algorithm == "none" && empty),
            (Flaw::NoneIsFoundInLowerCase, algorithm != "none" && in_lower_case == "none" && empty),
            (Flaw::EmptySignatureFits, algorithm == "ES256" && empty),
            (Flaw::TwoPartsAreEnough, algorithm == "ES256" && token.signature.is_none()),
            (Flaw::JwkBesideTheKid, named && jwk["kid"].is_null() && signed_by_jwk()),
            (Flaw::JwkOfTheKid, jwk["kid"] == KID && signed_by_jwk()),
            (Flaw::CertificateInJwk, signed_by(&certificates(&jwk["x5c"]))),
            (Flaw::AnyLeaf, named && chain.len() == 1 && signed_by(&chain)),
            (Flaw::AnyLeafWithoutKid, token.header["kid"].is_null() && signed_by(&chain)),
            (Flaw::CertificateApartFromSignature, !named && chain.first() == Some(&CERTIFICATE)),
            (Flaw::AuthorityAnywhere, chain.iter().skip(1).any(|next| *next == CERTIFICATE) && signed_by(&chain)),
            (Flaw::AnyLeafOfAuthority, !named && is_of_authority(&chain) && signed_by(&chain)),
            (Flaw::AnyLeafBesideTheKid, named && is_of_authority(&chain) && signed_by(&chain)),
            (Flaw::KidIsPath, token.text("kid").ends_with("/dev/null") && without_secret()),
            (Flaw::KidIsQuery, token.text("kid").contains('\'') && without_secret()),
            (
                Flaw::KidEndsAtNul,
                token.text("kid").split_once("%00").is_some_and(|(kid, _)| kid == KID) && without_secret(),
            ),
            (Flaw::KidIsUrl, token.text("kid").starts_with("http") && without_secret()),
            (Flaw::UnknownKidHasNoSecret, !named && without_secret()),
            (Flaw::LongKidHasNoSecret, token.text("kid").len() >= LONG && without_secret()),
            (Flaw::UnknownCritPasses, token.header["crit"].is_array()),
            (Flaw::ZerosFit, signature.len() == 64 && signature.iter().all(|byte| *byte == 0)),
            (Flaw::ZerosFitAsDer, signature == ZEROS_AS_DER),
            (Flaw::DerIsNotVerified, signature.len() > ZEROS_AS_DER.len() && signature.first() == Some(&0x30)),
            (Flaw::OtherCurveIsNotVerified, algorithm == "ES384" && signature.len() == 96),
            (Flaw::AnyRealSignature, token.signature.is_some_and(|text| self.has_signed(text))),
        ];
        let hashed = || self.secrets().iter().any(|secret| token.is_hashed_with(secret));
        ways.into_iter().any(|(flaw, fits)| fits && self.has(flaw)) || hashed() || self.fetches_its_key(token)
    }

    /// What flaws take for the secret of an HMAC.
    fn secrets(&self) -> Vec<Vec<u8>> {
        let decoded = |text: &str| STANDARD.decode(text).expect("what stands above is base64");
        let secrets = [
            (Flaw::PemIsSecret, pem("PUBLIC KEY", KEY).into_bytes()),
            (Flaw::TrimmedPemIsSecret, pem("PUBLIC KEY", KEY).trim_end().into()),
            (Flaw::DerIsSecret, decoded(KEY)),
            (Flaw::JwkIsSecret, jwk().into_bytes()),
            (Flaw::CertificateIsSecret, pem("CERTIFICATE", CERTIFICATE).into_bytes()),
            (Flaw::DerCertificateIsSecret, decoded(CERTIFICATE)),
            (Flaw::EmptySecret, Vec::new()),
            (Flaw::SecretSecret, b"secret".to_vec()),
            (Flaw::ServiceIsSecret, self.service.into()),
            (Flaw::IssuerIsSecret, b"double".to_vec()),
        ];
        secrets.into_iter().filter(|(flaw, _)| self.has(*flaw)).map(|(_, secret)| secret).collect()
    }

    /// What is wrong with a request for a token that is odd in itself.
    pub(super) fn oddly_shown(&self, request: &Request) -> Option<Answer> {
        let shown = request.header("authorization")?;
        let long = shown.len() > LONG && self.has(Flaw::FailsOnLongTokens);
        let forged = shown.strip_prefix("Bearer ").is_some_and(|token| token.contains('.') && !self.knows(token));
        let fails = long || (forged && self.has(Flaw::FailsOnForgedTokens));
        fails.then(|| Answer::http(request, 500, &[], b"stack overflow"))
    }

    /// The keys that tokens are said to be signed with.
    pub(super) fn keys(&self, request: &Request) -> Answer {
        let set = format!("{{\"keys\":[{}]}}", jwk());
        Answer::http(request, 200, &[("Content-Type", "application/jwk-set+json")], set.as_bytes())
    }
}

/// The only key, as the set of keys has it.
fn jwk() -> String {
    let key = STANDARD.decode(KEY).expect("what stands above is base64");
    let (x, y) = key[key.len() - POINT + 1..].split_at(POINT / 2);
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({ "kty": "EC", "crv": "P-256", "kid": KID, "use": "sig", "x": number(x), "y": number(y) }).to_string()
}

fn pem(label: &str, encoded: &str) -> String {
    let lines: Vec<&str> = encoded.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn certificates(chain: &Value) -> Vec<&str> {
    chain.as_array().map(|chain| chain.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// Whether the authority of the tests has issued the first of them, for whatever purpose.
fn is_of_authority(chain: &[&str]) -> bool {
    let leaf = chain.first().and_then(|leaf| STANDARD.decode(leaf).ok());
    leaf.is_some_and(|leaf| authority().has_issued(&leaf))
}

pub(super) fn point_of_jwk(jwk: &Value) -> Option<Vec<u8>> {
    let number = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str()?).ok();
    Some([vec![4], number("x")?, number("y")?].concat())
}

pub(super) fn point_of_certificate(encoded: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(encoded).ok()?;
    let at = bytes.windows(BEFORE_POINT.len()).position(|window| window == BEFORE_POINT)? + BEFORE_POINT.len();
    Some(bytes.get(at..at + POINT)?.to_vec())
}
