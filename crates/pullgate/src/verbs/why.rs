//! `pullgate why ID`: who asked, what was missing, what would grant it. It tells the administrator what a refusal never
//! tells a stranger.

use audit::{AccessGroup, Decision, Joined, Reason, Record};
use protocol::{Action, Group};

/// Asked of all repositories at once, so that no refusal of it names one.
const LIST: &str = "list-repositories";

/// The explanation of one request, line by line.
pub(crate) fn explain(joined: &Joined) -> String {
    let record = &joined.record;
    let mut lines = vec![headline(joined), who(record), asked(record)];
    lines.push(format!("why       {} ({})", sentence(record), record.reason));
    if !record.rules.is_empty() {
        lines.push(format!("rules     {}", record.rules.join(", ")));
    }
    lines.extend(remedies(record).into_iter().map(|remedy| format!("next      {remedy}")));
    lines.join("\n") + "\n"
}

fn headline(joined: &Joined) -> String {
    let record = &joined.record;
    let decision = record.decision.map_or("-", Decision::as_str);
    let status = joined.outcome.as_ref().map(|outcome| outcome.status).or(record.status);
    let status = status.map_or_else(|| "no answer known".to_owned(), |status| status.to_string());
    format!("request   {} at {}: {decision}, {status} (leaf {})", record.request_id, record.time, joined.sequence)
}

fn who(record: &Record) -> String {
    let principal = match &record.principal {
        Some(principal) => match &principal.name {
            Some(name) => format!("{}:{name}", principal.kind),
            None => principal.kind.clone(),
        },
        None => "nobody who was recognised".to_owned(),
    };
    // Nobody in particular has shown nothing that has an id.
    let credential =
        record.credential.as_ref().and_then(|shown| Some(format!(", with {} {}", shown.kind, shown.id.as_ref()?)));
    let credential = credential.unwrap_or_default();
    let agent = record.user_agent.as_deref().map_or_else(String::new, |agent| format!(", {agent}"));
    format!("who       {principal}{credential}, from {}{agent}", record.source)
}

fn asked(record: &Record) -> String {
    let what = record.action.as_deref().or(record.route.as_deref()).unwrap_or(&record.method);
    let place = record.repository.as_deref().map_or_else(String::new, |name| format!(" on {name}"));
    let tag = record.tag.as_deref().map_or_else(String::new, |tag| format!(", tag {tag}"));
    let digest = record.digest.as_deref().map_or_else(String::new, |digest| format!(", {digest}"));
    let scopes = record.request.as_ref().and_then(|request| request.scopes_asked.as_ref());
    let scopes = scopes.map_or_else(String::new, |scopes| format!(" for {}", scopes.join(" ")));
    format!("asked     {what}{place}{tag}{digest}{scopes}")
}

fn sentence(record: &Record) -> &'static str {
    let is = |reason: Reason| record.reason == reason.as_str();
    let sentences = [
        (Reason::GRANTED, "rules allow everything that was asked"),
        (Reason::NARROWED, "rules allow a part of what was asked"),
        (Reason::NO_CREDENTIAL, "no credential was shown; clients begin like this and come back with one"),
        (Reason::SCOPE_ABSENT, "the token does not name the repository; clients ask for another one"),
        (Reason::SCOPE_NARROWER, "the token carries less than its owner may do; clients ask for another one"),
        (Reason::NOT_GRANTED, "nothing allows it"),
        (Reason::FORBIDDEN, "a rule forbids it"),
        (Reason::FOREIGN_UPLOAD, "the upload belongs to somebody else"),
        (Reason::SWITCHED_OFF, "it is off in the configuration"),
        (Reason::UNKNOWN_CREDENTIAL, "the credential is none of ours"),
        (Reason::WRONG_SECRET, "the id of the key is known and its secret is wrong"),
        (Reason::EXPIRED_KEY, "the key has expired"),
        (Reason::REVOKED_KEY, "the key was revoked"),
        (Reason::DISABLED, "the robot is disabled"),
        (Reason::DELETED, "the robot was deleted"),
        (Reason::BAD_TOKEN, "the token is none of ours, or was changed"),
        (Reason::EXPIRED_TOKEN, "the token has expired; clients ask for another one"),
        (Reason::REVOKED_TOKEN, "the token, or what it rests on, was revoked"),
        (Reason::BAD_AUTHORIZATION, "the credential cannot be read"),
        (Reason::UNPARSABLE, "the request is outside the grammar"),
        (Reason::FOREIGN_SERVICE, "the token was asked for another service"),
        (Reason::FOREIGN_HOST, "the request was sent to a host that is not this registry"),
        (Reason::FRAMING, "the connection never became a request"),
        (Reason::POLICY_ERROR, "a rule could not be evaluated, so nothing is allowed"),
        (Reason::JOURNAL_ERROR, "the journal could not write, so nothing is allowed"),
        (Reason::ORIGIN_ERROR, "the store could not be asked"),
    ];
    sentences.into_iter().find(|(reason, _)| is(*reason)).map_or("-", |(_, sentence)| sentence)
}

