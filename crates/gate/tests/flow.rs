//! What the gate does with those it lets in, and how it behaves on the wire towards those it does not.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

#[path = "refusals/asked.rs"]
mod asked;
mod house;

use std::thread;
use std::time::Duration;

use audit::{Decision, Ended, Joined, Leaf, Reason};
use policy::RepositoryRule;
use protocol::{Group, Route};
use state::Change;
use testkit::http::{Connection, Response};
use testkit::image::Noise;

use asked::{Asked, NOWHERE, THERE};
use house::{CONTENT, House, Plan, Robot};

const MANIFEST: &str = "/v2/acme/app/manifests/v1";

/// A house with content in it, and the robot that may do everything with it.
fn inhabited(plan: Plan) -> (House, Robot) {
    let house = House::with(plan);
    let owner = Robot::called("owner").may(&Group::ALL, "acme/**").live_in(&house);
    house.fill(&owner, THERE);
    (house, owner)
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.head.header(name)
}

/// Everything in an answer's head that does not change from one to the next.
fn lasting(answer: &Response) -> Vec<&(String, String)> {
    let passing = ["date", "x-request-id"];
    answer.head.headers.iter().filter(|(name, _)| !passing.contains(&name.as_str())).collect()
}

/// Decision and reason of the only new decision.
fn only_decision(house: &mut House) -> (Decision, String) {
    let mut decisions = house.new_decisions();
    assert_eq!(decisions.len(), 1);
    let record = decisions.remove(0);
    (record.decision.unwrap(), record.reason)
}

fn decided(decision: Decision, reason: Reason) -> (Decision, String) {
    (decision, reason.as_str().to_owned())
}

#[test]
fn every_route_serves_who_may() {
    let (house, owner) = inhabited(Plan::default());
    let mut served = Vec::new();
    for path in ["basic", "bearer", "token"] {
        let robot = Robot::called(path).may(&Group::ALL, "acme/**").live_in(&house);
        for sample in 0..Asked::all("sha256:", "").len() {
            let (digest, upload) = (house.fill(&owner, THERE), house.open_upload(&robot, THERE));
            let [asked, _] = Asked::all(&digest, &upload).swap_remove(sample);
            let name = format!("{path} {sample} {} {:?}", asked.method, asked.route);
            let authorization = match (path, asked.route) {
                ("bearer", _) => format!("Bearer {}", robot.key()),
                // A token begets no token.
                ("basic", _) | (_, Route::Token) => robot.basic(),
                _ => format!("Bearer {}", house.token(Some(&robot), &[&asked.scope().unwrap_or_default()])),
            };
            let headers = [("Authorization", authorization.as_str()), ("User-Agent", &name)];
            let answer = house.ask(&asked.method, &asked.target, &headers, &asked.body);
            assert_eq!(answer.head.status, success(&asked), "{name}: {}", answer.text());
            assert_eq!(header(&answer, "docker-distribution-api-version"), Some("registry/2.0"), "{name}");
            assert_eq!(header(&answer, "www-authenticate"), None, "{name}");
            let kept = if asked.route == Route::Token { "no-store" } else { "private" };
            assert_eq!(header(&answer, "cache-control"), Some(kept), "{name}");
            assert_eq!(header(&answer, "vary"), Some("Authorization"), "{name}");
            served.push((name, answer.head.status));
        }
    }
    let journal = house.settled();
    for (name, status) in served {
        let mut found = journal.iter().filter(|joined| joined.record.user_agent.as_ref() == Some(&name));
        let (Some(Joined { record, outcome, .. }), None) = (found.next(), found.next()) else {
            panic!("{name}: one decision")
        };
        assert_eq!(
            (record.decision, record.reason.as_str()),
            (Some(Decision::Allow), Reason::GRANTED.as_str()),
            "{name}"
        );
        let outcome = outcome.as_ref().map(|outcome| (outcome.status, outcome.ended));
        assert_eq!(outcome, Some((status, Ended::Complete)), "{name}");
    }
}

