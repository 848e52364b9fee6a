//! What answers at the door besides the API that clients speak: its first version, the API under a prefix, other virtual
//! hosts.

use std::cell::Cell;

use outbound::{Host, Origin};
use serde_json::Value;

use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::{Observation, Seen};
use crate::proof::Proof;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 3] = [
    Check {
        id: "INGR-06",
        group: Group::Ingr,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "no name that only machines inside use opens the registry",
        request: "GET /v2/R/manifests/T with Host: registry, core, localhost, a service of a cluster, and more",
        judgement: "Pass: refused, also with 400, 404 or 421 for R as for X. Fail: the manifest",
        why: "the virtual host for machines inside has no authentication, and answers at the same address",
        remedy: "give the virtual host for machines inside a listener of its own, which nobody outside reaches",
        references: &[],
        needs: &[],
        requests: 8 * HOSTS.len(),
        run: ingr_06,
    },
    Check {
        id: "INGR-13",
        group: Group::Ingr,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "the first version of the API tells strangers nothing",
        request: "GET /v1/_ping, /v1/search?q=, /v1/repositories/R/images and /v1/repositories/R/tags",
        judgement: "Pass: refused, or not there. Fail: a private name, images or tags; low where only the ping answers",
        why: "nobody looks at the version that no client speaks any more, and it asks other code who may",
        remedy: "switch the first version of the API off",
        references: &[],
        needs: &[],
        requests: 16,
        run: ingr_13,
    },
    Check {
        id: "INGR-14",
        group: Group::Ingr,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "the API is closed to strangers under each prefix too",
        request: "GET of the manifest under /artifactory/api/docker/<key>/v2/, /repository/<key>/v2/ and /registry/v2/",
        judgement: "Pass: refused, or not there. Fail: the manifest",
        why: "a rule for /v2/ does not hold for the path that the product serves by itself",
        remedy: "let the product itself ask who may, or let the proxy pass nothing but /v2/",
        references: &[],
        needs: &[],
        requests: 44,
        run: ingr_14,
    },
];

/// Names of virtual hosts that machines inside use.
const HOSTS: [&str; 7] = [
    "registry",
    "registry:5000",
    "core",
    "localhost",
    "registry.registry.svc",
    "docker-registry.default.svc",
    "harbor-registry.harbor.svc.cluster.local",
];

/// Names that repositories of images often have in products that serve many kinds, besides those that the reference and the
/// host suggest.
const KEYS: [&str; 3] = ["docker", "docker-local", "docker-hosted"];

fn ingr_06(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let reference = session.private().reference();
    let (digest, decoy) = (session.digest(), session.decoy().clone());
    let answers = HOSTS.map(|host| {
        let request = |name: &str| {
            let manifest = Request::get(format!("/v2/{name}/manifests/{reference}")).accepting_manifests();
            manifest.header("Host", host)
        };
        let proof = |seen: &Observation| Proof::manifest_of(seen, digest.as_ref(), &decoy);
        let answer = session.refused_oddly(request, &Caller::Nobody, proof);
        answer.unwrap_or_else(Answer::Open).named(host)
    });
    Ok(Answer::all(answers))
}

fn ingr_13(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let (names, known) = (session.private_names(), session.private());
    let (images, tags) =
        (format!("/v1/repositories/{}/images", known.name), format!("/v1/repositories/{}/tags", known.name));
    let decoy = session.decoy().is_refused();
    let list = |seen: &Observation, says: &str| (decoy && is_list(seen)).then(|| Proof::data(seen, says)).flatten();
    let answers = [
        closed(session, &Request::get("/v1/search?q="), |seen| Proof::listing(seen, &names)),
        closed(session, &Request::get(images), |seen| list(seen, "a list of images came")),
        closed(session, &Request::get(tags), |seen| list(seen, "a list of tags came")),
        closed(session, &Request::get("/v1/_ping"), pong),
    ];
    Ok(Answer::all(answers.map(|answer| answer.unwrap_or_else(Answer::Open))))
}

/// The answer of the first version to a ping, and nothing else.
fn pong(seen: &Observation) -> Option<Proof> {
    let is_it = seen.response().ok()?.whole()?.trim_ascii() == b"true";
    let proof = is_it.then(|| Proof::data(seen, "the first version of the API answers")).flatten();
    proof.map(|proof| proof.graded(Severity::Low))
}

/// A list, or names with something to each, that is not empty. A page for people is none.
fn is_list(seen: &Observation) -> bool {
    let body = seen.response().ok().and_then(|response| response.whole());
    match body.and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok()) {
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(members)) => !members.is_empty() && !members.contains_key("errors"),
        _ => false,
    }
}

fn ingr_14(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let (digest, decoy) = (session.digest(), session.decoy().clone());
    let answers = prefixed(session).into_iter().map(|target| {
        let manifest = Request::get(target.as_str()).accepting_manifests();
        let answer = closed(session, &manifest, |seen| Proof::manifest_of(seen, digest.as_ref(), &decoy));
        answer.unwrap_or_else(Answer::Open).named(&target)
    });
    Ok(Answer::all(answers))
}

/// The manifest of R under every prefix. The key of a product is the first part of a path, the first part of the host, or one
/// of those that many have.
fn prefixed(session: &Session<'_>) -> Vec<String> {
    let (name, reference) = (session.private().name.as_str(), session.private().reference());
    let mut keys: Vec<(&str, &str)> = name.split_once('/').into_iter().collect();
    if let Host::Name(host) = session.door().origin.host() {
        keys.extend(host.split_once('.').map(|(first, _)| (first, name)));
    }
    keys.extend(KEYS.map(|key| (key, name)));
    let of_key = |(key, name): (&str, &str)| {
        ["artifactory/api/docker", "repository"].map(|above| format!("/{above}/{key}/v2/{name}/manifests/{reference}"))
    };
    let mut targets: Vec<String> = keys.into_iter().flat_map(of_key).collect();
    targets.push(format!("/registry/v2/{name}/manifests/{reference}"));
    targets
}

/// Asks the door for something beside the API.
pub(super) fn closed(
    session: &mut Session<'_>,
    request: &Request,
    proof: impl Fn(&Observation) -> Option<Proof>,
) -> Result<Answer, Doubt> {
    let door = session.door().origin.clone();
    closed_at(session, &door, request, proof)
}

/// Asks what is no registry.
pub(super) fn closed_at(
    session: &mut Session<'_>,
    origin: &Origin,
    request: &Request,
    proof: impl Fn(&Observation) -> Option<Proof>,
) -> Result<Answer, Doubt> {
    let seen = session.ask_at(origin, request)?;
    shows_nothing(session, &seen, request, proof)
}

/// Judges what is no answer of a registry: as intended are a refusal in any style, and a page in which nothing private stands.
pub(super) fn shows_nothing(
    session: &mut Session<'_>,
    seen: &Seen,
    request: &Request,
    proof: impl Fn(&Observation) -> Option<Proof>,
) -> Result<Answer, Doubt> {
    let whole = Cell::new(false);
    let looking = |seen: &Observation| {
        whole.set(seen.response().is_ok_and(|response| response.whole().is_some()));
        proof(seen)
    };
    match session.judge(seen, request, &Caller::Nobody, looking) {
        Err(Doubt::OtherRefusal { status: 400..=499 } | Doubt::NoChallenge) => Ok(Answer::AsIntended),
        // Consoles answer every path with a page.
        Err(Doubt::Proofless { .. }) if whole.get() => Ok(Answer::AsIntended),
        answer => answer,
    }
}
