//! `pullgate probe --mode active` against a running pullgate, with everybody that the checks want: low, a leaver, S and P;
//! and what such a run costs.
#![expect(clippy::print_stdout, reason = "what was measured is printed")]

mod probing;
mod support;

use probing::Household;
use serde_json::Value;
use support::{OPEN_TO_ALL, Registry};

/// What a run may take.
const MAX_MEMORY: u64 = 64 << 20;
/// What a run about two references at one door may send: far from what the checks may send altogether.
const MAX_REQUESTS: u64 = 3000;

#[test]
fn nothing_is_found_in_pullgate() {
    let registry = Registry::configured(OPEN_TO_ALL);
    let household = Household::of(&registry, &[format!("http://{}", registry.address)], Some("public/base"));
    let run = household.ask(&registry, "active", &[]);
    assert!(run.is_clean(), "{:?}\n{}{}", run.code, run.findings(), run.errors);
    let of_tokens = |check: &&Value| check["id"].as_str().is_some_and(|id| id.starts_with("TOK"));
    let was_meant = |check: &&Value| {
        let why = check["says"].as_str().unwrap_or_default();
        check["verdict"] == "NOT SELECTED" && !why.contains("belongs to mode") && !why.contains("the intent names no")
    };
    let left_out: Vec<&Value> = run.checks().filter(of_tokens).filter(was_meant).collect();
    let ids: Vec<&str> = left_out.iter().filter_map(|check| check["id"].as_str()).collect();
    assert_eq!(ids, ["TOK-26"], "whoever was taken back for one repository is gone for the next: {left_out:?}");
    let told = |name: &str| run.report["notes"].as_array().is_some_and(|notes| notes.iter().any(|n| n["name"] == name));
    assert!(told("revocation") && told("token lifetime"), "{}", run.report["notes"]);

    let peak = run.peak.unwrap_or_else(|| panic!("a report of {} bytes was not waited for", run.said.len()));
    let asked = run.checks().filter(|check| check["verdict"] != "NOT SELECTED").count();
    println!(
        "{asked} checks: {} requests, {:.1} s of 10 s, at most {:.1} MiB of 64 MiB",
        run.requests(),
        run.took.as_secs_f64(),
        peak as f64 / f64::from(1 << 20)
    );
    assert!(run.requests() <= MAX_REQUESTS && peak <= MAX_MEMORY, "{} requests, {peak} bytes", run.requests());
}
