//! What we tell newcomers to type: the tour of the README and that of the probe's guide, line by line, and `pullgate demo`.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "helpers of tests may fail as tests do")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use support::{PULLGATE, now};

/// The pages with a tour, and the headings above them.
const README: (&str, &str) = ("README.md", "## A tour");
const PROBE: (&str, &str) = ("docs/guides/probe.md", "## Try it");
/// A tour that hangs is a tour that fails.
const PATIENCE: &str = "120";
const DEMO_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn every_line_of_the_tour_runs() {
    take(README);
}

#[test]
fn every_line_of_the_tour_of_the_probe_runs() {
    take(PROBE);
}

/// Takes a tour, in a folder of its own.
fn take((page, heading): (&str, &str)) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
    let page = fs::read_to_string(page).expect("the page");
    let blocks = tour(&page, heading);
    assert!(blocks.len() > 2, "the page has no tour");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("tour.sh"), script(&blocks)).expect("the script");
    let output = walk(folder.path());
    let told = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{told}");
    assert!(output.status.success(), "{}\n{told}", output.status);
    assert!(told.contains("THE END"), "the tour came to its last line: {told}");
    assert!(folder.path().join("pullgate-data/state.db").exists(), "all data lies in ./pullgate-data");
}

/// The `sh` blocks of the section, in their order.
fn tour<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let (_, section) = page.split_once(&format!("\n{heading}\n")).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    section.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("\n```")).map(|(block, _)| block).collect()
}

/// The blocks as one script, in which every line must succeed; `!` and `||` say what may fail.
fn script(blocks: &[&str]) -> String {
    let refused = |line: &str| match line.strip_prefix("! ") {
        // A shell does not stop at a command that was to fail and did not.
        Some(rest) => format!("if {rest}; then echo 'this should have failed: {}'; exit 1; fi", rest.replace('\'', "")),
        None => line.to_owned(),
    };
    let lines = blocks.iter().flat_map(|block| block.lines()).map(refused);
    let body: Vec<String> = lines.collect();
    format!("set -eux\n{}\necho THE END\n", body.join("\n"))
}

/// In a network of its own, where every port is free, and in a home of its own.
fn walk(folder: &Path) -> Output {
    let binaries = Path::new(PULLGATE).parent().expect("a folder");
    let tools = testkit::tool("crane");
    let search = std::env::join_paths([
        binaries,
        tools.parent().expect("a folder"),
        Path::new("/usr/bin"),
        Path::new("/bin"),
        Path::new("/usr/sbin"),
        Path::new("/sbin"),
    ]);
    let mut command = Command::new(testkit::tool("timeout"));
    command.args(["--kill-after=5", PATIENCE]).arg(testkit::tool("unshare"));
    // The walk dies with its namespace, and takes the server along.
    command.args(["--net", "--pid", "--fork", "--kill-child", "--map-root-user"]);
    command.args(["bash", "-c", "ip link set lo up && exec bash tour.sh"]);
    command.env_clear().env("PATH", search.expect("a search path")).env("HOME", folder).env("TMPDIR", folder);
    command.current_dir(folder).output().expect("timeout")
}

#[test]
fn the_demonstration_is_quick_and_cleans_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let begin = now();
    let output = Command::new(PULLGATE).arg("demo").current_dir(folder.path()).env("TMPDIR", folder.path()).output();
    let (took, output) = (begin.elapsed(), output.expect("the demonstration"));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("the demonstration took {took:.1?}");
    for shown in [
        "a stranger asks for team/app:1.0: 401",
        "the robot pushes team/app:1.0: 201",
        "the robot pulls it: 200",
        "the running download was cut after",
        "the robot asks again: 401",
        "the key was revoked (revoked_key)",
        "each written before its first byte",
        "pullgate probe, from outside: private",
    ] {
        assert!(told.contains(shown), "{shown}: {told}");
    }
    assert!(took < DEMO_WITHIN, "{took:?}");
    let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_tour_is_what_stands_in_its_section() {
    let page = "# A\n```sh\nno\n```\n## A tour\ntext\n```sh\none\n! two\n```\n```console\nno\n```\n```sh\nthree\n```\n## B\n```sh\nno\n```\n";
    let blocks = tour(page, README.1);
    assert_eq!(blocks, ["one\n! two", "three"]);
    let script = script(&blocks);
    assert!(script.contains("\none\nif two; then") && script.ends_with("three\necho THE END\n"), "{script}");
    assert!(tour("# A\n```sh\nno\n```\n", README.1).is_empty());
}
