//! BIND: whoever knows a digest has it nowhere but where it was put.

pub(super) mod fetched;
mod held;
pub(super) mod mount;
pub(super) mod pushed;
pub(super) mod shared;

use protocol::Descriptor;

use crate::check::{Check, Group, Need, Severity};
use crate::checks::anon::{blob_proof, missing};
use crate::controls::Content;
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Observation;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;
use held::Held;
pub(super) use held::reader;

pub(super) static CHECKS: [Check; 3] = [
    Check {
        id: "BIND-01",
        group: Group::Bind,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a private layer is not to be had through a public repository",
        request: "GET /v2/P/blobs/B, as nobody; B is the topmost layer of R that no declared public repository has",
        judgement: "Pass: refused, or not there. Fail: bytes",
        why: "storage keeps every blob once, and a repository that does not look whether it is its own hands out everybody's",
        remedy: "serve a blob only in repositories that it was pushed or mounted to",
        references: &["CVE-2024-39897", "openshift/origin #9755"],
        needs: &[Need::Public, Need::Layer],
        requests: 48,
        run: bind_01,
    },
    Check {
        id: "BIND-02",
        group: Group::Bind,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a private layer is not to be had through one's own repository",
        request: "as low: GET and HEAD /v2/M/blobs/B(S); B(S) is the topmost layer of S that neither M nor a declared public repository has",
        judgement: "Pass: refused, or not there. Fail: bytes, or its digest or size",
        why: "everybody has a repository of their own to ask in",
        remedy: "serve a blob only in repositories that it was pushed or mounted to",
        references: &["CVE-2024-39897"],
        needs: &[Need::Owned],
        requests: 64,
        run: bind_02,
    },
    Check {
        id: "BIND-03",
        group: Group::Bind,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a private manifest is not to be had through one's own repository",
        request: "as low: GET /v2/M/manifests/D(S)",
        judgement: "Pass: refused, or not there. Fail: the manifest",
        why: "the manifest tells the layers, and manifests are kept once as well",
        remedy: "look a digest up in the repository that it is asked in",
        references: &["CVE-2024-39897"],
        needs: &[Need::Owned],
        requests: 40,
        run: bind_03,
    },
];

/// Why nothing is asked where no blob is known to be private.
const SHARED: Answer = Answer::NotApplicable("no layer is known that is in no public or own repository");

fn bind_01(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let content = session.content().cloned().ok_or_else(|| missing("a layer"))?;
    let public = session.public()?;
    let Some(held) = Held::by_everybody(session)? else { return Ok(SHARED) };
    let Some(layer) = held.missing(&content) else { return Ok(SHARED) };
    let caller = held::reader(session, public)?;
    let blob = Request::get(public.blob_target(&layer.digest)).header("Range", "bytes=0-1023").unkept();
    let decoy = session.decoy().clone();
    let answer = session.refused(&blob, &caller, |seen| blob_proof(seen, &layer, &decoy));
    not_there(answer)
}

/// In a repository that the caller may read, what is not there is 404.
fn not_there(answer: Result<Answer, Doubt>) -> Result<Answer, Doubt> {
    match answer {
        Err(Doubt::OtherRefusal { status: 404 }) => Ok(Answer::AsIntended),
        answer => answer,
    }
}

/// A layer of S that nobody has who may be asked: neither *low* nor the public.
fn layer_of_second(session: &mut Session<'_>) -> Result<Option<(Content, Descriptor)>, Doubt> {
    let content = session.second_content()?;
    let Some(public) = Held::by_everybody(session)? else { return Ok(None) };
    let Some(own) = Held::by_low(session)? else { return Ok(None) };
    let layer = public.and(own).missing(&content);
    Ok(layer.map(|layer| (content, layer)))
}

fn bind_02(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let (low, owned) = (session.low()?, session.owned()?);
    let Some((_, layer)) = layer_of_second(session)? else { return Ok(SHARED) };
    let target = format!("/v2/{owned}/blobs/{}", layer.digest);
    let get = Request::get(target.as_str()).header("Range", "bytes=0-1023").unkept();
    let decoy = session.decoy().clone();
    let bytes = session.refused(&get, &low, |seen| blob_proof(seen, &layer, &decoy));
    let told = session.refused(&Request::head(target), &low, |seen: &Observation| {
        Proof::digest_header(seen, &layer.digest).or_else(|| Proof::size_header(seen, layer.size))
    });
    let answers = [bytes, told].map(|answer| answer.unwrap_or_else(Answer::Open));
    Ok(Answer::all(answers).aside())
}

fn bind_03(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let (low, owned) = (session.low()?, session.owned()?);
    let content = session.second_content()?;
    let Some(own) = Held::by_low(session)? else { return Ok(SHARED) };
    if own.has(&content.digest) {
        return Ok(Answer::NotApplicable("the same manifest is in the repository of `low`"));
    }
    let manifest = Request::get(format!("/v2/{owned}/manifests/{}", content.digest)).accepting_manifests();
    let answer = session.refused(&manifest, &low, |seen| Proof::bytes(seen, &content.digest))?;
    Ok(answer.aside())
}
