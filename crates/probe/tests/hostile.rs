//! Targets that lie, drip, never end or reach for the credential: the run ends within its bounds, shows nothing secret,
//! and is never green.

mod support;

use probe::{
    Baseline, Mode, Outcome, Report, Settings, Severity, Thresholds, Verdict, html, json, junit, markdown, sarif, text,
};
use support::{impatient, intent, other_tokens, run_telling, run_with, verdict};
use testkit::double::{API_TOKEN, Double, Flaw, ID_TOKEN, PASSWORD, SESSION, USER};
use testkit::http::basic;
use testkit::raw::{Answer, Request, Server};

/// A run against a server that answers everything so.
fn against(handle: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> (Report, Vec<Request>) {
    let server = Server::start(handle);
    let report = run_with(&intent(&server.url(), true), &impatient());
    let requests = server.requests();
    (report, requests)
}

fn is_open(report: &Report, outcome: Outcome) {
    assert_eq!(report.outcome(&Thresholds::default()), outcome, "{}", text::render(report, &Thresholds::default()));
    let passed = report.results.iter().find(|result| matches!(result.verdict(), Some(Verdict::Pass(_))));
    assert!(passed.is_none(), "{passed:?}");
}

#[test]
fn whoever_answers_nothing_of_use_stays_open() {
    let head =
        |headers: &str| format!("HTTP/1.1 401 -\r\nWWW-Authenticate: Basic realm=\"x\"\r\n{headers}\r\n").into_bytes();
    let answers = [
        Answer::Bytes(b"HTTP/1.1 401".to_vec()),
        Answer::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec()),
        Answer::Bytes(head("Content-Length: 100\r\n")),
        Answer::Bytes(head("Transfer-Encoding: chunked\r\n")),
        Answer::Bytes(b"HTTP/1.1 401 -\r\nContent-Length: 0\r\n\r\n".to_vec()),
        Answer::Bytes(b"HTTP/1.1 503 -\r\nContent-Length: 0\r\n\r\n".to_vec()),
        Answer::Bytes(b"HTTP/1.1 429 -\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n".to_vec()),
        Answer::Bytes(b"HTTP/1.1 429 -\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n".to_vec()),
        Answer::Bytes(b"HTTP/1.1 200 -\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08".to_vec()),
        Answer::Endless(head(""), vec![b'a'; 4096]),
        Answer::Endless(b"HTTP/1.1 200 -\r\nX: ".to_vec(), vec![b'a'; 4096]),
        Answer::Endless(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
    ];
    for answer in answers {
        let shown = format!("{answer:?}").chars().take(80).collect::<String>();
        let given = answer.clone();
        let (report, _) = against(move |_| given.clone());
        let outcome = report.outcome(&Thresholds::default());
        assert_ne!(outcome, Outcome::Pass, "{shown}");
        assert_ne!(outcome, Outcome::Fail, "{shown}");
        let passed = report.results.iter().find(|result| matches!(result.verdict(), Some(Verdict::Pass(_))));
        assert!(passed.is_none(), "{shown}: {passed:?}");
    }
}

#[test]
fn whoever_is_slow_costs_three_questions() {
    for answer in [Answer::Silence, Answer::Drip(vec![b'H'; 4096])] {
        let (report, requests) = against(move |_| answer.clone());
        is_open(&report, Outcome::Inconclusive);
        assert_eq!(requests.len(), 3);
    }
}

#[test]
fn whoever_is_not_there_is_not_reachable_from_here() {
    let report = run_with(&intent("http://127.0.0.1:1", true), &impatient());
    is_open(&report, Outcome::Unreachable);
}

#[test]
fn redirects_end_and_lead_nowhere_that_nobody_named() {
    let (report, requests) = against(|request| Answer::http(request, 302, &[("Location", "/v2/again")], b""));
    is_open(&report, Outcome::Inconclusive);
    assert!(requests.len() <= report.budget.requests, "{}", requests.len());

    let elsewhere = Server::start(|request| Answer::http(request, 200, &[], b"{}"));
    let target = format!("{}/x", elsewhere.url());
    let (report, _) = against(move |request| Answer::http(request, 307, &[("Location", &target)], b""));
    is_open(&report, Outcome::Inconclusive);
    assert_eq!(elsewhere.requests().len(), 0, "nobody named that host");
    assert_eq!(report.discovered[0].origin.to_string(), elsewhere.url());
    assert_eq!(report.discovered[0].flag, "--storage");
}

#[test]
fn a_foreign_realm_gets_no_credential() {
    let thief = Server::start(|request| Answer::http(request, 200, &[], br#"{"token":"abcdefgh"}"#));
    let realm = format!("Bearer realm=\"{}/token\",service=\"x\"", thief.url());
    let (report, requests) = against(move |request| Answer::http(request, 401, &[("WWW-Authenticate", &realm)], b"{}"));
    is_open(&report, Outcome::Inconclusive);
    assert_eq!(thief.requests().len(), 0);
    let shown = basic(USER, PASSWORD);
    assert!(requests.iter().all(|request| request.all("authorization").all(|value| value != shown)), "nor the door");
    assert_eq!(report.discovered[0].flag, "--realm");
}

/// The token of a service that hands one and the same to everybody.
const TOKEN: &str = "opaque+s3cret/of=the-run";

/// Sends whoever has a token in the query elsewhere, with it, and says to everybody else what they have shown.
fn echoing(elsewhere: &str, request: &Request) -> Answer {
    if request.target.starts_with("/token?") {
        let body = format!("{{\"token\":\"{TOKEN}\",\"refresh_token\":\"refresh-{TOKEN}\"}}");
        return Answer::http(request, 200, &[], body.as_bytes());
    }
    if request.target.contains("token=") {
        return Answer::http(request, 307, &[("Location", &format!("{elsewhere}{}", request.target))], b"");
    }
    let realm = format!("Bearer realm=\"http://{}/token\"", request.header("host").unwrap_or_default());
    let shown = format!("{:?}", request.headers);
    let headers = [("WWW-Authenticate", realm.as_str()), ("Server", &shown), ("ETag", &shown)];
    Answer::http(request, 401, &headers, shown.as_bytes())
}

#[test]
fn a_token_in_another_place_reaches_no_report_and_no_other_origin() {
    let elsewhere = Server::start(|request| Answer::http(request, 200, &[], b"{}"));
    let url = elsewhere.url();
    let server = Server::start(move |request| echoing(&url, request));
    let mut intent = intent(&server.url(), true);
    intent.doors[0].storage.push(elsewhere.url().parse().unwrap());
    intent.other_tokens = other_tokens(&[intent.doors[0].name.clone()]);
    let report = run_with(&intent, &Settings { mode: Mode::Active, ..impatient() });

    let requests = server.requests();
    let came = |name: &str, value: &str| requests.iter().any(|request| request.all(name).any(|it| it.contains(value)));
    for (name, value) in [
        ("cookie", format!("token={TOKEN}")),
        ("cookie", format!("sid={SESSION}")),
        ("proxy-authorization", format!("Bearer {TOKEN}")),
        ("x-registry-auth", format!("Bearer {TOKEN}")),
        ("x-registry-auth", "eyJyZWdpc3RyeXRva2VuIjoi".to_owned()),
        ("authorization", format!("Bearer refresh-{TOKEN}")),
        ("authorization", format!("Bearer {ID_TOKEN}")),
    ] {
        assert!(came(name, &value), "{name}: {value}");
    }
    assert!(requests.iter().any(|request| request.target.ends_with("?access_token=opaque%2Bs3cret/of%3Dthe-run")));
    let said = format!("{:?}", verdict(&report, "FORGE-22"));
    assert!(said.contains("it carries a credential to"), "{said}");

    let thresholds = Thresholds::default();
    let mut pages = vec![text::render(&report, &thresholds), html::render(&report, &thresholds)];
    pages.extend([markdown::render(&report, &thresholds), junit::render(&report), format!("{report:?} {intent:?}")]);
    pages.extend([json::render(&report, &thresholds).unwrap(), sarif::render(&report, &thresholds).unwrap()]);
    pages.push(Baseline::of(&report).write().unwrap());
    pages.push(format!("{:?}", elsewhere.requests()));
    for page in pages {
        for secret in ["s3cret", "of%3Dthe-run", "eyJyZWdpc3RyeXRva2VuIjoi", ID_TOKEN, API_TOKEN, SESSION] {
            assert!(!page.contains(secret), "{secret} in {page}");
        }
    }
}

#[test]
fn an_echoed_credential_and_terminal_codes_reach_no_report() {
    let (report, requests) = against(|request| {
        let echo = request.header("authorization").unwrap_or("-").to_owned();
        let decoded = request.header("authorization").map(|_| PASSWORD).unwrap_or_default();
        let body = format!("\u{1b}[2J\u{9b}2J {echo} {decoded}");
        let headers = [("WWW-Authenticate", "Basic realm=\"\u{9b}2J\""), ("Server", &echo), ("ETag", decoded)];
        Answer::http(request, 401, &headers, body.as_bytes())
    });
    is_open(&report, Outcome::Inconclusive);
    assert!(requests.iter().any(|request| request.header("authorization").is_some()), "there was something to echo");
    let thresholds = Thresholds::default();
    let pages =
        [text::render(&report, &thresholds), json::render(&report, &thresholds).unwrap(), format!("{report:?}")];
    assert!(pages[1].contains("[credential]"), "{}", pages[1]);
    for page in pages {
        assert!(!page.contains(PASSWORD), "{page}");
        assert!(!page.contains("Y2k6czNjcmV0"), "{page}");
        assert!(!page.contains(['\u{1b}', '\u{9b}']), "{page}");
    }
}

#[test]
fn the_report_of_an_open_registry_shows_no_private_layer_and_no_token() {
    let double = Double::start(&[Flaw::OpenLayer, Flaw::OpenConfig, Flaw::OpaqueTokenForAnybody]);
    let report = run_with(&intent(&double.url(), true), &impatient());
    let thresholds = Thresholds::default();
    assert_eq!(report.outcome(&thresholds), Outcome::Fail);
    let page = json::render(&report, &thresholds).unwrap();
    assert!(!page.contains("KEY=private"), "the configuration is not written down");
    assert!(!page.contains("opaque-"), "no token is written down");
    assert!(page.contains("TOKEN=$(curl") && page.contains("Bearer $TOKEN"), "the lines for a shell name it: {page}");
}

#[test]
fn a_manifest_that_is_longer_than_what_is_kept_is_known_by_its_hash() {
    for (flaws, outcome) in [(&[][..], Outcome::Pass), (&[Flaw::OpenDigest], Outcome::Fail)] {
        let double = Double::with_notes_of(300_000, flaws);
        let report = run_with(&intent(&double.url(), true), &impatient());
        for id in ["CTL-01", "CTL-05"] {
            assert!(matches!(verdict(&report, id), Verdict::Pass(_)), "{id}: {:?}", verdict(&report, id));
        }
        assert_eq!(report.outcome(&Thresholds::default()), outcome, "{flaws:?}");
        let page = json::render(&report, &Thresholds::default()).unwrap();
        assert!(!page.contains(&"n".repeat(1000)), "nothing of it is written down beyond its beginning");
    }
    let double = Double::with_notes_of(5_000_000, &[]);
    let report = run_with(&intent(&double.url(), true), &impatient());
    is_open(&report, Outcome::Inconclusive);
}

/// Letters that turn text around, that nobody sees, and that move a cursor.
const ODD: &str = "\u{202a}\u{202b}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{61c}\u{200b}\u{200c}\
    \u{200d}\u{2060}\u{feff}\u{ad}\u{e0041}\u{2028}\u{1b}[2J\u{9b}31m\u{7}\u{8}";

#[test]
fn what_a_target_sends_is_plain_text_in_every_report() {
    let (mut pages, mut told) = (Vec::new(), 0);
    let server = Server::start(|request| {
        // No answer with such a header is read at all.
        let header: String = ODD.chars().filter(|letter| !letter.is_ascii_control()).collect();
        let body = format!("{{\"errors\":[{{\"message\":\"/etc/{ODD}\",\"detail\":\"{ODD}{PASSWORD}\"}}]}}");
        let body = body.replace('\u{1b}', "\\u001b").replace('\u{7}', "\\u0007").replace('\u{8}', "\\b");
        let server = format!("gate/1.2 {header} {PASSWORD}");
        let challenge = format!("Basic realm=\"{header}\"");
        Answer::http(request, 401, &[("WWW-Authenticate", &challenge), ("Server", &server)], body.as_bytes())
    });
    let intent = intent(&server.url(), true);
    let report = run_telling(&intent, &impatient(), |progress| {
        if let Some(line) = text::found(&progress) {
            told += 1;
            pages.push(line);
        }
    });
    let thresholds = Thresholds { fail_on: Severity::Low, ..Thresholds::default() };
    assert!(told >= 2, "{told}: {:?}", report.results);
    assert!(report.outcome(&thresholds) == Outcome::Fail, "there is something to say");
    pages.extend([text::render(&report, &thresholds), html::render(&report, &thresholds), junit::render(&report)]);
    pages.push(markdown::render(&report, &thresholds));
    pages.extend([json::render(&report, &thresholds).unwrap(), sarif::render(&report, &thresholds).unwrap()]);
    for page in pages {
        assert!(!page.contains(|letter: char| ODD.contains(letter) && !"[2J31m".contains(letter)), "{page:?}");
        assert!(!page.contains(PASSWORD), "{page}");
    }
}
