//! What is read of headers and forms, at every limit.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderValue};

use super::*;
use crate::fixture::{MANIFEST, basic, head, post};

fn read(authorization: &[&str]) -> Result<Shown, Cause> {
    Shown::read(&head(MANIFEST, authorization))
}

/// `b` and the credential; `u`, the user and the password.
fn told(shown: &Shown) -> String {
    match shown {
        Shown::Nothing => "nothing".to_owned(),
        Shown::Bearer(text) => format!("b {}", text.expose()),
        Shown::Password { user, password } => format!("u {user} {}", password.expose()),
    }
}

#[test]
fn what_clients_show() {
    for (authorization, shown) in [
        (vec![], "nothing"),
        (vec!["Basic Og=="], "nothing"),
        (vec!["Bearer abc"], "b abc"),
        (vec!["bEARER  abc "], "b abc"),
        (vec!["Basic Y2k6aHVudGVyMg=="], "u ci hunter2"),
        (vec!["basic Y2k6"], "u ci "),
        (vec!["Basic OmE6Yg=="], "u  a:b"),
        (vec![&basic("robot:ci", "hunter2")], "u robot ci:hunter2"),
        (vec![&basic("robot:ci", "pgk_a")], "u robot:ci pgk_a"),
        (vec![&basic("ci", "pgk_a:pgk")], "u ci pgk_a:pgk"),
    ] {
        assert_eq!(told(&read(&authorization).unwrap()), shown, "{authorization:?}");
    }
}

#[test]
fn forms() {
    for (form, shown) in [
        ("", "nothing"),
        ("username=ci&service=a", "nothing"),
        ("username=ci&password=", "nothing"),
        ("grant_type=password&username=ci&password=a%3Ab", "u ci a:b"),
        ("password=a", "u  a"),
    ] {
        assert_eq!(told(&Shown::read(&post(form)).unwrap()), shown, "{form}");
    }
    for form in ["username=a&username=b&password=c", "username=a&password=b&password=c"] {
        assert_eq!(Shown::read(&post(form)).unwrap_err(), Cause::MalformedAuthorization, "{form}");
    }
}

#[test]
fn one_of_two_is_never_taken() {
    for authorization in [
        vec!["Bearer abc", "Bearer abc"],
        vec!["Basic Og==", "Bearer abc"],
        vec!["", "Bearer abc"],
        vec!["Basic Og==, Bearer abc"],
        vec!["Bearer abc,Basic Og=="],
        vec!["Bearer abc,def"],
        vec!["Basic Og==,Og=="],
        vec!["Bearer abc Basic Og=="],
        vec!["Bearer abc\tBasic"],
        vec!["Digest a=b, Basic Og=="],
    ] {
        assert_eq!(read(&authorization).unwrap_err(), Cause::MalformedAuthorization, "{authorization:?}");
    }
}

#[test]
fn what_cannot_be_read() {
    let utf16 = format!("Basic {}", STANDARD.encode([0xFF, 0xFE, b':', b'a']));
    let no_colon = format!("Basic {}", STANDARD.encode("hunter2"));
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Basic",
        "Basic   ",
        "Basic Og",
        "Basic Og=",
        "Basic Oh==",
        "Basic Og==\t",
        "Basic -_==",
        "Basic Og==Og==",
        "abc",
        &utf16,
        &no_colon,
    ] {
        assert_eq!(read(&[value]).unwrap_err(), Cause::MalformedAuthorization, "{value:?}");
    }
    let mut head = head(MANIFEST, &[]);
    head.headers.insert(AUTHORIZATION, HeaderValue::from_bytes(b"Bearer \xff").unwrap());
    assert_eq!(Shown::read(&head).unwrap_err(), Cause::MalformedAuthorization);
}

#[test]
fn other_schemes() {
    for value in ["Digest abc", "Negotiate YII=", "Bearer2 abc", "Basic; abc"] {
        assert_eq!(read(&[value]).unwrap_err(), Cause::UnknownScheme, "{value}");
    }
}

#[test]
fn bearer_up_to_16_kib() {
    let bearer = |length: usize| read(&[&format!("Bearer {}", "a".repeat(length))]);
    assert!(bearer(LONG).is_ok());
    assert_eq!(bearer(LONG + 1).unwrap_err(), Cause::TooLarge);
    assert_eq!(bearer(1 << 20).unwrap_err(), Cause::TooLarge);
}

#[test]
fn basic_up_to_4_kib() {
    // Three bytes are four of base64: 3072 bytes fill 4 KiB.
    let shown = |password: usize| read(&[&basic("ci", &"a".repeat(password))]);
    assert!(shown(3072 - 3).is_ok());
    assert_eq!(shown(3072 - 2).unwrap_err(), Cause::TooLarge);
}

#[test]
fn basic_up_to_16_kib_where_the_password_has_the_form_of_a_jwt() {
    let shown = |padding: usize| read(&[&basic("ci", &format!("e30.{}.e30", "a".repeat(padding)))]);
    let full = 3 * LONG / 4 - "ci:e30..e30".len();
    assert!(shown(full).is_ok());
    assert_eq!(shown(full + 1).unwrap_err(), Cause::TooLarge);
    let long = "a".repeat(4096);
    for not_quite in [format!("e30.{long}"), format!("e30.{long}.a.b"), format!("e30..{long}"), ".".repeat(4096)] {
        assert_eq!(read(&[&basic("ci", &not_quite)]).unwrap_err(), Cause::TooLarge);
    }
}

#[test]
fn forms_have_the_same_limits() {
    let shown = |password: &str| Shown::read(&post(&format!("username=ci&password={password}")));
    assert!(shown(&"a".repeat(SHORT - 2)).is_ok());
    assert_eq!(shown(&"a".repeat(SHORT - 1)).unwrap_err(), Cause::TooLarge);
    let jwt = |padding: usize| shown(&format!("e30.{}.e30", "a".repeat(padding)));
    assert!(jwt(LONG - "cie30..e30".len()).is_ok());
    assert_eq!(jwt(LONG - "cie30..e30".len() + 1).unwrap_err(), Cause::TooLarge);
}

#[test]
fn prints_no_secret() {
    for shown in [read(&["Bearer hunter2"]).unwrap(), read(&[&basic("ci", "hunter2")]).unwrap()] {
        assert!(!format!("{shown:?}").contains("hunter2"));
    }
}
