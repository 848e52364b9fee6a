//! Every check has a flaw that turns it red, is green on a safe registry, and stays open where the control is broken.
//! `docs/reference/probe-checks.md` is made from the same table.
#![expect(clippy::unwrap_used, reason = "outside #[test] too, a panic is how a test fails")]

mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::thread;

use probe::{Check, CheckResult, Doubt, Mapping, Outcome, Report, Severity, Thresholds, Verdict, catalogue};
use support::{over_tls, run, run_as, verdict, whole};
use testkit::double::{Double, Effect, Flaw, LEAVER_PASSWORD, LOW_PASSWORD, PASSWORD};
use testkit::image::digest_of;

/// A run of every check at the door in the clear, and one at the door over TLS: what the one has nothing to ask for, the
/// other has.
fn of(flaws: &[Flaw]) -> [Report; 2] {
    // Two registries: what a run takes back is gone for the next.
    let double = Double::start(flaws);
    [run(&Double::start(flaws), None), run_as(&double, &over_tls(&double), None)]
}

/// The verdicts on a check, wherever it was asked.
fn verdicts<'a>(reports: &'a [Report], check: &Check) -> Vec<&'a Verdict> {
    let results = reports.iter().flat_map(|report| &report.results).filter(|result| result.check.id == check.id);
    let found: Vec<&Verdict> = results.filter_map(CheckResult::verdict).collect();
    assert!(!found.is_empty(), "{} was not asked", check.id);
    found
}

/// Here many run side by side; `timing.rs` asks what the clock tells.
fn is_too_busy(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Inconclusive(doubt) if doubt.to_string().starts_with("the times differ too much"))
}

fn flaws_of(check: &Check) -> Vec<Flaw> {
    Flaw::ALL.iter().copied().filter(|flaw| flaw.check() == check.id).collect()
}

#[test]
fn every_check_has_its_flaw_and_every_flaw_its_check() {
    for check in catalogue() {
        let flaws = flaws_of(check);
        let turns_red = flaws.iter().any(|flaw| flaw.effect() == Effect::Fails);
        assert!(turns_red || (check.group.is_control() && !flaws.is_empty()), "{} has no flaw", check.id);
    }
    for flaw in Flaw::ALL {
        assert!(probe::find(flaw.check()).is_some(), "{flaw:?} is for {}", flaw.check());
    }
}

#[test]
fn every_flaw_is_found() {
    // Some wait for what they ask: side by side they wait together.
    thread::scope(|scope| {
        for share in 0..SIDE_BY_SIDE {
            scope.spawn(move || Flaw::ALL.iter().skip(share).step_by(SIDE_BY_SIDE).for_each(|flaw| is_found(*flaw)));
        }
    });
}

/// How many runs go on at the same time.
const SIDE_BY_SIDE: usize = 4;

fn is_found(flaw: Flaw) {
    let double = Double::start(&[flaw]);
    let intent = if flaw.is_over_tls() { over_tls(&double) } else { whole(&double) };
    let report = run_as(&double, &intent, Some(&[flaw.check()]));
    evidence_is_whole(&report, &double);
    let found = verdict(&report, flaw.check());
    match flaw.effect() {
        Effect::Fails if is_too_busy(found) => {}
        Effect::Fails => assert!(matches!(found, Verdict::Fail { .. }), "{flaw:?}: {found:?}"),
        Effect::LeavesOpen => assert!(matches!(found, Verdict::Inconclusive(_)), "{flaw:?}: {found:?}"),
    }
}

/// Every finding can be repeated line by line, and nothing is written down that is not ours to show.
fn evidence_is_whole(report: &Report, double: &Double) {
    for result in &report.results {
        let Some(Verdict::Fail { proof, .. }) = result.verdict() else { continue };
        assert!(!proof.evidence().is_empty(), "{}", result.check.id);
        for id in proof.evidence() {
            let seen = report.observation(*id).unwrap();
            let begins = ["curl -sS", "TOKEN=$(curl -sS", "openssl ", "printf "]
                .iter()
                .any(|begin| seen.curl.starts_with(begin));
            assert!(
                begins && seen.curl.contains(&seen.origin.host().to_string()),
                "{}: {}",
                result.check.id,
                seen.curl
            );
        }
    }
    let hidden: Vec<String> = double.hidden().iter().map(|part| digest_of(part)).collect();
    for written in report.evidence.iter().filter_map(|seen| seen.written()) {
        let Some(beginning) = &written.beginning else { continue };
        assert!(beginning.len() <= 512 && !beginning.contains("KEY=private"), "{beginning}");
        let digest = written.sha256.as_ref().map(|hash| format!("sha256:{hash}"));
        assert!(digest.is_some_and(|digest| !hidden.contains(&digest)), "{beginning}");
        assert!(
            ![PASSWORD, LOW_PASSWORD, LEAVER_PASSWORD].iter().any(|secret| beginning.contains(secret)),
            "{beginning}"
        );
    }
}

#[test]
fn a_safe_registry_passes_every_check() {
    let reports = of(&[]);
    for check in catalogue() {
        for found in verdicts(&reports, check) {
            assert!(matches!(found, Verdict::Pass(_)) || is_too_busy(found), "{}: {found:?}", check.id);
        }
    }
    for result in reports.iter().flat_map(|report| &report.results) {
        let (check, sent) = (result.check, result.seen.len());
        assert!(sent <= check.requests, "{} sent {sent}, and said at most {}", check.id, check.requests);
    }
}

