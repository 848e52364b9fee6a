//! Headers that only somebody in front may set: other paths, users, addresses, names of programs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::path::{Asked, Odd};
use super::{ALL, JUDGEMENT, none_opens, refuses};
use crate::alike::Shape;
use crate::check::{Check, Group, Severity};
use crate::checks::spelled;
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

/// What mends a header that is believed.
const DROPPED: &str = "take these headers out of whatever comes from clients, in every spelling, and believe them only from a peer that has shown who it is";

pub(in crate::checks) static CHECKS: [Check; 4] = [
    Check {
        id: "ROUTE-12",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "no header names another path",
        request: "/ with the path of manifest, layer and catalogue in X-Original-URL, X-Rewrite-URL, X-Forwarded-Uri, X-Forwarded-Path and X-Forwarded-Prefix; the path itself with /healthz in these; X-Forwarded-Method",
        judgement: "Pass: 400, 401, 403, 404, 405, 421, the answer that / always gets, or the connection closes. Fail: content of R by its hash, or private names",
        why: "a proxy says in these headers what was asked for, and so does whoever asks",
        remedy: DROPPED,
        references: &["CVE-2026-40575", "CVE-2026-35051"],
        needs: &[],
        requests: 72,
        run: route_12,
    },
    Check {
        id: "ROUTE-13",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "no header says who asks",
        request: "manifest, layer and catalogue with the name of the control (or root), and of admin, in X-Forwarded-User, X-Remote-User, Remote-User, X-WEBAUTH-USER and X-Auth-Request-User, the former also with underscores and in upper case; with X-Forwarded-Client-Cert, X-SSL-Client-Verify, X-SSL-Client-S-DN and X-Amzn-Oidc-Data; with Connection: and the name of each",
        judgement: JUDGEMENT,
        why: "a proxy says in these headers whom it has let in, and so does whoever asks; a header that Connection names is taken out on the way",
        remedy: DROPPED,
        references: &[
            "CVE-2026-20896",
            "CVE-2026-30851",
            "CVE-2025-64484",
            "CVE-2026-33433",
            "CVE-2026-54763",
            "CVE-2024-45410",
            "CVE-2026-29054",
        ],
        needs: &[],
        requests: 240,
        run: route_13,
    },
    Check {
        id: "ROUTE-14",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::High,
        title: "no header says from where",
        request: "manifest, layer and catalogue with 127.0.0.1 in X-Forwarded-For, X-Real-IP, Forwarded, True-Client-IP and CF-Connecting-IP",
        judgement: JUDGEMENT,
        why: "a rule for addresses that believes the client is a rule for nobody",
        remedy: DROPPED,
        references: &["RFC 7239 section 8.1"],
        needs: &[],
        requests: 60,
        run: |session| said(session, &ADDRESSES),
    },
    Check {
        id: "ROUTE-15",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "no program is let in by its name",
        request: "manifest, layer and catalogue with the User-Agent of health checks and of docker",
        judgement: JUDGEMENT,
        why: "a rule that lets health checks through by what they call themselves lets everybody through",
        remedy: "let health checks ask for a path of their own that holds nothing else",
        references: &["CVE-2026-34457"],
        needs: &[],
        requests: 48,
        run: |session| said(session, &AGENTS),
    },
];

/// A header, the path where it is sent, and what it says: see [`super::path`].
const REWRITES: [(&str, &str, &str); 11] = [
    ("X-Original-URL", "/", "/{path}"),
    ("X-Rewrite-URL", "/", "/{path}"),
    ("X-Forwarded-Uri", "/", "/{path}"),
    ("X-Forwarded-Path", "/", "/{path}"),
    ("X-Forwarded-Prefix", "/", "/{path}"),
    ("X-Forwarded-Prefix", "/{rest}", "/v2"),
    ("X-Original-URL", "/{path}", "/healthz"),
    ("X-Rewrite-URL", "/{path}", "/healthz"),
    ("X-Forwarded-Uri", "/{path}", "/healthz"),
    ("X-Forwarded-Path", "/{path}", "/healthz"),
    ("X-Forwarded-Method", "/{path}", "OPTIONS"),
];

