//! What tokens look like: how long they are good, who may keep them, who could make them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::service::own_token;
use super::{NO_BEARER, guess};
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::proof::{Proof, strings};
use crate::session::Session;
use crate::token::{Jwt, Token};
use crate::verdict::Answer;

/// From here on a token is good for too long, in seconds.
const LONG: u64 = 900;
/// From here on it outlives a working day's changes of policy one by one.
const HOUR: u64 = 3600;
/// So many tokens are looked at side by side.
const SAMPLE: usize = 5;
/// Two ids that are numbers are a counter's if they are no further apart.
const COUNTED: u128 = 1 << 16;

pub(in crate::checks) static CHECKS: [Check; 4] = [
    Check {
        id: "TOK-17",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "tokens end soon",
        request: "exp - iat and expires_in of the tokens of control, of low, and of strangers",
        judgement: "Pass: at most 900 s; the time is noted, and 300 s are enough. Fail: longer than 900 s (low), than 3600 s (medium)",
        why: "no change of policy reaches a token that is checked by its signature alone",
        remedy: "let tokens end after a few minutes: clients ask for a new one by themselves",
        references: &["OWASP NHI7"],
        needs: &[Need::Identity(Role::Control)],
        requests: 12,
        run: tok_17,
    },
    Check {
        id: "TOK-18",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "no cache keeps a token",
        request: "the headers of the answers that hand out tokens to control, to low, and to strangers",
        judgement: "Pass: Cache-Control: no-store, or private. Fail: neither",
        why: "a cache in front of the token service hands the token of one caller to the next",
        remedy: "answer token requests with Cache-Control: no-store",
        references: &[],
        needs: &[Need::Identity(Role::Control)],
        requests: 12,
        run: tok_18,
    },
    Check {
        id: "TOK-22",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "tokens can be told apart, made by one alone, and say nothing of people",
        request: "five tokens of control: alg, jti, and everything that stands in their claims",
        judgement: "Pass: a signature with a private key, five jti without a pattern, no address. Fail: HS* (medium), no jti or a counter, an e-mail address (low)",
        why: "whoever can verify an HS* token can make one, a token without a name cannot be taken back alone, and tokens end in logs",
        remedy: "sign with a private key, give every token a random jti, and leave people out of the claims",
        references: &["RFC 7519 section 4.1.7"],
        needs: &[Need::Identity(Role::Control)],
        requests: 14,
        run: tok_22,
    },
    Check {
        id: "TOK-23",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "the key under tokens is not a word",
        request: "where the alg of a token of control is HS*: the empty key and 1,000 common secrets, without asking anybody",
        judgement: "Pass: none fits, or no HS* at all. Fail: one fits",
        why: "whoever guesses the key makes tokens for everything",
        remedy: "sign with a private key; as the secret of an HS* take 32 random bytes",
        references: &["CVE-2019-20933"],
        needs: &[Need::Identity(Role::Control)],
        requests: 8,
        run: tok_23,
    },
];

/// The token of everybody there is: control, low, and strangers.
fn tokens(session: &mut Session<'_>) -> Result<Vec<Token>, Doubt> {
    let mut tokens = Vec::from_iter(session.stranger()?);
    tokens.extend(session.control_token()?);
    if session.login(Role::Low).is_some() {
        tokens.extend(own_token(session).ok().flatten());
    }
    Ok(tokens)
}

fn tok_17(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let tokens = tokens(session)?;
    let answer = Answer::first_wrong(&tokens, |token| Ok(ends(session, token)));
    Ok(if tokens.is_empty() { NO_BEARER } else { answer })
}

/// Whether a token ends soon enough.
fn ends(session: &mut Session<'_>, token: &Token) -> Answer {
    let said = token.says.as_ref().and_then(|says| says.lifetime());
    let Some(lifetime) = said.into_iter().chain(token.expires_in).max() else {
        return Answer::Open(Doubt::Missing { why: "a token came that does not say when it ends".to_owned() });
    };
    session.note("token lifetime", &format!("{lifetime} s"));
    if lifetime <= LONG {
        return Answer::AsIntended;
    }
    let severity = if lifetime > HOUR { Severity::Medium } else { Severity::Low };
    wrong(token, format!("a token is good for {lifetime} s"), severity)
}

fn wrong(token: &Token, says: String, severity: Severity) -> Answer {
    Proof::behaviour(&token.seen, says).map_or(NO_BEARER, |proof| Answer::Wrong(proof.graded(severity)))
}

