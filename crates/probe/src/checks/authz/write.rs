//! What somebody changes whose right ends before that: who may only pull, only push, or only add.

use super::ASK_FURTHER;
use crate::alike::Shape;
use crate::check::{Check, Group, Need, Severity};
use crate::checks::writing::{denied, rejected, wrong};
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::observation::Seen;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::writing::{MANIFEST, Made, Parts, Place, Writing, random_bytes};
use crate::session::{Caller, Session};
use crate::verdict::Answer;
use crate::{checks::anon::missing, random};

/// Why nothing is asked where a login does everything.
const NO_BEARER: Answer =
    Answer::NotApplicable("the door asks for no Bearer token: nothing has less rights than the login");

pub(in crate::checks) static CHECKS: [Check; 5] = [
    Check {
        id: "AUTHZ-03",
        group: Group::Authz,
        mode: Mode::Write,
        severity: Severity::Critical,
        title: "a token for pulling changes nothing",
        request: "with a token of low for pulling M: POST of an upload, PUT of a manifest, DELETE of a tag, a manifest and a blob",
        judgement: "Pass: refused. Fail: any success",
        why: "tokens for pulling lie in every build log and on every node",
        remedy: ASK_FURTHER,
        references: &["OCI distribution-spec, content management"],
        needs: &[Need::Owned],
        requests: 40,
        run: authz_03,
    },
    Check {
        id: "AUTHZ-04",
        group: Group::Authz,
        mode: Mode::Write,
        severity: Severity::Medium,
        title: "a token for pushing reads nothing",
        request: "with a token of low for pushing M: GET and HEAD of a manifest and a blob that are there, HEAD of ones that are not",
        judgement: "Pass: refused, and HEAD alike whether it exists or not. Fail: any success, or a difference",
        why: "where the intent keeps the two apart, whoever may add must not learn what is there",
        remedy: "demand `pull` for GET and HEAD, whatever else the caller may do",
        references: &[],
        needs: &[Need::Owned, Need::PushApart],
        requests: 40,
        run: authz_04,
    },
    Check {
        id: "AUTHZ-05",
        group: Group::Authz,
        mode: Mode::Write,
        severity: Severity::High,
        title: "an upload belongs to the repository that it was begun in",
        request: "as low: GET, PATCH, PUT and DELETE /v2/M/blobs/uploads/<upload of another repository>",
        judgement: "Pass: refused. Fail: any success",
        why: "whoever knows the name of an upload finishes it, or reads how far it is",
        remedy: "look an upload up in the repository that stands in the path",
        references: &["artifact-keeper #2812"],
        needs: &[Need::Owned, Need::ForeignUpload],
        requests: 20,
        run: authz_05,
    },
    Check {
        id: "AUTHZ-06",
        group: Group::Authz,
        mode: Mode::Write,
        severity: Severity::High,
        title: "who may add changes nothing that is there",
        request: "as an identity that may create and not update: PUT of another manifest to a tag of M, to `latest`, and by digest with ?tag=<that tag>",
        judgement: "Pass: refused, or the tag stays. Fail: 201 for a tag that exists, or the tag names the other manifest",
        why: "a tag that anybody moves is what everybody pulls next",
        remedy: "ask for the right to update where the tag exists, by whichever way it is named",
        references: &["CVE-2026-31801"],
        needs: &[Need::Owned, Need::Identity(Role::Creator)],
        requests: 50,
        run: authz_06,
    },
    Check {
        id: "AUTHZ-07",
        group: Group::Authz,
        mode: Mode::Write,
        severity: Severity::Medium,
        title: "no tag is deleted where deletes are switched off",
        request: "as low: DELETE of the tag that the intent declares as kept; what was there is put back",
        judgement: "Pass: refused, or no such method. Fail: any success",
        why: "a switch that stops the deletion of manifests and not that of tags loses images all the same",
        remedy: "update the registry, or forbid DELETE in front of it",
        references: &["CVE-2026-41888"],
        needs: &[Need::Owned, Need::Kept],
        requests: 16,
        run: authz_07,
    },
];

