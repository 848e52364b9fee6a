use std::collections::HashSet;

use protocol::{Action, Group, Tag};

use super::*;
use crate::fixture;
use crate::grant::ActionSet;

fn access(action: Action, repository: &str) -> Access {
    Access::new(action, &repository.parse().unwrap())
}

fn of_tag(action: Action, repository: &str, tag: &str) -> Access {
    Access::of_tag(action, &repository.parse().unwrap(), &tag.parse::<Tag>().unwrap())
}

fn engine(text: &str) -> std::sync::Arc<Engine> {
    fixture::policy(&[text]).engine
}

fn ask(engine: &Engine, access: &Access, grants: &GrantIndex) -> Verdict {
    engine.ask(&fixture::robot("ci"), access, &fixture::context(), grants, fixture::now().wall)
}

fn names(verdict: &Verdict) -> Vec<&str> {
    verdict.rules.iter().map(RuleId::as_str).collect()
}

#[test]
fn nothing_is_allowed_by_default() {
    let engine = engine("");
    for action in Action::ALL {
        let access = if action.is_of_tag() { of_tag(action, "team/app", "x") } else { access(action, "team/app") };
        let verdict = ask(&engine, &access, &GrantIndex::default());
        assert_eq!(verdict, Verdict { answer: Answer::Deny, rules: Vec::new(), valid_until: None }, "{action}");
    }
}

#[test]
fn a_grant_is_a_rule() {
    let grants: GrantIndex =
        [fixture::grant("g\"1", "ci", "team/**", ActionSet::of(Group::Pull))].into_iter().collect();
    let engine = engine("");
    let verdict = ask(&engine, &access(Action::ReadBlob, "team/app"), &grants);
    assert_eq!((verdict.answer, names(&verdict)), (Answer::Allow, vec!["grant:g\"1"]));
    assert_eq!(ask(&engine, &access(Action::WriteBlob, "team/app"), &grants).answer, Answer::Deny);
    assert_eq!(ask(&engine, &access(Action::ReadBlob, "team"), &grants).answer, Answer::Deny);
}

#[test]
fn an_answer_holds_until_the_first_grant_behind_it_ends() {
    let now = fixture::now().wall;
    let grant = |id, until: Option<i64>| Grant {
        until: until.map(|milliseconds| now + SignedDuration::from_millis(milliseconds)),
        ..fixture::grant(id, "ci", "team/app", ActionSet::of(Group::Pull))
    };
    let until = |grants: &[Grant]| {
        let index = grants.iter().cloned().collect();
        ask(&engine(""), &access(Action::ReadBlob, "team/app"), &index).valid_until
    };
    let later = |milliseconds| Some(now + SignedDuration::from_millis(milliseconds));
    assert_eq!(until(&[grant("a", None)]), None);
    assert_eq!(until(&[grant("a", None), grant("b", Some(5000)), grant("c", Some(9000))]), later(5000));
    assert_eq!(until(&[grant("a", Some(0)), grant("b", Some(-1)), grant("c", Some(1))]), later(1));
}

#[test]
fn an_end_between_two_milliseconds_comes_with_the_second() {
    let now = fixture::now().wall;
    let mut grant = fixture::grant("a", "ci", "team/app", ActionSet::of(Group::Pull));
    grant.until = Some(now + SignedDuration::from_micros(1500));
    let grants = [grant].into_iter().collect();
    let engine = engine("");
    let at = |micros| {
        let now = now + SignedDuration::from_micros(micros);
        let blob = access(Action::ReadBlob, "team/app");
        engine.ask(&fixture::robot("ci"), &blob, &fixture::context(), &grants, now)
    };
    assert_eq!(at(1999).answer, Answer::Allow);
    assert_eq!(at(1999).valid_until, Some(now + SignedDuration::from_millis(2)));
    assert_eq!(at(2000).answer, Answer::Deny);
}

