mod catalog;

use std::collections::HashSet;

use protocol::{Mount, Oci, Operation, Page, Reading, Reference, Repository, Request, Route, Tag};

use super::*;
use crate::fixture;
use crate::grant::{ActionSet, Grant};
use crate::principal::{Epoch, Principal};
use crate::question::{Context, UploadOwner};

const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
const BROKEN: &str = "@id(\"overflows\")
    forbid(principal, action, resource in Pullgate::Namespace::\"broken\") when { 9223372036854775807 + 1 > 0 };";

/// One request under way to its answer.
struct Ask {
    principal: Principal,
    bound: Bound,
    request: Request,
    context: Context,
    grants: Vec<Grant>,
    anonymous: bool,
    catalog: bool,
    rules: Vec<&'static str>,
}

impl Ask {
    /// By the robot `ci` with its key, granted nothing.
    fn of(request: Request) -> Self {
        let (principal, context) = (fixture::robot("ci"), fixture::context());
        let (grants, rules) = (Vec::new(), vec![BROKEN]);
        Self { principal, bound: Bound::Everything, request, context, grants, anonymous: false, catalog: false, rules }
    }

    fn granted(mut self, pattern: &str, actions: impl IntoIterator<Item = Action>) -> Self {
        let id = format!("g{}", self.grants.len());
        self.grants.push(fixture::grant(&id, "ci", pattern, actions.into_iter().collect()));
        self
    }

    fn bound(self, scopes: &[&str]) -> Self {
        let scopes = scopes.iter().map(|scope| Scope::parse(scope).unwrap()).collect();
        Self { bound: Bound::Scopes(scopes), ..self }
    }

    fn by_nobody(self) -> Self {
        Self { principal: Principal::Anonymous, bound: Bound::Nothing, ..self }
    }

    fn where_exists(mut self, tag: &str) -> Self {
        self.context.existing_tags.push(tag.parse().unwrap());
        self
    }

    fn upload_of(mut self, owner: &Principal) -> Self {
        self.context.upload_owner = Some(UploadOwner { principal: owner.id().cloned(), epoch: owner.epoch() });
        self
    }

    fn of_own_blob(mut self) -> Self {
        self.context.is_own_blob = true;
        self
    }

    fn decide(&self) -> Result<Permit, Box<Denial>> {
        let settings = Settings { anonymous: self.anonymous, catalog: self.catalog, ..Settings::default() };
        let policy = Policy::build(&settings, fixture::repositories(), &fixture::texts(&self.rules)).unwrap();
        let (principal, bound) = (self.principal.clone(), self.bound.clone());
        let question = Question::new(principal, bound, self.request.clone(), self.context.clone());
        policy.decide(&Arc::new(question), &self.grants.iter().cloned().collect(), fixture::now())
    }

    fn refusal(&self) -> Refusal {
        self.decide().unwrap_err().refusal()
    }
}

fn oci(repository: &str, operation: Operation) -> Request {
    Request::Oci(Oci { repository: repository.parse().unwrap(), operation })
}

fn read(repository: &str) -> Request {
    oci(
        repository,
        Operation::ReadBlob { digest: DIGEST.parse().unwrap(), reading: Reading::Get, range: None, known: None },
    )
}

fn put(reference: &str, tags: &[&str]) -> Request {
    let reference: Reference = reference.parse().unwrap();
    let tags = tags.iter().map(|tag| tag.parse().unwrap()).collect();
    oci("team/app", Operation::WriteManifest { reference, tags, media_type: None })
}

fn delete(repository: &str, reference: &str) -> Request {
    oci(repository, Operation::DeleteManifest { reference: reference.parse().unwrap() })
}

fn mount(from: &str) -> Request {
    let mount = Some(Mount { digest: DIGEST.parse().unwrap(), from: Some(from.parse().unwrap()) });
    oci("team/app", Operation::OpenUpload { mount, digest: None, algorithm: protocol::Algorithm::Sha256 })
}

fn upload() -> Request {
    let plain = Operation::OpenUpload { mount: None, digest: None, algorithm: protocol::Algorithm::Sha256 };
    oci("team/app", plain)
}

fn token(scopes: &[&str]) -> Request {
    let samples = Request::samples(Route::Token, &"team/app".parse().unwrap());
    let Some(Request::Token(mut token)) = samples.into_iter().next() else { panic!("no sample") };
    token.scopes = scopes.iter().map(|scope| Scope::parse(scope).unwrap()).collect();
    Request::Token(token)
}

fn pull() -> impl Iterator<Item = Action> {
    ActionSet::of(protocol::Group::Pull).iter()
}

fn push() -> impl Iterator<Item = Action> {
    ActionSet::of(protocol::Group::Push).iter()
}

fn printed(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

#[test]
fn a_permit_says_what_allowed_it() {
    let ask = Ask::of(read("team/app")).granted("team/**", pull());
    let permit = ask.decide().unwrap();
    assert_eq!(permit.request(), &ask.request);
    assert_eq!(permit.granted(), [Access::new(Action::ReadBlob, &"team/app".parse().unwrap())]);
    assert_eq!(permit.rules().iter().map(RuleId::as_str).collect::<Vec<_>>(), ["grant:g0"]);
    assert!(permit.refused().is_empty() && permit.scopes().is_empty() && permit.conditions().is_empty());
    assert_eq!(permit.standing().valid_until(), None);
}

#[test]
fn without_a_grant_it_is_refused() {
    let denial = Ask::of(read("team/app")).decide().unwrap_err();
    assert_eq!(denial.refusal(), Refusal::Refused { may_push: false });
    assert_eq!(denial.refused(), [Access::new(Action::ReadBlob, &"team/app".parse().unwrap())]);
    assert!(denial.rules().is_empty());
}

#[test]
fn a_refusal_knows_who_may_push() {
    let ask = || Ask::of(read("team/app")).granted("team/app", push());
    assert_eq!(ask().refusal(), Refusal::Refused { may_push: true });
    assert_eq!(ask().bound(&["repository:team/app:pull,push"]).refusal(), Refusal::Refused { may_push: true });
    assert_eq!(ask().bound(&["repository:team/app:"]).refusal(), Refusal::Refused { may_push: true });
}

#[test]
fn who_may_push_is_told_that_their_own_blob_arrived() {
    let ask = || Ask::of(read("team/app")).of_own_blob();
    let pusher = || ask().granted("team/app", push());
    let written = vec![Access::new(Action::WriteBlob, &"team/app".parse().unwrap())];
    assert_eq!(pusher().decide().unwrap().granted(), written);
    assert_eq!(pusher().bound(&["repository:team/app:pull,push"]).decide().unwrap().granted(), written);
    assert_eq!(pusher().bound(&["repository:team/app:"]).refusal(), Refusal::Refused { may_push: true });
    assert_eq!(ask().refusal(), Refusal::Refused { may_push: false }, "whoever may not push any more is told nothing");
    let reader = ask().granted("team/app", pull().chain(push())).decide().unwrap();
    assert_eq!(reader.granted(), [Access::new(Action::ReadBlob, &"team/app".parse().unwrap())]);
}

#[test]
fn a_token_bounds_what_policy_would_allow() {
    let ask = || Ask::of(read("team/app")).granted("team/app", pull());
    assert!(ask().bound(&["repository:team/app:pull"]).decide().is_ok());
    assert!(ask().bound(&["repository:team/app:push", "repository:team/app:pull"]).decide().is_ok());
    assert_eq!(ask().bound(&[]).refusal(), Refusal::ScopeAbsent);
    assert_eq!(ask().bound(&["repository:team/other:pull"]).refusal(), Refusal::ScopeAbsent);
    assert_eq!(ask().bound(&["registry:catalog:*"]).refusal(), Refusal::ScopeAbsent);
    assert_eq!(ask().bound(&["repository:team/app:"]).refusal(), Refusal::ScopeNarrower);
    assert_eq!(ask().bound(&["repository:team/app:push"]).refusal(), Refusal::ScopeNarrower);
}

#[test]
fn a_token_never_widens_policy() {
    let full = Ask::of(read("team/app")).bound(&["repository:team/app:pull,push,delete"]);
    assert_eq!(full.refusal(), Refusal::Refused { may_push: false });
    let narrow = Ask::of(read("team/app")).bound(&["repository:team/app:"]);
    assert_eq!(narrow.refusal(), Refusal::Refused { may_push: false });
}

#[test]
fn the_catalog_has_a_scope_of_its_own() {
    let list = Access::new(Action::ListRepositories, &"team/app".parse().unwrap());
    let bound = |scope: &str| Ask::of(read("a")).bound(&[scope]).bound;
    assert_eq!(bound("registry:catalog:*").reach(&list), Reach::Within);
    assert_eq!(bound("registry:catalog:").reach(&list), Reach::Narrower);
    assert_eq!(bound("repository:team/app:pull").reach(&list), Reach::Absent);
    assert_eq!(Bound::Nothing.reach(&list), Reach::Absent);
}

#[test]
fn a_manifest_is_written_with_all_its_tags_or_not_at_all() {
    let write = [Action::WriteManifest, Action::CreateTag];
    let ask = || Ask::of(put(DIGEST, &["one", "two"])).granted("team/app", write);
    assert_eq!(ask().decide().unwrap().granted().len(), 3);
    let denial = ask().where_exists("two").decide().unwrap_err();
    assert_eq!(denial.refused(), [Access::of_tag(Action::MoveTag, &"team/app".parse().unwrap(), &tag("two"))]);
}

#[test]
fn what_was_decided_on_must_still_hold_when_it_is_written() {
    let may_create = [Action::WriteManifest, Action::CreateTag];
    let may_move = [Action::WriteManifest, Action::MoveTag];
    let ask = |actions: [Action; 2]| Ask::of(put("edge", &[])).granted("team/app", actions);
    let conditions = |ask: Ask| ask.decide().unwrap().conditions().to_vec();
    assert_eq!(conditions(ask(may_create)), [Condition::TagAbsent(tag("edge"))]);
    assert_eq!(conditions(ask(may_move).where_exists("edge")), [Condition::TagPresent(tag("edge"))]);
    assert_eq!(ask(may_move).refusal(), Refusal::Refused { may_push: false });
    assert_eq!(conditions(ask(may_create).granted("**", may_move)), []);
    assert_eq!(conditions(ask(may_create).granted("**", may_move).where_exists("edge")), []);
}

#[test]
fn a_protected_tag_is_created_once() {
    let ask = || Ask::of(put("v1", &[])).granted("**", push());
    assert_eq!(ask().decide().unwrap().conditions(), [Condition::TagAbsent(tag("v1"))]);
    let denial = ask().where_exists("v1").decide().unwrap_err();
    assert_eq!(denial.refusal(), Refusal::Refused { may_push: true });
    assert_eq!(denial.rules().iter().map(RuleId::as_str).collect::<Vec<_>>(), ["protected-tags"]);
}

#[test]
fn a_rule_that_forbids_several_tags_is_named_once() {
    let denial = Ask::of(put(DIGEST, &["v1", "v2"])).granted("**", push());
    let denial = denial.where_exists("v1").where_exists("v2").decide().unwrap_err();
    assert_eq!((denial.refused().len(), denial.rules().len()), (2, 1));
}

#[test]
fn a_protected_tag_is_not_deleted_in_any_way() {
    let delete_actions = || ActionSet::of(protocol::Group::Delete).iter();
    let ask = |reference: &str| Ask::of(delete("team/app", reference)).granted("**", delete_actions());
    assert_eq!(ask("v1").refusal(), Refusal::Refused { may_push: false });
    assert!(ask("edge").decide().unwrap().conditions().is_empty());
    let protected = Condition::NoProtectedTag(vec!["v*".parse().unwrap()]);
    assert_eq!(ask(DIGEST).decide().unwrap().conditions(), [protected]);
}

#[test]
fn a_mount_without_its_source_is_a_plain_upload() {
    let ask = |from: &str| Ask::of(mount(from)).granted("team/app", push()).granted("base/**", pull());
    let both = ask("base/image").decide().unwrap();
    assert_eq!(both.request(), &mount("base/image"));
    assert_eq!(both.granted().len(), 2);
    let source = |name: &str| Access::new(Action::MountFrom, &name.parse().unwrap());
    let narrowed = ask("other/image").decide().unwrap();
    assert_eq!(narrowed.request(), &upload());
    assert_eq!((narrowed.granted().len(), narrowed.refused()), (1, &[source("other/image")][..]));
    let unscoped = ask("base/image").bound(&["repository:team/app:push"]).decide().unwrap();
    assert_eq!(unscoped.request(), &upload());
    assert_eq!(unscoped.refused(), [source("base/image")]);
    let refused = Ask::of(mount("base/image")).granted("base/**", pull());
    assert_eq!(refused.refusal(), Refusal::Refused { may_push: false });
    assert_eq!(ask("broken/image").refusal(), Refusal::Broken);
}

#[test]
fn a_token_carries_what_is_allowed_and_refuses_the_rest_empty() {
    let scopes = ["repository:team/app:pull,push", "repository:secret/app:pull", "registry:catalog:*"];
    let permit = Ask::of(token(&scopes)).granted("team/**", pull()).decide().unwrap();
    assert_eq!(printed(permit.scopes()), ["repository:team/app:pull", "repository:secret/app:", "registry:catalog:"]);
    assert!(permit.granted().is_empty());
    assert_eq!(permit.rules().len(), 1);
    let none = Ask::of(token(&["repository:team/app:pull"])).decide().unwrap();
    assert_eq!(printed(none.scopes()), ["repository:team/app:"]);
    assert!(Ask::of(token(&[])).decide().unwrap().scopes().is_empty());
}

#[test]
fn a_word_of_a_token_stands_for_any_of_its_actions() {
    let ask = |action| Ask::of(token(&["repository:team/app:pull,push,delete"])).granted("team/app", [action]);
    for (action, printed_scope) in [
        (Action::ReadManifest, "repository:team/app:pull"),
        (Action::MountFrom, "repository:team/app:pull"),
        (Action::WriteBlob, "repository:team/app:push"),
        (Action::DeleteBlob, "repository:team/app:delete"),
        (Action::ListRepositories, "repository:team/app:"),
    ] {
        assert_eq!(printed(ask(action).decide().unwrap().scopes()), [printed_scope], "{action}");
    }
}

#[test]
fn a_grant_of_tags_alone_is_a_word_too() {
    let ask = |action| Ask::of(token(&["repository:team/app:push,delete"])).granted("team/app", [action]);
    assert_eq!(printed(ask(Action::CreateTag).decide().unwrap().scopes()), ["repository:team/app:push"]);
    assert_eq!(printed(ask(Action::DeleteTag).decide().unwrap().scopes()), ["repository:team/app:delete"]);
}

#[test]
fn nobody_gets_nothing_but_a_token_where_anonymous_is_on() {
    let scopes = ["repository:open/app:pull,push", "repository:team/app:pull"];
    let closed = Ask::of(token(&scopes)).by_nobody();
    assert_eq!(closed.refusal(), Refusal::Unauthenticated);
    let open = Ask { anonymous: true, ..closed };
    assert_eq!(printed(open.decide().unwrap().scopes()), ["repository:open/app:pull", "repository:team/app:"]);
    let read_open = |bound| Ask { anonymous: true, bound, ..Ask::of(read("open/app")).by_nobody() };
    assert_eq!(read_open(Bound::Nothing).refusal(), Refusal::Unauthenticated);
    let scope: Arc<[Scope]> = [Scope::pull(&"open/app".parse().unwrap())].into();
    assert!(read_open(Bound::Scopes(scope.clone())).decide().is_ok());
    let switched_off = Ask { anonymous: false, ..read_open(Bound::Scopes(scope)) };
    let denial = switched_off.decide().unwrap_err();
    assert_eq!(denial.rules().iter().map(RuleId::as_str).collect::<Vec<_>>(), ["anonymous-off"]);
}

#[test]
fn a_ping_asks_for_somebody() {
    let ping = || Request::Ping { reading: Reading::Get };
    let permit = Ask::of(ping()).decide().unwrap();
    assert!(permit.granted().is_empty() && permit.rules().is_empty());
    assert!(Ask::of(ping()).bound(&[]).decide().is_ok());
    assert_eq!(Ask::of(ping()).by_nobody().refusal(), Refusal::Unauthenticated);
}

#[test]
fn an_upload_belongs_to_who_opened_it() {
    let append = || {
        let samples = Request::samples(Route::AppendUpload, &"team/app".parse().unwrap());
        Ask::of(samples.into_iter().next().unwrap()).granted("team/app", push())
    };
    let revoked = match fixture::robot("ci") {
        Principal::Robot(robot) => Principal::Robot(Arc::new(crate::Robot { epoch: Epoch(0), ..(*robot).clone() })),
        Principal::Anonymous => Principal::Anonymous,
    };
    assert!(append().upload_of(&fixture::robot("ci")).decide().is_ok());
    assert!(append().decide().is_ok());
    for owner in [fixture::robot("other"), revoked, Principal::Anonymous] {
        assert_eq!(append().upload_of(&owner).refusal(), Refusal::ForeignUpload, "{owner:?}");
    }
}

#[test]
fn a_rule_that_cannot_be_evaluated_denies() {
    let denial = Ask::of(read("broken/app")).granted("**", pull()).decide().unwrap_err();
    assert_eq!(denial.refusal(), Refusal::Broken);
    assert_eq!(denial.rules().iter().map(RuleId::as_str).collect::<Vec<_>>(), ["overflows"]);
    let denial = Ask::of(token(&["repository:broken/app:pull"])).granted("**", pull()).decide().unwrap_err();
    assert_eq!(denial.refusal(), Refusal::Broken);
    assert!(Ask::of(read("other/app")).granted("**", pull()).decide().is_ok());
}

#[test]
fn every_kind_of_refusal_is_reached_for_every_route_that_has_it() {
    let repository: Repository = "team/app".parse().unwrap();
    let requests = Route::ALL.into_iter().flat_map(|route| Request::samples(route, &repository));
    let mut seen = HashSet::new();
    for request in requests {
        let asks = [Ask::of(request.clone()).by_nobody(), Ask::of(request.clone()).bound(&[]), Ask::of(request)];
        seen.extend(asks.iter().filter_map(|ask| ask.decide().err()).map(|denial| format!("{:?}", denial.refusal())));
    }
    assert_eq!(
        seen,
        ["Unauthenticated", "ScopeAbsent", "SwitchedOff", "Refused { may_push: false }"].map(str::to_owned).into()
    );
}

#[test]
fn a_transfer_stands_while_its_grant_does() {
    let policy = fixture::policy(&[]);
    let mut grant = fixture::grant("g", "ci", "team/app", pull().collect());
    let end = fixture::now().after(std::time::Duration::from_secs(60));
    grant.until = Some(end.wall);
    let grants: GrantIndex = [grant].into_iter().collect();
    let question = Question::new(fixture::robot("ci"), Bound::Everything, read("team/app"), fixture::context());
    let standing = policy.decide(&Arc::new(question), &grants, fixture::now()).unwrap().standing();
    assert_eq!(standing.valid_until(), Some(end.wall));
    assert!(policy.reaffirm(&standing, &grants, fixture::now()));
    assert!(!policy.reaffirm(&standing, &grants, end));
    assert!(!policy.reaffirm(&standing, &GrantIndex::default(), fixture::now()));
    let shut = fixture::policy(&["forbid(principal, action, resource);"]);
    assert!(!shut.reaffirm(&standing, &grants, fixture::now()));
}

#[test]
fn a_list_of_tags_is_not_a_pull() {
    let list = || oci("team/app", Operation::ListTags { page: Page::default() });
    let quiet = ActionSet::of(protocol::Group::Pull).without(ActionSet::of(protocol::Group::List));
    assert!(Ask::of(read("team/app")).granted("**", quiet.iter()).decide().is_ok());
    assert_eq!(Ask::of(list()).granted("**", quiet.iter()).refusal(), Refusal::Refused { may_push: false });
}
