//! FORGE: tokens that nobody handed out, shown for the manifest and for a layer.

pub(in crate::checks) mod expiry;
pub(in crate::checks) mod fetched;
pub(in crate::checks) mod issued;
pub(in crate::checks) mod keys;
pub(in crate::checks) mod kinds;
pub(in crate::checks) mod lent;
pub(in crate::checks) mod odd;
pub(in crate::checks) mod placed;
pub(in crate::checks) mod written;

use aws_lc_rs::rand;
use serde_json::{Value, json};

use super::spelled;
use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::forge::{Forged, Members, Mould};
use crate::intent::{Mode, Role};
use crate::observation::Observation;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

/// Why nothing can be forged.
const NO_MOULD: Answer = Answer::NotApplicable("no token of this door can be read, so there is nothing to forge");

/// What mends a verifier that takes what it should check.
const ONE_VERIFIER: &str = "verify with a library that is told the algorithm and the keys, and nothing by the token; refuse before claims are read";

pub(super) static CHECKS: [Check; 5] = [
    Check {
        id: "FORGE-01",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a token with a random signature opens nothing",
        request: "GET /v2/R/manifests/T and HEAD /v2/R/blobs/B with a token that grants them, signed with random bytes",
        judgement: "Pass: 401. Fail: success",
        why: "whoever does not look at the signature lets everybody write what they may do",
        remedy: ONE_VERIFIER,
        references: &[],
        needs: &[],
        requests: 12,
        run: forge_01,
    },
    Check {
        id: "FORGE-02",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a token that says it is not signed opens nothing",
        request: "the same with alg none, None, NONE and nOnE, and an empty signature",
        judgement: "Pass: 401. Fail: success",
        why: "libraries have taken the word of a token for how it is to be verified",
        remedy: ONE_VERIFIER,
        references: &["CVE-2015-2951"],
        needs: &[],
        requests: 36,
        run: forge_02,
    },
    Check {
        id: "FORGE-03",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a token without its signature opens nothing",
        request: "the same with the signature taken away, and with its dot too",
        judgement: "Pass: 401. Fail: success",
        why: "a verifier that splits at the dots may find nothing to verify and go on",
        remedy: ONE_VERIFIER,
        references: &["CVE-2020-28042"],
        needs: &[],
        requests: 20,
        run: forge_03,
    },
    Check {
        id: "FORGE-05",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a token signed with a secret that everybody knows opens nothing",
        request: "the same with HS256 under the empty secret, secret, the name of the service and the issuer",
        judgement: "Pass: 401. Fail: success",
        why: "a secret that was never set is an empty one, and one from an example is in the example",
        remedy: "sign with a key pair; where a secret must do, make it of 32 random bytes and refuse to start without it",
        references: &["CVE-2019-20933", "CVE-2020-28637"],
        needs: &[],
        requests: 36,
        run: forge_05,
    },
    Check {
        id: "FORGE-14",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a token that was changed opens nothing",
        request: "the same with a real signature under changed claims: access to R, to *, and push besides",
        judgement: "Pass: 401. Fail: success",
        why: "the plainest forgery of all",
        remedy: ONE_VERIFIER,
        references: &[],
        needs: &[],
        requests: 28,
        run: forge_14,
    },
];

fn forge_01(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let forged = mould.signed_as("a random signature", &noise(mould.signature_length())?);
    Ok(none_opens(session, vec![forged]))
}

fn forge_02(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let unsigned = |word: &str| {
        let mould = mould.with_header(|header| header.with("alg", &Value::from(word)));
        mould.signed_as(format!("alg {word}"), &[])
    };
    Ok(none_opens(session, ["none", "None", "NONE", "nOnE"].map(unsigned).to_vec()))
}

fn forge_03(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let forged = vec![
        mould.signed_as("no signature behind the last dot", &[]),
        Forged::new("no signature and no dot", mould.signing_input()),
    ];
    Ok(none_opens(session, forged))
}

fn forge_05(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let service = session.realm()?.and_then(|realm| realm.service);
    let issuer = mould.claims.text("iss");
    let mut secrets = vec![("the empty secret", String::new()), ("the secret `secret`", "secret".to_owned())];
    secrets.extend(service.map(|service| ("the name of the service as secret", service)));
    secrets.extend(issuer.map(|issuer| ("the issuer as secret", issuer)));
    Ok(none_opens(session, secrets.iter().map(|(name, secret)| mould.hashed_with(*name, secret.as_bytes())).collect()))
}

fn forge_14(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(mould) = mould(session)? else { return Ok(NO_MOULD) };
    let name = session.private().name.as_str();
    let changed = [
        ("access to R under a real signature", access(name, &["pull", "delete"])),
        ("access to * under a real signature", access("*", &["*"])),
        ("push besides under a real signature", access(name, &["pull", "push"])),
    ];
    let forge = |(words, access): (&str, Value)| {
        mould.with_claims(|claims| claims.with("access", &access)).signed_as_before(words)
    };
    Ok(none_opens(session, changed.map(forge).to_vec()))
}

