//! What is granted to whom: strangers, somebody who may do little, and whoever asks for much at once.

use super::{NO_BEARER, granted, second_is_there};
use crate::check::{Check, Group, Need, Severity};
use crate::checks::anon::lists::names_nothing;
use crate::doubt::Doubt;
use crate::intent::{Login, Mode, Role};
use crate::proof::Proof;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::token::{Access, Exchanged, Token};
use crate::verdict::Answer;

/// What mends a token service that grants too much.
const JUDGE_EACH: &str =
    "judge every scope by itself, as a name and nothing else, and grant what the caller may do there and no more";

pub(in crate::checks) static CHECKS: [Check; 7] = [
    Check {
        id: "TOK-03",
        group: Group::Tok,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "strangers get no token for the list of repositories",
        request: "GET <realm>?service=...&scope=registry:catalog:* without a credential; then GET /v2/_catalog with an opaque token",
        judgement: "Pass: no token, or one that grants nothing of the registry. Fail: granted, or the list names something private",
        why: "the scope of the list is another one than that of a repository, and its grant is easily forgotten",
        remedy: "grant registry:catalog:* to administrators alone",
        references: &["Harbor #1308"],
        needs: &[],
        requests: 4,
        run: tok_03,
    },
    Check {
        id: "TOK-04",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "strangers get no token that pushes",
        request: "GET <realm> without a credential for R:push, X:push,pull and cache/X:push",
        judgement: "Pass: no token, or one that grants nothing. Fail: any action is granted",
        why: "whoever may push replaces what everybody else pulls, and caches are often left writable",
        remedy: "grant push to nobody who has not shown a credential",
        references: &["kernel/hypeman #74"],
        needs: &[],
        requests: 5,
        run: tok_04,
    },
    Check {
        id: "TOK-05",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a name in a scope is no pattern",
        request: "as nobody, and as low where there is one: repository:*:pull, **:*, R*:pull, /:pull, an empty name, R:*; then the manifests of R and S with the token",
        judgement: "Pass: refused, or taken literally. Fail: a token that reads R or S",
        why: "names that are matched as globs or regular expressions match what nobody meant",
        remedy: JUDGE_EACH,
        references: &[],
        needs: &[],
        requests: 52,
        run: tok_05,
    },
    Check {
        id: "TOK-06",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "of several scopes each is judged alone",
        request: "P and R, as nobody; M and S, as low, where there is one: as two scopes, as one with a space, as the last of fifty; then the manifest with the token",
        judgement: "Pass: the public or own one at most. Fail: R or S is granted because of the other",
        why: "some token services look at the first scope and grant them all",
        remedy: JUDGE_EACH,
        references: &[],
        needs: &[Need::Public],
        requests: 24,
        run: tok_06,
    },
    Check {
        id: "TOK-07",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "somebody gets no token for what is not theirs",
        request: "as low: scope=repository:S:pull; then the manifest of S with the token",
        judgement: "Pass: no token, or one without S. Fail: pull on S is granted, or S is readable",
        why: "a credential that proves who somebody is must not be taken for a right",
        remedy: JUDGE_EACH,
        references: &["artifact-keeper #3261"],
        needs: &[Need::Owned],
        requests: 12,
        run: tok_07,
    },
    Check {
        id: "TOK-08",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::High,
        title: "whoever asks for more gets no more",
        request: "as low: scope=repository:M:pull,push,delete,*",
        judgement: "Pass: at most what the intent says that low may do in M. Fail: more",
        why: "a token service that copies the actions that it is asked for gives everything to everybody",
        remedy: "grant the actions that the caller holds, and of those the ones that were asked for",
        references: &["CVE-2025-68944"],
        needs: &[Need::Owned],
        requests: 6,
        run: tok_08,
    },
    Check {
        id: "TOK-09",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "whoever asks for little gets no more than that",
        request: "as low: scope=repository:M:pull",
        judgement: "Pass: pull on M, or less. Fail: anything else is granted too",
        why: "a build that asks to pull and is handed a token that pushes has that token in its log",
        remedy: "grant the actions that were asked for, and not everything that the caller may do",
        references: &[],
        needs: &[Need::Owned],
        requests: 6,
        run: tok_09,
    },
];

fn tok_03(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    let token = match session.exchange(&realm, &["registry:catalog:*"], None)? {
        Exchanged::Refused(_) => return Ok(Answer::AsIntended),
        Exchanged::Token(token) => token,
    };
    match &token.access {
        Some(access) => {
            let wide = access.iter().find(|entry| entry.kind == "registry" && !entry.actions.is_empty());
            Ok(wide.map_or(Answer::AsIntended, |entry| too_much(&token, entry)))
        }
        None => list(session, token),
    }
}

/// Tries the list with a token that does not say what it is good for.
fn list(session: &mut Session<'_>, token: Token) -> Result<Answer, Doubt> {
    let public = session.public_names();
    names_nothing(session, &Request::get("/v2/_catalog"), &Caller::Stranger(token), &public)
}

