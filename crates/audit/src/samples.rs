//! Requests, decisions and journals for the tests of this crate.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use policy::{
    ActionSet, Bound, Context, Denial, Epoch, Grant, GrantId, GrantIndex, Permit, Policy, Principal, PrincipalId,
    Question, Robot,
};
use protocol::{
    Algorithm, Digest, ErrorCode, Group, Mount, Now, Oci, Operation, Problem, Reading, Reference, Repository, Request,
    Route, Scope, WireAction,
};

use crate::circumstances::{Circumstances, CredentialSeen, Decision, Ended, LeafName, Outcome, Refused};
use crate::fixture::key;
use crate::journal::{Journal, Settings};
use crate::leaf::{Administration, Flood, Gap, Leaf, LeafKind, OutcomeEntry, Outcomes, micros};
use crate::probed::{ProbeAnswer, ProbeRun};
use crate::reason::Reason;
use crate::record::{OmittedGroup, Record};

pub(crate) fn now() -> Now {
    Now { wall: Timestamp::from_second(1_800_000_000).unwrap(), tick: Duration::ZERO }
}

pub(crate) fn later(seconds: u64) -> Now {
    now().after(Duration::from_secs(seconds))
}

pub(crate) fn journal(folder: &Path) -> Journal {
    Journal::open(&Settings::default(), folder.to_owned(), key().public().name(), key(), now()).unwrap().0
}

pub(crate) fn robot() -> Principal {
    let (id, name, owner) = (PrincipalId::new("rb_1"), "ci".parse().unwrap(), "team".to_owned());
    Principal::Robot(Arc::new(Robot { id, name, owner, epoch: Epoch(1) }))
}

/// Nobody, from a documentation address, with everything filled in that a request may bring.
pub(crate) fn circumstances() -> Circumstances {
    Circumstances {
        received: now().wall,
        request_id: "00c0ffee00c0ffee".to_owned(),
        source: [192, 0, 2, 7].into(),
        peer: "192.0.2.7:40000".parse().unwrap(),
        listener: "127.0.0.1:5000".parse().unwrap(),
        host: Some("localhost:5000".to_owned()),
        user_agent: Some("docker/27".to_owned()),
        method: "GET".to_owned(),
        range: Some("bytes=0-9".to_owned()),
        credential: None,
    }
}

pub(crate) fn named(request_id: &str) -> Circumstances {
    Circumstances { request_id: request_id.to_owned(), ..circumstances() }
}

pub(crate) fn with_token() -> Circumstances {
    let issued_by = Some(LeafName { log: "example/one".to_owned(), sequence: 3 });
    let claimed_user = Some("somebody".to_owned());
    let credential = CredentialSeen { kind: "token", id: Some("jti-1".to_owned()), issued_by, claimed_user };
    Circumstances { credential: Some(credential), ..circumstances() }
}

pub(crate) fn repository(name: &str) -> Repository {
    name.parse().unwrap()
}

/// The first request of a route, about `team/app`.
pub(crate) fn request(route: Route) -> Request {
    Request::samples(route, &repository("team/app")).swap_remove(0)
}

pub(crate) fn oci(operation: Operation) -> Request {
    Request::Oci(Oci { repository: repository("team/app"), operation })
}

pub(crate) fn digest(byte: u8) -> Digest {
    Digest::from_hash(Algorithm::Sha256, &[byte; 32]).unwrap()
}

pub(crate) fn read_of(byte: u8) -> Request {
    let operation = Operation::ReadBlob { digest: digest(byte), reading: Reading::Get, range: None, known: None };
    oci(operation)
}

pub(crate) fn write_with_tags(repository: &str, tags: &[String]) -> Request {
    let tags = tags.iter().map(|tag| tag.parse().unwrap()).collect();
    let operation = Operation::WriteManifest { reference: Reference::Digest(digest(1)), tags, media_type: None };
    Request::Oci(Oci { repository: repository.parse().unwrap(), operation })
}

pub(crate) fn mount_from(name: &str) -> Request {
    let mount = Some(Mount { digest: digest(1), from: Some(repository(name)) });
    oci(Operation::OpenUpload { mount, digest: None, algorithm: Algorithm::Sha256 })
}

pub(crate) fn token(names: &[String]) -> Request {
    let Request::Token(sample) = request(Route::Token) else { panic!("the sample is a token request") };
    let scopes = names.iter().map(|name| Scope::of(&repository(name), &WireAction::ALL)).collect();
    Request::Token(protocol::TokenRequest { scopes, ..sample })
}

