//! The same path with something that changes how it is read or answered: names that are two things, ranges, bodies.

use super::path::{Asked, Odd, Thing};
use super::{ALL, JUDGEMENT, Spelling, refuses, spelled_paths};
use crate::check::{Check, Group, Severity};
use crate::checks::spelled;
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::observation::Observation;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

/// What mends an answer that is prepared before anybody has decided.
const DECIDE_FIRST: &str = "decide before anything of the object, of the condition or of the body is looked at";

pub(in crate::checks) static CHECKS: [Check; 5] = [
    Check {
        id: "ROUTE-19",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::High,
        title: "ranges and conditions tell nothing",
        request: "manifest and layer with Range: bytes=0-0, bytes=-1 and several ranges, with If-None-Match and their digest, with If-Range",
        judgement: "Pass: refused. Fail: 206, 304 or 416, or content",
        why: "an answer to a condition says whether it holds, and so what is there",
        remedy: DECIDE_FIRST,
        references: &["RFC 9110 section 13.2.1"],
        needs: &[],
        requests: 30,
        run: route_19,
    },
    Check {
        id: "ROUTE-20",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::High,
        title: "a name that is two things is neither",
        request: "the path of manifest, layer and catalogue, and then /blobs/uploads/, /manifests/b or /tags/list; behind _catalog; behind such paths of a public repository; behind 256 characters, and behind 64 components",
        judgement: JUDGEMENT,
        why: "one parser looks for the last word that it knows and the other for the first, and so they read two names",
        remedy: "read every path once, into a name and a thing, and refuse names that hold words of the API",
        references: &["OCI distribution-spec v1.1"],
        needs: &[],
        requests: 108,
        run: |session| spelled_paths(session, &NAMES, &ALL),
    },
    Check {
        id: "ROUTE-21",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::High,
        title: "a thing asked for as another is refused too",
        request: "GET /v2/R/blobs/D and /v2/R/manifests/B, as nobody, and as low where there is one",
        judgement: "Pass: refused. Fail: content of R by its hash",
        why: "one rule for each route leaves a gap where both routes find the same object",
        remedy: "decide on repository and action, and on nothing else",
        references: &[],
        needs: &[],
        requests: 12,
        run: route_21,
    },
    Check {
        id: "ROUTE-22",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "no page of another origin asks in a user's name",
        request: "GET and OPTIONS of /v2/ and of the manifest with Origin: https://evil.example",
        judgement: "Pass: that origin is not allowed together with credentials. Fail: it is, or every one is",
        why: "a browser becomes the client: what its user may read, a page of anybody may read",
        remedy: "answer no Origin, or a list of exact ones",
        references: &["Fetch, section 3.2"],
        needs: &[],
        requests: 6,
        run: route_22,
    },
    Check {
        id: "ROUTE-25",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "no body is asked for before the decision",
        request: "manifest, layer and catalogue with Expect: 100-continue, with a chunked body, with Content-Length",
        judgement: "Pass: refused. Fail: 100, or content",
        why: "a body that is read before the decision is read for everybody",
        remedy: DECIDE_FIRST,
        references: &["RFC 9110 section 10.1.1"],
        needs: &[],
        requests: 36,
        run: route_25,
    },
];

/// Names that are something else as well.
pub(super) static NAMES: [Spelling; 9] = [
    ("uploads behind it", "/{path}/blobs/uploads/"),
    ("a manifest behind it", "/{path}/manifests/b"),
    ("tags behind it", "/{path}/tags/list"),
    ("the catalogue in front", "/v2/_catalog/{rest}"),
    ("a public manifest in front", "/v2/{public}/manifests/{rest}"),
    ("public uploads in front", "/v2/{public}/blobs/uploads/{rest}"),
    ("public tags in front", "/v2/{public}/tags/list/{rest}"),
    ("too long a name", "/v2/{long}/{rest}"),
    ("too many components", "/v2/{deep}/{rest}"),
];

/// What asks for a part, or only for what is new; `{digest}` is the object's.
const CONDITIONS: [(&str, &[(&str, &str)]); 5] = [
    ("Range: bytes=0-0", &[("Range", "bytes=0-0")]),
    ("Range: bytes=-1", &[("Range", "bytes=-1")]),
    ("several ranges", &[("Range", "bytes=0-0,2-2")]),
    ("If-None-Match", &[("If-None-Match", "\"{digest}\"")]),
    ("If-Range", &[("Range", "bytes=0-0"), ("If-Range", "\"{digest}\"")]),
];