fn success(asked: &Asked) -> u16 {
    match asked.route {
        Route::Ping
        | Route::ReadManifest
        | Route::ReadBlob
        | Route::ListTags
        | Route::ListReferrers
        | Route::ListRepositories
        | Route::Token => 200,
        Route::WriteManifest | Route::FinishUpload => 201,
        Route::OpenUpload if asked.target.contains("mount=") => 201,
        Route::OpenUpload | Route::AppendUpload | Route::DeleteManifest | Route::DeleteBlob => 202,
        Route::ReadUpload | Route::CancelUpload => 204,
    }
}

#[test]
fn a_catalog_that_is_off_is_not_there() {
    let mut plan = Plan::default();
    plan.policy.catalog = false;
    let (mut house, owner) = inhabited(plan);
    let nobody = house.ask("GET", "/v2/_catalog", &[], b"");
    assert!(header(&nobody, "www-authenticate").unwrap().ends_with(r#",scope="registry:catalog:*""#));
    let token = format!("Bearer {}", house.token(Some(&owner), &["registry:catalog:*"]));
    for authorization in [owner.basic(), token] {
        house.new_leaves();
        let told = |target: &str| {
            let answer = house.ask("GET", target, &[("Authorization", &authorization)], b"");
            let id = header(&answer, "x-request-id").unwrap().to_owned();
            (answer.head.status, answer.text().replace(&id, "ID"))
        };
        assert_eq!(told("/v2/_catalog"), told("/v2/_nothing"));
        let decided_on = house.new_decisions().remove(0);
        assert_eq!(
            (decided_on.decision.unwrap(), decided_on.reason, decided_on.status),
            (Decision::Deny, Reason::SWITCHED_OFF.to_string(), Some(404))
        );
    }
}

#[test]
fn a_refused_mount_is_a_plain_upload() {
    let (mut house, owner) = inhabited(Plan::default());
    let robot = Robot::called("ci").may(&[Group::Pull, Group::Push], "team/**").live_in(&house);
    let digest = testkit::image::digest_of(CONTENT);
    let mount = |from: &str| format!("/v2/team/app/blobs/uploads/?mount={digest}&from={from}");
    let nobody = house.ask("POST", &mount(THERE), &[], b"");
    let both = r#"scope="repository:team/app:pull,push repository:acme/app:pull""#;
    assert!(header(&nobody, "www-authenticate").unwrap().ends_with(both), "{:?}", nobody.head);
    let narrow = house.token(Some(&robot), &["repository:team/app:pull,push"]);
    let wide = house.token(Some(&robot), &["repository:team/app:pull,push", "repository:acme/app:pull"]);
    for authorization in [robot.basic(), format!("Bearer {narrow}"), format!("Bearer {wide}")] {
        let heads = [THERE, NOWHERE].map(|from| {
            house.new_leaves();
            let opened = house.ask("POST", &mount(from), &[("Authorization", &authorization)], b"");
            assert_eq!(opened.head.status, 202, "{}", opened.text());
            let upload = format!("http://{}/v2/team/app/blobs/uploads/", house.address);
            assert!(header(&opened, "location").unwrap().starts_with(&upload), "{:?}", opened.head);
            let record = house.new_decisions().remove(0);
            assert_eq!((record.decision, record.reason.as_str()), (Some(Decision::Allow), Reason::NARROWED.as_str()));
            assert_eq!(record.request.unwrap().mount_from.as_deref(), Some(from));
            let missing = record.policy.unwrap().missing;
            assert_eq!((missing[0].action.as_str(), missing[0].repository.as_str()), ("mount-from", from));
            opened.head.headers.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        });
        assert_eq!(heads[0], heads[1], "a mount tells whether its source exists");
        let read = house.ask_as(&robot, "HEAD", &format!("/v2/team/app/blobs/{digest}"), b"");
        assert_eq!(read.head.status, 404, "nothing was mounted");
    }
    let within = format!("/v2/acme/two/blobs/uploads/?mount={digest}&from={THERE}");
    assert_eq!(house.ask_as(&owner, "POST", &within, b"").head.status, 201, "who may pull there mounts from there");
}

#[test]
fn a_token_for_nothing_is_a_token() {
    let (mut house, _) = inhabited(Plan::default());
    let robot = Robot::called("ci").may(&Group::ALL, "team/**").live_in(&house);
    house.new_leaves();
    for repository in [THERE, NOWHERE] {
        let form = format!("username=ci&password={}&scope=repository:{repository}:pull,push", robot.key());
        let answer = house.ask("POST", "/token", &[], form.as_bytes());
        let reply: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.head.status, reply["scope"].as_str()), (200, Some("")), "{repository}");
        let record = house.new_decisions().remove(0);
        assert_eq!((record.decision, record.reason.as_str()), (Some(Decision::Allow), Reason::NARROWED.as_str()));
        assert_eq!(record.request.unwrap().scopes_granted, Some(vec![format!("repository:{repository}:")]));
    }
}