/// What the policy says where the robot may do everything below `team` and pull below `base`.
pub(crate) fn decide(principal: Principal, request: Request) -> Result<Permit, Box<Denial>> {
    let mut grants = GrantIndex::default();
    let all = Group::ALL.into_iter().map(ActionSet::of).fold(ActionSet::default(), ActionSet::union);
    for (id, pattern, actions) in [("gr_1", "team/**", all), ("gr_2", "base/**", ActionSet::of(Group::Pull))] {
        let (id, holder, pattern) = (GrantId::new(id), PrincipalId::new("rb_1"), pattern.parse().unwrap());
        grants.insert(Arc::new(Grant { id, holder, pattern, actions, until: None, reason: None }));
    }
    let settings = policy::Settings { catalog: true, ..policy::Settings::default() };
    let policy = Policy::build(&settings, Vec::new(), &[]).unwrap();
    let context = Context::new(circumstances().source);
    let question = Question::new(principal, Bound::Everything, request, context);
    policy.decide(&Arc::new(question), &grants, now())
}

pub(crate) fn permit(request: Request) -> Permit {
    decide(robot(), request).unwrap()
}

pub(crate) fn problem() -> Problem {
    Problem::new(401, ErrorCode::Unauthorized, "authentication required")
}

/// A refusal by a stranger, for no credential.
pub(crate) fn strangers<'a>(problem: &'a Problem, request: Option<&'a Request>) -> Refused<'a> {
    let (decision, reason) = (Decision::Deny, Reason::NO_CREDENTIAL);
    Refused { decision, reason, problem, request, principal: Some(&Principal::Anonymous), denial: None }
}

pub(crate) fn outcome() -> Outcome {
    Outcome { status: 200, bytes: 20, duration_us: 300, ended: Ended::Complete, digest: None }
}

pub(crate) fn served(digest: &Digest) -> Outcome {
    Outcome { digest: Some(digest.to_string()), ..outcome() }
}

pub(crate) fn change(state_sequence: u64) -> Administration {
    Administration {
        actor: 0,
        command: "robot create".to_owned(),
        kind: LeafKind::Admin,
        object: "robot:ci".to_owned(),
        state_sequence,
        time: micros(now().wall),
        via: "socket".to_owned(),
        working_as: 1000,
    }
}

/// Leaves of every kind, which together have every member there is.
pub(crate) fn populated() -> Vec<Leaf> {
    let mut leaves: Vec<Leaf> = records().into_iter().map(|record| Leaf::Decision(Box::new(record))).collect();
    let time = || micros(now().wall);
    let of = vec![OutcomeEntry::new(1, outcome()), OutcomeEntry::new(2, served(&digest(1)))];
    leaves.push(Leaf::Outcome(Outcomes { kind: LeafKind::Outcome, of }));
    leaves.push(Leaf::Admin(change(7)));
    leaves.push(Leaf::Flood(Flood {
        count: 5,
        decision: Decision::Deny,
        first: time(),
        kind: LeafKind::Flood,
        last: time(),
        names: vec!["team/app".to_owned()],
        reason: Reason::NO_CREDENTIAL.as_str().to_owned(),
        source: Some("2001:db8::/64".to_owned()),
        time: time(),
    }));
    let answer = ProbeAnswer {
        answer: "exposed".to_owned(),
        door: "https://registry.example".to_owned(),
        reference: "team/app:1.0".to_owned(),
    };
    leaves.push(Leaf::Probe(ProbeRun {
        doors: vec![answer.door.clone()],
        answers: vec![answer],
        failed: vec!["ANON-02".to_owned()],
        kind: LeafKind::Probe,
        open: vec!["CTL-05".to_owned()],
        outcome: "fail".to_owned(),
        passed: 3,
        probe: 1,
        run: Some("099bb3c0-7e95-4aed-995a-000000000000".to_owned()),
        time: time(),
    }));
    leaves.push(Leaf::Gap(Gap { bytes: 3, kind: LeafKind::Gap, reason: "cut".to_owned(), time: time() }));
    leaves
}

/// Records of all sorts, which together have every member there is.
pub(crate) fn records() -> Vec<Record> {
    let problem = problem();
    let [written, read] = [write_with_tags("team/app", &["v1".to_owned(), "v2".to_owned()]), request(Route::ReadBlob)];
    let elsewhere = Request::samples(Route::DeleteManifest, &repository("other/app")).swap_remove(0);
    let denial = decide(robot(), elsewhere.clone()).unwrap_err();
    let robot = robot();
    let denied = Refused {
        reason: Reason::NOT_GRANTED,
        principal: Some(&robot),
        denial: Some(&denial),
        ..strangers(&problem, Some(&elsewhere))
    };
    let omitted = Some(OmittedGroup { accesses: Some(1), rules: Some(2), scopes: Some(3) });
    vec![
        Record { omitted, ..Record::of_permit(&permit(written), &with_token()) },
        Record::of_permit(&permit(token(&["team/app".to_owned(), "other/app".to_owned()])), &with_token()),
        Record::of_permit(&permit(mount_from("other/app")), &circumstances()),
        Record::of_permit(&permit(read), &circumstances()),
        Record::of_refusal(&denied, &with_token()),
        Record::of_refusal(&strangers(&problem, None), &circumstances()),
    ]
}
