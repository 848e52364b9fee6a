//! Tokens that only look like ours: each is refused before anything in it is believed.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fixture::{World, at, foreign_pair, sign};

/// A token of ours and the envelope that opens it.
fn ours() -> (World, Envelope, String) {
    let world = World::new();
    let envelope = Envelope::new(world.state.snapshot().key_ring());
    let token = world.token(at(0));
    assert!(envelope.open(&token).is_some());
    (world, envelope, token)
}

/// The signed part and the signature.
fn halves(token: &str) -> (&str, &str) {
    token.rsplit_once('.').unwrap()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The header of our tokens with one member changed, or one more.
fn changed(world: &World, member: &str, value: &serde_json::Value) -> String {
    let mut header: serde_json::Value = serde_json::from_str(&world.header()).unwrap();
    header[member] = value.clone();
    header.to_string()
}

#[test]
fn alg_none() {
    let (world, envelope, token) = ours();
    let payload = token.split('.').nth(1).unwrap();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = encode(changed(&world, "alg", &alg.into()));
        for signature in ["", &encode([0; 64]), halves(&token).1] {
            assert_eq!(envelope.open(&format!("{header}.{payload}.{signature}")), None, "{alg}");
        }
        assert_eq!(envelope.open(&format!("{header}.{payload}")), None, "{alg}");
    }
    let without = encode(world.header().replace(r#""alg":"ES256","#, ""));
    assert_eq!(envelope.open(&format!("{without}.{payload}.{}", halves(&token).1)), None);
}

#[test]
fn signatures_that_are_none() {
    let (_world, envelope, token) = ours();
    let signed = halves(&token).0;
    let mut order = [0_u8; 64];
    order[..32].copy_from_slice(&[0xFF; 32]);
    for signature in [vec![], vec![0; 64], vec![0; 63], vec![0; 65], vec![0xFF; 64], order.to_vec(), vec![1; 64]] {
        assert_eq!(envelope.open(&format!("{signed}.{}", encode(&signature))), None, "{signature:?}");
    }
}

#[test]
fn a_public_key_is_no_secret() {
    let (world, envelope, token) = ours();
    let ring = world.state.snapshot();
    let key = ring.key_ring().current();
    let der: PublicKeyX509Der<'_> = key.pair().public_key().as_der().unwrap();
    let base64 = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
    let (x, y) = key.coordinates();
    let jwk = json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y }).to_string();
    let secrets = [key.pair().public_key().as_ref(), der.as_ref(), pem.as_bytes(), jwk.as_bytes(), b""];
    let payload = token.split('.').nth(1).unwrap();
    for alg in ["HS256", "ES256"] {
        for secret in secrets {
            let signed = format!("{}.{payload}", encode(changed(&world, "alg", &alg.into())));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
            assert_eq!(envelope.open(&format!("{signed}.{}", encode(tag))), None, "{alg}");
        }
    }
}

#[test]
fn the_algorithm_belongs_to_the_key() {
    let (world, envelope, _) = ours();
    for alg in ["ES384", "ES512", "ES256K", "RS256", "PS256", "EdDSA", "HS256", "es256", "ES256 "] {
        assert_eq!(envelope.open(&world.forge(&changed(&world, "alg", &alg.into()), "{}")), None, "{alg}");
    }
}

