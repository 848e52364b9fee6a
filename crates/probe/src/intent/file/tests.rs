use super::*;
use crate::intent::Monitor;

const WHOLE: &str = r#"
deny_anonymous = [401, 403]
revoked_within = "200ms"
canary_listener = "https://probe.example:8443"
canary_bind = "0.0.0.0:8443"

[[door]]
name = "edge"
url = "https://registry.example"
vantage = "internet"
realms = ["https://auth.example"]
storage = ["https://bucket.example"]
ports = [80, 5000]
peers = ["http://spegel.example:5000"]

[[door]]
name = "mirror"
url = "https://mirror.example:5000"

[[repository]]
name = "team/app"
tag = "1.0"
visibility = "private"

[[repository]]
name = "team/base"
visibility = "public"

[[identity]]
role = "control"
credential_env = "PULLGATE_PROBE_CREDENTIAL"
show_to = ["edge"]

[[identity]]
role = "low"
credential_file = "low.credential"
show_to = ["edge", "mirror"]
owns = "probe/low"
may = ["pull", "push"]

[[identity]]
role = "revoked"
credential_env = "LEAVER"
show_to = ["edge"]
revoke = ["revoke", "leaver"]

[cargo]
index = "sparse+https://registry.example/cargo/"
crate = "secret_crate"
version = "1.0.0"

[[accepted]]
check = "TOK-01"
until = "2030-03-31"
reason = "the realm moves"

[[in_progress]]
check = "ANON-01"
door = "mirror"
repository = "team/app"
until = "2030-01-31"
by = "ann"

[[alias]]
name = "group/app"
of = "team/app"
kind = "virtual"

[gate]
largest_blob = 1000000
stream_ends_within = "1s"

[gate.images]
signed = "gate/app@sha256:abababababababababababababababababababababababababababababababab"

[[gate.outage]]
kind = "upstream"
begin = ["stop", "upstream"]
end = ["start", "upstream"]

[monitor]
path = "/alerts"
within = "30s"
says = "listing"

[write]
push_apart = true
foreign_upload = "6ba7b810?_state=x"
kept = "probe/kept:1.0"
beside = "probe/beside"
remake = ["remake", "probe/beside"]

[policy]
restrict = ["restrict", "low"]
restore = ["restore", "low"]
window = ["restrict", "low", "--after", "30s"]
window_lasts = "30s"
"#;

fn read(text: &str) -> Result<Intent, IntentError> {
    Intent::read(
        text,
        |source, _| match source {
            Source::Environment(_) => Ok(Login { user: "ci".into(), secret: Secret::new("s3cret".into()) }),
            Source::File(_) => Ok(Login { user: "low".into(), secret: Secret::new("l0w".into()) }),
            Source::DockerLogin => Err("no login".into()),
        },
        |_| Hook::new(|| Ok(())),
        |name| Err(format!("no `{name}` here").into()),
    )
}

#[test]
fn a_whole_file() {
    let intent = read(WHOLE).unwrap();
    let (edge, mirror) = (&intent.doors[0], &intent.doors[1]);
    assert_eq!((edge.vantage.as_str(), mirror.vantage.as_str()), ("internet", "here"));
    assert!(edge.has_realm(&"https://auth.example".parse().unwrap()));
    assert!(edge.has_peer(&"http://spegel.example:5000".parse().unwrap()));
    assert_eq!((edge.ports.as_deref(), mirror.ports.as_deref()), (Some([80, 5000].as_slice()), None));
    assert!(!mirror.has_realm(&"https://auth.example".parse().unwrap()));
    assert_eq!(intent.private().map(ToString::to_string).collect::<Vec<_>>(), ["team/app:1.0"]);
    assert_eq!(intent.login(Role::Control, edge).map(|login| login.user.as_str()), Some("ci"));
    assert!(intent.login(Role::Control, mirror).is_none(), "a credential is shown where it belongs");
    let low = intent.identity(Role::Low, mirror).unwrap();
    assert_eq!(low.owns.as_ref().map(Repository::as_str), Some("probe/low"));
    assert_eq!(low.may, ["pull", "push"]);
    assert!(low.revoke.is_none() && intent.identity(Role::Revoked, edge).is_some_and(|known| known.revoke.is_some()));
    assert_eq!(intent.public().map(|known| known.name.as_str()), Some("team/base"));
    assert_eq!(intent.revoked_within, Duration::from_millis(200));
    let cargo = intent.cargo_at(edge).unwrap();
    assert_eq!((cargo.path.as_str(), cargo.name.as_str(), intent.cargo_at(mirror)), ("/cargo/", "secret_crate", None));
    let borne: Vec<String> = intent.triage.iter().map(ToString::to_string).collect();
    assert_eq!(borne, ["TOK-01 until 2030-03-31", "ANON-01 of team/app at mirror until 2030-01-31"]);
    let canary = intent.canary.unwrap();
    let says = Some("listing".to_owned());
    let monitor = Monitor { path: "/alerts".to_owned(), within: Duration::from_secs(30), says };
    assert_eq!((canary.at.to_string().as_str(), canary.monitor), ("https://probe.example:8443", Some(monitor)));
    assert_eq!((intent.deny_anonymous, intent.deny_known), (vec![401, 403], vec![401, 403, 404]));
}

