//! What must hold whatever the rules are: slices lose nothing, forbids only take away, errors never allow.

use cedar_policy::{Entities, EntityUid, Request};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use protocol::Action;

use super::*;
use crate::decide::Policy;
use crate::fixture;
use crate::grant::{ActionSet, GrantId};
use crate::principal::PrincipalId;

const REPOSITORIES: [&str; 5] = ["team", "team/app", "team/app/cache", "open/app", "other"];
const ASKED: [Action; 5] =
    [Action::ReadManifest, Action::ListTags, Action::WriteBlob, Action::DeleteManifest, Action::ListRepositories];
const PATTERNS: [&str; 7] = ["**", "team/**", "team/app/**", "team", "team/app", "open/**", "other"];
const PRINCIPALS: [&str; 5] = [
    "principal",
    "principal is Pullgate::Anonymous",
    "principal is Pullgate::Robot",
    "principal == Pullgate::Robot::\"ci\"",
    "principal in Pullgate::Robot::\"guest\"",
];
const ACTIONS: [&str; 6] = [
    "action",
    "action in Pullgate::Action::\"pull\"",
    "action in Pullgate::Action::\"push\"",
    "action in [Pullgate::Action::\"delete\", Pullgate::Action::\"list\"]",
    "action == Pullgate::Action::\"read-manifest\"",
    "action == Pullgate::Action::\"move-tag\"",
];
const RESOURCES: [&str; 7] = [
    "resource",
    "resource is Pullgate::Repository",
    "resource in Pullgate::Namespace::\"**\"",
    "resource in Pullgate::Namespace::\"team\"",
    "resource is Pullgate::Repository in Pullgate::Namespace::\"open\"",
    "resource == Pullgate::Repository::\"team/app\"",
    "resource in Pullgate::Repository::\"team/app\"",
];
/// One of them cannot be evaluated, another one only where it comes to it.
const CONDITIONS: [&str; 8] = [
    "true",
    "resource.visibility == \"public\"",
    "principal is Pullgate::Robot && principal.name == \"ci\"",
    "context.source.isInRange(ip(\"10.0.0.0/8\"))",
    "context.now < datetime(\"2027-06-01\")",
    "resource has environment && resource.environment == \"prod\"",
    "9223372036854775807 + 1 > 0",
    "resource.name == \"team\" && 9223372036854775807 + 1 > 0",
];

/// What only rules about tags may look at.
const TAG_ACTIONS: [&str; 3] = [
    "action in Pullgate::Action::\"push\"",
    "action == Pullgate::Action::\"move-tag\"",
    "action in [Pullgate::Action::\"create-tag\", Pullgate::Action::\"delete-tag\"]",
];
const TAG_CONDITIONS: [&str; 3] = [
    "context has tag && context.tag == \"edge\"",
    "!(context has protected) || !context.protected",
    "context has tag && context.tag like \"v*\" && 9223372036854775807 + 1 > 0",
];

#[derive(Clone, Debug)]
struct Case {
    rules: Vec<String>,
    grants: Vec<Grant>,
}

impl Case {
    fn policy(&self) -> Policy {
        let settings = Settings { anonymous: true, ..Settings::default() };
        let text = fixture::texts(&[&self.rules.join("\n")]);
        Policy::build(&settings, fixture::repositories(), &text).unwrap()
    }

    fn grants(&self) -> GrantIndex {
        self.grants.iter().cloned().collect()
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let (policy, grants) = (self.policy(), self.grants());
        let ask = |(principal, access): (Principal, Access)| {
            policy.engine.ask(&principal, &access, &fixture::context(), &grants, fixture::now().wall)
        };
        questions().map(ask).collect()
    }
}

fn questions() -> impl Iterator<Item = (Principal, Access)> {
    let accesses = REPOSITORIES.into_iter().flat_map(|name| {
        let repository: Repository = name.parse().unwrap();
        let tags = [(Action::CreateTag, "v1"), (Action::MoveTag, "v1"), (Action::MoveTag, "edge")];
        let tags = tags.map(|(action, tag)| Access::of_tag(action, &repository, &tag.parse().unwrap()));
        let others = ASKED.map(|action| Access::new(action, &repository));
        others.into_iter().chain(tags)
    });
    let principals = [Principal::Anonymous, fixture::robot("ci"), fixture::robot("guest")];
    accesses.flat_map(move |access| principals.clone().map(|principal| (principal, access.clone())))
}

fn rule(effect: &'static str) -> impl Strategy<Value = String> {
    let plain = (select(&ACTIONS[..]), select(&CONDITIONS[..]));
    let of_tag = (select(&TAG_ACTIONS[..]), select(&TAG_CONDITIONS[..]));
    let parts = (select(&PRINCIPALS[..]), select(&RESOURCES[..]), prop_oneof![2 => plain, 1 => of_tag]);
    parts.prop_map(move |(principal, resource, (action, condition))| {
        format!("{effect}({principal}, {action}, {resource}) when {{ {condition} }};")
    })
}

