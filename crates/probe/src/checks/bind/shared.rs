//! What two repositories share below, and must not show: blobs that were deleted in one, referrers that point across.

use serde_json::Value;

use super::not_there;
use crate::check::{Check, Group, Need, Severity};
use crate::checks::anon::missing;
use crate::checks::writing::rejected;
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::observation::Seen;
use crate::proof::{self, Proof};
use crate::random;
use crate::request::Request;
use crate::session::writing::{MANIFEST, Place, Writing, random_bytes};
use crate::session::{Caller, Session};
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "BIND-09",
        group: Group::Bind,
        mode: Mode::Write,
        severity: Severity::Medium,
        title: "a blob that was deleted stays deleted, whoever else has it",
        request: "as low: the same blob in M and in another repository of low; DELETE in M, GET and HEAD in the other, GET in M",
        judgement: "Pass: not there in M. Fail: bytes",
        why: "a cache that forgets which repository it was filled for brings back what was taken away",
        remedy: "keep what is cached for each repository apart, or update the registry",
        references: &["CVE-2026-35172"],
        needs: &[Need::Owned, Need::Beside],
        requests: 30,
        run: bind_09,
    },
    Check {
        id: "BIND-10",
        group: Group::Bind,
        mode: Mode::Write,
        severity: Severity::High,
        title: "referrers belong to a repository",
        request: "as low: GET /v2/M/referrers/D(S); PUT in M of a manifest whose subject is D(S), which must not be listed in S; as nobody: GET /v2/R/referrers/D",
        judgement: "Pass: none of S in M, none of M in S, refused to strangers. Fail: a list with something of the other repository, or any list for a stranger",
        why: "signatures and bills of materials hang there: whoever reads them knows the image, whoever adds one speaks for it",
        remedy: "look referrers up in the repository that is asked, and nowhere else",
        references: &["OCI distribution-spec, listing referrers"],
        needs: &[Need::Owned, Need::Digest],
        requests: 60,
        run: bind_10,
    },
];

fn bind_09(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let name = session.intent().write.beside.as_ref().ok_or_else(|| missing("another repository of `low`"))?;
    let mut writing = Writing::begin(session);
    let (own, other) = (writing.own()?, writing.place(name.as_str())?);
    let bytes = random::hex(&random_bytes::<32>()?);
    let blob = writing.upload(&own, "", bytes.as_bytes())?;
    writing.upload(&other, "", bytes.as_bytes())?;
    let rest = format!("blobs/{}", blob.digest);
    let gone = writing.ask(&own.low, Request::new("DELETE", own.target(&rest)))?;
    match gone.response()?.status {
        200..=299 => {}
        405 => return Ok(Answer::NotApplicable("no blob can be deleted here")),
        status => return Err(Doubt::OtherRefusal { status }),
    }
    for request in [Request::get(other.target(&rest)), Request::head(other.target(&rest))] {
        if !writing.ask(&other.low, request)?.response()?.is_success() {
            return Err(missing("the same blob in the other repository: it is not there"));
        }
    }
    let again = Request::get(own.target(&rest));
    let answer = writing.session().refused(&again, &own.low, |seen| Proof::bytes(seen, &blob.digest));
    Ok(not_there(answer)?.aside())
}

fn bind_10(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let decoy = session.decoy().clone();
    let digest = session.digest().ok_or_else(|| missing("a digest"))?;
    let list = |name: &str| Request::get(format!("/v2/{name}/referrers/{digest}"));
    let strangers = session
        .as_strangers(|session, caller| session.refused_oddly(list, caller, |seen| Proof::index(seen, &decoy)))?;
    let second = session.second();
    let content = session.second_content()?;
    let control = session.known(Role::Control, &format!("repository:{}:pull", second.name))?;
    let of_second = Request::get(format!("/v2/{}/referrers/{}", second.name, content.digest));
    let known = digests(&session.ask(&of_second.clone().credential(control.credential()))?);
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    let read = foreign(&mut writing, &own, content.digest.as_str(), &known);
    let written = added(&mut writing, &own, (content.digest.as_str(), content.size), (&of_second, &control));
    let others = [read, written].map(|answer| answer.unwrap_or_else(Answer::Open).aside());
    Ok(Answer::all(others).and(strangers))
}

/// What hangs from an image of another repository is not listed here.
fn foreign(writing: &mut Writing<'_, '_>, own: &Place, digest: &str, known: &[String]) -> Result<Answer, Doubt> {
    let seen = writing.ask(&own.low, Request::get(own.target(&format!("referrers/{digest}"))))?;
    match Proof::listing(&seen, known) {
        Some(proof) => Ok(Answer::Wrong(proof)),
        None if !seen.response()?.is_success() => rejected(&seen, ""),
        // What M has itself may hang from anything; what is listed and not there is of another repository.
        None => {
            for listed in digests(&seen).iter().take(MOST_LISTED) {
                let own = writing.ask(&own.low, Request::head(own.target(&format!("manifests/{listed}"))))?;
                if !own.response()?.is_success() {
                    return rejected(&seen, "referrers came of an image that is not there");
                }
            }
            Ok(Answer::AsIntended)
        }
    }
}

/// So many referrers are looked for.
const MOST_LISTED: usize = 5;

/// A manifest of M that says that it is about an image of S is listed in M at most.
fn added(
    writing: &mut Writing<'_, '_>,
    own: &Place,
    (digest, size): (&str, u64),
    (of_second, control): (&Request, &Caller),
) -> Result<Answer, Doubt> {
    let parts = writing.parts(own)?;
    let mut manifest = parts.manifest();
    if let Some(members) = manifest.as_object_mut() {
        let subject = serde_json::json!({ "mediaType": MANIFEST, "digest": digest, "size": size });
        members.insert("subject".to_owned(), subject);
    }
    let made = crate::session::writing::Made::of(manifest.to_string().into_bytes())?;
    let put = writing.put(own, &own.low, made.digest.as_str(), (MANIFEST, &made.bytes))?;
    if put.response()?.status != 201 {
        return rejected(&put, "");
    }
    let seen = writing.ask(control, of_second.clone())?;
    let listed = Proof::listing(&seen, &[made.digest.to_string()]);
    Ok(listed.map_or(Answer::AsIntended, |proof| Answer::Wrong(proof.after([put.id]))))
}

/// The digests that a list of referrers names.
fn digests(seen: &Seen) -> Vec<String> {
    let bytes = seen.response().ok().filter(|response| response.is_success()).and_then(|response| response.whole());
    let list = bytes.and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok()).unwrap_or_default();
    let is_digest = |text: &&String| text.starts_with("sha256:") || text.starts_with("sha512:");
    proof::strings(&list).into_iter().filter(is_digest).cloned().collect()
}
