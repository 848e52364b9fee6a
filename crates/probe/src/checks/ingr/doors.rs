//! Whether every declared door decides alike, and which names the doors give away.

use std::collections::BTreeSet;

use outbound::{Endpoint, Host, Origin, Scheme};
use protocol::{Descriptor, Digest};

use crate::challenge::Challenge;
use crate::check::{Check, Group, Severity};
use crate::checks::anon::blob_proof;
use crate::controls::{Content, Decoy};
use crate::doubt::Doubt;
use crate::intent::{Door, Known, Mode, Role};
use crate::observation::{Came, Observation, Seen};
use crate::proof::Proof;
use crate::request::Request;
use crate::response::Headers;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "INGR-05",
        group: Group::Ingr,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "no name that the door gives away decides otherwise",
        request: "the names in its certificate, realm, Location and Link; of those that are declared doors GET /v2/R/manifests/T",
        judgement: "Pass: each declared one decides alike; the others are reported and not asked. Fail: one decides otherwise",
        why: "a second host name without the gate in front is how private registries leak",
        remedy: "put every name through the same gate, and declare each as a door so that it is asked",
        references: &[],
        needs: &[],
        requests: 20,
        run: ingr_05,
    },
    Check {
        id: "INGR-17",
        group: Group::Ingr,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "every door decides alike",
        request: "manifest, configuration, layer, tags and referrers of R and the manifest of P, as nobody, control and low, at this door and at another",
        judgement: "Pass: every cell is equal. Fail: one is not. A door that is not reachable from here has no cells",
        why: "the mirror, the internal port and the CDN are forgotten when the front door is closed",
        remedy: "decide at one place that every door leads to",
        references: &[],
        needs: &[],
        requests: 96,
        run: ingr_17,
    },
];

/// How one question was decided.
struct Decided {
    granted: bool,
    proof: Option<Proof>,
    seen: Seen,
}

/// What is asked for.
#[derive(Clone)]
enum Resource {
    Manifest(String),
    Blob(Descriptor),
    Tags,
    Referrers(String),
    /// The manifest of a public repository.
    Public(Known),
}

impl Resource {
    /// Everything of R, and what is public.
    fn all(session: &Session<'_>) -> Vec<Self> {
        let content = session.content();
        let blobs = content.and_then(Content::layer).into_iter().chain(content.and_then(|known| known.config.as_ref()));
        let digest = session.digest().map(|digest| digest.to_string());
        let named = digest.iter().flat_map(|digest| [Self::Manifest(digest.clone()), Self::Referrers(digest.clone())]);
        let public = session.intent().public().cloned().map(Self::Public);
        let tagged = [Self::Manifest(session.private().reference()), Self::Tags];
        tagged.into_iter().chain(named).chain(blobs.cloned().map(Self::Blob)).chain(public).collect()
    }

    fn request(&self, known: &Known) -> Request {
        match self {
            Self::Manifest(reference) => known.manifest(reference),
            Self::Blob(blob) => Request::get(known.blob_target(&blob.digest)).header("Range", "bytes=0-1023").unkept(),
            Self::Tags => Request::get(format!("/v2/{}/tags/list", known.name)),
            Self::Referrers(digest) => referrers(known.name.as_str(), digest),
            Self::Public(public) => public.manifest(&public.reference()),
        }
    }

    fn proof(&self, known: &Known, digest: Option<&Digest>, decoy: &Decoy, seen: &Observation) -> Option<Proof> {
        match self {
            Self::Manifest(_) => Proof::manifest_of(seen, digest, decoy),
            Self::Blob(blob) => blob_proof(seen, blob, decoy),
            Self::Tags => Proof::tags(seen, known.tag.as_ref(), decoy),
            Self::Referrers(_) => Proof::index(seen, decoy),
            Self::Public(_) => Proof::manifest(seen, decoy),
        }
    }
}