fn tok_18(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let tokens = tokens(session)?;
    let answer = Answer::first_wrong(&tokens, |token| {
        let headers = &token.seen.response()?.headers;
        let says = headers.all("cache-control").collect::<Vec<_>>().join(", ").to_ascii_lowercase();
        let kept = !says.split(',').any(|word| matches!(word.trim(), "no-store" | "private"));
        let shown = if says.is_empty() { "no Cache-Control".to_owned() } else { format!("Cache-Control: {says}") };
        let proof = Proof::behaviour(&token.seen, format!("the answer with a token has {shown}"));
        Ok(proof.filter(|_| kept).map_or(Answer::AsIntended, Answer::Wrong))
    });
    Ok(if tokens.is_empty() { NO_BEARER } else { answer })
}

fn tok_22(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let mut sample = Vec::new();
    for _ in 0..SAMPLE {
        let Some(token) = session.control_token()? else { return Ok(NO_BEARER) };
        sample.push(token);
    }
    let Some(first) = sample.first() else { return Ok(NO_BEARER) };
    let said: Vec<&Jwt> = sample.iter().filter_map(|token| token.says.as_deref()).collect();
    if said.len() < SAMPLE {
        return Err(Doubt::Opaque);
    }
    if let Some(algorithm) = said.iter().find_map(|says| symmetric(says)) {
        let says = format!("the tokens are made with {algorithm}: whoever verifies them can make them");
        return Ok(wrong(first, says, Severity::Medium));
    }
    let ids: Vec<&str> = said.iter().filter_map(|says| says.claims.get("jti")?.as_str()).collect();
    let fault = fault_of_ids(&ids).map(str::to_owned).or_else(|| said.iter().find_map(|says| address(&says.claims)));
    Ok(fault.map_or(Answer::AsIntended, |says| wrong(first, says, Severity::Low)))
}

/// The algorithm of a token, if it is made and verified with one and the same key.
fn symmetric(says: &Jwt) -> Option<&str> {
    says.header.get("alg")?.as_str().filter(|name| name.to_ascii_uppercase().starts_with("HS"))
}

/// What is wrong with the ids of tokens that were made one after the other.
fn fault_of_ids(ids: &[&str]) -> Option<&'static str> {
    if ids.len() < SAMPLE {
        return Some("a token has no `jti`");
    }
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        return Some("two tokens have one `jti`");
    }
    let near = |pair: &[u128]| matches!(pair, [one, other] if one.abs_diff(*other) <= COUNTED);
    let numbers = |radix| {
        let read: Option<Vec<u128>> =
            ids.iter().map(|id| u128::from_str_radix(&id.replace('-', ""), radix).ok()).collect();
        read.is_some_and(|numbers| numbers.windows(2).all(near))
    };
    (numbers(10) || numbers(16)).then_some("the `jti` counts the tokens")
}

/// Something in the claims that looks like the address of a person.
fn address(claims: &Value) -> Option<String> {
    let is_address = |text: &str| {
        let parts = text.split_once('@').and_then(|(name, host)| Some((name, host.rsplit_once('.')?)));
        parts.is_some_and(|(name, (host, end))| !name.is_empty() && !host.is_empty() && end.len() > 1)
    };
    let found = strings(claims).into_iter().any(|text| !text.contains("://") && is_address(text));
    found.then(|| "the claims hold an e-mail address".to_owned())
}

fn tok_23(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(token) = session.control_token()? else { return Ok(NO_BEARER) };
    let Some(says) = token.says.as_deref() else { return Err(Doubt::Opaque) };
    let Some(algorithm) = symmetric(says) else { return Ok(Answer::AsIntended) };
    match guess::key_of(&token, algorithm) {
        Some(key) => Ok(wrong(&token, format!("the key of the tokens is {key}"), Severity::Critical)),
        None => Ok(Answer::AsIntended),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counters_are_told_from_random_ids() {
        let random = ["a81f3c", "ffffffffffffffff", "0b", "77777777777", "deadbeef00"];
        assert_eq!(fault_of_ids(&random), None);
        for (ids, fault) in [
            (["1", "2", "3", "4", "5"], "the `jti` counts the tokens"),
            (["1000a", "1000b", "1000c", "1000d", "1000f"], "the `jti` counts the tokens"),
            (["x", "y", "x", "z", "w"], "two tokens have one `jti`"),
        ] {
            assert_eq!(fault_of_ids(&ids), Some(fault));
        }
        assert_eq!(fault_of_ids(&["a", "b"]), Some("a token has no `jti`"));
    }

    #[test]
    fn an_address_is_found_wherever_it_stands() {
        assert!(address(&json!({ "context": { "user": ["jo@example.org"] } })).is_some());
        for plain in ["ci", "robot@registry", "https://a@b.example", "@example.org"] {
            assert!(address(&json!({ "sub": plain })).is_none(), "{plain}");
        }
    }
}