#[test]
fn without_a_control_nothing_passes_and_flaws_are_still_found() {
    for result in of(&[Flaw::ControlRefused]).iter().flat_map(|report| &report.results) {
        let found = result.verdict();
        assert!(matches!(found, None | Some(Verdict::Inconclusive(_))), "{}: {found:?}", result.check.id);
    }
    let report = run(&Double::start(&[Flaw::ControlRefused, Flaw::OpenTag]), None);
    assert!(matches!(verdict(&report, "ANON-02"), Verdict::Fail { .. }));
}

/// A check whose needs only the control can meet is not asked without it; with a control that breaks later it stays open.
#[test]
fn a_control_that_breaks_leaves_every_question_open() {
    let reports = of(&[Flaw::BlocksHalfWay]);
    for check in catalogue() {
        for found in verdicts(&reports, check) {
            assert!(matches!(found, Verdict::Inconclusive(_)), "{}: {found:?}", check.id);
        }
    }
}

/// What was asked before the last good control stands, and nothing that was asked after it.
#[test]
fn a_block_half_way_takes_back_only_what_came_after() {
    let whole = run(&Double::start(&[]), None).spent.requests;
    let double = Double::start(&[]);
    double.block_after(whole / 2);
    let report = run(&double, None);
    assert_eq!(report.outcome(&Thresholds::default()), Outcome::Interfered);
    let asked = report.results.iter().filter_map(|result| Some((result.check.id, result.verdict()?)));
    let asked = asked.filter(|(_, verdict)| !is_too_busy(verdict));
    let open: Vec<(&str, bool)> =
        asked.map(|(id, verdict)| (id, matches!(verdict, Verdict::Inconclusive(_)))).collect();
    let passed = open.iter().take_while(|(_, open)| !open).count();
    assert!(passed >= 25 && open.len() - passed >= 25, "{passed} of {}", open.len());
    assert!(open.iter().skip(passed).all(|(_, open)| *open), "after the last good control nothing passes: {open:?}");
    let fails = report.results.iter().filter_map(CheckResult::verdict).any(|it| matches!(it, Verdict::Fail { .. }));
    assert!(!fails, "a block is no finding");
}

/// A door that fails because of what is odd is a finding, and the question itself stays open beside it.
#[test]
fn a_parser_that_breaks_is_a_finding_beside_an_open_question() {
    for (flaw, ids) in [
        (Flaw::FailsOnForgedTokens, ["FORGE-01", "FORGE-02", "FORGE-06", "FORGE-14"]),
        (Flaw::FailsOnOddPaths, ["ROUTE-02", "ROUTE-03", "ROUTE-04", "ROUTE-08"]),
    ] {
        let report = run(&Double::start(&[flaw]), Some(&ids));
        for id in ids {
            let Verdict::Fail { proof, severity } = verdict(&report, id) else { panic!("{id}") };
            assert_eq!((*severity, proof.exposes()), (Severity::Medium, false), "{id}");
            assert!(matches!(proof.open(), Some(Doubt::ServerFailed { .. } | Doubt::Named { .. })), "{id}: {proof:?}");
        }
        assert_eq!(report.outcome(&Thresholds::default()), Outcome::Inconclusive, "the questions are still open");
    }
}

#[test]
fn the_reference_is_the_catalogue() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/probe-checks.md");
    let page = page();
    if std::fs::read_to_string(&file).is_ok_and(|written| written == page) {
        return;
    }
    std::fs::write(&file, page).expect("the page can be written");
    panic!(
        "docs/reference/probe-checks.md was not what the catalogue says: it has been written anew, look at the difference"
    );
}

fn page() -> String {
    let mut page = String::from(
        "# What the probe asks\n\n\
         This page is made from the catalogue and from the flaws that the tests plant. R is the private repository, T its tag, \
         D, C and B\nthe digests of its manifest, configuration and topmost layer, X a random name. A check that is neither \
         passed nor failed is\ninconclusive: no answer, half an answer, 429, 5xx, a refusal that the intent does not accept, \
         or controls that do not hold. A\nreference is a public defect, a section of a standard, or the weakness as CWE numbers it. \
         The last column names the planted flaws on\nwhich the check fails, or, in italics, stays open; on a safe registry each \
         passes, and where the control breaks each is inconclusive.\n\n\
         | id | mode | severity | asks | request | verdicts | why | reference | planted flaws |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for check in catalogue() {
        let flaws: Vec<String> = flaws_of(check).into_iter().map(named).collect();
        let weaknesses = Mapping::of(check).into_iter().flat_map(|mapping| mapping.cwe);
        let references = check.references.iter().map(ToString::to_string);
        let references: Vec<String> = references.chain(weaknesses.map(|number| format!("CWE-{number}"))).collect();
        let (references, flaws) = (references.join(", "), flaws.join(", "));
        let (mode, severity, request) =
            (check.mode.to_string(), check.severity.to_string(), check.request.replace('<', "&lt;"));
        let (title, judgement, why) = (check.title, check.judgement, check.why);
        let row = [check.id, &mode, &severity, title, &request, judgement, why, &references, &flaws];
        assert!(row.iter().all(|cell| !cell.trim().is_empty()), "{row:?}");
        writeln!(page, "| {} |", row.join(" | ")).unwrap();
    }
    page
}

fn named(flaw: Flaw) -> String {
    match flaw.effect() {
        Effect::Fails => format!("{flaw:?}"),
        Effect::LeavesOpen => format!("*{flaw:?}*"),
    }
}