const USERS: [&str; 5] = ["X-Forwarded-User", "X-Remote-User", "Remote-User", "X-WEBAUTH-USER", "X-Auth-Request-User"];
/// Headers of whoever has verified somebody; `{user}` is the one.
const VERIFIED: [(&str, &str); 4] = [
    ("X-Forwarded-Client-Cert", "Hash=00;Subject=\"CN={user}\";URI=spiffe://cluster.local/{user}"),
    ("X-SSL-Client-Verify", "SUCCESS"),
    ("X-SSL-Client-S-DN", "CN={user}"),
    ("X-Amzn-Oidc-Data", "{jwt}"),
];

const ADDRESSES: [(&str, &str); 5] = [
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Real-IP", "127.0.0.1"),
    ("Forwarded", "for=127.0.0.1"),
    ("True-Client-IP", "127.0.0.1"),
    ("CF-Connecting-IP", "127.0.0.1"),
];

const AGENTS: [(&str, &str); 4] = [
    ("User-Agent", "GoogleHC/1.0"),
    ("User-Agent", "kube-probe/1.30"),
    ("User-Agent", "ELB-HealthChecker/2.0"),
    ("User-Agent", "docker/27"),
];

fn route_12(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let asked = Asked::all(session, &ALL);
    let bare = session.ask(&Request::get("/"))?;
    let odd = asked.iter().flat_map(|asked| REWRITES.iter().filter_map(|rewrite| rewritten(asked, rewrite)));
    let named = odd.map(|odd| (odd.name.clone(), odd));
    Ok(spelled::each(named, |odd| {
        let plain = odd.asked.plain();
        match spelled::refused(session, &odd.request, &plain, refuses, |seen| odd.asked.proof(seen)) {
            // Whatever stands there stands there for everybody.
            Err(Doubt::Proofless { .. }) if is_as_last(session, &Shape::of(&bare, "/")?) => Ok(Answer::AsIntended),
            judged => judged,
        }
    }))
}

fn rewritten<'a>(asked: &'a Asked, (header, at, says): &(&str, &str, &str)) -> Option<Odd<'a>> {
    let request = asked.at(asked.filled(at)?).header(*header, asked.filled(says)?);
    Some(asked.odd(&format!("{header}: {says} at {at}"), request))
}

/// Whether the last answer was the same.
fn is_as_last(session: &Session<'_>, shape: &Shape) -> bool {
    let last = session.evidence().last().and_then(|seen| Shape::of(seen, "/").ok());
    last.is_some_and(|last| last.difference(shape).is_none())
}

fn route_13(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let known = session.login(Role::Control).map_or("root", |login| login.user.as_str());
    let known = identities(known, |name| vec![name.to_owned(), name.replace('-', "_"), name.to_uppercase()]);
    let admin = identities("admin", |name| vec![name.to_owned()]);
    let dropped = USERS.into_iter().chain(VERIFIED.map(|(name, _)| name));
    let dropped = dropped.map(|name| ("Connection".to_owned(), format!("close, {name}")));
    let claims: Vec<(String, String)> = known.chain(admin).chain(dropped).collect();
    said(session, &claims)
}

/// Every header that says that this user asks; `written` gives the spellings of a name.
fn identities(user: &str, written: fn(&str) -> Vec<String>) -> impl Iterator<Item = (String, String)> + use<'_> {
    let names = USERS.into_iter().flat_map(written).map(move |name| (name, user.to_owned()));
    let verified = VERIFIED
        .into_iter()
        .map(move |(name, says)| (name.to_owned(), says.replace("{user}", user).replace("{jwt}", &unsigned(user))));
    names.chain(verified)
}

/// Claims as a load balancer writes them, without a signature that holds.
fn unsigned(user: &str) -> String {
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let claims = serde_json::json!({ "sub": user, "username": user });
    format!("{}.{}.{}", part(r#"{"alg":"ES256"}"#.to_owned()), part(claims.to_string()), part("none".to_owned()))
}

/// Asks with each of these headers.
fn said<T: AsRef<str>>(session: &mut Session<'_>, claims: &[(T, T)]) -> Result<Answer, Doubt> {
    let asked = Asked::all(session, &ALL);
    let odd = asked.iter().flat_map(|asked| {
        claims.iter().map(|(name, value)| {
            let (name, value) = (name.as_ref(), value.as_ref());
            asked.odd(&format!("{name}: {value}"), asked.plain().header(name, value))
        })
    });
    Ok(none_opens(session, odd, refuses))
}