/// The commands that would change the answer.
fn remedies(record: &Record) -> Vec<String> {
    let name = record.principal.as_ref().filter(|principal| principal.kind == "robot").and_then(|p| p.name.as_deref());
    let is = |reason: Reason| record.reason == reason.as_str();
    match name {
        Some(name) if is(Reason::NOT_GRANTED) && record.action.as_deref() == Some(LIST) => {
            vec![format!("pullgate grant add robot:{name} --list GLOB")]
        }
        Some(name) if is(Reason::NOT_GRANTED) => {
            let missing = record.policy.iter().flat_map(|policy| &policy.missing);
            missing.filter_map(|access| grant(name, access)).collect()
        }
        Some(name) if is(Reason::EXPIRED_KEY) || is(Reason::REVOKED_KEY) => {
            vec![format!("pullgate robot rotate {name}")]
        }
        Some(name) if is(Reason::DISABLED) => vec![format!("pullgate robot enable {name}")],
        _ if is(Reason::SWITCHED_OFF) => vec!["set `policy.catalog = true` in the configuration".to_owned()],
        _ if is(Reason::FOREIGN_HOST) => vec!["add the name to `public_urls` in the configuration".to_owned()],
        _ => Vec::new(),
    }
}

fn grant(name: &str, access: &AccessGroup) -> Option<String> {
    let action: Action = access.action.parse().ok()?;
    let group = Group::ALL.into_iter().find(|group| group.members().contains(&action))?;
    Some(format!("pullgate grant add robot:{name} --{group} {}", access.repository))
}

#[cfg(test)]
mod tests {
    use audit::PrincipalGroup;

    use super::*;

    #[test]
    fn every_reason_has_its_sentence() {
        for reason in Reason::ALL {
            let record = Record { reason: reason.as_str().to_owned(), ..Record::default() };
            assert_ne!(sentence(&record), "-", "{reason}");
        }
    }

    #[test]
    fn a_refusal_names_what_would_grant_it() {
        let access =
            |action: &str| AccessGroup { action: action.to_owned(), repository: "team/app".to_owned(), tag: None };
        assert_eq!(grant("ci", &access("read-blob")).unwrap(), "pullgate grant add robot:ci --pull team/app");
        assert_eq!(grant("ci", &access("move-tag")).unwrap(), "pullgate grant add robot:ci --push team/app");
        assert_eq!(grant("ci", &access("list-repositories")).unwrap(), "pullgate grant add robot:ci --list team/app");
        let listing = Record {
            action: Some(LIST.to_owned()),
            reason: Reason::NOT_GRANTED.as_str().to_owned(),
            principal: Some(PrincipalGroup { id: None, kind: "robot".to_owned(), name: Some("ci".to_owned()) }),
            ..Record::default()
        };
        assert_eq!(remedies(&listing), ["pullgate grant add robot:ci --list GLOB"]);
    }
}
