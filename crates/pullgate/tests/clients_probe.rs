//! `pullgate probe` against registries that are not ours, as people run them: what is closed is not accused, and what is
//! open is found, also where it looks closed.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "outside #[test] too, a panic is how a test fails; what was found is printed"
)]

mod support;

use std::net::SocketAddr;
use std::process::{Command, Output};

use serde_json::Value;
use support::{PULLGATE, Registry};
use testkit::Home;
use testkit::clients::{Client, Crane};
use testkit::image::Layout;
use testkit::registries::{Access, Foreign, PASSWORD, USER};

const IMAGE: &str = "team/app:1.0";
const EVERYTHING: &str = "location / { protected; pass; }";

/// Puts the image there.
fn fill(address: SocketAddr, login: Option<(&str, &str)>) {
    let folder = Home::new();
    let image = Layout::image(&folder.path("image"), "probed", 4096);
    let mut crane = Crane::new();
    if let Some((user, password)) = login {
        crane.login(&address.to_string(), user, password).unwrap().ok();
    }
    crane.push(&image, &format!("{address}/{IMAGE}")).ok();
}

/// A registry that asks nobody, with the image in it.
fn open(registry: Foreign) -> Foreign {
    fill(registry.address, None);
    registry
}

/// Runs the probe with the credential of somebody who may, in mode `active`.
fn probe(doors: &[SocketAddr], credential: &str) -> (Output, Value) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(PULLGATE);
    command.arg("probe").current_dir(folder.path()).env_clear().env("HOME", folder.path());
    let urls: Vec<String> = doors.iter().map(|door| format!("http://{door}")).collect();
    let (first, others) = urls.split_first().unwrap();
    command.args([first.as_str(), "--private", IMAGE, "--mode", "active", "--format", "json"]);
    for door in others {
        command.args(["--door", door]);
    }
    let output = command.env("PULLGATE_PROBE_CREDENTIAL", credential).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output, report)
}

fn found(report: &Value, verdict: &str) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == verdict);
    checks.map(|check| check["id"].as_str().unwrap().to_owned()).collect()
}

/// Nothing is found, and the answer is *private*.
fn is_private(what: &str, address: SocketAddr, credential: &str) {
    let (output, report) = probe(&[address], credential);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(found(&report, "FAIL"), [""; 0], "{what}: {said}");
    assert_eq!(
        (output.status.code(), report["outcome"].as_str()),
        (Some(0), Some("pass")),
        "{what}: {report:#} {said}"
    );
    println!("{what}: {} checks passed", found(&report, "PASS").len());
}

/// It is found to be open, by these checks at least.
fn is_exposed(what: &str, doors: &[SocketAddr], by: &[&str]) {
    let (output, report) = probe(doors, &login());
    let found = found(&report, "FAIL");
    assert_eq!(output.status.code(), Some(1), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(by.iter().all(|check| found.iter().any(|found| found == check)), "{what}: {found:?}");
    println!("{what}: {found:?}");
}

fn login() -> String {
    format!("{USER}:{PASSWORD}")
}

#[test]
fn what_is_closed_is_not_accused() {
    let registry = Foreign::docker_registry(Access::Password);
    fill(registry.address, Some((USER, PASSWORD)));
    is_private("docker-registry with a password", registry.address, &login());

    let registry = open(Foreign::docker_registry(Access::Open));
    let edge = Foreign::nginx(registry.address, EVERYTHING);
    is_private("docker-registry behind nginx", edge.address, &login());

    let registry = open(Foreign::crane_registry());
    let edge = Foreign::nginx(registry.address, EVERYTHING);
    is_private("crane's registry behind nginx", edge.address, &login());
}

#[test]
fn pullgate_is_not_accused_however_it_is_configured() {
    for configuration in [
        "",
        "[policy]\nanonymous = true\n[[repository]]\nname = \"public/**\"\nvisibility = \"public\"\n",
        "[policy]\ncatalog = true\n",
        "[store]\nsparse_indexes = true\n",
        "[[repository]]\nname = \"team/**\"\nprotected_tags = [\"*\"]\n",
    ] {
        let registry = Registry::configured(configuration);
        let pusher = registry.robot("pusher", &["--push", "team/**", "--pull", "team/**"]);
        fill(registry.address, Some((&pusher.name, &pusher.key)));
        let control = registry.robot("control", &["--pull", "team/app"]);
        is_private(&format!("pullgate {configuration:?}"), registry.address, &format!("control:{}", control.key));
    }
}

#[test]
fn what_is_open_is_found() {
    let all = ["ANON-02", "ANON-03", "ANON-05", "ANON-06"];
    let registry = open(Foreign::docker_registry(Access::Open));
    is_exposed("docker-registry", &[registry.address], &all);
    is_exposed("crane's registry", &[open(Foreign::crane_registry()).address], &all);

    let forgetful = "location ~ /manifests/ { protected; pass; } location / { pass; }";
    let edge = Foreign::nginx(registry.address, forgetful);
    is_exposed("nginx that forgets the blobs", &[edge.address], &["ANON-05", "ANON-06"]);

    let edge = Foreign::nginx(registry.address, EVERYTHING);
    is_exposed("a second port around nginx", &[edge.address, registry.address], &all);
}
