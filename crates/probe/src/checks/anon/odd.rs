//! What strangers get who ask in odd ways: with something that is no credential, for an old type, for a digest that is none.

use protocol::Digest;

use super::{CLOSE, missing};
use crate::alike;
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Observation;
use crate::proof::Proof;
use crate::random;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 5] = [
    Check {
        id: "ANON-13",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::Critical,
        title: "what is no credential opens nothing",
        request: "GET /v2/R/manifests/T with an empty Authorization, Bearer null, Basic of an empty pair, and eight more",
        judgement: "Pass: 401, 403 or 404. Fail: the manifest for any of them",
        why: "whoever cannot be read is sometimes taken for a user, and for one that may",
        remedy: "refuse a header that cannot be read; never fall back from it to somebody",
        references: &["Gitea #28875"],
        needs: &[],
        requests: 55,
        run: anon_13,
    },
    Check {
        id: "ANON-14",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "the manifest is closed to strangers under its oldest type too",
        request: "GET /v2/R/manifests/T with Accept: application/vnd.docker.distribution.manifest.v1+prettyjws",
        judgement: "Pass: 401 with a challenge. Fail: the manifest",
        why: "old paths of code miss newer gates",
        remedy: CLOSE,
        references: &["artifact-keeper #3024"],
        needs: &[],
        requests: 4,
        run: anon_14,
    },
    Check {
        id: "ANON-17",
        group: Group::Anon,
        mode: Mode::Active,
        severity: Severity::High,
        title: "who asks is looked at before what is asked for",
        request: "DELETE /v2/R/manifests/<digest that does not exist>",
        judgement: "Pass: 401 with a challenge. Fail: 202, 404 or 405",
        why: "a handler that runs before the authorisation deletes what does exist",
        remedy: "authorise before a handler is chosen",
        references: &[],
        needs: &[],
        requests: 1,
        run: anon_17,
    },
    Check {
        id: "ANON-19",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "the parameter of mirrors changes nothing",
        request: "GET /v2/R/manifests/T?ns=registry.example",
        judgement: "Pass: 401 with a challenge. Fail: the manifest",
        why: "containerd adds ns= when it asks a mirror, and a mirror may have rules of its own",
        remedy: "decide by the repository alone, whatever stands in the query",
        references: &[],
        needs: &[],
        requests: 4,
        run: anon_19,
    },
    Check {
        id: "ANON-20",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::Low,
        title: "what is no digest is refused the same everywhere",
        request: "GET of a blob with sha512, upper-case hex and short hex, in R and in X",
        judgement: "Pass: 401, or the same 400 or 404 for both. Fail: two answers",
        why: "reading the digest before the caller tells what exists as soon as it depends on it",
        remedy: "refuse before the digest is read, or refuse what is malformed without looking at the repository",
        references: &[],
        needs: &[Need::Layer],
        requests: 18,
        run: anon_20,
    },
];

/// What is shown, one line or two at a time.
const ODD: [&[&str]; 11] = [
    &[""],
    &["Bearer"],
    &["Bearer null"],
    &["Bearer undefined"],
    &["Basic Og=="],
    &["Basic !not base64!"],
    &["Basic YW5vbnltb3VzOg=="],
    &["Basic Z2hvc3Q6"],
    &["Negotiate x"],
    &["Basic Og==", "Bearer null"],
    &["Bearer null", "Basic Og=="],
];

fn anon_13(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let answers = ODD.map(|lines| {
        let odd = |request: Request| lines.iter().fold(request, |request, line| request.header("Authorization", *line));
        manifest_is_refused(session, "", &Caller::Imposter, odd).unwrap_or_else(Answer::Open)
    });
    Ok(Answer::all(answers))
}

fn anon_14(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let oldest = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    let request = Request::get(session.manifest_target(&session.private().reference())).header("Accept", oldest);
    let (digest, decoy) = (session.digest(), session.decoy().clone());
    session.refused(&request, &Caller::Nobody, |seen| Proof::manifest_of(seen, digest.as_ref(), &decoy))
}

fn anon_17(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let target = session.manifest_target(some_digest()?.as_str());
    let ran = |seen: &Observation| {
        let status = seen.status().filter(|status| matches!(status, 202 | 404 | 405))?;
        Proof::behaviour(seen, format!("{status}: the handler ran before anybody asked who sent it"))
    };
    let seen = session.ask(&Request::new("DELETE", target))?;
    match session.refusal(&seen, &Caller::Nobody) {
        Ok(answer) => Ok(answer),
        Err(doubt) => ran(&seen).map(Answer::Wrong).ok_or(doubt),
    }
}

fn anon_19(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    manifest_is_refused(session, "?ns=registry.example", &Caller::Nobody, |request| request)
}

/// The manifest of R by its reference, asked for in some odd way.
fn manifest_is_refused(
    session: &mut Session<'_>,
    query: &str,
    caller: &Caller,
    oddly: impl Fn(Request) -> Request,
) -> Result<Answer, Doubt> {
    let (digest, decoy) = (session.digest(), session.decoy().clone());
    let reference = session.private().reference();
    let request =
        |name: &str| oddly(Request::get(format!("/v2/{name}/manifests/{reference}{query}")).accepting_manifests());
    session.refused_oddly(request, caller, |seen| Proof::manifest_of(seen, digest.as_ref(), &decoy))
}

fn anon_20(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let layer = session.content().and_then(|content| content.layer().cloned()).ok_or_else(|| missing("a layer"))?;
    let hex = layer.digest.hex();
    let short: String = hex.chars().take(12).collect();
    let digests = [format!("sha512:{hex}{hex}"), format!("sha256:{}", hex.to_uppercase()), format!("sha256:{short}")];
    let answers = digests.map(|digest| same_for_both(session, &digest).unwrap_or_else(Answer::Open));
    Ok(Answer::all(answers))
}

/// A blob of R and of a name that nobody has.
fn same_for_both(session: &mut Session<'_>, digest: &str) -> Result<Answer, Doubt> {
    let request = |name: &str| Request::get(format!("/v2/{name}/blobs/{digest}")).unkept();
    let name = session.private().name.clone();
    let pair = alike::compare(session, name.as_str(), |session, name| session.ask(&request(name)))?;
    match (pair.difference, session.refusal(&pair.seen, &Caller::Nobody)) {
        (Some(difference), _) => Ok(Answer::Wrong(difference)),
        (None, Err(Doubt::OtherRefusal { status: 400 | 404 })) => Ok(Answer::AsIntended),
        (None, answer) => answer,
    }
}

fn some_digest() -> Result<Digest, Doubt> {
    let unguessable = random::bytes::<32>().map_err(|error| Doubt::Missing { why: error.to_string() })?;
    random::sha256(&unguessable).ok_or_else(|| missing("some digest"))
}