fn authz_03(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    let pulling = writing.session().low()?;
    match &pulling {
        Caller::Holder(token) if token.grants(&own.name, "push") => {
            return Err(missing("a token for pulling alone: the one that came grants more"));
        }
        Caller::Holder(_) => {}
        Caller::Nobody | Caller::Stranger(_) | Caller::Imposter | Caller::Known(_) => return Ok(NO_BEARER),
    }
    let parts = writing.parts(&own)?;
    let tag = Writing::tag()?;
    let made = writing.image(&own, &parts, &tag)?;
    let opened = writing.open(&own, &pulling, "")?;
    let begun = denied(writing.session(), &opened.seen, &pulling, "a token for pulling has begun an upload");
    let other = Writing::tag()?;
    let seen = writing.put(&own, &pulling, &other, (MANIFEST, &parts.named(&other)?.bytes))?;
    let put = denied(writing.session(), &seen, &pulling, "a token for pulling has pushed a manifest");
    let targets =
        [format!("manifests/{tag}"), format!("manifests/{}", made.digest), format!("blobs/{}", parts.layer.digest)];
    let deleted = Answer::first_wrong(&targets, |target| {
        let seen = writing.ask(&pulling, Request::new("DELETE", own.target(target)))?;
        denied(writing.session(), &seen, &pulling, "a token for pulling has deleted something")
    });
    Ok(Answer::all([begun, put].map(|answer| answer.unwrap_or_else(Answer::Open))).and(deleted))
}

fn authz_04(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    let pushing = writing.session().known(Role::Low, &format!("repository:{}:push", own.name))?;
    let Caller::Holder(_) = pushing else { return Ok(NO_BEARER) };
    let parts = writing.parts(&own)?;
    let made = writing.image(&own, &parts, &Writing::tag()?)?;
    let nowhere = format!("sha256:{}", random::hex(&random_bytes::<32>()?));
    let known = [("manifests", made.digest.to_string()), ("blobs", parts.layer.digest.to_string())];
    Ok(Answer::first_wrong(&known, |(kind, digest)| {
        let read = Request::get(own.target(&format!("{kind}/{digest}"))).accepting_manifests();
        let seen = writing.ask(&pushing, read)?;
        let read = denied(writing.session(), &seen, &pushing, "a token for pushing has read");
        let mut shape = |digest: &str| {
            let head = Request::head(own.target(&format!("{kind}/{digest}"))).accepting_manifests();
            let seen = writing.ask(&pushing, head)?;
            Ok::<_, Doubt>((Shape::of(&seen, digest)?, seen))
        };
        let ((there, seen), (not_there, _)) = (shape(digest)?, shape(&nowhere)?);
        let told = match there.difference(&not_there) {
            Some(_) => wrong(&seen, "HEAD tells a token for pushing what is there"),
            None => denied(writing.session(), &seen, &pushing, "a token for pushing has read"),
        };
        Ok(read?.and(told?))
    }))
}

fn authz_05(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let upload = session.intent().write.foreign_upload.as_ref().ok_or_else(|| missing("an upload of somebody else"))?;
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    writing.upload(&own, "", b"probe")?;
    let nothing = Made::of(Vec::new())?.digest;
    let target = own.target(&format!("blobs/uploads/{upload}"));
    let separator = if target.contains('?') { '&' } else { '?' };
    let ways = [
        Request::get(target.as_str()),
        Request::new("PATCH", target.as_str()).body("application/octet-stream", b"p".to_vec()),
        Request::new("PUT", format!("{target}{separator}digest={nothing}"))
            .body("application/octet-stream", Vec::new()),
        Request::new("DELETE", target.as_str()),
    ];
    Ok(Answer::first_wrong(ways, |way| {
        let seen = writing.leaving(&own, &format!("blobs/{nothing}"), &own.low, way)?;
        rejected(&seen, "an upload of another repository goes on here")
    }))
}

