//! Real tokens in a place where nobody should look for them, and beside another one.

use std::sync::Arc;

use outbound::{Credential, Origin};
use protocol::Digest;
use serde_json::json;

use super::{Refusals, access, opens_nothing};
use crate::check::{Check, Group, Need, Severity};
use crate::checks::{spelled, tok::NO_BEARER};
use crate::doubt::Doubt;
use crate::forge::Forged;
use crate::intent::{Known, Mode, Role};
use crate::observation::Observation;
use crate::proof::Proof;
use crate::request::{Place, Request};
use crate::session::{Caller, Session};
use crate::token::Token;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "FORGE-22",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a token in another place is none",
        request: "the same with a token of control for R in ?access_token=, in ?token=, in cookies of these names, in X-Registry-Auth as Bearer and encoded, in Proxy-Authorization",
        judgement: "Pass: refused as without it, while it is taken in Authorization. Fail: success",
        why: "what stands in a URL ends in logs, what stands in a cookie is sent by every page, and what a proxy does not know it passes on",
        remedy: "read tokens from Authorization alone",
        references: &["RFC 6750 section 5.3"],
        needs: &[Need::Identity(Role::Control)],
        requests: 80,
        run: forge_22,
    },
    Check {
        id: "FORGE-23",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "of two tokens none lends its right to the other",
        request: "GET /v2/S/manifests/T with two Authorization headers, in both orders: a token of low for M and an empty one; the same token and one for S that says it is not signed",
        judgement: "Pass: refused, while low is known and S is there. Fail: the manifest",
        why: "a proxy may judge one of two headers and the registry behind it the other",
        remedy: "refuse a request with more than one Authorization with 400, before anything else reads it",
        references: &["RFC 9110 section 5.3"],
        needs: &[Need::Owned],
        requests: 50,
        run: forge_23,
    },
];

fn forge_22(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(token) = session.control_token()? else { return Ok(NO_BEARER) };
    let door = session.door();
    let ways = places().map(|place| (place.to_string(), token.placed(place, door)));
    let answer =
        spelled::each(ways, |placed| opens_nothing(session, |request| request.placed(&placed), Refusals::OfTokens));
    Ok(answer.given(is_taken(session, &token)).proved(|proof| proof.after([token.seen.id])).aside())
}

/// Everywhere that somebody might look.
fn places() -> [Place; 7] {
    [
        Place::Query("access_token"),
        Place::Query("token"),
        Place::Cookie("access_token".to_owned()),
        Place::Cookie("token".to_owned()),
        Place::Header("X-Registry-Auth"),
        Place::RegistryAuth,
        Place::Header("Proxy-Authorization"),
    ]
}

/// Whether the token is good where it belongs.
fn is_taken(session: &mut Session<'_>, token: &Token) -> Result<(), Doubt> {
    let request = session.manifest(&session.private().reference()).credential(Some(&token.credential));
    match session.ask(&request)?.response()?.is_success() {
        true => Ok(()),
        false => Err(Doubt::Missing { why: "the token is refused in its right place too".to_owned() }),
    }
}

/// What one of two headers says.
enum Header {
    Valid(Arc<Credential>),
    Empty,
    Forged(Forged),
}

impl Header {
    fn name(&self) -> &str {
        match self {
            Self::Valid(_) => "a valid one",
            Self::Empty => "an empty one",
            Self::Forged(forged) => &forged.name,
        }
    }

    fn on(&self, request: Request, origin: &Origin) -> Request {
        match self {
            Self::Valid(credential) => request.credential(Some(credential)),
            Self::Empty => request.header("Authorization", ""),
            Self::Forged(forged) => forged.on(request, origin),
        }
    }
}

fn forge_23(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Caller::Holder(token) = session.low()? else { return Ok(NO_BEARER) };
    let second = session.second();
    let content = session.second_content();
    let digest = content.as_ref().ok().map(|content| content.digest.clone());
    let valid = Header::Valid(Arc::clone(&token.credential));
    let others: Vec<Header> = unsigned(&token, second).map(Header::Forged).into_iter().chain([Header::Empty]).collect();
    let pairs = others.iter().flat_map(|other| [[&valid, other], [other, &valid]]);
    let named = pairs.map(|pair| (pair.map(Header::name).join(" and then "), pair));
    let answer = spelled::each(named, |pair| both(session, pair, second, digest.as_ref()));
    Ok(answer.given(content.map(drop)).proved(|proof| proof.after([token.seen.id])).aside())
}

/// A token for S that nobody has signed; none where the tokens are opaque.
fn unsigned(token: &Token, second: &Known) -> Option<Forged> {
    let grants = access(second.name.as_str(), &["pull"]);
    let mould = token.apart()?.with_header(|header| header.with("alg", &json!("none")));
    Some(mould.with_claims(|claims| claims.with("access", &grants)).signed_as("an unsigned one", &[]))
}

/// Asks for S with two headers. What one of them opens alone shows nothing of both.
fn both(
    session: &mut Session<'_>,
    pair: [&Header; 2],
    second: &Known,
    digest: Option<&Digest>,
) -> Result<Answer, Doubt> {
    let (origin, decoy, reference) = (&session.door().origin, session.decoy().clone(), second.reference());
    let manifest = |name: &str| Request::get(format!("/v2/{name}/manifests/{reference}")).accepting_manifests();
    let asked = |name: &str| pair.iter().fold(manifest(name), |request, header| header.on(request, origin));
    let proof = |seen: &Observation| Proof::manifest_of(seen, digest, &decoy);
    let name = second.name.as_str();
    let judged = session.refused_oddly_of(name, asked, &Caller::Imposter, proof);
    pair.iter().fold(judged, |judged, alone| spelled::settle(session, judged, &alone.on(manifest(name), origin), proof))
}
