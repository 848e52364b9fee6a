//! ANON: what a stranger reads, with nothing in hand and with the token that anybody gets.

pub(super) mod guess;
pub(super) mod lists;
pub(super) mod odd;
pub(super) mod write;

use protocol::Descriptor;

use crate::check::{Check, Group, Need, Severity};
use crate::controls::{self, Decoy};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Observation;
use crate::proof::Proof;
use crate::request::{MANIFEST_TYPES, Request};
use crate::session::{Caller, Session};
use crate::verdict::Answer;

/// What mends an open read, whichever.
pub(super) const CLOSE: &str =
    "demand authentication for every path below /v2/, in the registry itself or in a gate that nothing goes around";

pub(super) static CHECKS: [Check; 7] = [
    Check {
        id: "ANON-01",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::Low,
        title: "the base of the API asks who is there",
        request: "GET /v2/",
        judgement: "Pass: 401 with a challenge. Fail: 200",
        why: "an open base exposes nothing by itself, but clients read the challenge there and never authenticate without one",
        remedy: "answer /v2/ with 401 and a challenge, also where some repositories are public",
        references: &["zot #3538"],
        needs: &[],
        requests: 4,
        run: anon_01,
    },
    Check {
        id: "ANON-02",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "the manifest by its tag is closed to strangers",
        request: "GET /v2/R/manifests/T",
        judgement: "Pass: 401 with a challenge. Fail: the manifest",
        why: "whoever gets the manifest gets the image: this is the request of every pull",
        remedy: CLOSE,
        references: &["CVE-2026-27771"],
        needs: &[],
        requests: 9,
        run: anon_02,
    },
    Check {
        id: "ANON-03",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "the manifest by its digest is closed to strangers",
        request: "GET /v2/R/manifests/D",
        judgement: "Pass: 401 with a challenge. Fail: the manifest",
        why: "the path by digest is often checked elsewhere than the path by tag",
        remedy: CLOSE,
        references: &[],
        needs: &[Need::Digest],
        requests: 8,
        run: anon_03,
    },
    Check {
        id: "ANON-04",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "HEAD tells strangers nothing of a manifest",
        request: "HEAD /v2/R/manifests/T and D",
        judgement: "Pass: 401 without the digest. Fail: its digest with any status, or success with its size",
        why: "HEAD runs other code than GET",
        remedy: "decide before the method is looked at; put digest and length on no refusal",
        references: &["artifact-keeper #3258", "Harbor #11271"],
        needs: &[],
        requests: 16,
        run: anon_04,
    },
    Check {
        id: "ANON-05",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "a layer is closed to strangers",
        request: "GET /v2/R/blobs/B with Range: bytes=0-1023",
        judgement: "Pass: 401 with a challenge. Fail: bytes, also behind a redirect",
        why: "the handler of blobs is not the handler of manifests",
        remedy: CLOSE,
        references: &[],
        needs: &[Need::Layer],
        requests: 8,
        run: anon_05,
    },
    Check {
        id: "ANON-06",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "the configuration is closed to strangers",
        request: "GET /v2/R/blobs/C",
        judgement: "Pass: 401 with a challenge. Fail: bytes, also behind a redirect",
        why: "it carries environment variables and the history of the build, and so secrets",
        remedy: CLOSE,
        references: &[],
        needs: &[Need::Config],
        requests: 8,
        run: anon_06,
    },
    Check {
        id: "ANON-07",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "HEAD tells strangers nothing of a layer",
        request: "HEAD /v2/R/blobs/B",
        judgement: "Pass: 401 with a challenge. Fail: its digest, or success with its size",
        why: "whoever learns that a digest exists, and how large it is, knows what is in use",
        remedy: "decide before the method is looked at; put digest and length on no refusal",
        references: &[],
        needs: &[Need::Layer],
        requests: 8,
        run: anon_07,
    },
];

