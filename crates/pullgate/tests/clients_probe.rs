//! `pullgate probe` against registries that are not ours, as people run them: what is closed is not accused, and what is
//! open is found, also where it looks closed.

mod foreign;
mod probing;
mod support;

use foreign::{Target, closed, open};
use serde_json::Value;
use testkit::issuer::Grants::{self, PullsToAccounts, PullsToAnybody, WithCare};
use testkit::issuer::Issuer;
use testkit::registries::Distribution::{self, Debian as DEBIAN, Third as THIRD};
use testkit::registries::{Access, Foreign};

/// nginx that asks everybody who they are, and hands everything on.
const EVERYTHING: &str = "location / { protected; pass; }";
/// nginx that asks nobody: whatever stands behind it does.
const NOTHING: &str = "location / { pass; }";

/// Starts a target.
type Start = fn() -> Target;
/// What is found at a target, at least.
type Holes = &'static [&'static str];

/// What is found at every door of distribution, and is true: its answers do not tell caches that they are for one alone.
const TELLS_NO_CACHE: Holes = &["LEAK-10"];
/// Where somebody may push, also that it takes manifests that can be read in two ways, which fails the run.
const TAKES_TWICE: Holes = &["BIND-13", "LEAK-10"];
/// What is found at nginx in front of it, and is true: it asks for a body before anybody has decided.
const CONTINUES: Holes = &["ROUTE-25"];

/// Targets that are as they should be, and what is found there nevertheless, and nothing else.
const SAFE: [(&str, Start, Holes); 10] = [
    ("docker-registry with a password", || closed(DEBIAN), TELLS_NO_CACHE),
    ("docker-registry with a token service", || with_tokens(DEBIAN, WithCare), TAKES_TWICE),
    ("docker-registry with a password, behind nginx", || closed(DEBIAN).behind(NOTHING), CONTINUES),
    ("docker-registry with a password, behind nginx with TLS", || closed(DEBIAN).behind_tls(NOTHING), CONTINUES),
    ("docker-registry with a password, at two doors", || closed(DEBIAN).beside(NOTHING), &["LEAK-10", "ROUTE-25"]),
    (
        "docker-registry with a token service, behind nginx",
        || with_tokens(DEBIAN, WithCare).behind(NOTHING),
        &["BIND-13", "ROUTE-25"],
    ),
    ("docker-registry that asks nobody, behind nginx that asks", || open(DEBIAN).behind(EVERYTHING), &[]),
    ("the same with TLS", || open(DEBIAN).behind_tls(EVERYTHING), &[]),
    ("crane's registry, behind nginx that asks", || Target::open(Foreign::crane_registry()).behind(EVERYTHING), &[]),
    ("pullgate", Target::pullgate, &[]),
];

const EVERY_WAY: Holes = &["ANON-02", "ANON-03", "ANON-05", "ANON-06"];

/// Targets with a hole.
const OPEN: [(&str, Start, Holes); 7] = [
    ("docker-registry that asks nobody", || open(DEBIAN), EVERY_WAY),
    ("crane's registry", || Target::open(Foreign::crane_registry()), EVERY_WAY),
    (
        "nginx that forgets the blobs",
        || open(DEBIAN).behind("location ~ /manifests/ { protected; pass; } location / { pass; }"),
        &["ANON-05", "ANON-06"],
    ),
    (
        "nginx that forgets the lists",
        || open(DEBIAN).behind("location ~ /(manifests|blobs)/ { protected; pass; } location / { pass; }"),
        &["ANON-08", "ANON-11"],
    ),
    ("a second port around nginx", || open(DEBIAN).beside(EVERYTHING), EVERY_WAY),
    ("a token service that lets anybody pull", || with_tokens(DEBIAN, PullsToAnybody), &["TOK-02"]),
    ("a token service that lets every account pull", || with_tokens(DEBIAN, PullsToAccounts), &["TOK-07"]),
];

/// distribution that believes a token service.
fn with_tokens(release: Distribution, grants: Grants) -> Target {
    let issuer = Issuer::start(grants);
    let registry = Foreign::distribution(release, Access::Token(&issuer));
    Target::trusting(issuer, registry)
}

#[test]
fn what_is_closed_is_not_accused() {
    all_hold(SAFE.map(|(what, start, found)| start().is_private(what, found)));
}

#[test]
fn what_is_open_is_found() {
    all_hold(OPEN.map(|(what, start, holes)| start().has(what, holes)));
}

#[test]
fn a_token_that_anybody_gets_exposes_what_is_behind_every_401() {
    let report = with_tokens(DEBIAN, PullsToAnybody).run().report;
    assert_eq!(report.pointer("/answers/0/answer").unwrap(), "exposed", "{report:#}");
}

/// The tokens of this service are JWTs, and the one who verifies them is not of ours.
#[test]
fn a_real_verifier_refuses_what_was_forged() {
    let run = with_tokens(DEBIAN, WithCare).run();
    // Some need what only the operator of a token service has, and one waits longer than a test.
    let asked = |check: &&Value| is_of(check, "FORGE") && check["verdict"] != "NOT SELECTED";
    let forged: Vec<_> = run.checks().filter(asked).collect();
    let open: Vec<_> = forged.iter().filter(|check| check["verdict"] != "PASS").collect();
    assert!(forged.len() > 15 && open.is_empty(), "{} were asked, and not all passed: {open:#?}", forged.len());
}

fn is_of(check: &Value, group: &str) -> bool {
    check["id"].as_str().is_some_and(|id| id.starts_with(group))
}

/// distribution 3 takes minutes to build; `cargo xtask soak` does.
#[test]
#[ignore = "long: distribution 3 is built for it"]
fn soak_distribution_3_is_judged_as_its_older_sister() {
    all_hold([
        closed(THIRD).is_private("distribution 3 with a password", TELLS_NO_CACHE),
        closed(THIRD).behind_tls(NOTHING).is_private("the same, behind nginx with TLS", CONTINUES),
        with_tokens(THIRD, WithCare).is_private("distribution 3 with a token service", TAKES_TWICE),
        open(THIRD).behind(EVERYTHING).is_private("distribution 3 that asks nobody, behind nginx that asks", &[]),
        open(THIRD).has("distribution 3 that asks nobody", EVERY_WAY),
        with_tokens(THIRD, PullsToAnybody).has("distribution 3 whose token service lets anybody pull", &["TOK-02"]),
    ]);
}

/// Every target is judged before anything is said.
fn all_hold<const N: usize>(judged: [Result<(), String>; N]) {
    let wrong: Vec<String> = judged.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
