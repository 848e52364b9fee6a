//! The same path in another way: methods, HEAD, and whoever it is said to be asked of.

use outbound::Origin;

use super::path::{Asked, Odd};
use super::{ALL, none_opens, refuses};
use crate::check::{Check, Group, Severity};
use crate::checks::spelled;
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Observation;
use crate::proof::Proof;
use crate::request::{MANIFEST_TYPES, Request};
use crate::session::Session;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 3] = [
    Check {
        id: "ROUTE-10",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "no other method reads",
        request: "manifest, layer and catalogue by OPTIONS, TRACE, PROPFIND, FOO and get; by POST with X-HTTP-Method-Override, X-Method-Override and _method=GET",
        judgement: "Pass: 400, 401, 403, 404, 405, 421, 501, or the connection closes; for OPTIONS also success without a body. Fail: content of R by its hash, or private names",
        why: "a method that no rule knows must end where routes are chosen",
        remedy: "refuse every method that a route does not have, and let no header or parameter change it",
        references: &["RFC 9110 section 9.1"],
        needs: &[],
        requests: 96,
        run: route_10,
    },
    Check {
        id: "ROUTE-11",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::High,
        title: "HEAD decides as GET does",
        request: "GET and HEAD of /v2/, the catalogue and of R: manifest by T and by D, layer, configuration, tags, referrers",
        judgement: "Pass: both granted or both refused, and nothing of the object in the headers of a refusal. Fail: two decisions",
        why: "HEAD runs other code than GET",
        remedy: "decide before the method is looked at",
        references: &["artifact-keeper #3258"],
        needs: &[],
        requests: 16,
        run: route_11,
    },
    Check {
        id: "ROUTE-16",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "the name of the host opens nothing",
        request: "manifest, layer and catalogue by HTTP/1.0 without Host, in absolute form, with two Hosts, with Host in other words, and with Host: localhost, registry, core",
        judgement: "Pass: 400, 401, 403, 404, 405, 421, 505, or the connection closes. Fail: content of R by its hash, or private names",
        why: "a rule for one name leaves open what is served under another, or under none",
        remedy: "demand authentication on every virtual host, the default one first, and refuse a Host that is not the own one",
        references: &["CVE-2022-23632", "CVE-2026-27588"],
        needs: &[],
        requests: 120,
        run: route_16,
    },
];

/// Methods that have no meaning in a registry; OPTIONS has one for browsers.
const METHODS: [&str; 4] = ["TRACE", "PROPFIND", "FOO", "get"];
/// What asks to take POST for another method: a header, or something in the query.
const OVERRIDES: [(&str, &str, &str); 3] = [
    ("X-HTTP-Method-Override", "X-HTTP-Method-Override", ""),
    ("X-Method-Override", "X-Method-Override", ""),
    ("_method=GET", "", "?_method=GET"),
];

fn route_10(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let asked = Asked::all(session, &ALL);
    let allowed = |status: u16| refuses(status) || status == 501;
    let preflights = asked.iter().map(|asked| asked.odd("OPTIONS", asked.as_method("OPTIONS", asked.path())));
    let preflights = Answer::all(preflights.map(|odd| preflight(session, &odd, allowed)));
    let odd = asked.iter().flat_map(|asked| methods(asked).chain(overrides(asked)));
    Ok(preflights.and(none_opens(session, odd, allowed)))
}

fn methods(asked: &Asked) -> impl Iterator<Item = Odd<'_>> {
    METHODS.iter().map(|method| asked.odd(method, asked.as_method(method, asked.path())))
}

fn overrides(asked: &Asked) -> impl Iterator<Item = Odd<'_>> {
    OVERRIDES.iter().map(|(name, header, query)| {
        let request = asked.as_method("POST", asked.path() + query).header("Content-Length", "0");
        let request = if header.is_empty() { request } else { request.header(*header, "GET") };
        asked.odd(&format!("POST with {name}"), request)
    })
}

/// What browsers ask beforehand may be answered with success, and then says nothing (RFC 9110 section 9.3.7).
fn preflight(session: &mut Session<'_>, odd: &Odd<'_>, refusals: impl Fn(u16) -> bool) -> Answer {
    let proof = |seen: &Observation| odd.asked.proof(seen);
    let answer = spelled::refused(session, &odd.request, &odd.asked.plain(), refusals, proof);
    let says_nothing = matches!(answer, Err(Doubt::Proofless { .. })) && is_empty(session);
    if says_nothing { Answer::AsIntended } else { answer.unwrap_or_else(Answer::Open).named(&odd.name) }
}

/// Whether the last answer had neither body nor digest.
fn is_empty(session: &Session<'_>) -> bool {
    let last = session.evidence().last().and_then(|seen| seen.response().ok());
    last.is_some_and(|answer| {
        answer.whole().is_some_and(<[u8]>::is_empty) && answer.headers.get("docker-content-digest").is_none()
    })
}