#[test]
fn the_second_is_the_next_one() {
    let more = WHOLE.to_owned() + "[[repository]]\nname = \"team/b\"\ntag = \"1\"\nvisibility = \"private\"\n";
    let intent = read(&more).unwrap();
    let next = |name: &str| {
        let first = intent.private().find(|known| known.name.as_str() == name).unwrap();
        intent.second(first).name.to_string()
    };
    assert_eq!((next("team/app").as_str(), next("team/b").as_str()), ("team/b", "team/app"));
    let alone = read(WHOLE).unwrap();
    let only = alone.private().next().unwrap();
    assert_eq!(alone.second(only), only);
}

#[test]
fn only_a_plain_address_of_this_machine_is_listened_on_unasked() {
    let bind = "canary_bind = \"0.0.0.0:8443\"\n";
    for (url, listens) in [
        ("https://probe.example:8443", false),
        ("http://probe.example:8080", false),
        ("https://127.0.0.1:8443", false),
        ("http://127.0.0.1:8080", true),
        ("http://localhost:8080", true),
    ] {
        let text = WHOLE.replace(bind, "").replace("https://probe.example:8443", url);
        assert_eq!(read(&text).unwrap().canary.is_some(), listens, "{url}");
    }
}

#[test]
fn a_mistake_says_what_and_where() {
    let mut said = String::new();
    for (old, new) in [
        ("vantage", "vantege"),
        ("deny_anonymous = [401, 403]", "deny_anonymous = [200]"),
        ("https://registry.example", "registry.example"),
        ("\"mirror\"\nurl", "\"edge\"\nurl"),
        ("[\"edge\"]", "[\"egde\"]"),
        ("[\"edge\"]", "[]"),
        ("team/app", "Team/app"),
        ("tag = \"1.0\"\n", ""),
        ("visibility = \"private\"", "visibility = \"public\""),
        ("vantage = \"internet\"", "key_file = \"edge.key\""),
        ("vantage = \"internet\"", "certificate_file = \"edge.pem\"\nkey_file = \"edge.key\""),
        ("[80, 5000]", "[80, 0]"),
        ("[80, 5000]", "[65536]"),
        ("http://spegel.example:5000", "spegel"),
        ("role = \"control\"", "role = \"admin\""),
        ("credential_env = \"PULLGATE_PROBE_CREDENTIAL\"\n", ""),
        ("credential_env = \"PULLGATE_PROBE_CREDENTIAL\"", "as = \"docker-login\""),
        ("role = \"revoked\"", "role = \"expired\""),
        ("[\"revoke\", \"leaver\"]", "[]"),
        ("\"200ms\"", "\"0s\""),
        ("\"200ms\"", "\"soon\""),
        ("sparse+https://registry.example/cargo/", "https://other.example/cargo/"),
        ("version = \"1.0.0\"", "version = \"1.0.0\"\ndoors = [\"mirror\"]"),
        ("secret_crate", "secret crate"),
        ("\"1.0.0\"", "\"latest\""),
        ("TOK-01", "TOK-99"),
        ("2030-03-31", "soon"),
        ("the realm moves", " "),
        ("door = \"mirror\"", "door = \"miror\""),
        ("repository = \"team/app\"", "repository = \"team/base\""),
        ("6ba7b810?_state=x", "6ba7b810 x"),
        ("gate/app@sha256:", "gate/app:"),
        ("largest_blob = 1000000", "largest_blob = 0"),
        ("stream_ends_within = \"1s\"", "stream_ends_within = \"0s\""),
        ("[\"stop\", \"upstream\"]", "[]"),
        ("of = \"team/app\"", "of = \"team/base\""),
        ("kind = \"virtual\"", "kind = \"group\""),
        ("probe/kept:1.0", "probe/kept"),
        ("beside = \"probe/beside\"", "beside = \"Probe/beside\""),
        ("remake = [\"remake\"", "remake = [\"\""),
        ("[\"restore\", \"low\"]", "[]"),
        ("window_lasts = \"30s\"\n", ""),
        ("[policy]", "[test_key]\nfile = \"test.pem\"\nalg = \"ES256\"\nkid = \"test\"\n[policy]"),
        ("[policy]", "[test_key]\nfile = \"test.pem\"\nalg = \"ES256\"\n[policy]"),
        ("[policy]", "[leaf]\nkey_file = \"leaf.key\"\ncertificate_file = \"leaf.pem\"\nalg = \"ES256\"\n[policy]"),
        (
            "[policy]",
            "[federation]\nurl = \"issuer\"\nfile = \"a.pem\"\nalg = \"ES256\"\nkid = \"a\"\niss = \"i\"\naud = \"a\"\nsub = \"s\"\nother_sub = \"o\"\n[policy]",
        ),
        ("window_lasts = \"30s\"", "window_lasts = \"0s\""),
        ("https://probe.example:8443", "probe.example:8443"),
        ("0.0.0.0:8443", "8443"),
        ("canary_listener = \"https://probe.example:8443\"\n", ""),
        ("\"/alerts\"", "\"alerts\""),
        ("\"/alerts\"", "\"/alerts?key=1\""),
        ("within = \"30s\"", "within = \"0s\""),
        ("\"listing\"", "\"\""),
    ] {
        let text = WHOLE.replace(old, new);
        let error = read(&text).unwrap_err();
        let place = error.span().and_then(|span| text.get(span)).unwrap_or("-").replace('\n', " ");
        said += &format!("{new:?}: {error} at {place}\n");
    }
    insta::assert_snapshot!(said);
    assert!(matches!(read(""), Err(IntentError::NoDoor)));
}
