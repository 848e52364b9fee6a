//! Names in handshakes: a door that decides by the name may forget to decide under another one.

use outbound::{Greeting, Host, Origin, Scheme};

use super::beside::shows_nothing;
use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::hello::{self, Wanted};
use crate::intent::Mode;
use crate::observation::{Came, Observation};
use crate::proof::Proof;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;
use crate::wire::WireError;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "INGR-04",
    group: Group::Ingr,
    mode: Mode::Passive,
    severity: Severity::Critical,
    title: "no other name in the handshake opens another virtual host",
    request: "GET /v2/R/manifests/T with no name in the handshake, a wrong one, a sibling, upper case, and the ClientHello in pieces; the usual question before each; where a certificate is demanded, ClientHellos with the address and with a last dot",
    judgement: "Pass: refused, or the connection fails. Fail: the manifest; where a certificate is demanded any answer without one, other than 421, and 400, which leaves it open",
    why: "the rule that demands a certificate hangs from the name, and a name that is not read is no name",
    remedy: "let the default virtual host refuse everything, and demand certificates for the whole listener",
    references: &["CVE-2026-32305", "CVE-2026-48491", "CVE-2022-46153"],
    needs: &[],
    requests: 30,
    run: ingr_04,
}];

/// So many addresses are written as a name.
const MAX_ADDRESSES: usize = 2;

fn ingr_04(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let door = session.door().origin.clone();
    if door.scheme() == Scheme::Http {
        return Ok(Answer::NotApplicable("the door is not spoken to over TLS"));
    }
    let answers = ways(&door).into_iter().map(|(way, greeting)| {
        // Who is not answered three times in a row is not asked again, and the usual way shows that it is the name.
        let answered = session.ask(&Request::get("/v2/")).and_then(|seen| seen.response().map(drop));
        let asked = answered.and_then(|()| greeted(session, greeting));
        asked.unwrap_or_else(Answer::Open).named(way)
    });
    let answer = Answer::all(answers);
    match (door.host(), &session.door().certificate) {
        (Host::Name(name), Some(_)) => Ok(answer.and(by_hand(session, name).unwrap_or_else(Answer::Open))),
        _ => Ok(answer),
    }
}

/// Names that no library sends: the address, and the name with its last dot. Whether a certificate is demanded shows before
/// the handshake ends, where the door speaks TLS 1.2.
fn by_hand(session: &mut Session<'_>, name: &str) -> Result<Answer, Doubt> {
    let usual = session.greet(name)?;
    if matches!(usual.came()?, Came::Bytes(bytes) if hello::wanted(bytes) == Wanted::Refused) {
        session.note("handshake", "no TLS 1.2: what is demanded under the address and with a last dot cannot be read");
        return Ok(Answer::AsIntended);
    }
    let addresses = session.addresses()?.into_iter().take(MAX_ADDRESSES).map(|address| address.ip().to_string());
    let names = [name.to_owned(), format!("{name}.")].into_iter().chain(addresses);
    Ok(Answer::all(names.map(|name| demands(session, &name).unwrap_or_else(Answer::Open).named(&name))))
}

fn demands(session: &mut Session<'_>, name: &str) -> Result<Answer, Doubt> {
    let seen = session.greet(name)?;
    seen.came()?;
    Ok(Proof::undemanding(&seen).map_or(Answer::AsIntended, Answer::Wrong))
}

/// How a handshake may begin that is not meant for this door. What has no name has only some of them.
fn ways(door: &Origin) -> Vec<(&'static str, Greeting)> {
    let named = |name: String| Greeting { name: Some(name), in_pieces: false };
    let mut ways = vec![("a wrong name", named("wrong.invalid".to_owned()))];
    match door.host() {
        Host::Address(_) => ways.push(("in pieces", Greeting { name: None, in_pieces: true })),
        Host::Name(name) => {
            let above = name.split_once('.').map_or(name.as_str(), |(_, above)| above);
            ways.extend([
                ("no name", Greeting::default()),
                ("a sibling", named(format!("www.{above}"))),
                ("upper case", named(name.to_uppercase())),
                ("in pieces", Greeting { name: Some(name.clone()), in_pieces: true }),
            ]);
        }
    }
    ways
}

fn greeted(session: &mut Session<'_>, greeting: Greeting) -> Result<Answer, Doubt> {
    let request = session.manifest(&session.private().reference()).greeting(greeting);
    let (digest, decoy) = (session.digest(), session.decoy().clone());
    let proof = |seen: &Observation| Proof::manifest_of(seen, digest.as_ref(), &decoy);
    let seen = session.ask(&request)?;
    if seen.failure().is_some_and(WireError::is_hung_up) {
        return Ok(Answer::AsIntended);
    }
    if session.door().certificate.is_none() {
        return shows_nothing(session, &seen, &request, proof);
    }
    let status = seen.response()?.status;
    match status {
        429 => Err(Doubt::RateLimited),
        500..=599 => Err(Doubt::ServerFailed { status }),
        421 => Ok(Answer::AsIntended),
        // Some proxies make the connection, and then say so.
        400 => Err(Doubt::OtherRefusal { status }),
        _ => {
            let proof = proof(&seen).or_else(|| Proof::behaviour(&seen, format!("{status} without a certificate")));
            proof.map(Answer::Wrong).ok_or(Doubt::OtherRefusal { status })
        }
    }
}