fn anon_01(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let open = |seen: &Observation| {
        let open = seen.status() == Some(200);
        open.then(|| Proof::behaviour(seen, "200 to nobody in particular")).flatten()
    };
    session.refused(&Request::get("/v2/"), &Caller::Nobody, open)
}

fn anon_02(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    session.as_strangers(read_manifest)
}

/// ANON-02 as somebody: TOK-02 asks it too.
pub(super) fn read_manifest(session: &mut Session<'_>, caller: &Caller) -> Result<Answer, Doubt> {
    let request = session.manifest(&session.private().reference());
    let seen = match caller {
        Caller::Nobody => session.first()?,
        Caller::Stranger(_) | Caller::Imposter | Caller::Holder(_) | Caller::Known(_) => {
            session.ask(&request.clone().credential(caller.credential()))?
        }
    };
    let (digest, decoy) = (session.digest(), session.decoy().clone());
    let proof = |seen: &Observation| Proof::manifest_of(seen, digest.as_ref(), &decoy);
    let answer = session.judge(&seen, &request, caller, proof)?;
    if matches!(answer, Answer::Wrong(_)) && session.content().is_none() {
        // What is open shows what else to ask for.
        if let Ok(content) = controls::learn(session, session.private(), &seen, caller) {
            session.know(content);
        }
    }
    Ok(answer)
}

fn anon_03(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let digest = session.digest().ok_or_else(|| missing("the digest"))?;
    session.as_strangers(|session, caller| {
        session.refused(&session.manifest(digest.as_str()), caller, |seen| Proof::bytes(seen, &digest))
    })
}

fn anon_04(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let digest = session.digest();
    let size = session.content().map(|content| content.size);
    let decoy = session.decoy().clone();
    let references: Vec<String> =
        std::iter::once(session.private().reference()).chain(digest.as_ref().map(ToString::to_string)).collect();
    let proof = |seen: &Observation| {
        let named = match &digest {
            Some(digest) => Proof::digest_header(seen, digest),
            None => Proof::some_digest_header(seen, &decoy),
        };
        named.or_else(|| Proof::size_header(seen, size?))
    };
    session.as_strangers(|session, caller| {
        let mut answers = Vec::new();
        for reference in &references {
            let head = Request::head(session.manifest_target(reference)).header("Accept", MANIFEST_TYPES);
            answers.push(session.refused(&head, caller, proof).unwrap_or_else(Answer::Open));
        }
        Ok(Answer::all(answers))
    })
}

fn anon_05(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let layer = session.content().and_then(|content| content.layer().cloned()).ok_or_else(|| missing("a layer"))?;
    let first = Request::get(session.blob_target(&layer.digest)).header("Range", "bytes=0-1023").unkept();
    read_blob(session, &first, &layer)
}

fn anon_06(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let config =
        session.content().and_then(|content| content.config.clone()).ok_or_else(|| missing("the configuration"))?;
    let whole = Request::get(session.blob_target(&config.digest)).unkept();
    read_blob(session, &whole, &config)
}

fn anon_07(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let layer = session.content().and_then(|content| content.layer().cloned()).ok_or_else(|| missing("a layer"))?;
    let head = Request::head(session.blob_target(&layer.digest));
    let proof =
        |seen: &Observation| Proof::digest_header(seen, &layer.digest).or_else(|| Proof::size_header(seen, layer.size));
    session.as_strangers(|session, caller| session.refused(&head, caller, proof))
}

fn read_blob(session: &mut Session<'_>, request: &Request, blob: &Descriptor) -> Result<Answer, Doubt> {
    let decoy = session.decoy().clone();
    session.as_strangers(|session, caller| session.refused(request, caller, |seen| blob_proof(seen, blob, &decoy)))
}

pub(super) fn blob_proof(seen: &Observation, blob: &Descriptor, decoy: &Decoy) -> Option<Proof> {
    Proof::bytes(seen, &blob.digest).or_else(|| Proof::part_of(seen, blob.size, decoy))
}

pub(super) fn missing(what: &str) -> Doubt {
    Doubt::Missing { why: format!("{what} of the private image is not known") }
}