/// A real token of whoever may least, with claims that would open R if anybody believed them.
fn mould(session: &mut Session<'_>) -> Result<Option<Mould>, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(None) };
    let name = session.private().name.as_str();
    let scope = format!("repository:{name}:pull");
    // Who may is asked first: where even they get no token, the question stays open.
    let control = of_known(session, Role::Control, &scope)?;
    let anybody = session.exchange(&realm, &[&scope], None).map(|exchanged| exchanged.token()?.apart());
    let real = match anybody {
        Ok(Some(real)) => Some(real),
        Ok(None) | Err(_) if control.is_some() => of_known(session, Role::Low, &scope)?.or_else(|| control.clone()),
        Ok(None) => of_known(session, Role::Low, &scope)?,
        Err(doubt) => return Err(doubt),
    };
    Ok(real.map(|real| real.opening(control.as_ref(), &access(name, &["pull"]))))
}

/// A real token of somebody, in its parts; none where nobody has that role, or the token is opaque.
fn of_known(session: &mut Session<'_>, role: Role, scope: &str) -> Result<Option<Mould>, Doubt> {
    if session.login(role).is_none() {
        return Ok(None);
    }
    match session.known(role, scope)? {
        Caller::Holder(token) | Caller::Stranger(token) => Ok(token.apart()),
        Caller::Nobody | Caller::Imposter | Caller::Known(_) => Ok(None),
    }
}

/// The claim `access`, as the specification of registry tokens has it.
fn access(name: &str, actions: &[&str]) -> Value {
    json!([{ "type": "repository", "name": name, "actions": actions }])
}

/// Shows each of them for the manifest and for the layer.
fn none_opens(session: &mut Session<'_>, forged: Vec<Forged>) -> Answer {
    let origin = session.door().origin.clone();
    let named = forged.into_iter().map(|forged| (forged.name.clone(), forged));
    spelled::each(named, |forged| opens_nothing(session, |request| forged.on(request, &origin), Refusals::OfTokens))
}

/// Which refusals count.
#[derive(Clone, Copy)]
enum Refusals {
    /// Those of a caller without the right, and an early one that is the same for a name that nobody has.
    OfTokens,
    /// Every 4xx: what is shown can hardly be read.
    Any4xx,
}

/// Asks for the manifest and for the layer with something forged, which `shown` adds.
fn opens_nothing(
    session: &mut Session<'_>,
    shown: impl Fn(Request) -> Request,
    refusals: Refusals,
) -> Result<Answer, Doubt> {
    let (digest, decoy) = (session.digest(), session.decoy().clone());
    let reference = session.private().reference();
    let manifest = |name: &str| Request::get(format!("/v2/{name}/manifests/{reference}")).accepting_manifests();
    let proof = |seen: &Observation| Proof::manifest_of(seen, digest.as_ref(), &decoy);
    let answer = ask(session, manifest, &shown, refusals, proof).unwrap_or_else(Answer::Open);
    let Some(layer) = session.content().and_then(|content| content.layer().cloned()) else { return Ok(answer) };
    let blob = |name: &str| Request::head(format!("/v2/{name}/blobs/{}", layer.digest));
    let proof =
        |seen: &Observation| Proof::digest_header(seen, &layer.digest).or_else(|| Proof::size_header(seen, layer.size));
    Ok(answer.and(ask(session, blob, &shown, refusals, proof).unwrap_or_else(Answer::Open)))
}

fn ask(
    session: &mut Session<'_>,
    plain: impl Fn(&str) -> Request,
    shown: impl Fn(Request) -> Request,
    refusals: Refusals,
    proof: impl Fn(&Observation) -> Option<Proof>,
) -> Result<Answer, Doubt> {
    let name = session.private().name.as_str();
    let (odd, bare) = (shown(plain(name)), plain(name));
    match refusals {
        Refusals::OfTokens => {
            let judged = session.refused_oddly(|name| shown(plain(name)), &Caller::Imposter, &proof);
            spelled::settle(session, judged, &bare, proof)
        }
        Refusals::Any4xx => {
            spelled::refused(session, &odd, &bare, |status| (400..500).contains(&status) && status != 429, proof)
        }
    }
}

/// So many random bytes.
fn noise(length: usize) -> Result<Vec<u8>, Doubt> {
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes).map_err(|_| Doubt::Missing { why: "no random bytes are to be had".to_owned() })?;
    Ok(bytes)
}

/// Without the ways in which the real header names a key.
fn keyless(header: Members) -> Members {
    header.without("x5c").without("jwk").without("jku").without("x5u")
}
