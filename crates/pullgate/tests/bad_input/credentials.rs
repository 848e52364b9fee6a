//! Credentials that cannot be read, were cut, or were made by somebody else.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{Case, Expected, Place};

const UNREADABLE: Expected = Expected(400, "UNSUPPORTED", "unidentified", "bad_authorization");
const BAD_TOKEN: Expected = Expected(401, "UNAUTHORIZED", "unidentified", "bad_token");
const UNKNOWN: Expected = Expected(401, "UNAUTHORIZED", "unidentified", "unknown_credential");

fn shows(authorization: impl Into<String>, expected: Expected) -> Case {
    Case::new("GET", "/v2/team/app/manifests/v1", expected).header("Authorization", authorization)
}

#[test]
fn headers_that_hold_no_credential() {
    let mut place = Place::new();
    let basic = place.robot.basic();
    let long = |length: usize| STANDARD.encode(format!("ci:{}", "x".repeat(length)));
    place.check([
        shows(basic.clone(), UNREADABLE).header("Authorization", basic.clone()),
        shows(basic.clone(), UNREADABLE).header("authorization", format!("Bearer {}", place.robot.key)),
        shows(format!("{basic}, Bearer x"), UNREADABLE),
        shows(format!("{basic} Bearer"), UNREADABLE),
        shows("Basic", UNREADABLE),
        shows("Basic !!!", UNREADABLE),
        shows(format!("Basic {}", STANDARD.encode("no colon")), UNREADABLE),
        shows(format!("Basic {}", STANDARD.encode([0xff, b':', 0xff])), UNREADABLE),
        shows(format!("Basic {}", long(4 << 10)), UNREADABLE),
        shows(format!("Digest {}", place.robot.key), UNKNOWN),
        shows(format!("Bearer {}", "x".repeat(17 << 10)), UNREADABLE),
        shows(format!("Bearer {}", ".".repeat(17 << 10)), UNREADABLE),
    ]);
}

#[test]
fn keys_that_are_none_of_ours() {
    let mut place = Place::new();
    let key = place.robot.key.clone();
    let swapped = |from: usize| {
        let mut changed = key.clone().into_bytes();
        changed.swap(from, from + 1);
        String::from_utf8(changed).expect("ASCII")
    };
    let differs = (20..60).find(|at| key.as_bytes()[*at] != key.as_bytes()[at + 1]).expect("a random key");
    let mut cases: Vec<Case> = [&key[..65], &key[1..], &format!("{key}x"), &key.to_uppercase(), &swapped(differs), "x"]
        .iter()
        .flat_map(|wrong| {
            let basic = format!("Basic {}", STANDARD.encode(format!("ci:{wrong}")));
            [shows(basic, UNKNOWN), shows(format!("Bearer {wrong}"), UNKNOWN)]
        })
        .collect();
    cases.push(shows(format!("Basic {}", STANDARD.encode("ci:")), UNKNOWN));
    let form = format!("grant_type=password&username=ci&password={}", &key[..65]);
    let typed = ("Content-Type", "application/x-www-form-urlencoded");
    cases.push(Case::new("POST", "/token", UNKNOWN).header("Authorization", "").header(typed.0, typed.1).body(form));
    place.check(cases);
}

#[test]
fn tokens_that_were_cut_or_forged() {
    let mut place = Place::new();
    let token = place.registry.token(&place.robot, &["repository:team/app:pull"])["token"].clone();
    place.decisions += 1;
    let token = token.as_str().expect("a token");
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { panic!("three parts: {token}") };
    let wider = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("text");
    let wider = URL_SAFE_NO_PAD.encode(wider.replace("team/app", "acme/priv"));
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
    let mut forged: Vec<String> = [1, 2, 10, 40].iter().map(|cut| token[..token.len() - cut].to_owned()).collect();
    forged.extend([
        format!("{token}x"),
        format!("{token}="),
        format!("{token}.{signature}"),
        format!("{token}.{signature}.{signature}"),
        format!("{header}.{wider}.{signature}"),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}.{zeros}"),
        format!("{claims}.{header}.{signature}"),
        ".".repeat(8 << 10),
        "..".to_owned(),
    ]);
    let mut cases: Vec<Case> = forged.iter().map(|token| shows(format!("Bearer {token}"), BAD_TOKEN)).collect();
    // A token begets no token.
    cases.push(Case::new("GET", "/token", BAD_TOKEN).header("Authorization", format!("Bearer {token}")));
    place.check(cases);
}
