//! INGR: the same registry through every other door: plain HTTP, its bare addresses, names that it gives away.

pub(super) mod beside;
pub(super) mod declared;
pub(super) mod doors;
pub(super) mod names;
pub(super) mod packs;
pub(super) mod redirect;
pub(super) mod storage;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use outbound::{Endpoint, Host, Origin, Scheme};

use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::{Observation, Seen};
use crate::proof::Proof;
use crate::random;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

pub(super) static CHECKS: [Check; 2] = [
    Check {
        id: "INGR-02",
        group: Group::Ingr,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "nothing is served, and no password is looked at, over plain HTTP",
        request: "GET http://<door>/v2/R/manifests/T, and the same with made-up Basic credentials",
        judgement: "Pass: closed, or sent to https without a judgement. Fail: the manifest; high where the credentials are looked at, or the door itself is plain HTTP beyond loopback",
        why: "whoever listens on the way reads what is served there, and the password with it",
        remedy: "close plain HTTP, or redirect it to https before anything else is looked at",
        references: &[],
        needs: &[],
        requests: 3,
        run: ingr_02,
    },
    Check {
        id: "INGR-03",
        group: Group::Ingr,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "every address decides as the name does",
        request: "GET /v2/R/manifests/T at each address of the door, with its name and with the address as Host",
        judgement: "Pass: refused, a foreign Host also with 400, 404 or 421. Fail: the manifest. An address that is not reachable from here is noted",
        why: "what stands behind a name is often open under its address",
        remedy: "let the default virtual host refuse everything, and every address lead through the same gate",
        references: &[],
        needs: &[],
        requests: 8 * MAX_ADDRESSES,
        run: ingr_03,
    },
];

/// So many addresses of one name are asked.
const MAX_ADDRESSES: usize = 8;

fn ingr_02(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    if let Some(plain) = session.in_the_clear() {
        let manifest = session.manifest(&session.private().reference());
        return plainly(session, &plain, &manifest);
    }
    if session.door().origin.is_loopback() {
        return Ok(Answer::NotApplicable("nobody listens on the way to loopback"));
    }
    let first = session.first()?;
    let proof = Proof::behaviour(&first, "the door itself is plain HTTP").map(|proof| proof.graded(Severity::High));
    Ok(proof.map_or(Answer::Open(first.response().err().unwrap_or(Doubt::Budget)), Answer::Wrong))
}

/// Asks in the clear, with nothing and with something made up.
pub(super) fn plainly(session: &mut Session<'_>, plain: &Origin, request: &Request) -> Result<Answer, Doubt> {
    let password = random::bytes::<8>().map_err(|error| Doubt::Missing { why: error.to_string() })?;
    let login = STANDARD.encode(format!("probe:{}", random::hex(&password)));
    let with_login = request.clone().header("Authorization", format!("Basic {login}"));
    // Nothing answers there: from here it is closed. Other checks may have found that out before.
    let bare = match session.ask_beside(plain, request) {
        Err(Doubt::Unreachable { .. }) => return Ok(Answer::AsIntended),
        asked => asked?,
    };
    let Ok(first) = bare.response() else { return Ok(Answer::AsIntended) };
    let shown = session.ask_beside(plain, &with_login)?;
    let (digest, decoy) = (session.digest(), session.decoy().clone());
    let content = |seen: &Seen| Proof::manifest_of(seen, digest.as_ref(), &decoy);
    if let Some(proof) = content(&bare).or_else(|| content(&shown)) {
        return Ok(Answer::Wrong(proof));
    }
    let second = shown.response()?;
    let status = second.status;
    if status == 401 || status != first.status {
        let says = format!("{} without and {status} with credentials: they are looked at in the clear", first.status);
        let proof = Proof::behaviour(&shown, says).map(|proof| proof.after([bare.id]).graded(Severity::High));
        return proof.map(Answer::Wrong).ok_or(Doubt::OtherRefusal { status });
    }
    match (second.redirect(), status) {
        (Some(location), _) => leads_home(&shown.origin, location),
        (None, 400 | 404 | 421 | 426) => Ok(Answer::AsIntended),
        (None, 429) => Err(Doubt::RateLimited),
        (None, 500..=599) => Err(Doubt::ServerFailed { status }),
        (None, 200..=299) => Err(Doubt::Proofless { status }),
        (None, _) => Err(Doubt::OtherRefusal { status }),
    }
}

/// A redirect to the same host over TLS.
fn leads_home(from: &Origin, location: &str) -> Result<Answer, Doubt> {
    let next = Endpoint::relative_to(from, location).map_err(|error| Doubt::Redirect { why: error.to_string() })?;
    match next.origin.scheme() == Scheme::Https && next.origin.host() == from.host() {
        true => Ok(Answer::AsIntended),
        false => Err(Doubt::Redirect { why: format!("it leads to `{}`", next.origin) }),
    }
}

fn ingr_03(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let addresses = session.addresses()?;
    let reference = session.private().reference();
    let (digest, decoy) = (session.digest(), session.decoy().clone());
    let (mut answers, mut gone) = (Vec::new(), None);
    for address in addresses.into_iter().take(MAX_ADDRESSES) {
        let door = &session.door().origin;
        for host in [door.authority(), door.of_host(Host::Address(address.ip())).authority()] {
            let request = |name: &str| {
                let manifest = Request::get(format!("/v2/{name}/manifests/{reference}")).accepting_manifests();
                manifest.header("Host", host.as_str()).at(address)
            };
            let proof = |seen: &Observation| Proof::manifest_of(seen, digest.as_ref(), &decoy);
            match session.refused_oddly(request, &Caller::Nobody, proof) {
                Err(doubt @ Doubt::Unreachable { .. }) => {
                    session.note("address", &format!("{address} is not reachable from here"));
                    gone = Some(doubt);
                    break;
                }
                answer => answers.push(answer.unwrap_or_else(Answer::Open)),
            }
        }
    }
    match (answers.is_empty(), gone) {
        (true, Some(doubt)) => Err(doubt),
        _ => Ok(Answer::all(answers)),
    }
}
