//! `pullgate probe`, run as people run it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use testkit::double::{PASSWORD, USER};

use super::{PULLGATE, Registry, Robot, push_image};

/// A pullgate with one private image, and the robot that may pull it.
pub(crate) fn closed() -> (Registry, Robot) {
    let registry = Registry::start();
    let pusher = registry.robot("pusher", &["--push", "team/**", "--pull", "team/**"]);
    push_image(&registry, &pusher, "team/app");
    let control = registry.robot("control", &["--pull", "team/app"]);
    (registry, control)
}

/// Runs the verb with nothing but these words and variables, in a folder of its own.
pub(crate) fn probe(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(PULLGATE);
    command.arg("probe").args(words).current_dir(folder).env_clear().env("HOME", folder);
    command.envs(variables.iter().copied()).output().unwrap()
}

/// What was printed.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Everything that was said, without what differs from run to run.
pub(crate) fn said(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    format!("{}\n{}", testkit::normalised(&stdout(output)), testkit::normalised(&errors))
}

/// An intent with one door, `edge`, and the private image of the double behind it; and the login of who may.
pub(crate) fn intent(folder: &Path, url: &str) {
    let text = format!(
        r#"
[[door]]
name = "edge"
url = "{url}"

[[repository]]
name = "team/app"
tag = "1.0"
visibility = "private"

[[identity]]
role = "control"
credential_file = "control"
show_to = ["edge"]
"#
    );
    fs::write(folder.join("control"), format!("{USER}:{PASSWORD}\n")).unwrap();
    // A watch may read it meanwhile.
    fs::write(folder.join("probe.toml.new"), text).unwrap();
    fs::rename(folder.join("probe.toml.new"), folder.join("probe.toml")).unwrap();
}