fn referrers(name: &str, digest: &str) -> Request {
    Request::get(format!("/v2/{name}/referrers/{digest}"))
}

fn decide(session: &mut Session<'_>, caller: &Caller, resource: &Resource) -> Result<Decided, Doubt> {
    let request = resource.request(session.private());
    let seen = session.ask(&request.clone().credential(caller.credential()))?;
    let (known, digest, decoy) = (session.private(), session.digest(), session.decoy().clone());
    let proof = |seen: &Observation| resource.proof(known, digest.as_ref(), &decoy, seen);
    let judged = match resource {
        // Many registries have no such route.
        Resource::Referrers(digest) => {
            session.judge_oddly(&seen, known.name.as_str(), |name| referrers(name, digest), caller, proof)
        }
        Resource::Manifest(_) | Resource::Blob(_) | Resource::Tags | Resource::Public(_) => {
            session.judge(&seen, &request, caller, proof)
        }
    };
    let decided = |granted, proof| Ok(Decided { granted, proof, seen: Seen::clone(&seen) });
    match judged {
        Ok(Answer::Wrong(proof)) => decided(true, Some(proof)),
        Ok(_) => decided(false, None),
        // Whoever is sent to storage has been let in.
        Err(Doubt::UndeclaredStorage { .. }) => decided(true, None),
        Err(doubt) => Err(doubt),
    }
}

/// Every question of one role at one door.
fn column(session: &mut Session<'_>, role: Option<Role>, resources: &[Resource]) -> Vec<Result<Decided, Doubt>> {
    match caller(session, role) {
        Ok(caller) => resources.iter().map(|resource| decide(session, &caller, resource)).collect(),
        Err(doubt) => resources.iter().map(|_| Err(doubt.clone())).collect(),
    }
}

fn caller(session: &mut Session<'_>, role: Option<Role>) -> Result<Caller, Doubt> {
    let Some(role) = role else { return Ok(Caller::Nobody) };
    let scope = format!("repository:{}:pull", session.private().name);
    match session.known(role, &scope) {
        // Whoever gets no token has nothing in hand.
        Err(Doubt::NoToken { .. }) => Ok(Caller::Nobody),
        caller => caller,
    }
}

/// The same questions of one role at this door and at another one.
fn compare(session: &mut Session<'_>, other: &Door, role: Option<Role>, resources: &[Resource]) -> Answer {
    let here = column(session, role, resources);
    let there = session.elsewhere(other, |session| column(session, role, resources));
    let pairs = here.into_iter().zip(there).zip(resources);
    Answer::all(pairs.map(|((here, there), resource)| match (here, there) {
        (Ok(here), Ok(there)) if here.granted == there.granted => Answer::AsIntended,
        (Ok(here), Ok(there)) => difference(session, role, resource, &here, &there).unwrap_or_else(Answer::Open),
        (Err(doubt), _) | (_, Err(doubt)) => Answer::Open(doubt),
    }))
}

/// What shows that two doors decide differently, if this one still decides as it did.
fn difference(
    session: &mut Session<'_>,
    role: Option<Role>,
    resource: &Resource,
    here: &Decided,
    there: &Decided,
) -> Result<Answer, Doubt> {
    let again = column(session, role, std::slice::from_ref(resource)).into_iter().collect::<Result<Vec<_>, _>>()?;
    if again.iter().any(|again| again.granted != here.granted) {
        return Err(Doubt::Unsteady { why: "granted, and refused".to_owned() });
    }
    let (granted, refused) = if here.granted { (here, there) } else { (there, here) };
    let says = format!("granted at {}, refused at {}", granted.seen.origin, refused.seen.origin);
    let proof = granted.proof.clone().or_else(|| Proof::behaviour(&granted.seen, says));
    let proof = proof.ok_or_else(|| Doubt::Unsteady { why: "granted, and not answered".to_owned() })?;
    let wrong = Answer::Wrong(proof.after([refused.seen.id]));
    // What somebody with a credential gets, and what is public, is not exposed by that.
    let is_theirs = role.is_some() || matches!(resource, Resource::Public(_));
    Ok(if is_theirs { wrong.aside() } else { wrong })
}

