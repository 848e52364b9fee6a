//! What an answer says besides what was asked: where content lies, what runs there, what went wrong inside.

use outbound::Host;

use super::{judged, pages::is_internal, told};
use crate::check::{Check, Group, Severity};
use crate::checks::{bind, spelled};
use crate::controls::{self, Content};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::{Observation, Seen};
use crate::proof::Proof;
use crate::random;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 3] = [
    Check {
        id: "LEAK-06",
        group: Group::Leak,
        mode: Mode::Passive,
        severity: Severity::Medium,
        title: "no header names another repository or a bucket",
        request: "GET /v2/, GET /v2/R/manifests/T, HEAD of B, and of P the manifest and its topmost layer, to where that is redirected",
        judgement: "Pass: no x-ms-copy-*, x-amz-copy-source, x-amz-meta-* or x-goog-meta-* anywhere, and no other x-amz-* but request ids at the door. Fail: one of them",
        why: "storage remembers where content was copied from, and tells it to everybody who may read the copy",
        remedy: "take the headers of the storage out of the answers, or copy content without what it was called before",
        references: &[],
        needs: &[],
        requests: 12,
        run: leak_06,
    },
    Check {
        id: "LEAK-07",
        group: Group::Leak,
        mode: Mode::Passive,
        severity: Severity::Low,
        title: "nobody is told which version runs here",
        request: "GET /v2/, /v2/R/manifests/T, a path that nobody has, /api/v2.0/systeminfo, /api/v1/version, /artifactory/api/system/version",
        judgement: "Pass: no version. Fail: one in Server, X-Powered-By and their like, on the page of an error, or in system information",
        why: "a version is the index to a list of known holes",
        remedy: "switch version banners off (`server_tokens off` in nginx), and close system information to strangers",
        references: &[],
        needs: &[],
        requests: 6,
        run: leak_07,
    },
    Check {
        id: "LEAK-08",
        group: Group::Leak,
        mode: Mode::Passive,
        severity: Severity::Low,
        title: "what cannot be read is refused without a look inside",
        request: "GET of a manifest and a blob by a digest that is none, of a name that is none, and of R with half a JSON object as body and as token",
        judgement: "Pass: nothing of the inside. Fail: a stack trace, a path, SQL, or a host behind the door",
        why: "a message that was made for developers draws the map for everybody else",
        remedy: "write the cause of an error to the log, and a fixed sentence to the client",
        references: &[],
        needs: &[],
        requests: 12,
        run: leak_08,
    },
];

fn leak_06(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let mut asked = vec![session.ask(&Request::get("/v2/"))?, session.first()?];
    if let Some(layer) = session.content().and_then(Content::layer).cloned() {
        asked.push(session.ask(&Request::head(session.blob_target(&layer.digest)))?);
    }
    asked.extend(of_public(session)?);
    let door = session.door().origin.clone();
    Ok(Answer::all(asked.iter().map(|seen| {
        let named = seen.response().ok().and_then(|response| {
            response
                .headers
                .iter()
                .map(|(name, _)| name.to_owned())
                .find(|name| tells_storage(name, seen.origin == door))
        });
        judged(seen, named.and_then(|name| Proof::behaviour(seen, format!("a header `{name}`"))))
    })))
}

/// What everybody gets of a public repository: its manifest and its topmost layer, wherever that leads.
fn of_public(session: &mut Session<'_>) -> Result<Vec<Seen>, Doubt> {
    let Some(public) = session.intent().public() else { return Ok(Vec::new()) };
    let caller = bind::reader(session, public)?;
    let manifest = session.ask(&public.manifest(&public.reference()).credential(caller.credential()))?;
    let content = controls::learn(session, public, &manifest, &caller).ok();
    let Some(layer) = content.as_ref().and_then(Content::layer) else { return Ok(vec![manifest]) };
    let blob = Request::get(public.blob_target(&layer.digest)).header("Range", "bytes=0-0").unkept();
    let asked = session.ask(&blob.clone().credential(caller.credential()))?;
    let last = session.follow(&asked, &blob)?;
    Ok(vec![manifest, asked, last])
}

