//! Names and kinds that are written in another way: the token service and the registry must read the same.

use super::{NO_BEARER, granted, second_is_there};
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::session::Session;
use crate::verdict::Answer;

/// What mends a token service that reads names in its own way.
const ONE_GRAMMAR: &str =
    "read names by the grammar of the registry, refuse what does not fit, and normalise nothing on either side";

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "TOK-12",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "another spelling of a name opens nothing",
        request: "as low: S with dot segments, slashes, upper case, percent signs, a host, library/, a tag, wide and invisible letters, NUL, CR LF; then the manifest of S with the token",
        judgement: "Pass: refused, or taken literally. Fail: a token that reads S",
        why: "where the token service and the registry normalise differently, one judges a name that the other does not serve",
        remedy: ONE_GRAMMAR,
        references: &[],
        needs: &[Need::Owned],
        requests: 48,
        run: tok_12,
    },
    Check {
        id: "TOK-13",
        group: Group::Tok,
        mode: Mode::Active,
        severity: Severity::High,
        title: "another kind of thing opens no repository",
        request: "as low: Repository:S:pull, repository(plugin):S:pull, foo:S:pull, registry:catalog:pull; then the manifest of S with the token",
        judgement: "Pass: refused, or nothing of S. Fail: pull on S",
        why: "the class behind the kind is grammar that hardly anybody uses, and so is dropped before the name is judged",
        remedy: ONE_GRAMMAR,
        references: &[],
        needs: &[Need::Owned],
        requests: 14,
        run: tok_13,
    },
];

fn tok_12(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let (name, authority) = (session.second().name.to_string(), session.door().origin.authority());
    let spelled = spellings(&name, session.owned()?, &authority);
    none_opens(session, spelled.into_iter().map(|name| format!("repository:{name}:pull")).collect())
}

fn tok_13(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let name = session.second().name.to_string();
    let kinds = ["Repository", "repository(plugin)", "foo"].map(|kind| format!("{kind}:{name}:pull"));
    none_opens(session, kinds.into_iter().chain(["registry:catalog:pull".to_owned()]).collect())
}

/// Asks as low for each scope, and whether the token opens S.
fn none_opens(session: &mut Session<'_>, scopes: Vec<String>) -> Result<Answer, Doubt> {
    let Some(realm) = session.realm()? else { return Ok(NO_BEARER) };
    session.low()?;
    let (second, low) = (session.second(), session.low_login()?);
    let answer = Answer::first_wrong(scopes, |scope| granted(session, &realm.asking(&[scope]).login(low), &[second]));
    Ok(answer.given(second_is_there(session)))
}

/// A name in other words. Percent signs reach the token service as such: they are encoded once more on the way.
fn spellings(name: &str, owned: &str, authority: &str) -> Vec<String> {
    let mut letters = name.chars();
    let first = letters.next().unwrap_or('x');
    let rest = letters.as_str();
    let wide = char::from_u32(u32::from(first) + 0xfee0).unwrap_or('ｘ');
    vec![
        format!("{owned}/../{name}"),
        format!("{owned}/../../{name}"),
        format!("./{name}"),
        format!("{name}/"),
        format!("/{name}"),
        format!("//{name}"),
        name.replacen('/', "//", 1),
        name.to_uppercase(),
        format!("{}{rest}", first.to_uppercase()),
        format!("{name}%2f"),
        name.replacen('/', "%2f", 1),
        format!("%{:02x}{rest}", u32::from(first)),
        format!("{authority}/{name}"),
        format!("library/{name}"),
        format!("{name}:latest"),
        format!("{wide}{rest}"),
        format!("{first}\u{200b}{rest}"),
        format!("{name}\0"),
        format!("{name}\r\n"),
        format!("{name} "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_is_the_name() {
        let spelled = spellings("team/app", "probe/low", "registry.example");
        let plain: Vec<&str> = spelled.iter().map(String::as_str).filter(|name| *name == "team/app").collect();
        assert!(plain.is_empty(), "{spelled:?}");
        for expected in ["%74eam/app", "ｔeam/app", "probe/low/../../team/app", "Team/app"] {
            assert!(spelled.iter().any(|name| name == expected), "{expected}");
        }
    }
}
