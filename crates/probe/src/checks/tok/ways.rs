//! The other ways to ask for a token: by POST, as somebody else, for ever, in the clear, and with a wrong password.

use outbound::Scheme;
use protocol::Secret;

use super::service::own_token;
use super::{NO_BEARER, opens, second_is_there};
use crate::alike::Shape;
use crate::check::{Check, Group, Need, Severity};
use crate::checks::ingr::plainly;
use crate::checks::leak::timing;
use crate::doubt::Doubt;
use crate::intent::{Login, Mode};
use crate::observation::Seen;
use crate::proof::Proof;
use crate::random;
use crate::session::Session;
use crate::token::{Exchanged, Realm, Token, TokenRequest};
use crate::verdict::Answer;

/// An account that every product has.
const ADMIN: &str = "admin";
/// Pairs of questions beforehand, and rounds of 40: a wrong password is shown no more often than has to be.
const EFFORT: [usize; 2] = [2, 1];

pub(in crate::checks) static CHECKS: [Check; 5] = [
    Check {
        id: "TOK-14",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::High,
        title: "a token that is asked for by POST grants no more",
        request: "as low: M:pull and S:pull by GET, then by POST as a form of OAuth 2; the manifest of S with the second token",
        judgement: "Pass: refused, or the same grant. Fail: a larger one, or S is readable",
        why: "the form is a second way into the token service, with a judgement of its own",
        remedy: "let both ways end in the same decision",
        references: &["RFC 6749 section 4.3"],
        needs: &[Need::Owned],
        requests: 14,
        run: tok_14,
    },
    Check {
        id: "TOK-15",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "the parameter `account` is no login",
        request: "account=admin with the credential of low, and with none; S:pull as scope",
        judgement: "Pass: refused, or a token of low, of nobody. Fail: the sub is admin, or the token opens S",
        why: "`account` tells which login the client is going to use, and proves nothing",
        remedy: "take the subject from the credential that was checked, and from nothing else",
        references: &[],
        needs: &[Need::Owned],
        requests: 14,
        run: tok_15,
    },
    Check {
        id: "TOK-16",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::High,
        title: "nobody is handed a refresh token without an end",
        request: "offline_token=true and access_type=offline, as nobody and as low",
        judgement: "Pass: no refresh token, or one with an end. Fail: a refresh token without one",
        why: "a refresh token is a long-lived secret of a robot that nobody wrote down",
        remedy: "hand out no refresh token to robots, or one that ends",
        references: &["OWASP NHI7"],
        needs: &[Need::Owned],
        requests: 12,
        run: tok_16,
    },
    Check {
        id: "TOK-19",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::High,
        title: "the token service looks at no password in the clear or in a URL",
        request: "the realm over plain HTTP with made-up Basic, where it is https; the realm with a made-up username and password in the query",
        judgement: "Pass: closed, a redirect to https, or refused without a look at them. Fail: they are looked at",
        why: "whoever looks at passwords there is going to be sent them there, past every log on the way",
        remedy: "answer plain HTTP with a redirect and nothing else, and take no credential from a URL",
        references: &["RFC 6749 section 2.3.1"],
        needs: &[],
        requests: 10,
        run: tok_19,
    },
    Check {
        id: "TOK-21",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "a wrong password is refused like an unknown user",
        request: "the realm as low with a wrong password, and as a name that nobody has: status, headers, body, and 40 timed pairs",
        judgement: "Pass: the same, within 2 ms. Fail: different (low severity for times across the internet)",
        why: "whoever learns which names exist guesses passwords for those alone",
        remedy: "hash a password for unknown users too, and answer both alike",
        references: &["CVE-2025-69413", "CVE-2026-32595", "CVE-2026-41263"],
        needs: &[Need::Owned],
        requests: 96,
        run: tok_21,
    },
];

fn tok_14(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    session.low()?;
    let (second, low) = (session.second(), session.low_login()?);
    let scopes = [session.owned()?, second.name.as_str()].map(|name| format!("repository:{name}:pull"));
    let asking = realm.asking(&scopes).login(low);
    let Some(posted) = session.redeem(&asking.clone().posted())?.token() else { return Ok(Answer::AsIntended) };
    let got = session.redeem(&asking)?.token();
    if let Some(proof) = more(&posted, got.as_ref()) {
        return Ok(Answer::Wrong(proof.aside()));
    }
    Ok(opens(session, posted, true, second)?.given(second_is_there(session)))
}

/// What one token says that it grants, and the other does not.
fn more(token: &Token, than: Option<&Token>) -> Option<Proof> {
    let less = than.and_then(|token| token.access.as_ref());
    let known = |name: &str, action: &String| {
        less.into_iter().flatten().any(|entry| entry.name == name && entry.actions.contains(action))
    };
    let beyond = |entry: &&crate::token::Access| entry.actions.iter().any(|action| !known(&entry.name, action));
    let entry = token.access.as_ref()?.iter().find(beyond)?;
    Proof::token(&token.seen, &format!("{} on `{}`, which GET does not", entry.actions.join(", "), entry.name))
}

