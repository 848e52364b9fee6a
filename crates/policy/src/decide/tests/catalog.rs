//! The list of repositories: who may ask for it, and what it may show.

use protocol::Group;

use super::*;
use crate::visible::Undecided;

const LIST_ALL: &str = "@id(\"list-all\")
    permit(principal, action == Pullgate::Action::\"list-repositories\", resource);";
const HIDE_SECRET: &str = "@id(\"hide-secret\")
    forbid(principal, action in Pullgate::Action::\"list\", resource in Pullgate::Namespace::\"team/secret\");";

fn asked() -> Ask {
    Ask { catalog: true, ..Ask::of(Request::Catalog { page: Page::default() }) }
}

fn list() -> impl Iterator<Item = Action> {
    ActionSet::of(Group::List).iter()
}

fn shows(ask: &Ask, repository: &str) -> Result<bool, Undecided> {
    ask.decide().unwrap().visible().unwrap().shows(&repository.parse().unwrap())
}

/// The scope of a token, if that is what is asked for.
fn in_token(ask: Ask, scope: &str) -> Vec<String> {
    printed(Ask { request: token(&[scope]), ..ask }.decide().unwrap().scopes())
}

#[test]
fn where_it_is_off_whoever_is_identified_is_told_so_and_nobody_else() {
    let off = || Ask { catalog: false, ..asked().granted("**", list()) };
    assert_eq!(off().refusal(), Refusal::SwitchedOff);
    assert_eq!(off().bound(&[]).refusal(), Refusal::SwitchedOff);
    assert_eq!(off().by_nobody().refusal(), Refusal::Unauthenticated);
    assert_eq!(in_token(off(), "registry:catalog:*"), ["registry:catalog:"]);
}

#[test]
fn it_takes_a_right_to_list_and_a_token_that_has_it() {
    let may_list = || asked().granted("team/**", list());
    assert_eq!(asked().granted("**", pull()).refusal(), Refusal::Refused { may_push: false });
    assert_eq!(asked().bound(&["registry:catalog:*"]).refusal(), Refusal::Refused { may_push: false });
    assert_eq!(may_list().bound(&["repository:team/app:pull"]).refusal(), Refusal::ScopeAbsent);
    assert_eq!(may_list().bound(&["registry:catalog:"]).refusal(), Refusal::ScopeNarrower);
    let permit = may_list().bound(&["registry:catalog:*"]).decide().unwrap();
    assert_eq!(permit.rules().iter().map(RuleId::as_str).collect::<Vec<_>>(), ["grant:g0"]);
    assert_eq!(permit.visible().unwrap().areas(), ["team/**".parse().unwrap()]);
    assert!(Ask::of(read("open/app")).decide().unwrap().visible().is_none());
}

#[test]
fn a_token_names_the_list_where_there_may_be_one() {
    assert_eq!(in_token(asked().granted("a", list()), "registry:catalog:*"), ["registry:catalog:*"]);
    assert_eq!(in_token(asked().granted("a", list()), "registry:catalog:pull"), ["registry:catalog:"]);
    assert_eq!(in_token(asked().granted("**", pull()), "registry:catalog:*"), ["registry:catalog:"]);
    let nobody = |rules| in_token(Ask { anonymous: true, rules, ..asked().by_nobody() }, "registry:catalog:*");
    assert_eq!(nobody(vec![]), ["registry:catalog:"]);
    assert_eq!(nobody(vec![LIST_ALL]), ["registry:catalog:*"]);
}

#[test]
fn it_shows_what_may_be_listed_and_pulled() {
    let both = || asked().granted("team/**", list());
    assert_eq!(shows(&both(), "team/app"), Ok(true));
    assert_eq!(shows(&both(), "other/app"), Ok(false));
    // What is public may be pulled, and not listed.
    assert_eq!(shows(&both(), "open/app"), Ok(false));
    let listing = Ask { rules: vec![LIST_ALL, HIDE_SECRET], ..asked() };
    assert_eq!(shows(&listing, "team/app"), Ok(false));
    assert_eq!(shows(&listing, "open/app"), Ok(true));
    let pulling = Ask { rules: vec![LIST_ALL, HIDE_SECRET], ..asked().granted("team/**", [Action::ReadBlob]) };
    assert_eq!(shows(&pulling, "team/app"), Ok(true));
    assert_eq!(shows(&pulling, "team/secret/app"), Ok(false));
    let pushing = Ask { rules: vec![LIST_ALL], ..asked().granted("**", push()) };
    assert_eq!(shows(&pushing, "team/app"), Ok(false));
}

#[test]
fn what_cannot_be_evaluated_ends_the_list() {
    let undecided = shows(&asked().granted("**", list()), "broken/app").unwrap_err();
    assert_eq!((undecided.repository.as_str(), undecided.rules[0].as_str()), ("broken/app", "overflows"));
    assert!(undecided.to_string().contains("`broken/app`: overflows"));
}
