//! Keys: one of our own that nobody should trust, and the public one of the issuer, in every form in which it could be
//! taken for a secret.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, DistinguishedName, DnType, SignatureAlgorithm};
use serde_json::{Value, json};

use super::der::{self, BITS, SEQUENCE};
use super::pem;

/// The algorithm of a key on P-256: `id-ecPublicKey`, `secp256r1` (RFC 5480).
const ON_P256: &[u8] = b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// On P-384: `secp384r1`.
const ON_P384: &[u8] = b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";
/// On P-521: `secp521r1`.
const ON_P521: &[u8] = b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23";
/// Ed25519 (RFC 8410).
const ON_ED25519: &[u8] = b"\x30\x05\x06\x03\x2b\x65\x70";
/// RSA: `rsaEncryption` (RFC 8017).
const OF_RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

/// How a key of our own signs, by an algorithm of RFC 7518 section 3.1 or RFC 8037.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Ec { curve: &'static str, pair: &'static SignatureAlgorithm, signs: &'static EcdsaSigningAlgorithm },
    Rsa(&'static dyn RsaEncoding),
    Ed25519,
}

impl Kind {
    /// Of the algorithm that a token names; ES256 where it is none of a key pair.
    fn of(algorithm: &str) -> (&'static str, Self) {
        let p256 = Self::Ec {
            curve: "P-256",
            pair: &rcgen::PKCS_ECDSA_P256_SHA256,
            signs: &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        };
        let p384 = Self::Ec {
            curve: "P-384",
            pair: &rcgen::PKCS_ECDSA_P384_SHA384,
            signs: &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        };
        let p521 = Self::Ec {
            curve: "P-521",
            pair: &rcgen::PKCS_ECDSA_P521_SHA512,
            signs: &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        };
        let known = [
            ("ES256", p256),
            ("ES384", p384),
            ("ES512", p521),
            ("RS256", Self::Rsa(&signature::RSA_PKCS1_SHA256)),
            ("RS384", Self::Rsa(&signature::RSA_PKCS1_SHA384)),
            ("RS512", Self::Rsa(&signature::RSA_PKCS1_SHA512)),
            ("PS256", Self::Rsa(&signature::RSA_PSS_SHA256)),
            ("PS384", Self::Rsa(&signature::RSA_PSS_SHA384)),
            ("PS512", Self::Rsa(&signature::RSA_PSS_SHA512)),
            ("EdDSA", Self::Ed25519),
        ];
        known.into_iter().find(|(name, _)| *name == algorithm).unwrap_or(("ES256", p256))
    }

    fn pair(self) -> &'static SignatureAlgorithm {
        match self {
            Self::Ec { pair, .. } => pair,
            Self::Rsa(_) => &rcgen::PKCS_RSA_SHA256,
            Self::Ed25519 => &rcgen::PKCS_ED25519,
        }
    }
}

/// A key of our own.
#[derive(Debug)]
pub(crate) struct OwnKey {
    algorithm: &'static str,
    kind: Kind,
    pair: rcgen::KeyPair,
}

impl OwnKey {
    /// A new key of the kind that the issuer has, as far as its tokens say.
    pub(crate) fn like(algorithm: &str) -> Option<Self> {
        let (algorithm, kind) = Kind::of(algorithm);
        Some(Self { algorithm, kind, pair: rcgen::KeyPair::generate_for(kind.pair()).ok()? })
    }

    /// A private key of somebody's (PKCS #8), where it is of the kind that signs so.
    pub(crate) fn read(algorithm: &str, key: &[u8]) -> Option<Self> {
        let (known, kind) = Kind::of(algorithm);
        let own = Self { algorithm: known, kind, pair: rcgen::KeyPair::try_from(key).ok()? };
        (known == algorithm && own.sign(b"").is_some()).then_some(own)
    }

    /// `alg`.
    pub(crate) fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// A signature in the form that RFC 7518 section 3 gives it.
    pub(crate) fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        let pair = self.pair.serialized_der();
        match self.kind {
            Kind::Ec { signs, .. } => {
                let pair = EcdsaKeyPair::from_pkcs8(signs, pair).ok()?;
                Some(pair.sign(&SystemRandom::new(), input).ok()?.as_ref().to_vec())
            }
            Kind::Rsa(encoding) => {
                let pair = RsaKeyPair::from_pkcs8(pair).ok()?;
                let mut bytes = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), input, &mut bytes).ok()?;
                Some(bytes)
            }
            Kind::Ed25519 => Some(Ed25519KeyPair::from_pkcs8(pair).ok()?.sign(input).as_ref().to_vec()),
        }
    }

    /// The public half (RFC 7517).
    pub(crate) fn jwk(&self) -> Option<Value> {
        let public = self.pair.public_key_raw();
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Some(match self.kind {
            Kind::Ec { curve, .. } => {
                // 4, and then two coordinates of the same length.
                let (_, point) = public.split_first()?;
                let (x, y) = point.split_at_checked(point.len() / 2)?;
                json!({ "kty": "EC", "crv": curve, "x": encoded(x), "y": encoded(y) })
            }
            Kind::Rsa(_) => {
                let numbers = der::inside(public)?;
                let [modulus, exponent] = numbers[..] else { return None };
                let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
                json!({ "kty": "RSA", "n": encoded(modulus), "e": encoded(exponent) })
            }
            Kind::Ed25519 => json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(public) }),
        })
    }

    /// A certificate for this key, signed by itself, as a header has it in `x5c` (RFC 7515 section 4.1.6).
    pub(crate) fn certificate(&self) -> Option<String> {
        let mut parameters = CertificateParams::new(Vec::new()).ok()?;
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, "pullgate-probe");
        Some(STANDARD.encode(parameters.self_signed(&self.pair).ok()?.der()))
    }
}