fn grant() -> impl Strategy<Value = Grant> {
    let actions = subsequence(&Action::ALL[..], 0..=Action::ALL.len());
    let until = proptest::option::of(-2000_i64..2000);
    (select(&["ci", "guest"][..]), select(&PATTERNS[..]), actions, until).prop_map(
        |(holder, pattern, actions, until)| Grant {
            until: until.map(|micros| fixture::now().wall + SignedDuration::from_micros(micros)),
            ..fixture::grant("", holder, pattern, actions.into_iter().collect::<ActionSet>())
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let rules = proptest::collection::vec(prop_oneof![rule("permit"), rule("forbid")], 0..6);
    (rules, proptest::collection::vec(grant(), 0..6)).prop_map(|(rules, mut grants)| {
        for (place, grant) in grants.iter_mut().enumerate() {
            grant.id = GrantId::new(&place.to_string());
        }
        Case { rules, grants }
    })
}

/// Every rule and every grant of the text that `policy show` prints, each named by its annotation.
fn whole_set(policy: &Policy, grants: &GrantIndex) -> PolicySet {
    let shown = policy.show(grants, |_: &PrincipalId| None);
    let set: PolicySet = shown.parse().unwrap();
    let named = |policy: &CedarPolicy| policy.new_id(PolicyId::new(policy.annotation("id").unwrap()));
    PolicySet::from_policies(set.policies().map(named)).unwrap()
}

fn allows_no_more(after: &[Verdict], before: &[Verdict]) -> Result<(), TestCaseError> {
    for (after, before) in after.iter().zip(before) {
        prop_assert!(after.answer != Answer::Allow || before.answer == Answer::Allow, "{after:?} {before:?}");
    }
    Ok(())
}

#[test]
fn what_is_asked_has_the_forms_of_the_schema() {
    let policy = Policy::build(&Settings::default(), Vec::new(), &[]).unwrap();
    let engine = &policy.engine;
    let schema = Some(&engine.vocabulary.schema);
    for (principal, access) in questions() {
        let now = moment::rounded_down(fixture::now().wall);
        let World { request, entities } =
            engine.world(&principal, &access, &fixture::context(), now, Looks::ALL).unwrap();
        let of = |uid: Option<&EntityUid>| uid.unwrap().clone();
        let (principal, action) = (of(request.principal()), of(request.action()));
        let context = request.context().unwrap().clone();
        Request::new(principal, action, of(request.resource()), context, schema).unwrap();
        let action_type = engine.vocabulary.action("pull").type_name().clone();
        let plain = entities.iter().filter(|entity| *entity.uid().type_name() != action_type).cloned();
        Entities::from_entities(plain, schema).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_slice_says_what_the_whole_set_says_and_an_error_never_allows(case in case()) {
        let (policy, grants) = (case.policy(), case.grants());
        let engine = &policy.engine;
        let whole = whole_set(&policy, &grants);
        let now = fixture::now().wall + SignedDuration::from_micros(700);
        for (principal, access) in questions() {
            let seen = moment::rounded_down(now);
            let world = engine.world(&principal, &access, &fixture::context(), seen, Looks::ALL).unwrap();
            let verdict = engine.ask(&principal, &access, &fixture::context(), &grants, now);
            let response = Authorizer::new().is_authorized(&world.request, &whole, &world.entities);
            let errs = response.diagnostics().errors().next().is_some();
            prop_assert_eq!(verdict.answer == Answer::Broken, errs);
            prop_assert_eq!((verdict.answer, verdict.rules), engine.answer(&world, &whole), "{:?} {:?}", principal, access);
        }
    }

    #[test]
    fn adding_a_forbid_never_allows_more(case in case(), forbid in rule("forbid")) {
        let before = case.verdicts();
        let mut more = case;
        more.rules.push(forbid);
        allows_no_more(&more.verdicts(), &before)?;
    }

    #[test]
    fn taking_away_a_permit_that_does_not_err_never_allows_more(case in case(), permit in rule("permit")) {
        prop_assume!(!permit.contains(" + 1 > 0"));
        let after = case.verdicts();
        let mut before = case;
        before.rules.push(permit);
        allows_no_more(&after, &before.verdicts())?;
    }

    #[test]
    fn what_one_tag_is_allowed_some_tag_is_allowed(case in case()) {
        let (policy, grants) = (case.policy(), case.grants());
        for ((principal, access), told) in questions().zip(case.verdicts()) {
            let engine = &policy.engine;
            let some = engine.ask_of_some_tag(&principal, &access, &fixture::context(), &grants, fixture::now().wall);
            prop_assert!(told.answer != Answer::Allow || some.answer == Answer::Allow, "{:?} {:?}", principal, access);
        }
    }

    #[test]
    fn taking_away_a_grant_never_allows_more(case in case(), grant in grant()) {
        let after = case.verdicts();
        let mut before = case;
        before.grants.push(Grant { id: GrantId::new("more"), ..grant });
        allows_no_more(&after, &before.verdicts())?;
    }
}