fn route_11(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let reads: Vec<_> = reads(session).into_iter().map(|(name, path)| (name.to_owned(), path)).collect();
    Ok(spelled::each(reads, |path| same_decision(session, &path)))
}

/// Every read, by its path.
fn reads(session: &Session<'_>) -> Vec<(&'static str, String)> {
    let name = &session.private().name;
    let mut reads = vec![
        ("the base", "/v2/".to_owned()),
        ("the catalogue", "/v2/_catalog".to_owned()),
        ("the manifest by its tag", session.manifest_target(&session.private().reference())),
        ("the tags", format!("/v2/{name}/tags/list")),
    ];
    if let Some(digest) = session.digest() {
        reads.push(("the manifest by its digest", session.manifest_target(digest.as_str())));
        reads.push(("the referrers", format!("/v2/{name}/referrers/{digest}")));
    }
    if let Some(content) = session.content() {
        let blobs = [("the layer", content.layer()), ("the configuration", content.config.as_ref())];
        let known = blobs.into_iter().filter_map(|(what, blob)| Some((what, session.blob_target(&blob?.digest))));
        reads.extend(known);
    }
    reads
}

fn same_decision(session: &mut Session<'_>, path: &str) -> Result<Answer, Doubt> {
    let ask = |method: &str| Request::new(method, path).header("Accept", MANIFEST_TYPES).unkept();
    let get = session.ask(&ask("GET").header("Range", "bytes=0-1023"))?;
    let head = session.ask(&ask("HEAD"))?;
    let (by_get, by_head) = (is_granted(&get)?, is_granted(&head)?);
    let statuses = || format!("GET is answered with {}, HEAD with {}", shown(&get), shown(&head));
    let proof = match (by_get, by_head) {
        (true, true) => None,
        (false, false) => hint(&get, &head).or_else(|| hint(&head, &get)),
        _ => Proof::behaviour(&head, statuses()).map(|proof| proof.after([get.id])),
    };
    Ok(proof.map_or(Answer::AsIntended, Answer::Wrong))
}

fn shown(seen: &Observation) -> String {
    seen.status().map(|status| status.to_string()).unwrap_or_default()
}

fn is_granted(seen: &Observation) -> Result<bool, Doubt> {
    match seen.response()?.status {
        200..=399 => Ok(true),
        429 => Err(Doubt::RateLimited),
        status @ 500.. => Err(Doubt::ServerFailed { status }),
        _ => Ok(false),
    }
}

/// A header of a refusal that speaks of the object, and does not stand on the other one.
fn hint(with: &Observation, without: &Observation) -> Option<Proof> {
    let headers =
        |seen: &'_ Observation, name: &str| seen.response().is_ok_and(|answer| answer.headers.get(name).is_some());
    let name =
        ["docker-content-digest", "etag"].into_iter().find(|name| headers(with, name) && !headers(without, name))?;
    Proof::behaviour(with, format!("both are refused, and one of them alone has `{name}`"))
        .map(|proof| proof.after([without.id]))
}

/// What `Host` says instead, once or twice.
const HOSTS: [(&str, &[&str]); 8] = [
    ("Host with a dot at the end", &["{host}.{port}"]),
    ("Host in upper case", &["{HOST}{port}"]),
    ("Host with port 0", &["{host}:0"]),
    ("two Hosts, the own one first", &["{host}{port}", "localhost"]),
    ("two Hosts, the own one last", &["localhost", "{host}{port}"]),
    ("Host: localhost", &["localhost"]),
    ("Host: registry", &["registry"]),
    ("Host: core", &["core"]),
];

fn route_16(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let asked = Asked::all(session, &ALL);
    let origin = &session.door().origin;
    let odd = asked.iter().flat_map(|asked| {
        let bare = asked.odd("HTTP/1.0 without Host", asked.plain().http_1_0());
        let absolute = asked.at(format!("http://core{}", asked.path()));
        let absolute = asked.odd("the absolute form with another host", absolute);
        [bare, absolute].into_iter().chain(hosts(asked, origin))
    });
    let odd: Vec<Odd<'_>> = odd.collect();
    Ok(none_opens(session, odd, |status| refuses(status) || status == 505))
}

fn hosts<'a>(asked: &'a Asked, origin: &Origin) -> impl Iterator<Item = Odd<'a>> {
    let (host, own) = (origin.host().to_string(), origin.authority());
    let port = own.strip_prefix(&host).unwrap_or_default().to_owned();
    HOSTS.iter().map(move |(name, says)| {
        let filled = says
            .iter()
            .map(|text| text.replace("{host}", &host).replace("{HOST}", &host.to_uppercase()).replace("{port}", &port));
        asked.odd(name, filled.fold(asked.plain(), |request, host| request.header("Host", host)))
    })
}
