//! What the certificates of a door say: how long their keys are, and whom else they are for.

use outbound::{Chain, Host, Origin};

use super::{NO_TLS, no_tls};
use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::{Came, Observation};
use crate::proof::Proof;
use crate::session::Session;
use crate::strength::Strength;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "TLS-04",
        group: Group::Tls,
        mode: Mode::Passive,
        severity: Severity::Medium,
        title: "every key that is shown is long enough",
        request: "a TLS handshake with the door, its realms and its storage",
        judgement: "Pass: RSA with 2048 bits or more, a curve of 256 or more, for each certificate shown. Fail: a shorter one",
        why: "whoever breaks the key of a certificate is the registry",
        remedy: "ask for a certificate with a key on P-256, or RSA with 3072 bits",
        references: &["NIST SP 800-57 part 1"],
        needs: &[],
        requests: 16,
        run: tls_04,
    },
    Check {
        id: "TLS-10",
        group: Group::Tls,
        mode: Mode::Passive,
        severity: Severity::Information,
        title: "the certificate is for the door alone",
        request: "a TLS handshake with the door",
        judgement: "Pass: each name in it is a declared door, realm or storage. Fail: a wildcard, or a name of something else",
        why: "whoever holds the key of a shared certificate can answer for the registry: the shop, the blog, the proxy in front of them",
        remedy: "give the registry a certificate and a key of its own",
        references: &[],
        needs: &[],
        requests: 1,
        run: tls_10,
    },
];

fn tls_04(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let origins = session.secure_origins();
    let answers = origins.iter().map(|origin| long_enough(session, origin).unwrap_or_else(Answer::Open));
    Ok(answers.reduce(Answer::and).unwrap_or(NO_TLS))
}

fn long_enough(session: &mut Session<'_>, origin: &Origin) -> Result<Answer, Doubt> {
    let seen = session.chain(origin)?;
    let keys = chain(&seen, origin)?.public_keys();
    let strengths: Vec<_> = keys.iter().map(|key| key.as_ref().and_then(|key| Strength::of(key))).collect();
    if let Some(weakness) = strengths.iter().flatten().find_map(|strength| strength.weakness()) {
        return Proof::certificate(&seen, weakness).map(Answer::Wrong).ok_or_else(|| no_tls(origin));
    }
    match strengths.iter().all(Option::is_some) {
        true => Ok(Answer::AsIntended),
        false => Err(Doubt::Missing { why: format!("`{origin}` shows a key of a kind that is not known") }),
    }
}

fn chain<'a>(seen: &'a Observation, origin: &Origin) -> Result<&'a Chain, Doubt> {
    match seen.came()? {
        Came::Chain(chain) if !chain.is_empty() => Ok(chain),
        Came::Chain(_) | Came::Answer(_) | Came::Bytes(_) => Err(no_tls(origin)),
    }
}

fn tls_10(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let door = session.door();
    if !session.secure_origins().contains(&door.origin) {
        return Ok(NO_TLS);
    }
    let seen = session.chain(&door.origin)?;
    let declared = session
        .intent()
        .doors
        .iter()
        .flat_map(|door| [&door.origin].into_iter().chain(&door.realms).chain(&door.storage));
    let hosts: Vec<&Host> = declared.map(Origin::host).collect();
    let is_declared = |name: &String| name.parse::<Host>().is_ok_and(|host| hosts.contains(&&host));
    let names = chain(&seen, &door.origin)?.names();
    let other = names.iter().find(|name| !is_declared(name));
    let says = other.map(|name| format!("it is for `{name}` too"));
    Ok(says.and_then(|says| Proof::certificate(&seen, says)).map_or(Answer::AsIntended, Answer::Wrong))
}
