//! Tokens that a test key of the issuer signs: everything about them is right but one claim.

use serde_json::{Value, json};

use super::{NO_MOULD, access, keyless, mould, none_opens};
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::forge::{Forged, Members, Mould, OwnKey};
use crate::intent::Mode;
use crate::random;
use crate::session::{Session, writing::random_bytes};
use crate::verdict::Answer;

/// What mends a verifier that reads claims as it likes.
const STRICT_CLAIMS: &str =
    "demand each claim with its type, compare it as a whole, and refuse what is missing or of another type";
/// An hour, in seconds.
const HOUR: i64 = 3600;

pub(in crate::checks) static CHECKS: [Check; 3] = [
    Check {
        id: "FORGE-18",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a token that is not good now opens nothing, whoever signed it",
        request: "the same signed by the test key: without exp; with one that is over, as text and with a fraction; a negative one; 1e400; nbf and iat in an hour",
        judgement: "Pass: refused, while the same token with good claims is taken. Fail: success (low severity for iat alone)",
        why: "an end that cannot be read is taken for none, and such a token is good for ever",
        remedy: STRICT_CLAIMS,
        references: &["RFC 7519 section 4.1"],
        needs: &[Need::TestKey],
        requests: 80,
        run: forge_18,
    },
    Check {
        id: "FORGE-19",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a token for another service, or of another issuer, opens nothing",
        request: "the same signed by the test key: aud of another service, none, a list with another one in it, the beginning of the right one, the right one with an end; iss of somebody else, with a slash at its end, in other case; an empty sub",
        judgement: "Pass: refused, while the same token with good claims is taken. Fail: success (low severity for the list, medium for sub)",
        why: "a token for one service is good at every other one that does not compare, and a list was read as no audience at all",
        remedy: STRICT_CLAIMS,
        references: &["CVE-2020-26160"],
        needs: &[Need::TestKey],
        requests: 100,
        run: forge_19,
    },
    Check {
        id: "FORGE-20",
        group: Group::Forge,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "what a token grants is a name, and no pattern",
        request: "the same signed by the test key, with access to *, to R/../<end of R>, to .*, to no name; with the action *; with another type",
        judgement: "Pass: refused, while the same token with good claims is taken. Fail: success (low severity for the action)",
        why: "whoever gets a strange name past the issuer has everything where the registry reads it as a pattern",
        remedy: "compare type, name and action of an entry as whole texts",
        references: &[],
        needs: &[Need::TestKey],
        requests: 70,
        run: forge_20,
    },
];

/// One thing that is wrong with a token, and how bad it is where it is milder than the check.
struct Way {
    name: &'static str,
    claims: Members,
    severity: Option<Severity>,
}

impl Way {
    fn new(name: &'static str, claims: Members) -> Self {
        Self { name, claims, severity: None }
    }

    fn graded(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }
}

fn forge_18(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(issued) = issued(session)? else { return Ok(NO_MOULD) };
    let claims = &issued.mould.claims;
    let moment = |name: &str| claims.get(name).and_then(|value| value.as_i64());
    let now = moment("iat").or_else(|| moment("nbf")).unwrap_or_else(|| session.wall().as_second());
    let (over, later) = (now - HOUR, now + HOUR);
    let exp = |value: &str| claims.clone().with_raw("exp", value);
    let ways = vec![
        Way::new("no exp", claims.clone().without("exp")),
        Way::new("exp as text, an hour ago", exp(&format!("\"{over}\""))),
        Way::new("exp with a fraction, an hour ago", exp(&format!("{over}.5"))),
        Way::new("a negative exp", exp("-1")),
        Way::new("exp 1e400", exp("1e400")),
        Way::new("nbf in an hour", claims.clone().with("nbf", &json!(later))),
        Way::new("iat in an hour", claims.clone().with("iat", &json!(later))).graded(Severity::Low),
    ];
    none_of(session, &issued, ways)
}