#[test]
fn where_a_rule_looks_at_the_clock_it_is_asked_again_in_a_second() {
    let grants = [fixture::grant("g", "ci", "**", ActionSet::of(Group::Pull))].into_iter().collect();
    let clock = "forbid(principal, action in Pullgate::Action::\"pull\", resource in Pullgate::Namespace::\"team\")
                 when { context.now > datetime(\"2030-01-01\") };";
    let engine = engine(clock);
    let soon = Some(fixture::now().wall + CLOCK_TICK);
    assert_eq!(ask(&engine, &access(Action::ReadBlob, "team/app"), &grants).valid_until, soon);
    assert_eq!(ask(&engine, &access(Action::ReadBlob, "other/app"), &grants).valid_until, None);
    assert_eq!(ask(&engine, &access(Action::WriteBlob, "team/app"), &grants).valid_until, None);
}

#[test]
fn what_cannot_be_asked_is_broken() {
    let engine = engine(
        "forbid(principal, action, resource in Pullgate::Namespace::\"team\")
         when { context.now < datetime(\"2000-01-01\") };",
    );
    let broken = Verdict { answer: Answer::Broken, rules: Vec::new(), valid_until: None };
    let grants: GrantIndex = [fixture::grant("g", "ci", "**", ActionSet::of(Group::Pull))].into_iter().collect();
    let blob = access(Action::ReadBlob, "team/app");
    let before_cedar = "-000400-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(engine.ask(&fixture::robot("ci"), &blob, &fixture::context(), &grants, before_cedar), broken);
    let untold = access(Action::CreateTag, "team/app");
    assert_eq!(ask(&engine, &untold, &grants), broken);
    let twice: GrantIndex = ["a/**", "**"]
        .map(|pattern| fixture::grant("g", "ci", pattern, ActionSet::of(Group::Pull)))
        .into_iter()
        .collect();
    assert_eq!(ask(&engine, &access(Action::ReadBlob, "a/b"), &twice), broken);
    assert_eq!(ask(&engine, &access(Action::ReadBlob, "c/d"), &twice).answer, Answer::Allow);
}

#[test]
fn where_no_tag_is_named_the_most_lenient_one_counts() {
    let engine = engine(
        "permit(principal, action == Pullgate::Action::\"create-tag\", resource) when { context.tag like \"pr-*\" };
         forbid(principal, action == Pullgate::Action::\"create-tag\", resource) when { context.tag != \"pr-7\" };
         forbid(principal, action, resource in Pullgate::Namespace::\"closed\");",
    );
    let grants = GrantIndex::default();
    let some = |access: &Access| {
        let context = fixture::context();
        engine.ask_of_some_tag(&fixture::robot("ci"), access, &context, &grants, fixture::now().wall).answer
    };
    assert_eq!(some(&access(Action::CreateTag, "team/app")), Answer::Allow);
    assert_eq!(some(&access(Action::MoveTag, "team/app")), Answer::Deny);
    assert_eq!(some(&access(Action::CreateTag, "closed/app")), Answer::Deny);
    assert_eq!(ask(&engine, &of_tag(Action::CreateTag, "team/app", "pr-7"), &grants).answer, Answer::Allow);
    assert_eq!(ask(&engine, &of_tag(Action::CreateTag, "team/app", "pr-8"), &grants).answer, Answer::Deny);
}

#[test]
fn an_ipv4_address_in_an_ipv6_one_is_an_ipv4_address() {
    let text = "permit(principal, action, resource) when { context.source.isInRange(ip(\"10.0.0.0/8\")) };";
    let engine = engine(text);
    let from = |source: &str| {
        let context = Context { source: source.parse().unwrap(), ..fixture::context() };
        let blob = access(Action::ReadBlob, "team/app");
        let grants = GrantIndex::default();
        engine.ask(&fixture::robot("ci"), &blob, &context, &grants, fixture::now().wall).answer
    };
    assert_eq!(from("10.1.2.3"), Answer::Allow);
    assert_eq!(from("::ffff:10.1.2.3"), Answer::Allow);
    assert_eq!(from("::ffff:11.1.2.3"), Answer::Deny);
}

#[test]
fn the_policy_as_text() {
    let mut guest = fixture::grant("g2", "guest", "team/app", [Action::ReadManifest].into_iter().collect());
    guest.until = Some("2027-03-01T12:00:00.0005Z".parse().unwrap());
    guest.reason = Some("line\npermit(principal, action, resource);".to_owned());
    let pull_and_one = ActionSet::of(Group::Pull).union([Action::DeleteTag].into_iter().collect());
    let grants = [
        guest,
        fixture::grant("g1", "ci", "team/**", ActionSet::of(Group::Push).union(ActionSet::of(Group::Delete))),
        fixture::grant("g3", "gone\"", "**", pull_and_one),
    ];
    let policy = fixture::policy(&[
        "// a comment\npermit(principal, action in Pullgate::Action::\"list\", resource);",
        "@id(\"a\")\nforbid(principal, action, resource == Pullgate::Repository::\"b\"); // behind",
    ]);
    let name = |id: &crate::PrincipalId| id.as_str().parse().ok();
    let shown = policy.show(&grants.into_iter().collect(), name);
    insta::assert_snapshot!(shown);
    let set: PolicySet = shown.parse().unwrap();
    let ids: HashSet<_> = set.policies().filter_map(|policy| policy.annotation("id")).collect();
    assert_eq!(ids.len(), 8);
}