#[test]
fn who_asked_for_less_is_told_to_ask_for_more() {
    let (mut house, owner) = inhabited(Plan::default());
    let (less, more) = ("repository:acme/app:pull", "repository:acme/app:pull,push");
    for (scope, status) in [(less, 401), (more, 201)] {
        let bearer = format!("Bearer {}", house.token(Some(&owner), &[scope]));
        house.new_leaves();
        let answer = house.ask("PUT", MANIFEST, &[("Authorization", &bearer)], CONTENT);
        assert_eq!(answer.head.status, status, "{}", answer.text());
        let asks = format!(r#"scope="{more}",error="insufficient_scope""#);
        assert_eq!(header(&answer, "www-authenticate").is_some_and(|value| value.ends_with(&asks)), status == 401);
        if status == 401 {
            assert_eq!(only_decision(&mut house), decided(Decision::Deny, Reason::SCOPE_NARROWER));
        }
    }
}

#[test]
fn what_is_revoked_between_decision_and_answer_is_not_served() {
    let mut plan = Plan::default();
    // Each record is synced before its answer: most of a pull's time passes between decision and answer.
    plan.journal.strict = true;
    let (house, _) = inhabited(plan);
    let overtaken = |joined: &Joined| {
        let outcome = joined.outcome.as_ref().map(|outcome| (outcome.status, outcome.ended));
        joined.record.decision == Some(Decision::Allow) && outcome == Some((401, Ended::Revoked))
    };
    let found = (0..100).any(|round| {
        pull_until_revoked(
            &house,
            &Robot::called(&format!("ci{round}")).may(&[Group::Pull], "acme/**").live_in(&house),
        );
        house.settled().iter().any(overtaken)
    });
    assert!(found, "no revocation came while a record was being synced");
}

/// Pulls from several sides, and revokes the robot meanwhile.
fn pull_until_revoked(house: &House, robot: &Robot) {
    let pull = || {
        let mut answers = std::iter::repeat_with(|| house.ask_as(robot, "GET", MANIFEST, b""));
        let refused = answers.find(|answer| answer.head.status != 200).unwrap();
        assert_eq!(refused.head.status, 401, "{}", refused.text());
        assert!(header(&refused, "www-authenticate").unwrap().ends_with(r#"error="invalid_token""#));
    };
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(pull);
        }
        let begun = house.leaves_written() + 8;
        house.wait("pulls are under way", |house| house.leaves_written() > begun);
        house.change(Change::RevokeRobot(robot.name.clone()));
    });
}