/// Whether a header says where something lies; storage itself may say what it is.
fn tells_storage(name: &str, at_the_door: bool) -> bool {
    let names = ["x-ms-copy-", "x-amz-copy-source", "x-amz-meta-", "x-goog-meta-"];
    let is_request_id = matches!(name, "x-amz-request-id" | "x-amz-id-2");
    names.iter().any(|begin| name.starts_with(begin)) || (at_the_door && name.starts_with("x-amz-") && !is_request_id)
}

fn leak_07(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let nowhere = random::bytes::<8>().map_err(|error| Doubt::Missing { why: error.to_string() })?;
    let nowhere = session.ask(&Request::get(format!("/{}", random::hex(&nowhere))))?;
    let asked = [session.ask(&Request::get("/v2/"))?, session.first()?];
    let banners = asked.iter().chain([&nowhere]).map(|seen| judged(seen, banner(seen)));
    let banners = Answer::all(banners.collect::<Vec<_>>()).and(judged(&nowhere, page_banner(&nowhere)));
    let systems = ["/api/v2.0/systeminfo", "/api/v1/version", "/artifactory/api/system/version"]
        .map(|path| told(session, &Request::get(path), system_version));
    Ok(banners.and(Answer::all(systems)))
}

/// A version in a header that names what runs.
fn banner(seen: &Observation) -> Option<Proof> {
    const NAMES: [&str; 7] = [
        "server",
        "x-powered-by",
        "x-aspnet-version",
        "x-aspnetmvc-version",
        "x-generator",
        "x-jfrog-version",
        "x-runtime-version",
    ];
    let headers = &seen.response().ok()?.headers;
    let (name, value) = headers.iter().find(|(name, value)| NAMES.contains(name) && version(value).is_some())?;
    Proof::behaviour(seen, format!("`{name}` says `{value}`"))
}

/// The page of an error that a server signs with its name and version.
fn page_banner(seen: &Observation) -> Option<Proof> {
    const SERVERS: [&str; 6] = ["nginx/", "openresty/", "Apache/", "Tomcat/", "Jetty(", "Werkzeug/"];
    let page = String::from_utf8_lossy(&seen.response().ok()?.body.bytes).into_owned();
    let at = |server: &&str| page.find(server).and_then(|at| page.get(at..)).and_then(version);
    let (server, found) = SERVERS.iter().find_map(|server| Some((server, at(server)?)))?;
    Proof::behaviour(seen, format!("a page of `{server}{found}`"))
}

/// System information with a version in it.
fn system_version(seen: &Observation) -> Option<Proof> {
    let response = seen.response().ok().filter(|response| response.is_success())?;
    let info: serde_json::Value = serde_json::from_slice(response.whole()?).ok()?;
    let told = |(name, value): (&String, &serde_json::Value)| {
        name.contains("version").then(|| version(value.as_str()?)).flatten().map(|found| format!("`{name}` is {found}"))
    };
    info.as_object()?.iter().find_map(told).and_then(|says| Proof::behaviour(seen, says))
}

