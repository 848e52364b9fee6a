//! Doors that are easily forgotten: other ports of the same host, mirrors and peers, and where uploads are sent.

use std::time::Duration;

use outbound::{Endpoint, Origin, Scheme};

use super::beside::closed_at;
use super::redirect::first_of;
use crate::challenge::Challenge;
use crate::check::{Check, Group, Need, Severity};
use crate::checks::anon::blob_proof;
use crate::checks::bind::mount::cancel;
use crate::controls::Content;
use crate::doubt::Doubt;
use crate::intent::{MAX_PORTS, Mode, Role};
use crate::observation::{Observation, Seen};
use crate::proof::Proof;
use crate::request::Request;
use crate::response::Response;
use crate::session::Session;
use crate::verdict::Answer;
use crate::wire::WireError;

pub(in crate::checks) static CHECKS: [Check; 3] = [
    Check {
        id: "INGR-01",
        group: Group::Ingr,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "no other port of the host serves the registry in the clear, or to everybody",
        request: "GET /v2/ at the declared `ports` of the door, else at 80, 443, 5000, 5001, 8000, 8080 to 8083, 8443 and 5443, in the clear and over TLS",
        judgement: "Pass: closed, no registry, or one that wants a credential over TLS. Fail: a registry without authentication, or, where the door is TLS, one in the clear",
        why: "the port behind the proxy is often published beside it",
        remedy: "let the registry listen where only its proxy reaches it",
        references: &[],
        needs: &[],
        requests: 2 * MAX_PORTS,
        run: ingr_01,
    },
    Check {
        id: "INGR-16",
        group: Group::Ingr,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "no mirror and no peer hands the content on to strangers",
        request: "at each of the declared `peers`: GET of the manifest by T and D, with ns=, with X-Dragonfly-Registry, and of B",
        judgement: "Pass: refused, or not there. Fail: the manifest, or bytes",
        why: "who has pulled an image hands it on, and asks nobody whether the next one may: Spegel, Kraken, Dragonfly, a cache",
        remedy: "let nobody but the nodes of the cluster reach peers and caches, or let the cache ask the registry each time",
        references: &["CVE-2025-59345", "CVE-2025-59350"],
        needs: &[Need::Peers],
        requests: 20 * MAX_PEERS,
        run: ingr_16,
    },
    Check {
        id: "INGR-18",
        group: Group::Ingr,
        mode: Mode::Write,
        severity: Severity::Medium,
        title: "an upload stays at the door",
        request: "as low: POST /v2/M/blobs/uploads/, and the host of its Location; the upload is closed again",
        judgement: "Pass: a Location at the door. Fail: another scheme, host or port",
        why: "clients send what they were told to send, and some of them the password with it",
        remedy: "build Location from the public address of the registry, or leave the host out",
        references: &["CVE-2026-50151"],
        needs: &[Need::Owned],
        requests: 4,
        run: ingr_18,
    },
];

/// Ports that registries often have.
const PORTS: [u16; 11] = [80, 443, 5000, 5001, 8000, 8080, 8081, 8082, 8083, 8443, 5443];
/// How long a port may take: where a firewall drops what comes, nobody ever answers.
const KNOCK: Duration = Duration::from_secs(2);
/// So many peers are asked.
const MAX_PEERS: usize = 4;

fn ingr_01(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let door = session.door();
    let ports = match &door.ports {
        Some(declared) => declared.clone(),
        None if door.origin.is_loopback() => {
            return Ok(Answer::NotApplicable(
                "on loopback only declared ports are asked, because others are strangers': write `ports` in its `[[door]]`",
            ));
        }
        None => PORTS.to_vec(),
    };
    let others = ports.into_iter().filter(|port| *port != door.origin.port());
    let answers = others.map(|port| at_port(session, port).unwrap_or_else(Answer::Open).named(&format!("port {port}")));
    Ok(answers.reduce(Answer::and).unwrap_or(Answer::NotApplicable("no other port is declared")))
}

fn at_port(session: &mut Session<'_>, port: u16) -> Result<Answer, Doubt> {
    let origin = session.door().origin.clone();
    let plain = knock(session, &origin.at(Scheme::Http, port))?;
    let failure = plain.failure();
    match plain.response().ok().filter(|response| response.status != 400) {
        Some(response) => serves(session, &plain, response),
        None if failure.is_some_and(|failure| failure.is_unreachable() && !failure.is_hung_up()) => {
            Ok(Answer::AsIntended)
        }
        // Whoever does not understand plain HTTP may speak TLS.
        None => {
            let secure = knock(session, &origin.at(Scheme::Https, port))?;
            match secure.response() {
                Ok(response) => serves(session, &secure, response),
                Err(doubt) if secure.failure().is_some_and(WireError::is_distrust) => Err(doubt),
                Err(_) => Ok(Answer::AsIntended),
            }
        }
    }
}

