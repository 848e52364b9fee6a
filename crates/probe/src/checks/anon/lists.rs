//! What lists tell strangers: tags, referrers, the tags that signatures hide under, repositories, extensions.

use serde_json::Value;

use super::{CLOSE, missing};
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Observation;
use crate::proof::{Proof, strings};
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 5] = [
    Check {
        id: "ANON-08",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "tags are not listed to strangers",
        request: "GET /v2/R/tags/list, also with n=1, n=0, n=-1 and last=",
        judgement: "Pass: 401 with a challenge. Fail: tags",
        why: "whoever knows the tags knows what to ask for, and paging is a path of its own",
        remedy: CLOSE,
        references: &["CVE-2023-2253"],
        needs: &[],
        requests: 45,
        run: anon_08,
    },
    Check {
        id: "ANON-09",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "referrers are not listed to strangers",
        request: "GET /v2/R/referrers/D, also with artifactType",
        judgement: "Pass: 401 with a challenge, or no such route, for R as for X. Fail: an index, an empty one included",
        why: "the newest route is the one that is forgotten, and signatures and SBOMs hang from it",
        remedy: CLOSE,
        references: &[],
        needs: &[Need::Digest],
        requests: 18,
        run: anon_09,
    },
    Check {
        id: "ANON-10",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "what hangs from an image is closed under its fallback tags too",
        request: "GET /v2/R/manifests/sha256-<hex of D>, and with .sig, .att, .sbom",
        judgement: "Pass: 401 with a challenge. Fail: a manifest",
        why: "an SBOM tells everything that is in the image, and provenance how it came there",
        remedy: CLOSE,
        references: &[],
        needs: &[Need::Digest],
        requests: 16,
        run: anon_10,
    },
    Check {
        id: "ANON-11",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "no list of repositories names a private one to strangers",
        request: "GET /v2/_catalog, also with n=1000000, n=-1 and last=a",
        judgement: "Pass: 401, 403, 404, or a whole list of nothing but declared public repositories. Fail: a private name",
        why: "the catalog is the first thing that a grabber asks for",
        remedy: "close /v2/_catalog to strangers, or list only what the caller may pull",
        references: &["CVE-2019-19030", "CVE-2020-29662", "artifact-keeper #3355"],
        needs: &[],
        requests: 16,
        run: anon_11,
    },
    Check {
        id: "ANON-12",
        group: Group::Anon,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "no extension names a private repository to strangers",
        request: "GET /v2/_oci/ext/discover, /v2/R/_oci/ext/discover, and zot's GlobalSearch",
        judgement: "Pass: refused, or empty. Fail: a private name",
        why: "extensions are other handlers than the ones that were looked at",
        remedy: "put extensions behind the same authentication as everything else, or switch them off",
        references: &[],
        needs: &[],
        requests: 16,
        run: anon_12,
    },
];

fn anon_08(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let (tag, decoy) = (session.private().tag.clone(), session.decoy().clone());
    session.as_strangers(|session, caller| {
        let pages = ["", "?n=1", "?n=0", "?n=-1", "?last="].map(|query| {
            let page = |name: &str| Request::get(format!("/v2/{name}/tags/list{query}"));
            let proof = |seen: &Observation| Proof::tags(seen, tag.as_ref(), &decoy);
            session.refused_oddly(page, caller, proof).unwrap_or_else(Answer::Open)
        });
        Ok(Answer::all(pages))
    })
}

fn anon_09(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let digest = session.digest().ok_or_else(|| missing("the digest"))?;
    let decoy = session.decoy().clone();
    session.as_strangers(|session, caller| {
        let queries = ["", "?artifactType=application/vnd.dev.sigstore.bundle.v0.3%2Bjson"];
        let lists = queries.map(|query| {
            let list = |name: &str| Request::get(format!("/v2/{name}/referrers/{digest}{query}"));
            session.refused_oddly(list, caller, |seen| Proof::index(seen, &decoy)).unwrap_or_else(Answer::Open)
        });
        Ok(Answer::all(lists))
    })
}

fn anon_10(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let digest = session.digest().ok_or_else(|| missing("the digest"))?;
    let decoy = session.decoy().clone();
    let tags = ["", ".sig", ".att", ".sbom"].map(|ending| {
        let tag = session.manifest(&format!("{}{ending}", digest.as_str().replace(':', "-")));
        session.refused(&tag, &Caller::Nobody, |seen| Proof::manifest(seen, &decoy)).unwrap_or_else(Answer::Open)
    });
    Ok(Answer::all(tags))
}

fn anon_11(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let public = session.public_names();
    let answers = ["", "?n=1000000", "?n=-1", "?last=a"].map(|query| {
        let list = Request::get(format!("/v2/_catalog{query}"));
        names_nothing(session, &list, &public).unwrap_or_else(Answer::Open)
    });
    Ok(Answer::all(answers))
}

fn anon_12(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let search = "query=%7BGlobalSearch(query:%22%22,requestedPage:%7Blimit:1%7D)%7BRepos%7BName%7D%7D%7D";
    let everywhere = ["/v2/_oci/ext/discover".to_owned(), format!("/v2/_zot/ext/search?{search}")].map(|target| {
        let asked = Request::get(target);
        names_nothing(session, &asked, &[]).unwrap_or_else(Answer::Open)
    });
    let names = session.private_names();
    let own = |name: &str| Request::get(format!("/v2/{name}/_oci/ext/discover"));
    let own = session.refused_oddly(own, &Caller::Nobody, |seen| Proof::listing(seen, &names));
    Ok(Answer::all(everywhere).and(own.unwrap_or_else(Answer::Open)))
}

/// A list that belongs to no repository: refused, or without any name but the public ones.
fn names_nothing(session: &mut Session<'_>, request: &Request, public: &[String]) -> Result<Answer, Doubt> {
    let names = session.private_names();
    let seen = session.ask(request)?;
    match session.judge(&seen, request, &Caller::Nobody, |seen| Proof::listing(seen, &names)) {
        Err(Doubt::OtherRefusal { status: 400 | 403 | 404 | 421 }) => Ok(Answer::AsIntended),
        Err(Doubt::Proofless { .. }) if lists_only(&seen, public) => Ok(Answer::AsIntended),
        answer => answer,
    }
}

/// Whether an answer is a whole list in which nothing stands but these names.
fn lists_only(seen: &Observation, public: &[String]) -> bool {
    let Ok(response) = seen.response() else { return false };
    let list = response.whole().and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let goes_on = response.headers.get("link").is_some();
    list.is_some_and(|list| !goes_on && strings(&list).into_iter().all(|name| public.contains(name)))
}
