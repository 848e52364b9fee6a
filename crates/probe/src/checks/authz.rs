//! AUTHZ: what somebody gets who is known, and entitled to something else.

pub(super) mod declared;
pub(super) mod write;

use crate::check::{Check, Group, Need, Severity};
use crate::checks::anon::lists::names_nothing;
use crate::checks::tok;
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::proof::Proof;
use crate::request::{MANIFEST_TYPES, Request};
use crate::session::{Caller, Session};
use crate::verdict::Answer;

/// What mends a registry that knows everybody and asks no further.
const ASK_FURTHER: &str = "decide for every request whether this caller may do this there; to be somebody is no right";

pub(super) static CHECKS: [Check; 2] = [
    Check {
        id: "AUTHZ-01",
        group: Group::Authz,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "somebody who is known reads nothing that is not theirs",
        request: "ANON-02 to ANON-10 on S as low, with a token for M",
        judgement: "Pass: refused. Fail: content, tags, an index, or the digest or size of an object of S",
        why: "any account could once pull any private image",
        remedy: ASK_FURTHER,
        references: &["artifact-keeper #3261"],
        needs: &[Need::Owned],
        requests: 60,
        run: authz_01,
    },
    Check {
        id: "AUTHZ-02",
        group: Group::Authz,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "no list names what is not the caller's",
        request: "as low: GET /v2/_catalog and the search of zot, with a token for M, and with one for the catalog where there is one",
        judgement: "Pass: refused, or a whole list of nothing but what is declared public and its own. Fail: a private name",
        why: "a list that is made before anybody looks who asks names everything",
        remedy: "list only what the caller may pull",
        references: &["artifact-keeper #3355"],
        needs: &[Need::Owned],
        requests: 20,
        run: authz_02,
    },
];

fn authz_01(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let low = session.low()?;
    let second = session.second();
    let content = session.second_content()?;
    let decoy = session.decoy().clone();
    let content_of = tok::read_all(session, &low, second)?;
    let digest = content.digest.to_string();
    let heads = [second.reference(), digest.clone()].map(|reference| {
        let head = Request::head(second.manifest_target(&reference)).header("Accept", MANIFEST_TYPES);
        let proof =
            |seen: &_| Proof::digest_header(seen, &content.digest).or_else(|| Proof::size_header(seen, content.size));
        session.refused(&head, &low, proof).unwrap_or_else(Answer::Open)
    });
    let name = second.name.as_str();
    let tags = ["", "?n=1", "?n=0", "?n=-1", "?last="].map(|query| {
        let list = |name: &str| Request::get(format!("/v2/{name}/tags/list{query}"));
        let proof = |seen: &_| Proof::tags(seen, second.tag.as_ref(), &decoy);
        session.refused_oddly_of(name, list, &low, proof).unwrap_or_else(Answer::Open)
    });
    let referrers = ["", "?artifactType=application/vnd.dev.sigstore.bundle.v0.3%2Bjson"].map(|query| {
        let list = |name: &str| Request::get(format!("/v2/{name}/referrers/{digest}{query}"));
        session.refused_oddly_of(name, list, &low, |seen| Proof::index(seen, &decoy)).unwrap_or_else(Answer::Open)
    });
    let fallbacks = ["", ".sig", ".att", ".sbom"].map(|ending| {
        let tag = second.manifest(&format!("{}{ending}", digest.replace(':', "-")));
        session.refused(&tag, &low, |seen| Proof::manifest(seen, &decoy)).unwrap_or_else(Answer::Open)
    });
    let lists = tags.into_iter().chain(referrers).chain(fallbacks).chain(heads);
    Ok(content_of.and(Answer::all(lists)).aside())
}

fn authz_02(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let low = session.low()?;
    let mut known = session.public_names();
    known.push(session.owned()?.to_owned());
    known.extend(session.intent().write.names());
    let search = "query=%7BGlobalSearch(query:%22%22,requestedPage:%7Blimit:1%7D)%7BRepos%7BName%7D%7D%7D";
    let lists = ["/v2/_catalog".to_owned(), format!("/v2/_zot/ext/search?{search}")].map(Request::get);
    // Where no token is asked for, or none is handed out for the catalog, the one for M is all there is.
    let wide = session.known(Role::Low, "registry:catalog:*").ok();
    let callers: Vec<Caller> = [low].into_iter().chain(wide).collect();
    let answer = Answer::first_wrong(&lists, |list| {
        Ok(Answer::first_wrong(&callers, |caller| names_nothing(session, list, caller, &known)))
    });
    Ok(answer.aside())
}