fn knock(session: &mut Session<'_>, origin: &Origin) -> Result<Seen, Doubt> {
    session.ask_beside(origin, &Request::get("/v2/").within(KNOCK))
}

/// Whether what answers is a registry, and one that should not be there.
fn serves(session: &mut Session<'_>, seen: &Observation, response: &Response) -> Result<Answer, Doubt> {
    let status = response.status;
    let in_the_clear = seen.origin.scheme() == Scheme::Http && session.door().origin.scheme() == Scheme::Https;
    let says = match status {
        429 => return Err(Doubt::RateLimited),
        500..=599 => return Err(Doubt::ServerFailed { status }),
        200..=299 if is_base(response) => "a registry answers without authentication",
        401 if !Challenge::all(&response.headers).is_empty() && in_the_clear => {
            "a registry asks for passwords in the clear"
        }
        401 if !Challenge::all(&response.headers).is_empty() => {
            session.discovered(seen.origin.clone(), "--door");
            return Ok(Answer::AsIntended);
        }
        _ => return Ok(Answer::AsIntended),
    };
    Proof::behaviour(seen, says).map(Answer::Wrong).ok_or(Doubt::Proofless { status })
}

/// The base of the API: it says which version it is, or is an empty object.
fn is_base(response: &Response) -> bool {
    let version = response.headers.get("docker-distribution-api-version").is_some();
    version || response.whole().is_some_and(|body| body.trim_ascii() == b"{}")
}

fn ingr_16(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let peers: Vec<Origin> = session.door().peers.iter().take(MAX_PEERS).cloned().collect();
    let answers = peers.iter().map(|peer| Answer::all(at_peer(session, peer)).named(&peer.authority()));
    Ok(Answer::all(answers))
}

/// What a peer is asked, in the ways in which nodes ask it.
fn at_peer(session: &mut Session<'_>, peer: &Origin) -> Vec<Answer> {
    let door = &session.door().origin;
    let (known, reference) = (session.private(), session.private().reference());
    let by_tag = known.manifest_target(&reference);
    let mut manifests = vec![
        Request::get(by_tag.as_str()),
        Request::get(format!("{by_tag}?ns={}", door.authority())),
        Request::get(by_tag.as_str()).header("X-Dragonfly-Registry", door.to_string()),
    ];
    let (digest, decoy) = (session.digest(), session.decoy().clone());
    manifests.extend(digest.as_ref().map(|digest| Request::get(known.manifest_target(digest.as_str()))));
    let layer = session.content().and_then(Content::layer).cloned();
    let manifests = manifests.into_iter().map(Request::accepting_manifests);
    let mut answers: Vec<_> = manifests
        .map(|request| closed_at(session, peer, &request, |seen| Proof::manifest_of(seen, digest.as_ref(), &decoy)))
        .collect();
    if let Some(layer) = layer {
        let request = first_of(&known.blob_target(&layer.digest));
        answers.push(closed_at(session, peer, &request, |seen| blob_proof(seen, &layer, &decoy)));
    }
    answers.into_iter().map(|answer| answer.unwrap_or_else(Answer::Open)).collect()
}

fn ingr_18(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let owned = session.owned()?;
    let low = session.known(Role::Low, &format!("repository:{owned}:pull,push,delete"))?;
    let post = Request::new("POST", format!("/v2/{owned}/blobs/uploads/")).header("Content-Length", "0");
    let seen = session.ask(&post.credential(low.credential()))?;
    let response = seen.response()?;
    let location = match response.status {
        202 => response.headers.get("location"),
        429 => return Err(Doubt::RateLimited),
        status @ 500..=599 => return Err(Doubt::ServerFailed { status }),
        status => return Err(Doubt::OtherRefusal { status }),
    };
    let location = location.ok_or(Doubt::Missing { why: "the upload has no location".to_owned() })?;
    let to =
        Endpoint::relative_to(&seen.origin, location).map_err(|error| Doubt::Redirect { why: error.to_string() })?;
    cancel(session, &low, &seen);
    if to.origin == seen.origin {
        return Ok(Answer::AsIntended);
    }
    let proof = Proof::behaviour(&seen, format!("an upload goes on at `{}`", to.origin));
    proof.map(Answer::Wrong).ok_or(Doubt::Proofless { status: response.status })
}