#[test]
fn an_upload_that_is_revoked_reads_why() {
    let (house, owner) = inhabited(Plan::default());
    let stored = house.stored();
    let mut connection = Connection::open(house.address);
    let basic = owner.basic();
    let before = house.leaves_written();
    connection.start("PUT", "/v2/acme/app/manifests/v2", &[("Authorization", &basic)], Some(CONTENT.len() as u64));
    connection.send(&CONTENT[..10]).unwrap();
    house.wait("the push is admitted", |house| house.leaves_written() > before);
    house.change(Change::RevokeRobot(owner.name.clone()));
    let answer = connection.response("PUT");
    assert_eq!(answer.head.status, 401, "{}", answer.text());
    let challenge = header(&answer, "www-authenticate").unwrap();
    assert!(challenge.ends_with(r#"scope="repository:acme/app:pull,push",error="invalid_token""#), "{challenge}");
    assert_eq!(house.stored(), stored);
    let last = house.settled().pop().unwrap();
    assert_eq!(last.record.decision, Some(Decision::Allow));
    assert_eq!(last.outcome.map(|outcome| (outcome.status, outcome.ended)), Some((401, Ended::Revoked)));
}

#[test]
fn a_protected_tag_is_forbidden() {
    let (mut house, owner) = inhabited(Plan::default());
    let protected = RepositoryRule {
        name: "acme/**".parse().unwrap(),
        visibility: None,
        environment: None,
        protected_tags: vec!["v*".parse().unwrap()],
    };
    house.rule(vec![protected], "");
    house.new_leaves();
    let stored = house.stored();
    for (method, body) in [("PUT", CONTENT), ("DELETE", b"")] {
        let answer = house.ask_as(&owner, method, MANIFEST, body);
        assert_eq!(answer.head.status, 403, "{}", answer.text());
        assert_eq!(only_decision(&mut house), decided(Decision::Deny, Reason::FORBIDDEN));
    }
    assert_eq!(house.stored(), stored);
    assert_eq!(house.ask_as(&owner, "PUT", "/v2/acme/app/manifests/v2", CONTENT).head.status, 201, "a new one is made");
}

#[test]
fn a_key_near_its_end_says_so() {
    let (house, _) = inhabited(Plan::default());
    let robot = Robot::called("ci").may(&[Group::Pull], "acme/**").expires(house.clock.after(3_000)).live_in(&house);
    let warned = |authorization: &str, target: &str| {
        let answer = house.ask("GET", target, &[("Authorization", authorization)], b"");
        header(&answer, "warning").map(str::to_owned)
    };
    let end = house.clock.after(3_000);
    house.clock.pass(2_699);
    assert_eq!(warned(&robot.basic(), MANIFEST), None);
    house.clock.pass(1);
    let text = format!("299 - \"the robot key {} expires at {end:.0}\"", robot.key_id);
    let token = format!("Bearer {}", house.token(Some(&robot), &["repository:acme/app:pull"]));
    for authorization in [&robot.basic(), &token] {
        for target in ["/v2/", MANIFEST, "/v2/other/app/tags/list"] {
            assert_eq!(warned(authorization, target).as_deref(), Some(text.as_str()), "{target}");
        }
    }
    house.clock.pass(300);
    assert_eq!(warned(&robot.basic(), MANIFEST), None, "what has ended is told in no other way than what never was");
}

#[test]
fn what_cannot_be_read_is_not_guessed() {
    let (mut house, owner) = inhabited(Plan::default());
    let (basic, none) = (owner.basic(), [].as_slice());
    let twice = [("Authorization", basic.as_str()), ("Authorization", &basic)];
    let cases = [
        ("/v2/acme/app/manifests/v1", twice.as_slice(), 400, Decision::Unidentified, Reason::BAD_AUTHORIZATION),
        ("/v2/acme/app/unknown/v1", none, 404, Decision::Malformed, Reason::UNPARSABLE),
        ("/v2/Acme/app/manifests/v1", none, 400, Decision::Malformed, Reason::UNPARSABLE),
        ("/token?service=elsewhere", none, 400, Decision::Malformed, Reason::FOREIGN_SERVICE),
    ];
    house.new_leaves();
    for (target, headers, status, decision, reason) in cases {
        let answer = house.ask("GET", target, headers, b"");
        assert_eq!(answer.head.status, status, "{target}: {}", answer.text());
        assert_eq!(header(&answer, "www-authenticate"), None, "{target}: asking again is no use");
        assert_eq!(only_decision(&mut house), decided(decision, reason), "{target}");
    }
}

#[test]
fn a_connection_without_a_request_leaves_a_leaf() {
    let mut house = House::open();
    let mut connection = Connection::open(house.address);
    connection.send(b"GET /v2/ HTTP/1.1\r\nHost: \x01\r\n\r\n").unwrap();
    assert_eq!(connection.head().unwrap().status, 400);
    house.wait("the connection is told of", |house| house.leaves_written() == 1);
    assert_eq!(only_decision(&mut house), decided(Decision::Malformed, Reason::FRAMING));
}

#[test]
fn a_connection_that_idles_has_asked_for_nothing() {
    let mut plan = Plan::default();
    plan.limits.head_timeout = Duration::from_millis(100);
    let (mut house, owner) = inhabited(plan);
    let [mut silent, mut served] = [(); 2].map(|()| Connection::open(house.address));
    house.new_leaves();
    served.request("GET", "/v2/", &[("Authorization", &owner.basic())], b"");
    assert_eq!(served.response("GET").head.status, 200);
    for idle in [&mut silent, &mut served] {
        assert!(idle.head().is_err(), "its time is over");
    }
    assert_eq!(only_decision(&mut house), decided(Decision::Allow, Reason::GRANTED));
    house.settled();
    let before = house.leaves_written();
    let mut begun = Connection::open(house.address);
    begun.send(b"GET /v2/ HT").unwrap();
    assert!(begun.head().is_err(), "its time is over");
    house.wait("the half request is told of", |house| house.leaves_written() > before);
    assert_eq!(only_decision(&mut house), decided(Decision::Malformed, Reason::FRAMING));
}

#[test]
fn who_may_only_push_is_told_that_their_blob_arrived() {
    let (mut house, owner) = inhabited(Plan::default());
    let robot = Robot::called("ci").may(&[Group::Push], "acme/**").live_in(&house);
    let other = Robot::called("other").may(&[Group::Push], "acme/**").live_in(&house);
    let digest = testkit::image::digest_of(CONTENT);
    let blob = format!("/v2/acme/new/blobs/{digest}");
    let head = |house: &House, robot: &Robot| house.ask_as(robot, "HEAD", &blob, b"").head.status;
    assert_eq!(head(&house, &robot), 404);
    let upload = format!("/v2/acme/new/blobs/uploads/?digest={digest}");
    assert_eq!(house.ask_as(&robot, "POST", &upload, CONTENT).head.status, 201);
    house.new_leaves();
    assert_eq!(head(&house, &robot), 200);
    let record = house.new_decisions().remove(0);
    assert_eq!((record.decision, record.route.as_deref()), (Some(Decision::Allow), Some(Route::ReadBlob.as_str())));
    assert_eq!(house.ask_as(&robot, "GET", &blob, b"").head.status, 403, "to know it is there is not to read it");
    assert_eq!(head(&house, &other), 404, "whoever did not bring it is told nothing");
    house.change(Change::RevokeRobot(robot.name.clone()));
    assert_eq!(head(&house, &robot), 401);
    assert_eq!(house.ask_as(&owner, "DELETE", &blob, b"").head.status, 202);
    assert_eq!(house.ask_as(&other, "POST", &upload, CONTENT).head.status, 201);
    assert_eq!(head(&house, &other), 200);
}

#[test]
fn a_store_that_cannot_answer_allows_nothing() {
    let (mut house, owner) = inhabited(Plan::default());
    let target = format!("/v2/{THERE}/blobs/uploads/{}", house.open_upload(&owner, THERE));
    let database = rusqlite::Connection::open(house.store_database()).unwrap();
    database.execute_batch("DROP TABLE upload").unwrap();
    house.new_leaves();
    let answer = house.ask_as(&owner, "PATCH", &target, CONTENT);
    assert_eq!((answer.head.status, header(&answer, "retry-after")), (503, Some("5")), "{}", answer.text());
    assert_eq!(only_decision(&mut house), decided(Decision::Broken, Reason::ORIGIN_ERROR));
    let answer = house.ask("PATCH", &target, &[], CONTENT);
    assert_eq!(answer.head.status, 401, "a stranger learns nothing of it: {}", answer.text());
    assert_eq!(only_decision(&mut house), decided(Decision::Deny, Reason::NO_CREDENTIAL));
}

#[test]
fn a_refusal_that_cannot_be_written_stays_a_refusal() {
    let mut plan = Plan::default();
    plan.journal.segment_bytes = 1;
    let (mut house, _) = inhabited(plan);
    house.break_journal();
    house.new_leaves();
    let answer = house.ask("GET", MANIFEST, &[], b"");
    assert_eq!(answer.head.status, 401);
    assert!(header(&answer, "www-authenticate").is_some_and(|value| value.starts_with("Bearer ")));
    assert!(house.new_leaves().is_empty());
}

#[test]
fn a_flood_of_strangers_is_summed_up_and_nobody_else_is() {
    let (mut house, _) = inhabited(Plan::default());
    let robot = Robot::called("ci").may(&Group::ALL, "team/**").live_in(&house);
    house.clock.pass(120);
    house.new_leaves();
    for _ in 0..25 {
        assert_eq!(house.ask("GET", MANIFEST, &[], b"").head.status, 401);
        assert_eq!(house.ask_as(&robot, "GET", MANIFEST, b"").head.status, 403);
    }
    let reasons: Vec<String> = house.new_decisions().into_iter().map(|record| record.reason).collect();
    let count = |reason: Reason| reasons.iter().filter(|found| *found == reason.as_str()).count();
    assert_eq!((count(Reason::NO_CREDENTIAL), count(Reason::NOT_GRANTED)), (20, 25));
    house.clock.pass(120);
    house.settle();
    let floods: Vec<Leaf> = house.new_leaves().into_iter().filter(|leaf| matches!(leaf, Leaf::Flood(_))).collect();
    let [Leaf::Flood(flood)] = floods.as_slice() else { panic!("one flood: {floods:?}") };
    assert_eq!(
        (flood.count, flood.decision, flood.names.as_slice()),
        (5, Decision::Deny, [THERE.to_owned()].as_slice())
    );
    assert_eq!((flood.reason.as_str(), flood.source.as_deref()), (Reason::NO_CREDENTIAL.as_str(), Some("127.0.0.1")));
}

#[test]
fn head_is_get_without_its_body() {
    let (house, owner) = inhabited(Plan::default());
    let digest = testkit::image::digest_of(CONTENT);
    let targets =
        ["/v2/", MANIFEST, &format!("/v2/acme/app/manifests/{digest}"), &format!("/v2/acme/app/blobs/{digest}")];
    for target in targets {
        let [get, head] = ["GET", "HEAD"].map(|method| house.ask_as(&owner, method, target, b""));
        assert_eq!((get.head.status, lasting(&get)), (head.head.status, lasting(&head)), "{target}");
        assert!(head.body.is_empty() && !get.body.is_empty(), "{target}");
        let [get, head] = ["GET", "HEAD"].map(|method| house.ask(method, target, &[], b""));
        let without_length = lasting(&get).into_iter().filter(|(name, _)| name != "content-length").collect::<Vec<_>>();
        assert_eq!((get.head.status, without_length), (head.head.status, lasting(&head)), "{target}");
    }
}

#[test]
fn a_connection_outlives_its_refusals() {
    let (house, owner) = inhabited(Plan::default());
    let basic = owner.basic();
    let mut connection = Connection::open(house.address);
    let steps: [(&str, &str, &str, &[u8], u16); 6] = [
        ("GET", MANIFEST, "Basic Og==", b"", 401),
        ("HEAD", MANIFEST, "Basic Og==", b"", 401),
        ("PUT", MANIFEST, "Basic Og==", CONTENT, 401),
        ("GET", "/v2/nothing", &basic, b"", 404),
        ("PUT", "/v2/other/app/manifests/v1", &basic, CONTENT, 403),
        ("GET", MANIFEST, &basic, b"", 200),
    ];
    for (method, target, authorization, body, status) in steps {
        connection.request(method, target, &[("Authorization", authorization)], body);
        let answer = connection.response(method);
        assert_eq!(answer.head.status, status, "{method} {target}: {}", answer.text());
    }
}

#[test]
fn a_body_that_nobody_wants_is_not_asked_for() {
    let (house, _) = inhabited(Plan::default());
    let mut connection = Connection::open(house.address);
    connection.start("PUT", MANIFEST, &[("Expect", "100-continue")], Some(1 << 30));
    assert_eq!(connection.response("PUT").head.status, 401, "no `100 Continue` comes first");
    assert!(connection.head().is_err(), "the connection is closed");

    let mut connection = Connection::open(house.address);
    connection.start("PUT", MANIFEST, &[], Some(10 << 20));
    let sent = connection.stream(Noise::new(1, 10 << 20));
    let answer = connection.response("PUT");
    assert_eq!(answer.head.status, 401, "who sends first reads the answer, after {sent:?}");
}
