//! Names that clients claim for us: realm and `Location` come from our own and from nothing that was sent.

use testkit::http::{Connection, Response};

use super::{Case, Expected, Place};

const SPOOFED: [(&str, &str); 5] = [
    ("X-Forwarded-Host", "evil.test"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-For", "192.0.2.1"),
    ("X-Forwarded-Uri", "/v2/"),
    ("Forwarded", "for=192.0.2.1;host=evil.test;proto=https"),
];

#[test]
fn forwarded_headers_of_a_stranger_change_nothing() {
    let place = Place::new();
    let name = place.registry.name();
    let refused = place.registry.ask_with(None, "GET", "/v2/team/app/manifests/v1", &SPOOFED, b"");
    assert_eq!(refused.head.status, 401);
    assert!(challenge(&refused).contains(&format!(r#"realm="http://{name}/token""#)), "{}", challenge(&refused));
    let record = place.registry.record_of(&refused);
    assert_eq!(record["source"], "127.0.0.1", "the source is the peer");
    let opened = place.registry.ask_with(Some(&place.robot), "POST", "/v2/team/app/blobs/uploads/", &SPOOFED, b"");
    let location = opened.head.header("location").expect("an upload has a place");
    assert!(location.starts_with(&format!("http://{name}/v2/team/app/blobs/uploads/")), "{location}");
    for answer in [refused, opened] {
        assert!(!format!("{answer:?}").contains("evil"), "{answer:?}");
    }
}

#[test]
fn each_name_of_this_machine_is_answered_with_itself() {
    let place = Place::new();
    let port = place.registry.address.port();
    for name in ["localhost", "127.0.0.1", "[::1]", "LOCALHOST", "localhost."] {
        let host = format!("{name}:{port}");
        let refused = place.registry.ask_with(None, "GET", "/v2/", &[("Host", &host)], b"");
        assert_eq!(refused.head.status, 401, "{name}");
        let own = format!("{}:{port}", name.to_lowercase().trim_end_matches('.'));
        assert!(challenge(&refused).contains(&format!(r#"realm="http://{own}/token""#)), "{}", challenge(&refused));
    }
}

#[test]
fn other_hosts_are_not_served() {
    let mut place = Place::new();
    let foreign = Expected(421, "UNSUPPORTED", "malformed", "foreign_host");
    let port = place.registry.address.port();
    let own = place.registry.name();
    let hosts = [
        "evil.test".to_owned(),
        "localhost".to_owned(),
        format!("127.0.0.1:{}", port ^ 1),
        format!("127.0.0.2:{port}"),
    ];
    place.check(hosts.map(|host| Case::new("GET", "/v2/team/app/manifests/v1", foreign).header("Host", host)));
    place.check([
        Case::new("GET", "/v2/", foreign).header("Host", own.clone()).header("Host", own.clone()),
        Case::new("GET", "/v2/", foreign).header("Host", own.clone()).header("Host", "evil.test"),
        Case::new("GET", "http://evil.test/v2/", foreign),
        Case::new("GET", format!("http://{own}/v2/"), foreign).header("Host", "evil.test"),
    ]);
    let absolute = place.registry.ask(Some(&place.robot), "GET", &format!("http://{own}/v2/"), b"");
    assert_eq!(absolute.head.status, 200, "an absolute target that is ours is served");
    let mut connection = Connection::open(place.registry.address);
    connection.send(b"GET /v2/ HTTP/1.1\r\n\r\n").expect("sent");
    assert_eq!(connection.response("GET").head.status, 421, "no host is no host of ours");
    place.decisions += 2;
    place.stands();
}

fn challenge(answer: &Response) -> &str {
    answer.head.header("www-authenticate").expect("a refusal says how to ask")
}