#[test]
fn no_header_supplies_a_key() {
    let (world, envelope, _) = ours();
    let theirs = foreign_pair();
    let point = theirs.public_key().as_ref();
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..]) });
    let members = [
        ("jwk", jwk),
        ("jku", json!("http://127.0.0.1:9/jwks.json")),
        ("x5u", json!("http://127.0.0.1:9/chain.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
    ];
    for (member, value) in members {
        let header = changed(&world, member, &value);
        assert_eq!(envelope.open(&sign(&theirs, &header, "{}")), None, "{member}, their signature");
        assert_eq!(envelope.open(&world.forge(&header, "{}")), None, "{member}, our signature");
    }
    assert_eq!(envelope.open(&sign(&theirs, &world.header(), "{}")), None, "our header, their signature");
}

#[test]
fn every_header_but_the_one_that_we_write() {
    let (world, envelope, _) = ours();
    let ours = world.header();
    assert!(envelope.open(&world.forge(&ours, "{}")).is_some());
    for (member, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("typ", json!("JWT")),
        ("typ", json!("pullgate-session+jwt")),
        ("typ", json!("pullgate-access+JWT")),
        ("anything", json!(1)),
    ] {
        assert_eq!(envelope.open(&world.forge(&changed(&world, member, &value), "{}")), None, "{member}");
    }
    let (kid, typ) = (ours.split('"').nth(7).unwrap(), r#""typ":"pullgate-access+jwt""#);
    for header in [
        ours.replace(',', ", "),
        ours.replace(':', ": "),
        format!(" {ours}"),
        format!("{ours}\n"),
        ours.replace(&format!(",{typ}"), ""),
        format!(r#"{{{typ},"alg":"ES256","kid":"{kid}"}}"#),
        ours.replace("ES256", r"ES25\u0036"),
        ours.replace(r#"{"alg""#, r#"{"alg":"none","alg""#),
        format!("[{ours}]"),
        format!("{ours:?}"),
        "{}".to_owned(),
        "null".to_owned(),
        "1".to_owned(),
    ] {
        assert_eq!(envelope.open(&world.forge(&header, "{}")), None, "{header}");
    }
}

#[test]
fn kids_are_compared_and_nothing_else() {
    let (world, envelope, _) = ours();
    let long = "k".repeat(1 << 20);
    for kid in ["../../etc/passwd", "' OR 1=1 --", "a\0b", "", &long, "http://127.0.0.1:9/"] {
        assert_eq!(envelope.open(&world.forge(&changed(&world, "kid", &kid.into()), "{}")), None);
    }
    for kid in [json!(null), json!(0), json!([world.header()]), json!({})] {
        assert_eq!(envelope.open(&world.forge(&changed(&world, "kid", &kid), "{}")), None, "{kid}");
    }
    let twice = world.header().replace(r#""kid""#, r#""kid":"other","kid""#);
    assert_eq!(envelope.open(&world.forge(&twice, "{}")), None);
    let none = r#"{"alg":"ES256","typ":"pullgate-access+jwt"}"#;
    assert_eq!(envelope.open(&world.forge(none, "{}")), None, "absent, with one key in the ring");
}

#[test]
fn another_ring_opens_nothing_of_ours() {
    let ((world, envelope, token), (other, others_envelope, others_token)) = (ours(), ours());
    assert_eq!((envelope.open(&others_token), others_envelope.open(&token)), (None, None));
    // Their signature under a header that names our key, and ours under theirs.
    assert_eq!(envelope.open(&other.forge(&world.header(), "{}")), None);
    assert_eq!(others_envelope.open(&other.forge(&world.header(), "{}")), None);
    assert!(envelope.is_of(world.state.snapshot().key_ring()) && !envelope.is_of(other.state.snapshot().key_ring()));
}

#[test]
fn cut_and_continued() {
    let (_world, envelope, token) = ours();
    for length in 0..token.len() {
        let (front, back) = token.split_at(length);
        assert_eq!(envelope.open(front), None, "the first {length}");
        assert!(envelope.open(back).is_none() || length == 0, "without the first {length}");
    }
    for more in ["A", ".", "=", "==", " ", "\n", "\0", ".e30", "&", &token] {
        assert_eq!(envelope.open(&format!("{token}{more}")), None, "{more:?} behind");
        assert_eq!(envelope.open(&format!("{more}{token}")), None, "{more:?} before");
    }
}

#[test]
fn forms_that_are_no_compact_jws() {
    let (_world, envelope, token) = ours();
    let (signed, signature) = halves(&token);
    let (header, payload) = signed.split_once('.').unwrap();
    for text in [
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        ".".repeat(100_000),
        ".".repeat(MAX_BYTES),
        "a".repeat(MAX_BYTES),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}.{signature}.{signature}.{signature}"),
        format!("{header}.{payload}.{payload}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}.{signature}=="),
        format!("{header}. {payload}.{signature}"),
        format!("{header}.{payload}\n.{signature}"),
        token.replace('-', "+").replace('_', "/") + "+",
        json!({ "protected": header, "payload": payload, "signature": signature }).to_string(),
    ] {
        assert_eq!(envelope.open(&text), None, "{text:.80}");
    }
}

#[test]
fn every_other_spelling_of_the_same_bits() {
    let (world, envelope, token) = ours();
    let (signed, signature) = halves(&token);
    let (rest, last) = signature.split_at(signature.len() - 1);
    let alphabet = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']);
    for other in alphabet.filter(|other| other.to_string() != last) {
        assert_eq!(envelope.open(&format!("{signed}.{rest}{other}")), None, "a signature that ends in {other}");
    }
    // A payload of `{}` is `e30`; `e31` differs in bits that nobody reads. We sign it, and refuse it all the same.
    let snapshot = world.state.snapshot();
    let pair = snapshot.key_ring().current().pair();
    for (payload, opens) in [("e30", true), ("e31", false), ("e30=", false)] {
        let signed = format!("{}.{payload}", encode(world.header()));
        let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        assert_eq!(envelope.open(&format!("{signed}.{}", encode(signature))).is_some(), opens, "{payload}");
    }
}

#[test]
fn up_to_16_kib() {
    let cut = |length: usize| Compact::cut(&format!("a.b.{}", "c".repeat(length - 4))).is_some();
    assert_eq!([MAX_BYTES, MAX_BYTES + 1].map(cut), [true, false]);
    let (world, envelope, _) = ours();
    let tokens = (11_000..13_000).map(|bytes| world.resign(&"a".repeat(bytes)));
    let (fitting, larger): (Vec<_>, Vec<_>) = tokens.partition(|token| token.len() <= MAX_BYTES);
    assert!(envelope.open(fitting.last().unwrap()).is_some());
    assert_eq!(envelope.open(larger.first().unwrap()), None);
    assert_eq!(envelope.open(&world.resign(&"a".repeat(1 << 20))), None);
}

#[test]
fn every_changed_character() {
    let (_world, envelope, token) = ours();
    for place in 0..token.len() {
        for other in [b'A', b'z', b'-', b'.', b' ', b'=', 0] {
            let mut changed = token.clone().into_bytes();
            changed[place] = other;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(envelope.open(&changed).is_some(), changed == token, "{place} {other}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn texts_of_any_kind(text in "\\PC{0,200}|[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,90}){0,5}") {
        let world = ENVELOPE.get_or_init(ours);
        prop_assert_eq!(world.1.open(&text), None);
    }

    #[test]
    fn tokens_with_some_bytes_changed(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..0x80), 1..4),
    ) {
        let (_, envelope, token) = ENVELOPE.get_or_init(ours);
        let mut bytes = token.clone().into_bytes();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let text = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(envelope.open(&text).is_some(), text == *token);
    }
}

static ENVELOPE: std::sync::OnceLock<(World, Envelope, String)> = std::sync::OnceLock::new();