/// The public key of an issuer, as far as it is published.
#[derive(Clone, Debug)]
pub(crate) struct PublicKey {
    /// `SubjectPublicKeyInfo` (RFC 5280 section 4.1).
    info: Vec<u8>,
    /// As it stands in a set of keys.
    jwk: Option<String>,
    certificate: Option<Vec<u8>>,
}

impl PublicKey {
    /// From the first certificate of `x5c`.
    pub(crate) fn of_certificate(encoded: &str) -> Option<Self> {
        let certificate = STANDARD.decode(encoded).ok()?;
        let info = der::key_of_certificate(&certificate)?;
        Some(Self { info, jwk: None, certificate: Some(certificate) })
    }

    /// From a key of a set (RFC 7517), with the text that stands there.
    pub(crate) fn of_jwk(text: &str) -> Option<Self> {
        let jwk: Value = serde_json::from_str(text).ok()?;
        let words = |name: &str| jwk.get(name).and_then(Value::as_str);
        let number = |name: &str| URL_SAFE_NO_PAD.decode(words(name)?).ok();
        let (algorithm, key) = match (words("kty")?, words("crv")) {
            ("EC", Some(curve)) => {
                let algorithm = [("P-256", ON_P256), ("P-384", ON_P384), ("P-521", ON_P521)];
                let (_, algorithm) = algorithm.into_iter().find(|(name, _)| *name == curve)?;
                (algorithm, [vec![4], number("x")?, number("y")?].concat())
            }
            ("OKP", Some("Ed25519")) => (ON_ED25519, number("x")?),
            ("RSA", _) => {
                let numbers = [der::integer(&number("n")?), der::integer(&number("e")?)].concat();
                (OF_RSA, der::element(SEQUENCE, &numbers))
            }
            _ => return None,
        };
        let bits = der::element(BITS, &[vec![0], key].concat());
        let info = der::element(SEQUENCE, &[algorithm, &bits].concat());
        Some(Self { info, jwk: Some(text.to_owned()), certificate: None })
    }

    /// With what another one knows besides.
    pub(crate) fn or(self, other: Option<Self>) -> Self {
        let (jwk, certificate) = other.map(|other| (other.jwk, other.certificate)).unwrap_or_default();
        Self { jwk: self.jwk.or(jwk), certificate: self.certificate.or(certificate), ..self }
    }

    /// In every form in which somebody could take it for a secret.
    pub(crate) fn as_secrets(&self) -> Vec<(&'static str, Vec<u8>)> {
        let key = pem::block("PUBLIC KEY", &self.info);
        let mut secrets = vec![
            ("the public key as PEM", key.clone().into_bytes()),
            ("the public key as PEM without its last line end", key.trim_end().as_bytes().to_vec()),
            ("the public key as DER", self.info.clone()),
        ];
        secrets.extend(self.jwk.iter().map(|jwk| ("the public key as JWK", jwk.clone().into_bytes())));
        if let Some(certificate) = &self.certificate {
            secrets.push(("the certificate as PEM", pem::block("CERTIFICATE", certificate).into_bytes()));
            secrets.push(("the certificate as DER", certificate.clone()));
        }
        secrets
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::UnparsedPublicKey;

    use super::*;

    #[test]
    fn every_algorithm_signs_and_has_a_public_half() {
        for algorithm in ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"] {
            let key = OwnKey::like(algorithm).unwrap();
            assert_eq!(key.algorithm(), algorithm);
            let public = PublicKey::of_jwk(&key.jwk().unwrap().to_string()).unwrap();
            let certified = PublicKey::of_certificate(&key.certificate().unwrap()).unwrap();
            assert_eq!(public.info, certified.info, "{algorithm}: two ways to the same key");
            assert!(!key.sign(b"x").unwrap().is_empty());
        }
        assert_eq!(OwnKey::like("HS256").unwrap().algorithm(), "ES256");
    }

    #[test]
    fn a_signature_is_a_real_one() {
        let key = OwnKey::like("ES256").unwrap();
        let public = UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, key.pair.public_key_raw().to_vec());
        assert!(public.verify(b"x", &key.sign(b"x").unwrap()).is_ok());
    }

    #[test]
    fn a_public_key_could_be_taken_for_a_secret_in_many_ways() {
        let key = OwnKey::like("ES256").unwrap();
        let certified = PublicKey::of_certificate(&key.certificate().unwrap());
        let both = PublicKey::of_jwk(&key.jwk().unwrap().to_string()).unwrap().or(certified);
        let secrets = both.as_secrets();
        assert_eq!(secrets.len(), 6);
        let pem = String::from_utf8(secrets[0].1.clone()).unwrap();
        assert!(
            pem.starts_with("-----BEGIN PUBLIC KEY-----\nM") && pem.ends_with("\n-----END PUBLIC KEY-----\n"),
            "{pem}"
        );
        assert!(pem.lines().all(|line| line.len() <= 64), "{pem}");
        assert_eq!(secrets[1].1, pem.trim_end().as_bytes());
    }
}