fn tok_04(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    let (name, decoy) = (session.private().name.to_string(), session.decoy_name()?);
    let scopes = [
        format!("repository:{name}:push"),
        format!("repository:{decoy}:push,pull"),
        format!("repository:cache/{decoy}:push"),
    ];
    Ok(Answer::first_wrong(scopes, |scope| match session.exchange(&realm, &[&scope], None)? {
        Exchanged::Refused(_) => Ok(Answer::AsIntended),
        Exchanged::Token(token) => only(&token, |_| false),
    }))
}

/// What of its grants is not allowed to a token.
fn only(token: &Token, allowed: impl Fn(&Access) -> bool) -> Result<Answer, Doubt> {
    let access = token.access.as_ref().ok_or(Doubt::Opaque)?;
    let beyond = access.iter().find(|entry| !entry.actions.is_empty() && !allowed(entry));
    Ok(beyond.map_or(Answer::AsIntended, |entry| too_much(token, entry)))
}

fn too_much(token: &Token, entry: &Access) -> Answer {
    let grants = format!("{} on {} `{}`", entry.actions.join(", "), entry.kind, entry.name);
    Proof::token(&token.seen, &grants).map_or(NO_BEARER, |proof| Answer::Wrong(proof.aside()))
}

fn tok_05(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    let (first, second) = (session.private(), session.second());
    let name = &first.name;
    let scopes = [
        "repository:*:pull".to_owned(),
        "repository:**:*".to_owned(),
        format!("repository:{name}*:pull"),
        "repository:/:pull".to_owned(),
        "repository::pull".to_owned(),
        format!("repository:{name}:*"),
    ];
    let closed = [first, second];
    let nobody = Answer::first_wrong(&scopes, |scope| granted(session, &realm.asking(&[scope]), &closed));
    let low = as_low(session, |session, low| {
        Ok(Answer::first_wrong(&scopes, |scope| granted(session, &realm.asking(&[scope]).login(low), &closed)))
    });
    Ok(nobody.and(low).given(second_is_there(session)))
}

/// The same question as low, where the intent names one: nothing else is asked of whoever is not shown to be somebody.
fn as_low(session: &mut Session<'_>, ask: impl FnOnce(&mut Session<'_>, &Login) -> Result<Answer, Doubt>) -> Answer {
    if session.owned().is_err() {
        return Answer::NotApplicable("the intent names no identity `low`");
    }
    let shown = session.low().and_then(|_| session.low_login());
    shown.and_then(|low| ask(session, low)).unwrap_or_else(Answer::Open)
}

fn tok_06(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    let pull = |name: &str| format!("repository:{name}:pull");
    let (first, second) = (session.private(), session.second());
    let public = together(&pull(session.public()?.name.as_str()), &pull(first.name.as_str()));
    let nobody = Answer::first_wrong(&public, |scopes| granted(session, &realm.asking(scopes), &[first]));
    let low = as_low(session, |session, low| {
        let own = together(&pull(session.owned()?), &pull(second.name.as_str()));
        let answer = Answer::first_wrong(&own, |scopes| granted(session, &realm.asking(scopes).login(low), &[second]));
        Ok(answer.given(second_is_there(session)))
    });
    Ok(nobody.and(low))
}

/// What may be had and what may not, in one question: as two scopes, as one with a space, as the last of fifty.
fn together(open: &str, closed: &str) -> [Vec<String>; 4] {
    let many = std::iter::repeat_n(open, 49).chain([closed]).map(str::to_owned).collect();
    let pair = |one: &str, other: &str| vec![one.to_owned(), other.to_owned()];
    [pair(open, closed), pair(closed, open), vec![format!("{open} {closed}")], many]
}

fn tok_07(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    session.low()?;
    let (second, low) = (session.second(), session.low_login()?);
    let asking = realm.asking(&[format!("repository:{}:pull", second.name)]).login(low);
    let answer = match session.redeem(&asking)? {
        Exchanged::Refused(_) => Answer::AsIntended,
        Exchanged::Token(token) if token.is_empty() => super::read(session, &Caller::Holder(token), second)?,
        Exchanged::Token(token) => super::opens(session, token, true, second)?,
    };
    Ok(answer.given(second_is_there(session)))
}

fn tok_08(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    session.low()?;
    let (name, low) = (session.owned()?, session.low_login()?);
    let may = session.identity(Role::Low).map(|identity| identity.may.clone()).unwrap_or_default();
    match session.exchange(&realm, &[&format!("repository:{name}:pull,push,delete,*")], Some(low))? {
        Exchanged::Refused(_) => Ok(Answer::AsIntended),
        Exchanged::Token(token) => only(&token, |entry| is_within(entry, name, &may)),
    }
}

fn tok_09(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    match session.low()? {
        Caller::Holder(token) => {
            let name = session.owned()?;
            only(&token, |entry| is_within(entry, name, &["pull".to_owned()]))
        }
        Caller::Nobody | Caller::Stranger(_) | Caller::Imposter | Caller::Known(_) => Ok(NO_BEARER),
    }
}

fn is_within(entry: &Access, name: &str, actions: &[String]) -> bool {
    entry.kind == "repository" && entry.name == name && entry.actions.iter().all(|action| actions.contains(action))
}