fn route_19(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let asked = Asked::all(session, &[Thing::Manifest, Thing::Layer]);
    let odd = asked.iter().flat_map(|asked| CONDITIONS.iter().filter_map(|condition| conditional(asked, condition)));
    let named = odd.map(|odd| (odd.name.clone(), odd));
    Ok(spelled::each(named, |odd| {
        let proof = |seen: &Observation| odd.asked.proof(seen).or_else(|| conditions(seen));
        spelled::refused(session, &odd.request, &odd.asked.plain(), refuses, proof)
    }))
}

fn conditional<'a>(asked: &'a Asked, (name, headers): &(&str, &[(&str, &str)])) -> Option<Odd<'a>> {
    let digest = asked.digest()?.to_string();
    let bare = Request::get(asked.path()).unkept();
    let request = headers
        .iter()
        .fold(bare, |request, (header, value)| request.header(*header, value.replace("{digest}", &digest)));
    Some(asked.odd(name, request))
}

/// A status that only an object has.
fn conditions(seen: &Observation) -> Option<Proof> {
    let status = seen.status().filter(|status| matches!(status, 206 | 304 | 416))?;
    Proof::behaviour(seen, format!("{status}, which says that the object is there"))
}

fn route_21(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let asked = Asked::all(session, &[Thing::Manifest, Thing::Layer]);
    let nobody = crossed(session, &asked, &Caller::Nobody);
    if session.login(Role::Low).is_none() {
        return Ok(nobody);
    }
    let low = session.low().map_or_else(Answer::Open, |low| crossed(session, &asked, &low).aside());
    Ok(nobody.and(low))
}

/// Each thing by the route of the other.
fn crossed(session: &mut Session<'_>, asked: &[Asked], caller: &Caller) -> Answer {
    Answer::first_wrong(asked, |asked| {
        let digest = asked.digest().ok_or_else(|| Doubt::Missing { why: "no digest is known".to_owned() })?;
        let route = if asked.thing == Thing::Manifest { "blobs" } else { "manifests" };
        let request = |name: &str| asked.at(format!("/v2/{name}/{route}/{digest}"));
        let answer = session.refused_oddly(request, caller, |seen| asked.proof(seen));
        Ok(answer?.named(&format!("{} by way of {route}", asked.thing)))
    })
}

/// An origin of somebody else.
const STRANGE: &str = "https://evil.example";

fn route_22(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let manifest = session.manifest_target(&session.private().reference());
    let asked = ["GET", "OPTIONS"].into_iter().flat_map(|method| {
        ["/v2/", manifest.as_str()].map(|path| Request::new(method, path).header("Origin", STRANGE))
    });
    Ok(Answer::first_wrong(asked, |request| {
        let request = request.header("Access-Control-Request-Method", "GET");
        let seen = session.ask(&request)?;
        let headers = &seen.response()?.headers;
        let allowed = headers.get("access-control-allow-origin").filter(|origin| [STRANGE, "*"].contains(origin));
        let with_credentials = headers.get("access-control-allow-credentials") == Some("true");
        let says = allowed.filter(|_| with_credentials).map(|origin| format!("`{origin}` may ask with credentials"));
        let proof = says.and_then(|says| Proof::behaviour(&seen, says));
        Ok(proof.map_or(Answer::AsIntended, Answer::Wrong))
    }))
}

fn route_25(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let asked = Asked::all(session, &ALL);
    let bodies = |asked: &Asked| {
        let of = || asked.plain().body("text/plain", b"1\r\nx\r\n0\r\n\r\n".to_vec());
        [
            ("Expect: 100-continue", of().header("Expect", "100-continue")),
            ("a chunked body", of().without("Content-Length").header("Transfer-Encoding", "chunked")),
            ("a body with its length", of()),
        ]
    };
    let odd = asked.iter().flat_map(|asked| bodies(asked).map(|(name, request)| asked.odd(name, request)));
    let named = odd.map(|odd| (odd.name.clone(), odd));
    Ok(spelled::each(named, |odd| {
        let proof = |seen: &Observation| odd.asked.proof(seen).or_else(|| continued(seen));
        spelled::refused(session, &odd.request, &odd.asked.plain(), refuses, proof)
    }))
}

/// Told to send a body that is refused.
fn continued(seen: &Observation) -> Option<Proof> {
    let response = seen.response().ok().filter(|response| response.interim.contains(&100))?;
    Proof::behaviour(seen, format!("100 came before {}", response.status))
}
