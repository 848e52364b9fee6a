//! Whoever is taken back while a gigabyte streams to them: `pullgate probe --mode write` against a running pullgate, and how
//! little memory it needs.
#![expect(clippy::print_stdout, reason = "what was measured is printed")]

mod probing;
mod support;

use std::fs;

use probing::Household;
use serde_json::Value;
use support::Registry;

/// What a run may take, whatever streams.
const MAX_MEMORY: u64 = 64 << 20;
/// What streams.
const GIGABYTE: u64 = 1 << 30;

#[test]
fn a_gigabyte_ends_with_the_permission_to_read_it() {
    let registry = Registry::start();
    let household = Household::of(&registry, &[format!("http://{}", registry.address)], None);
    registry.ok(&["grant", "add", "robot:low", "--delete", "probe/low"]);
    let text = household.known.text() + "[gate]\nstream_ends_within = \"1s\"\n";
    fs::write(registry.folder.path().join("probe.toml"), text).unwrap();

    let run = household.ask(&registry, "write", &[]);
    let verdicts = |id: &str| -> Vec<&Value> {
        run.checks().filter(|check| check["id"] == id).map(|check| &check["verdict"]).collect()
    };
    for id in ["GATE-09", "TOK-26"] {
        assert_eq!(verdicts(id), ["PASS", "NOT SELECTED"], "{id}\n{}{}", run.findings(), run.errors);
    }
    let notes: Vec<&Value> = run.report["notes"].as_array().unwrap().iter().collect();
    let note = |name: &str| notes.iter().find(|note| note["name"] == name).map(|note| note["value"].as_str().unwrap());
    assert_eq!(note("left behind"), None, "{notes:?}");
    assert!(note("stream").is_some_and(|says| says.starts_with("it was cut")), "{notes:?}");
    let announced = run.report["budget"]["bytes"].as_u64().unwrap();
    let peak = run.peak.unwrap();
    println!(
        "{}; {}; at most {:.1} MiB of 64 MiB, in {:.1} s",
        note("revocation").unwrap(),
        note("stream").unwrap(),
        peak as f64 / f64::from(1 << 20),
        run.took.as_secs_f64()
    );
    assert!(announced > GIGABYTE && peak <= MAX_MEMORY, "{announced} announced, {peak} bytes of memory");
}
