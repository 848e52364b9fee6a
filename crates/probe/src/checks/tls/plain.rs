//! The way from http to https: whether browsers are told to take it by themselves, and what it carries.

use outbound::{Host, Origin};

use super::NO_TLS;
use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Observation;
use crate::proof::Proof;
use crate::random;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "TLS-07",
        group: Group::Tls,
        mode: Mode::Passive,
        severity: Severity::Low,
        title: "browsers are told to use TLS alone",
        request: "GET /v2/ at the door, and GET / at its realms and its storage",
        judgement: "Pass: Strict-Transport-Security with an age above zero. Fail: none. An address has no such header",
        why: "a browser that is not told tries http first, and whoever listens there gets the session of the console",
        remedy: "send `Strict-Transport-Security: max-age=31536000` with every answer over TLS",
        references: &["RFC 6797"],
        needs: &[],
        requests: 16,
        run: tls_07,
    },
    Check {
        id: "TLS-08",
        group: Group::Tls,
        mode: Mode::Passive,
        severity: Severity::Low,
        title: "a redirect to https leaves behind what came in the clear",
        request: "GET http://<door>/v2/?token=<made up> with a made-up Bearer token",
        judgement: "Pass: closed, no redirect, or one without either. Fail: one that carries the query or the token on",
        why: "a client whose secret was read on the way never notices: it works all the same",
        remedy: "redirect to a fixed address, or refuse",
        references: &[],
        needs: &[],
        requests: 1,
        run: tls_08,
    },
];

fn tls_07(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    // A browser remembers names and no addresses (RFC 6797 section 8.1.1).
    let named = session.secure_origins().into_iter().filter(|origin| matches!(origin.host(), Host::Name(_)));
    let origins: Vec<Origin> = named.collect();
    let answers = origins.iter().map(|origin| is_told(session, origin).unwrap_or_else(Answer::Open));
    Ok(answers.reduce(Answer::and).unwrap_or(NO_TLS))
}

fn is_told(session: &mut Session<'_>, origin: &Origin) -> Result<Answer, Doubt> {
    let target = if *origin == session.door().origin { "/v2/" } else { "/" };
    let seen = session.ask_at(origin, &Request::get(target))?;
    let response = seen.response()?;
    match response.status {
        429 => Err(Doubt::RateLimited),
        status @ 500..=599 => Err(Doubt::ServerFailed { status }),
        _ if response.headers.get("strict-transport-security").is_some_and(has_age) => Ok(Answer::AsIntended),
        status => {
            let says = format!("{status} of {} has no Strict-Transport-Security", origin.host());
            Proof::behaviour(&seen, says).map(Answer::Wrong).ok_or(Doubt::OtherRefusal { status })
        }
    }
}

/// Whether a policy holds for some time (RFC 6797 section 6.1.1).
fn has_age(policy: &str) -> bool {
    let age = policy
        .split(';')
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("max-age"));
    age.and_then(|(_, value)| value.trim().trim_matches('"').parse::<u64>().ok()).is_some_and(|age| age > 0)
}

fn tls_08(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some(plain) = session.in_the_clear() else { return Ok(NO_TLS) };
    let secret = random::bytes::<16>().map_err(|error| Doubt::Missing { why: error.to_string() })?;
    let secret = random::hex(&secret);
    let request = Request::get(format!("/v2/?token={secret}")).header("Authorization", format!("Bearer {secret}"));
    let seen = match session.ask_beside(&plain, &request) {
        // Nothing answers there: from here it is closed. Other checks may have found that out before.
        Err(Doubt::Unreachable { .. }) => return Ok(Answer::AsIntended),
        asked => asked?,
    };
    match (carries(&seen, &secret), seen.status()) {
        (Some(proof), _) => Ok(Answer::Wrong(proof)),
        (None, Some(429)) => Err(Doubt::RateLimited),
        (None, Some(status @ 500..=599)) => Err(Doubt::ServerFailed { status }),
        (None, _) => Ok(Answer::AsIntended),
    }
}

/// A redirect with something in it that was sent.
fn carries(seen: &Observation, sent: &str) -> Option<Proof> {
    let location = seen.response().ok()?.redirect()?;
    location.contains(sent).then(|| Proof::behaviour(seen, "the redirect carries on what came in the clear")).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_has_an_age() {
        for (policy, has) in [
            ("max-age=31536000", true),
            ("includeSubDomains; Max-Age=\"60\"; preload", true),
            ("max-age=0", false),
            ("includeSubDomains", false),
            ("max-age=soon", false),
        ] {
            assert_eq!(has_age(policy), has, "{policy}");
        }
    }
}