fn ingr_17(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(other) = session.another_door() else {
        return Ok(Answer::NotApplicable("no other door is declared that is reachable from here"));
    };
    let known = [Role::Control, Role::Low].into_iter();
    let known = known.filter(|role| session.login(*role).is_some() && session.intent().login(*role, other).is_some());
    let roles: Vec<Option<Role>> = std::iter::once(None).chain(known.map(Some)).collect();
    let resources = Resource::all(session);
    Ok(Answer::all(roles.into_iter().map(|role| compare(session, other, role, &resources))))
}

fn ingr_05(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    session.first()?.response()?;
    let names = names(session)?;
    let manifest = [Resource::Manifest(session.private().reference())];
    let (mut answers, door) = (vec![Answer::AsIntended], session.door());
    for (origin, flag) in names {
        let declared = session.intent().doors.iter().find(|known| known.origin == origin && known.name != door.name);
        match declared {
            Some(other) => answers.push(compare(session, other, None, &manifest)),
            None if door.has_realm(&origin) || door.has_storage(&origin) => {}
            None => session.discovered(origin, flag),
        }
    }
    Ok(Answer::all(answers))
}

/// Every origin that this door has named so far, with the flag that declares it: in its certificate and in `Link`, in
/// challenges, in `Location`.
fn names(session: &mut Session<'_>) -> Result<BTreeSet<(Origin, &'static str)>, Doubt> {
    let mut names = BTreeSet::new();
    let here = session.door().origin.clone();
    if here.scheme() == Scheme::Https {
        let seen = session.chain(&here)?;
        if let Came::Chain(chain) = seen.came()? {
            let hosts = chain.names().into_iter().filter_map(|name| name.parse::<Host>().ok());
            names.extend(hosts.map(|host| (here.of_host(host), "--door")));
        }
    }
    for seen in session.evidence().filter(|seen| seen.origin == here) {
        let Ok(response) = seen.response() else { continue };
        names.extend(named_in(&response.headers, &here));
    }
    names.retain(|(origin, _)| *origin != here);
    Ok(names)
}

fn named_in(headers: &Headers, here: &Origin) -> Vec<(Origin, &'static str)> {
    let challenges = Challenge::all(headers);
    let realms = challenges.iter().filter_map(|challenge| challenge.parameter("realm"));
    let links = headers.all("link").flat_map(|value| value.split(','));
    let links = links.filter_map(|link| link.trim().strip_prefix('<')?.split('>').next());
    let all = realms.filter(|realm| realm.contains("://")).map(|realm| (realm, "--realm"));
    let all = all.chain(links.map(|link| (link, "--door")));
    let all = all.chain(headers.all("location").map(|location| (location, "--storage")));
    let origin = |(text, flag)| Some((Endpoint::relative_to(here, text).ok()?.origin, flag));
    all.filter_map(origin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_challenges_links_and_locations() {
        let lines = [
            ("WWW-Authenticate", r#"Bearer realm="https://auth.example/token",service="x""#),
            ("WWW-Authenticate", r#"Basic realm="closed""#),
            ("Link", r#"</v2/_catalog?last=a>; rel="next", <https://mirror.example/v2/>; rel="alternate""#),
            ("Location", "https://bucket.example/blob?sig=a"),
        ];
        let headers: Headers = lines.into_iter().map(|(name, value)| (name, value.as_bytes())).collect();
        let named = named_in(&headers, &"https://registry.example".parse().unwrap());
        let named: Vec<String> = named.iter().map(|(origin, flag)| format!("{flag} {origin}")).collect();
        assert_eq!(
            named,
            [
                "--realm https://auth.example",
                "--door https://registry.example",
                "--door https://mirror.example",
                "--storage https://bucket.example"
            ]
        );
    }
}