/// The first two numbers with a dot between them.
fn version(text: &str) -> Option<String> {
    let numbers = |word: &&str| {
        let mut parts = word.split('.').map(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        parts.next() == Some(true) && parts.next() == Some(true)
    };
    text.split(|letter: char| !letter.is_ascii_digit() && letter != '.').find(numbers).map(str::to_owned)
}

fn leak_08(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let (name, reference) = (session.private().name.to_string(), session.private().reference());
    let plain = session.manifest(&reference);
    let half = r#"{"schemaVersion":"#;
    let requests = [
        ("a digest", Request::get(format!("/v2/{name}/manifests/sha256:xyz"))),
        ("a digest", Request::get(format!("/v2/{name}/blobs/sha256:%27"))),
        ("a name", Request::get(format!("/v2/{name}%27%22$/manifests/{reference}"))),
        ("a body", plain.clone().body("application/json", half.into())),
        // The first part of a token is JSON: `{"alg":`.
        ("a token", plain.clone().header("Authorization", "Bearer eyJhbGciOg.e30.c2ln")),
    ];
    let mut answers = Vec::new();
    for (what, request) in requests {
        answers.push(malformed(session, &request, &plain).unwrap_or_else(Answer::Open).named(what));
    }
    Ok(Answer::all(answers))
}

/// Whoever closes the connection says nothing, as long as the plain question is answered.
fn malformed(session: &mut Session<'_>, request: &Request, plain: &Request) -> Result<Answer, Doubt> {
    let seen = session.ask(request)?;
    if spelled::is_closed(&seen) {
        session.ask(plain)?.response()?;
        return Ok(Answer::AsIntended);
    }
    let response = seen.response()?;
    let inside = inside(&String::from_utf8_lossy(&response.body.bytes), seen.origin.host());
    Ok(judged(&seen, inside.and_then(|found| Proof::behaviour(&seen, format!("the answer shows {found}")))))
}

/// What of the inside stands in a text.
fn inside(text: &str, door: &Host) -> Option<String> {
    const MARKS: [(&str, &[&str]); 4] = [
        (
            "a stack trace",
            &["goroutine ", "Traceback (most recent", "\n\tat ", "stack backtrace", "Exception in thread", "panic: "],
        ),
        ("a path", &["/usr/", "/home/", "/var/lib/", "/opt/", "/go/src/", "/go/pkg/", "/app/src/", "C:\\"]),
        ("SQL", &["SQLSTATE", "syntax error at or near", "SELECT ", "sqlite", "pq: ", "ORA-0"]),
        ("a host behind the door", &["dial tcp ", "lookup ", "upstream connect error"]),
    ];
    let marked = MARKS.iter().find_map(|(what, marks)| {
        let mark = marks.iter().find(|mark| text.contains(*mark))?;
        Some(format!("{what}: `{}`", mark.trim()))
    });
    marked.or_else(|| behind(text, door).map(|host| format!("a host behind the door: `{host}`")))
}

/// A host in a URL that only machines inside reach, other than the door itself.
pub(super) fn behind(text: &str, door: &Host) -> Option<Host> {
    let hosts = text.split("://").skip(1).filter_map(|rest| {
        let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || ".-".contains(letter)));
        rest.get(..end.unwrap_or(rest.len()))?.parse::<Host>().ok()
    });
    hosts.into_iter().find(|host| host != door && is_internal(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_two_numbers() {
        for (text, found) in [
            ("nginx/1.18.0 (Ubuntu)", Some("1.18.0")),
            ("Artifactory/7.1", Some("7.1")),
            ("nginx", None),
            ("nginx/1", None),
            ("ECS (dcb/7F83)", None),
            ("...", None),
        ] {
            assert_eq!(version(text).as_deref(), found, "{text}");
        }
    }

    #[test]
    fn storage_may_say_what_it_is_and_nobody_what_it_was() {
        for (name, at_the_door, in_storage) in [
            ("x-amz-server-side-encryption", true, false),
            ("x-amz-copy-source", true, true),
            ("x-ms-copy-source", true, true),
            ("x-amz-request-id", false, false),
            ("x-request-id", false, false),
        ] {
            assert_eq!((tells_storage(name, true), tells_storage(name, false)), (at_the_door, in_storage), "{name}");
        }
    }

    #[test]
    fn the_inside_is_known_by_its_marks() {
        let door = "registry.example".parse().unwrap();
        for (text, found) in [
            ("goroutine 1 [running]:", true),
            ("open /var/lib/registry: no such file", true),
            ("pq: relation does not exist", true),
            ("Get http://registry.internal:5000/v2/: EOF", true),
            ("see https://docs.example.com and https://registry.example", false),
            (r#"{"errors":[{"code":"DIGEST_INVALID"}]}"#, false),
        ] {
            assert_eq!(inside(text, &door).is_some(), found, "{text}");
        }
    }
}
