//! What the intent declares as closed to somebody in particular: other names of private content, callers whom a rule about
//! anything but their name must refuse.

use super::ASK_FURTHER;
use crate::check::{Check, Group, Need, Severity};
use crate::checks::anon::{blob_proof, missing};
use crate::controls::{self, Content};
use crate::doubt::Doubt;
use crate::intent::{Alias, AliasKind, Known, Mode, Role};
use crate::proof::Proof;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::token;
use crate::verdict::Answer;

/// So many names of one kind are asked.
const MAX_NAMES: usize = 4;

pub(in crate::checks) static CHECKS: [Check; 4] = [
    Check {
        id: "AUTHZ-08",
        group: Group::Authz,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a virtual repository shows nobody more than its parts do",
        request: "as low: the manifest by tag and digest, a layer and the configuration of S under each name that the intent declares as virtual",
        judgement: "Pass: refused, while control gets it under that name. Fail: content of S",
        why: "the right to the group is checked, and the right to what is in it is not",
        remedy: "decide by the repository that holds the content, for every member of a group",
        references: &["artifact-keeper #3399", "artifact-keeper #3205"],
        needs: &[Need::Owned, Need::Alias(AliasKind::Virtual)],
        requests: 60,
        run: authz_08,
    },
    Check {
        id: "AUTHZ-09",
        group: Group::Authz,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a proxy without a credential does not use another one's",
        request: "as control: S; then as low the same under each name that the intent declares as a proxy without a credential for the same upstream",
        judgement: "Pass: refused, or not there. Fail: content of S",
        why: "tokens for an upstream that are kept without the credential they were made for serve everybody",
        remedy: "keep tokens for an upstream apart by the credential that they were made for",
        references: &["artifact-keeper #3606"],
        needs: &[Need::Owned, Need::Alias(AliasKind::BareProxy)],
        requests: 60,
        run: authz_09,
    },
    Check {
        id: "AUTHZ-10",
        group: Group::Authz,
        mode: Mode::Active,
        severity: Severity::High,
        title: "who is in the wrong place, or too late, is refused",
        request: "as each identity `refused`: the token for pulling R, and GET /v2/R/manifests/T with it",
        judgement: "Pass: no token, or refused. Fail: the manifest",
        why: "a rule about environment, time or pipeline that is not applied is a rule that everybody trusts",
        remedy: ASK_FURTHER,
        references: &["OWASP NHI8"],
        needs: &[Need::Identity(Role::Refused)],
        requests: 40,
        run: authz_10,
    },
    Check {
        id: "BIND-12",
        group: Group::Bind,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a mirror gives nobody what its upstream would not",
        request: "as low: S under each name that the intent declares as pulled through; GET /v2/S/manifests/T with ?ns= of other registries",
        judgement: "Pass: refused. Fail: content of S",
        why: "a mirror pulls with its own credential, for whoever asks",
        remedy: "decide about a name that is pulled through like about any other, and never by ?ns=",
        references: &["containerd registry host namespace"],
        needs: &[Need::Owned, Need::Alias(AliasKind::PullThrough)],
        requests: 70,
        run: bind_12,
    },
];

fn authz_08(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    under_each(session, AliasKind::Virtual)
}

fn authz_09(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    under_each(session, AliasKind::BareProxy)
}

/// Asks under each name of a kind for what is behind it, as *low*.
fn under_each(session: &mut Session<'_>, kind: AliasKind) -> Result<Answer, Doubt> {
    session.low()?;
    let aliases = session.intent().aliases.iter().filter(|alias| alias.kind == kind).take(MAX_NAMES);
    Ok(Answer::first_wrong(aliases, |alias| under(session, alias)).aside())
}

fn under(session: &mut Session<'_>, alias: &Alias) -> Result<Answer, Doubt> {
    let mut private = session.intent().private();
    let known = private.find(|known| known.name == alias.of).ok_or_else(|| missing("what is behind another name"))?;
    let content = pulled(session, known)?;
    let named = Known { name: alias.name.clone(), ..known.clone() };
    // Behind a proxy without a credential there is nothing to be had for anybody.
    if alias.kind != AliasKind::BareProxy && pulled(session, &named).ok().as_ref() != Some(&content) {
        let why = format!("control could not pull {} as {}: nothing shows that it is there", alias.of, alias.name);
        return Err(Doubt::Missing { why });
    }
    match session.known(Role::Low, &format!("repository:{}:pull", alias.name)) {
        Err(Doubt::NoToken { status: 400..=499, .. }) => Ok(Answer::AsIntended),
        Err(doubt) => Err(doubt),
        Ok(low) => Ok(reads_none(session, &low, &named, &content)),
    }
}

fn pulled(session: &mut Session<'_>, known: &Known) -> Result<Content, Doubt> {
    let control = session.known(Role::Control, &format!("repository:{}:pull", known.name))?;
    controls::pull(session, known, &control)
}

/// Asks for everything that is behind a name, until something of it comes.
fn reads_none(session: &mut Session<'_>, caller: &Caller, named: &Known, content: &Content) -> Answer {
    let decoy = session.decoy().clone();
    let manifests = [named.reference(), content.digest.to_string()];
    let manifests = Answer::first_wrong(manifests, |reference| {
        session.refused(&named.manifest(&reference), caller, |seen| Proof::bytes(seen, &content.digest))
    });
    let blobs = content.config.iter().chain(content.layer());
    let blobs = Answer::first_wrong(blobs, |blob| {
        let part = Request::get(named.blob_target(&blob.digest)).header("Range", "bytes=0-1023").unkept();
        session.refused(&part, caller, |seen| blob_proof(seen, blob, &decoy))
    });
    manifests.and(blobs).named(named.name.as_str())
}

fn authz_10(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let (private, digest, decoy) = (session.private(), session.digest(), session.decoy().clone());
    let door = &session.door().name;
    let here = session.intent().identities.iter().filter(|identity| identity.role == Role::Refused);
    let here = here.filter(|identity| identity.show_to.contains(door));
    let scope = format!("repository:{}:pull", private.name);
    Ok(Answer::first_wrong(here, |identity| {
        let answer = match token::log_in(session, &identity.login, &scope) {
            Err(Doubt::NoToken { status: 400..=499, .. }) => Ok(Answer::AsIntended),
            Err(doubt) => Err(doubt),
            Ok(caller) => session.refused(&private.manifest(&private.reference()), &caller, |seen| {
                Proof::manifest_of(seen, digest.as_ref(), &decoy)
            }),
        };
        answer.map(|answer| answer.named(&format!("`{}`", identity.login.user)))
    })
    .aside())
}

fn bind_12(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let low = session.low()?;
    let second = session.second();
    let content = session.second_content()?;
    let named = under_each(session, AliasKind::PullThrough)?;
    let own = session.door().origin.authority();
    let switched = Answer::first_wrong(["docker.io", "localhost", &own], |registry| {
        let target = format!("{}?ns={registry}", second.manifest_target(&second.reference()));
        let request = Request::get(target).accepting_manifests();
        session.refused(&request, &low, |seen| Proof::bytes(seen, &content.digest))
    });
    Ok(named.and(switched.aside()))
}