fn forge_19(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(issued) = issued(session)? else { return Ok(NO_MOULD) };
    let claims = &issued.mould.claims;
    let aud = |value: Value| claims.clone().with("aud", &value);
    let iss = |value: String| claims.clone().with("iss", &Value::from(value));
    let service = audience(claims);
    let issuer = claims.text("iss");
    let mut ways = Vec::new();
    if let Some(service) = &service {
        let begin: String = service.chars().take(service.chars().count().saturating_sub(1)).collect();
        ways.extend([
            Way::new("another aud", aud(json!("elsewhere.invalid"))),
            Way::new("no aud", claims.clone().without("aud")),
            Way::new("the beginning of aud", aud(json!(begin))),
            Way::new("aud with an end", aud(json!(format!("{service}.elsewhere.invalid")))),
            Way::new("aud of several services", aud(json!([service, "elsewhere.invalid"]))).graded(Severity::Low),
        ]);
    }
    if let Some(issuer) = issuer {
        let upper = issuer.to_uppercase();
        let other = if upper == issuer { issuer.to_lowercase() } else { upper };
        ways.extend([
            Way::new("another iss", iss("https://elsewhere.invalid".to_owned())),
            Way::new("iss with a slash at its end", iss(format!("{issuer}/"))),
        ]);
        ways.extend((other != issuer).then(|| Way::new("iss in other case", iss(other))));
    }
    let nobody = claims.clone().with("sub", &json!(""));
    ways.extend(claims.has("sub").then(|| Way::new("an empty sub", nobody).graded(Severity::Medium)));
    none_of(session, &issued, ways)
}

fn forge_20(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(issued) = issued(session)? else { return Ok(NO_MOULD) };
    let name = session.private().name.as_str();
    let end = name.rsplit('/').next().unwrap_or(name);
    let grants = |access: Value| issued.mould.claims.clone().with("access", &access);
    let of = |name: &str| grants(access(name, &["pull"]));
    let ways = vec![
        Way::new("access to *", of("*")),
        Way::new("access to a path with dots", of(&format!("{name}/../{end}"))),
        Way::new("access to a regular expression", of(".*")),
        Way::new("access to no name", of("")),
        Way::new("access of another type", grants(json!([{ "type": "registry", "name": name, "actions": ["pull"] }]))),
        Way::new("the action *", grants(access(name, &["*"]))).graded(Severity::Low),
    ];
    none_of(session, &issued, ways)
}

/// A token that the test key signs, and that opens R.
pub(super) struct Issued<'a> {
    mould: Mould,
    key: &'a OwnKey,
}

impl Issued<'_> {
    /// With nothing wrong in it but its type (RFC 7515 section 4.1.9).
    pub(super) fn of_type(&self, name: &str, kind: &str) -> Result<Forged, Doubt> {
        let mould = self.mould.with_header(|header| header.with("typ", &json!(kind)));
        Issued { mould, key: self.key }.signed(name, &self.mould.claims)
    }

    /// Whoever sees it could use it.
    fn signed(&self, name: &str, claims: &Members) -> Result<Forged, Doubt> {
        let forged = self.mould.with_claims(|_| claims.clone()).signed_by(name, self.key);
        forged.map(Forged::hidden).ok_or_else(|| missing("the test key does not sign"))
    }
}

/// Refusals mean something only where the same token is taken with nothing wrong in it.
pub(super) fn issued<'run>(session: &mut Session<'run>) -> Result<Option<Issued<'run>>, Doubt> {
    let Some(test) = &session.intent().keys.test else { return Ok(None) };
    let Some(mould) = mould(session)? else { return Ok(None) };
    let kid = json!(test.kid);
    let number = json!(random::hex(&random_bytes::<16>()?));
    let mould = mould.with_header(|header| keyless(header).with("kid", &kid));
    let mould = mould.with_claims(|claims| claims.with("jti", &number));
    let issued = Issued { mould, key: &test.key };
    let good = issued.signed("nothing wrong", &issued.mould.claims)?;
    let request = session.manifest(&session.private().reference());
    let seen = session.ask(&good.on(request, &session.door().origin))?;
    match seen.response()?.is_success() {
        true => Ok(Some(issued)),
        false => Err(missing("a token of the test key is refused even with nothing wrong in it")),
    }
}

/// Whether each of them is refused; the worst that is not counts.
fn none_of(session: &mut Session<'_>, issued: &Issued<'_>, ways: Vec<Way>) -> Result<Answer, Doubt> {
    let (milder, worst): (Vec<Way>, Vec<Way>) = ways.into_iter().partition(|way| way.severity.is_some());
    let sign = |way: &Way| issued.signed(way.name, &way.claims);
    let mut answer = none_opens(session, worst.iter().map(sign).collect::<Result<_, _>>()?);
    for way in milder {
        let found = none_opens(session, vec![sign(&way)?]);
        answer =
            answer.and(found.proved(|proof| way.severity.map_or(proof.clone(), |severity| proof.graded(severity))));
    }
    Ok(answer)
}

/// For which service the real token is.
fn audience(claims: &Members) -> Option<String> {
    let aud = claims.get("aud")?;
    let first = aud.as_array().map_or(Some(&aud), |names| names.first())?;
    first.as_str().map(str::to_owned)
}

fn missing(why: &str) -> Doubt {
    Doubt::Missing { why: why.to_owned() }
}