fn authz_06(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    let creator = writing.session().known(Role::Creator, &format!("repository:{}:pull,push", own.name))?;
    let parts = writing.parts(&own)?;
    let tag = Writing::tag()?;
    writing.image(&own, &parts, &tag)?;
    let (new, fresh) = (parts.named("new")?, Writing::tag()?);
    let seen = writing.put(&own, &creator, &fresh, (MANIFEST, &parts.named(&fresh)?.bytes))?;
    if seen.response()?.status != 201 {
        return Err(missing("a new tag by `creator`: it may push nothing at all"));
    }
    have_latest(&mut writing, &own, &parts)?;
    let says = "a tag that was there was overwritten by somebody who may only add";
    let tags = Answer::first_wrong([tag.as_str(), "latest"], |tag| {
        let seen = writing.put(&own, &creator, tag, (MANIFEST, &new.bytes))?;
        denied(writing.session(), &seen, &creator, says)
    });
    let queried = by_query(&mut writing, &own, &creator, (&parts, &tag)).unwrap_or_else(Answer::Open);
    Ok(tags.and(queried))
}

/// `latest` is there: as it was, and then it is put back in the end, or as a new tag.
fn have_latest(writing: &mut Writing<'_, '_>, own: &Place, parts: &Parts) -> Result<(), Doubt> {
    let seen = writing.ask(&own.low, Request::get(own.target("manifests/latest")).accepting_manifests())?;
    match manifest(&seen)? {
        Some((kind, bytes)) => {
            writing.put_back_later(own, "latest", (&kind, &bytes));
            Ok(())
        }
        None => writing.image(own, parts, "latest").map(drop),
    }
}

/// Type and bytes of a manifest; none where there is none.
pub(in crate::checks) fn manifest(seen: &Seen) -> Result<Option<(String, Vec<u8>)>, Doubt> {
    let response = seen.response()?;
    match response.status {
        404 => Ok(None),
        200 => {
            let kind = response.headers.get("content-type").unwrap_or(MANIFEST).to_owned();
            let bytes = response.whole().ok_or(Doubt::NotWhole { status: 200 })?;
            Ok(Some((kind, bytes.to_vec())))
        }
        status => Err(Doubt::OtherRefusal { status }),
    }
}

/// A manifest that is pushed by its digest may bring tags: one that is there, and one that is not.
fn by_query(
    writing: &mut Writing<'_, '_>,
    own: &Place,
    creator: &Caller,
    (parts, tag): (&Parts, &str),
) -> Result<Answer, Doubt> {
    let (other, fresh) = (parts.named("by query")?, Writing::tag()?);
    writing.deleted_later(own, &own.target(&format!("manifests/{fresh}")), false);
    let reference = format!("{}?tag={tag}&tag={fresh}", other.digest);
    let seen = writing.put(own, creator, &reference, (MANIFEST, &other.bytes))?;
    if !seen.response()?.is_success() {
        return rejected(&seen, "");
    }
    let read = writing.ask(&own.low, Request::get(own.target(&format!("manifests/{tag}"))).accepting_manifests())?;
    match Proof::bytes(&read, &other.digest) {
        Some(_) => wrong(&read, "a tag that was there was overwritten by ?tag="),
        None => Ok(Answer::AsIntended),
    }
}

fn authz_07(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let (name, tag) = session.intent().write.kept.as_ref().ok_or_else(|| missing("a tag that is kept"))?;
    let mut writing = Writing::begin(session);
    writing.session().low()?;
    let place = writing.place(name.as_str())?;
    if matches!(&place.low, Caller::Holder(token) if token.access.is_some() && !token.grants(&place.name, "delete")) {
        return Err(missing("the right to delete: what `low` may not do shows nothing about the switch"));
    }
    let seen =
        writing.ask(&place.low, Request::get(place.target(&format!("manifests/{tag}"))).accepting_manifests())?;
    let (kind, bytes) = manifest(&seen)?.ok_or_else(|| missing("the tag that is kept: it is not there"))?;
    let seen = writing.delete(&place, tag.as_str(), (&kind, &bytes))?;
    rejected(&seen, "a tag was deleted where deletes are switched off")
}