fn tok_15(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    session.low()?;
    let (second, low) = (session.second(), session.low_login()?);
    let asking = realm.asking(&[format!("repository:{}:pull", second.name)]).with("account", ADMIN);
    let answer = Answer::first_wrong([asking.clone().login(low), asking], |asking| {
        let Some(token) = session.redeem(&asking)?.token() else { return Ok(Answer::AsIntended) };
        let is_admin = token.says.as_ref().is_some_and(|says| says.claims.get("sub").is_some_and(|sub| sub == ADMIN));
        match Proof::behaviour(&token.seen, format!("a token came whose `sub` is {ADMIN}")).filter(|_| is_admin) {
            Some(proof) => Ok(Answer::Wrong(proof)),
            None => opens(session, token, asking.is_somebody(), second),
        }
    });
    Ok(answer.given(second_is_there(session)))
}

fn tok_16(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    session.low()?;
    let (low, scope) = (session.low_login()?, format!("repository:{}:pull", session.owned()?));
    let asking = realm.asking(&[scope]);
    let offline =
        [("offline_token", "true"), ("access_type", "offline")].map(|(name, value)| asking.clone().with(name, value));
    let everybody = offline.into_iter().flat_map(|asking| [asking.clone(), asking.login(low)]);
    Ok(Answer::first_wrong(everybody, |asking| match session.redeem(&asking)?.token() {
        Some(token) => bounded(&token),
        None => Ok(Answer::AsIntended),
    }))
}

/// Whether the refresh token that came ends.
fn bounded(token: &Token) -> Result<Answer, Doubt> {
    let Some(refresh) = &token.refresh else { return Ok(Answer::AsIntended) };
    match (&refresh.says, refresh.expires_in) {
        (_, Some(_)) => Ok(Answer::AsIntended),
        (Some(says), None) if says.lifetime().is_some() => Ok(Answer::AsIntended),
        (Some(_), None) => {
            Ok(Proof::behaviour(&token.seen, "a refresh token without an end came").map_or(NO_BEARER, Answer::Wrong))
        }
        (None, None) => Err(Doubt::Missing { why: "a refresh token came that does not say when it ends".to_owned() }),
    }
}

fn tok_19(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    let asking = realm.asking(&[format!("repository:{}:pull", session.private().name)]);
    let in_a_url = in_a_url(session, &asking);
    let origin = &realm.at.origin;
    if origin.scheme() != Scheme::Https {
        return in_a_url;
    }
    let port = if origin.port() == Scheme::Https.port() { Scheme::Http.port() } else { origin.port() };
    let plain = origin.at(Scheme::Http, port);
    let in_the_clear = plainly(session, &plain, &asking.request());
    Ok(in_a_url.unwrap_or_else(Answer::Open).and(in_the_clear.unwrap_or_else(Answer::Open)))
}

/// Whether a made-up login in the query changes the answer in the way in which a wrong one does.
fn in_a_url(session: &mut Session<'_>, asking: &TokenRequest) -> Result<Answer, Doubt> {
    let made_up = made_up("probe")?;
    let bare = seen(session.redeem(asking)?);
    let asking = asking.clone().with("username", &made_up.user).with("password", made_up.secret.expose());
    let shown = seen(session.redeem(&asking)?);
    let (before, after) = (bare.response()?.status, shown.response()?.status);
    match after {
        401 | 403 if before != after => {
            let says = format!("{before} without and {after} with a login in the URL: it is looked at");
            let proof = Proof::behaviour(&shown, says).map(|proof| proof.after([bare.id]));
            Ok(proof.map_or(NO_BEARER, Answer::Wrong))
        }
        _ => Ok(Answer::AsIntended),
    }
}

fn seen(exchanged: Exchanged) -> Seen {
    match exchanged {
        Exchanged::Refused(seen) => seen,
        Exchanged::Token(token) => token.seen,
    }
}

fn tok_21(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    own_token(session)?;
    let low = session.low_login()?;
    let wrong = Login { user: low.user.clone(), secret: made_up("")?.secret };
    let nobody = made_up(&low.user)?;
    let (one, other) = (refused_as(session, &realm, &wrong)?, refused_as(session, &realm, &nobody)?);
    if let Some(why) = Shape::of(&one, &wrong.user)?.difference(&Shape::of(&other, &nobody.user)?) {
        let says = format!("a wrong password and an unknown user are answered differently: {why}");
        let proof = Proof::behaviour(&other, says).map(|proof| proof.after([one.id]));
        return Ok(proof.map_or(NO_BEARER, Answer::Wrong));
    }
    timing::tell_apart(session, EFFORT, "a wrong password", |session, other| {
        refused_as(session, &realm, if other { &nobody } else { &wrong })
    })
}

/// The answer to a login that is wrong.
fn refused_as(session: &mut Session<'_>, realm: &Realm, login: &Login) -> Result<Seen, Doubt> {
    let scope = format!("repository:{}:pull", session.private().name);
    Ok(seen(session.redeem(&realm.asking(&[scope]).login(login))?))
}

/// A login that nobody has, with a name that begins so.
pub(super) fn made_up(name: &str) -> Result<Login, Doubt> {
    let bytes = || random::bytes::<8>().map_err(|error| Doubt::Missing { why: error.to_string() });
    Ok(Login { user: format!("{name}{}", random::hex(&bytes()?)), secret: Secret::new(random::hex(&bytes()?)) })
}
