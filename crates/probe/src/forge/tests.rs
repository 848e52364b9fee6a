use serde_json::json;

use super::*;

fn token(header: &str, claims: &str) -> Secret {
    let encoded = |part: &str| URL_SAFE_NO_PAD.encode(part);
    Secret::new(format!("{}.{}.c2lnbmF0dXJl", encoded(header), encoded(claims)))
}

fn parts(forged: &Forged) -> (String, String, String) {
    let parts: Vec<&str> = forged.text().split('.').collect();
    let decoded = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (decoded(parts[0]), decoded(parts[1]), parts[2].to_owned())
}

#[test]
fn a_mould_gives_back_what_it_took() {
    let (header, claims) = (r#"{"typ":"JWT","alg":"ES256","kid":"k"}"#, r#"{"sub":"x","access":[],"exp":1.0}"#);
    let mould = Mould::of(&token(header, claims)).unwrap();
    let again = mould.signed_as_before("nothing");
    assert_eq!(parts(&again), (header.to_owned(), claims.to_owned(), "c2lnbmF0dXJl".to_owned()));
    assert_eq!((mould.algorithm().as_str(), mould.signature_length()), ("ES256", 9));
    for opaque in ["opaque", "e30.e30", "e30.W10.c2ln", "e30.e30.c2ln.x"] {
        assert!(Mould::of(&Secret::new(opaque.to_owned())).is_none(), "{opaque}");
    }
}

#[test]
fn claims_open_what_somebody_elses_open() {
    let access = json!([{ "type": "repository", "name": "team/app", "actions": ["pull"] }]);
    let own = Mould::of(&token("{}", r#"{"iss":"i","sub":"","jti":"1","exp":5}"#)).unwrap();
    let theirs = Mould::of(&token("{}", r#"{"sub":"ci","jti":"2","exp":9,"user":7}"#)).unwrap();
    let opening = own.clone().opening(Some(&theirs), &access);
    assert_eq!(opening.claims.json(), r#"{"iss":"i","sub":"ci","jti":"1","exp":5,"user":7}"#);
    let guessed = own.opening(None, &access);
    assert_eq!(guessed.claims.get("access"), Some(access));
}

#[test]
fn evidence_shows_what_is_made_up_and_hides_what_is_not() {
    let mould = Mould::of(&token(r#"{"alg":"ES256"}"#, "{}")).unwrap();
    let origin: Origin = "http://127.0.0.1:5000".parse().unwrap();
    let shown = |forged: &Forged| forged.on(Request::get("/v2/"), &origin).curl(&origin);
    let made_up = mould.hashed_with("x", b"");
    assert!(shown(&made_up).contains(made_up.text()));
    let real = mould.signed_as_before("x");
    assert!(!shown(&real).contains("c2lnbmF0dXJl") && !format!("{mould:?} {real:?}").contains("c2lnbmF0dXJl"));
}

#[test]
fn the_header_says_how_it_is_signed() {
    let mould = Mould::of(&token(r#"{"alg":"RS256","kid":"k"}"#, "{}")).unwrap();
    assert_eq!(parts(&mould.hashed_with("x", b"secret")).0, r#"{"alg":"HS256","kid":"k"}"#);
    let signed = mould.signed_by("x", &OwnKey::like("ES384").unwrap()).unwrap();
    assert_eq!(parts(&signed).0, r#"{"alg":"ES384","kid":"k"}"#);
}
